"""Writing a small file so that after a power cut it is the old one or the new one, whole."""

import errno
import os
from pathlib import Path

from app.store.errors import StoreFull

PRIVATE = 0o600


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, durable when this returns; readable by the owner only.

    Raises StoreFull where there is no room; `path` is then as it was.
    """
    temporary = path.with_name(f"{path.name}.new")
    try:
        _write_durably(temporary, content)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(f"no room for {path.name}") from error
        raise
    temporary.replace(path)
    sync_folder(path.parent)


def _write_durably(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable, where the platform lets a folder be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

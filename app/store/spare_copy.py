"""The copy of a store from before its tables were changed, until the new ones have opened once.

It is sealed like the store itself: the same pages under the same keys.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from app.store.atomic_file import sync_folder
from app.store.errors import StoreFull

SUFFIX = ".before"
_UNFINISHED = ".before.new"
_COPIED_BYTES = 1 << 20


def spare_copy_of(path: Path) -> Path:
    """Where the copy of a store lies, if there is one."""
    return path.with_name(path.name + SUFFIX)


def keep_spare_copy(path: Path) -> None:
    """Copy a closed store whose log is folded in; durable and whole when this returns.

    Raises StoreFull, having changed nothing, where there is no room for it.
    """
    if shutil.disk_usage(path.parent).free < path.stat().st_size + _COPIED_BYTES:
        raise StoreFull("no room for a copy of the store")
    unfinished = path.with_name(path.name + _UNFINISHED)
    with path.open("rb") as source, unfinished.open("wb") as copy:
        shutil.copyfileobj(source, copy, _COPIED_BYTES)
        copy.flush()
        os.fsync(copy.fileno())
    unfinished.chmod(0o600)
    unfinished.replace(spare_copy_of(path))
    sync_folder(path.parent)


def drop_spare_copy(path: Path) -> None:
    """Remove the copy; no error where there is none."""
    spare_copy_of(path).unlink(missing_ok=True)

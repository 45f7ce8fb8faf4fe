"""The VFS that seals every page and every log frame on its way to the disk.

It stands between SQLite and the platform's own VFS. It knows exactly two files, the store and its
write-ahead log; anything else SQLite might want to write is refused, so nothing is ever plain.
docs/vault.md has the seven rules it keeps and the format to the byte.
"""

# ruff: noqa: N802 - SQLite gives the methods of a VFS their names
from __future__ import annotations

from pathlib import Path

import apsw

from app.store.file_header import StoreKeys
from app.store.page_seal import FileName, StrayAccess
from app.store.sealed_log import LogFile
from app.store.sealed_store import StoreFile


def log_of(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of the store at `path`."""
    return path.with_name(f"{path.name}-wal")


class PageVFS(apsw.VFS):
    """A VFS for one store under one set of keys, registered under a name of its own."""

    def __init__(self, name: str, path: Path, keys: StoreKeys, base: str = ""):
        super().__init__(name, base)
        self._base = base
        self._keys = keys
        self._store = str(path)
        self._log = str(log_of(path))

    def xOpen(self, name: FileName, flags: list[int]) -> apsw.VFSFile:
        """The store or its log; no other file is ever opened through this VFS."""
        asked = name.filename() if isinstance(name, apsw.URIFilename) else name
        if asked == self._store and flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            return StoreFile(self._base, name, flags, self._keys)
        if asked == self._log and flags[0] & apsw.SQLITE_OPEN_WAL:
            return LogFile(self._base, name, flags, self._keys)
        raise StrayAccess("only the store and its log may be opened")

    def xAccess(self, pathname: str, flags: int) -> bool:
        """Whether the store or its log is there; a rollback journal could only be a stranger's."""
        return pathname in (self._store, self._log) and super().xAccess(pathname, flags)

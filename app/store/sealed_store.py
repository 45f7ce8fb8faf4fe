"""The main file of the store as SQLite reads and writes it: pages, sealed one by one."""

# ruff: noqa: N802 - SQLite gives the methods of a VFS their names
from __future__ import annotations

import struct

import apsw

from app.store.empty_database import DATABASE_HEADER
from app.store.file_header import HEADER_BYTES, StoreKeys
from app.store.page_seal import (
    PAGE_BYTES,
    ZERO_PAGE,
    FileName,
    PageDamaged,
    StrayAccess,
    open_page,
    seal_page,
)

_PEEK = (100, 0)
_COUNTER_PEEK = (16, 24)
_PLACE = struct.Struct(">cI").pack


def store_place(page_number: int) -> bytes:
    """What a page of the store is bound to: kind of file and page number."""
    return _PLACE(b"S", page_number)


class StoreFile(apsw.VFSFile):
    """The main file: a header block that SQLite never sees, then sealed pages."""

    def __init__(self, base: str, name: FileName, flags: list[int], keys: StoreKeys):
        super().__init__(base, name, flags)
        self._keys = keys

    def xRead(self, amount: int, offset: int) -> bytes:
        """One page, or one of the two peeks SQLite takes at page 1 before it reads it."""
        if amount == PAGE_BYTES and not offset % PAGE_BYTES:
            return self._page(offset)
        if (amount, offset) == _PEEK:
            # Rule 4: page 1 may be torn while the log holds the good one.
            return DATABASE_HEADER if self.xFileSize() else b""
        if (amount, offset) == _COUNTER_PEEK:
            return bytes(amount)
        raise StrayAccess(f"read of {amount} bytes at {offset} of the store")

    def _page(self, offset: int) -> bytes:
        sealed = super().xRead(PAGE_BYTES, offset + HEADER_BYTES)
        if not sealed or sealed == ZERO_PAGE:
            return sealed  # past the end, or a hole: a page SQLite freed before it was written
        number = offset // PAGE_BYTES + 1
        page = open_page(self._keys.pages, sealed, store_place(number))
        if page is None:
            raise PageDamaged(f"page {number} of the store is damaged")
        return page

    def xWrite(self, data: bytes, offset: int) -> None:
        """Seal one page and write it."""
        if len(data) != PAGE_BYTES or offset % PAGE_BYTES:
            raise StrayAccess(f"write of {len(data)} bytes at {offset} of the store")
        place = store_place(offset // PAGE_BYTES + 1)
        super().xWrite(seal_page(self._keys.pages, data, place), offset + HEADER_BYTES)

    def xFileSize(self) -> int:
        """Bytes of pages, the header block not counted."""
        return max(0, super().xFileSize() - HEADER_BYTES)

    def xTruncate(self, newsize: int) -> None:
        """Cut to `newsize` bytes of pages, the header block kept."""
        super().xTruncate(newsize + HEADER_BYTES)

    def xDeviceCharacteristics(self) -> int:
        """Only what holds below the seal: a write disturbs no bytes beside it."""
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

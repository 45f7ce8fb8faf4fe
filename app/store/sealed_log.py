"""The write-ahead log as SQLite reads and writes it: headers veiled, pages sealed."""

# ruff: noqa: N802 - SQLite gives the methods of a VFS their names
from __future__ import annotations

import struct

import apsw

from app.store.file_header import StoreKeys
from app.store.page_seal import (
    PAGE_BYTES,
    ZERO_PAGE,
    FileName,
    PageDamaged,
    StrayAccess,
    open_page,
    seal_page,
)

LOG_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
SALTS = slice(16, 24)  # in the log's header

_PLACE = struct.Struct(">cI8s8s").pack


def log_place(frame_number: int, frame_start: bytes, salts: bytes) -> bytes:
    """What a page in the log is bound to.

    Kind of file, frame number, the frame's first 8 bytes (page number, commit size), and the salts
    of this round of the log.
    """
    return _PLACE(b"L", frame_number, frame_start, salts)


def show_frame_header(keys: StoreKeys, hidden: bytes) -> bytes:
    """The frame header as SQLite wrote it: eight clear bytes, sixteen veiled."""
    return hidden[:8] + keys.frames.show(hidden[8:FRAME_HEADER_BYTES])


class LogFile(apsw.VFSFile):
    """The write-ahead log: its header clear, its frame headers veiled, its pages sealed."""

    def __init__(self, base: str, name: FileName, flags: list[int], keys: StoreKeys):
        super().__init__(base, name, flags)
        self._keys = keys
        self._written = False
        self._salts = b""
        self._last_start = (-1, b"")

    def xRead(self, amount: int, offset: int) -> bytes:
        """The log's header, a frame's header or part of it, a page, or a frame whole."""
        if offset + amount <= LOG_HEADER_BYTES:
            return self._log_header(amount, offset)
        number, within = divmod(offset - LOG_HEADER_BYTES, FRAME_BYTES)
        if within + amount <= FRAME_HEADER_BYTES:
            return self._frame_header(number)[within : within + amount]
        if (amount, within) == (PAGE_BYTES, FRAME_HEADER_BYTES):
            return self._frame(number)[FRAME_HEADER_BYTES:]
        if (amount, within) == (FRAME_BYTES, 0):
            return self._frame(number, torn_allowed=not self._written)
        raise StrayAccess(f"read of {amount} bytes at {offset} of the log")

    def _log_header(self, amount: int, offset: int) -> bytes:
        header = super().xRead(amount, offset)
        if offset == 0 and amount == LOG_HEADER_BYTES:
            self._salts = header[SALTS]
        return header

    def _frame(self, number: int, *, torn_allowed: bool = False) -> bytes:
        frame = super().xRead(FRAME_BYTES, LOG_HEADER_BYTES + number * FRAME_BYTES)
        if len(frame) < FRAME_BYTES and torn_allowed:
            return b""
        header = show_frame_header(self._keys, frame)
        place = log_place(number, header[:8], self._salts)
        page = open_page(self._keys.pages, frame[FRAME_HEADER_BYTES:], place)
        if page is not None:
            return header + page
        # Rule 3: while the log is read back after a crash, a broken seal is a torn frame and
        # reads as zeros. Later no checksum of SQLite's stands behind it, so it is damage.
        if torn_allowed:
            return header + ZERO_PAGE
        raise PageDamaged(f"frame {number} of the log is damaged")

    def _frame_header(self, number: int) -> bytes:
        hidden = super().xRead(FRAME_HEADER_BYTES, LOG_HEADER_BYTES + number * FRAME_BYTES)
        return show_frame_header(self._keys, hidden) if len(hidden) == FRAME_HEADER_BYTES else b""

    def xWrite(self, data: bytes, offset: int) -> None:
        """Write the log's header as it is, a frame's header veiled, a page sealed."""
        self._written = True
        if offset == 0 and len(data) == LOG_HEADER_BYTES:
            self._salts = data[SALTS]
            super().xWrite(data, offset)
            return
        number, within = divmod(offset - LOG_HEADER_BYTES, FRAME_BYTES)
        if (len(data), within) == (FRAME_HEADER_BYTES, 0):
            self._last_start = (number, data[:8])
            super().xWrite(data[:8] + self._keys.frames.hide(data[8:]), offset)
        elif (len(data), within) == (PAGE_BYTES, FRAME_HEADER_BYTES):
            place = log_place(number, self._frame_start(number), self._salts)
            super().xWrite(seal_page(self._keys.pages, data, place), offset)
        else:
            raise StrayAccess(f"write of {len(data)} bytes at {offset} of the log")

    def _frame_start(self, number: int) -> bytes:
        """The frame's page number and commit size; SQLite may rewrite a page, not its header."""
        if self._last_start[0] == number:
            return self._last_start[1]
        return self._frame_header(number)[:8]

    def xDeviceCharacteristics(self) -> int:
        """Only what holds below the seal: a write disturbs no bytes beside it."""
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

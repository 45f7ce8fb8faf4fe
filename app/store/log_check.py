"""Telling a log torn by a power cut from one that was damaged later.

SQLite takes the first broken frame for the end of the log and drops what follows, which is right
after a power cut and would lose committed work after a bit flip. A frame that continues a
committed transaction proves that everything before it had reached the disk; a broken frame
before such a proof is damage, and the store is refused with the log left as it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.store.errors import StoreDamaged
from app.store.file_header import StoreKeys
from app.store.page_seal import open_page
from app.store.sealed_log import (
    FRAME_BYTES,
    FRAME_HEADER_BYTES,
    LOG_HEADER_BYTES,
    SALTS,
    log_place,
    show_frame_header,
)

_LITTLE_ENDIAN_MAGIC = 0x377F0682
_BIG_ENDIAN_MAGIC = 0x377F0683
_NO_SUM = bytes(8)
_32_BITS = 0xFFFFFFFF

Frame = tuple[bytes, bytes | None]  # the header as SQLite wrote it, the page or None


def check_log(log: Path, keys: StoreKeys) -> None:
    """Raise StoreDamaged where the log is broken in a place no power cut can have touched."""
    if not log.exists():
        return
    with log.open("rb") as file:
        header = file.read(LOG_HEADER_BYTES)
        if len(header) < LOG_HEADER_BYTES:
            return
        if _is_whole(header):
            _check_frames(file, keys, header)
        elif _first_frame_is_sealed(file, keys):
            # The header is on the disk, for good, before the first frame is begun.
            raise StoreDamaged("the header of the log is damaged")


def _check_frames(file: BinaryIO, keys: StoreKeys, log_header: bytes) -> None:
    order = _byte_order(log_header)
    broken, before = False, b""
    for header, page in _frames(file, keys, log_header[SALTS]):
        if broken and page is not None and _continues(before, header, page, order):
            raise StoreDamaged("the log is damaged before its last transaction")
        broken, before = broken or page is None, header


def _frames(file: BinaryIO, keys: StoreKeys, salts: bytes) -> Iterator[Frame]:
    number = 0
    while len(frame := file.read(FRAME_BYTES)) == FRAME_BYTES:
        header = show_frame_header(keys, frame)
        page = None
        if header[8:16] == salts:
            place = log_place(number, header[:8], salts)
            page = open_page(keys.pages, frame[FRAME_HEADER_BYTES:], place)
        yield header, page
        number += 1


def _continues(before: bytes, header: bytes, page: bytes, order: str) -> bool:
    """Whether the frame was written after `before` had committed a transaction."""
    is_commit = before[4:8] != bytes(4)
    return is_commit and checksum(before[16:], header[:8] + page, order) == header[16:]


def _first_frame_is_sealed(file: BinaryIO, keys: StoreKeys) -> bool:
    frame = file.read(FRAME_BYTES)
    if len(frame) < FRAME_BYTES:
        return False
    header = show_frame_header(keys, frame)
    place = log_place(0, header[:8], header[8:16])
    return open_page(keys.pages, frame[FRAME_HEADER_BYTES:], place) is not None


def _is_whole(log_header: bytes) -> bool:
    magic = int.from_bytes(log_header[:4], "big")
    if magic not in (_LITTLE_ENDIAN_MAGIC, _BIG_ENDIAN_MAGIC):
        return False
    return checksum(_NO_SUM, log_header[:24], _byte_order(log_header)) == log_header[24:]


def _byte_order(log_header: bytes) -> str:
    return "<" if int.from_bytes(log_header[:4], "big") == _LITTLE_ENDIAN_MAGIC else ">"


def checksum(start: bytes, data: bytes, order: str) -> bytes:
    """SQLite's running sum over a log (https://sqlite.org/fileformat2.html#walformat)."""
    one, two = struct.unpack(">2I", start)
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & _32_BITS
        two = (two + odd + one) & _32_BITS
    return struct.pack(">2I", one, two)

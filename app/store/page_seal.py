"""Sealing one page: 4,064 bytes of SQLite's, then tag, nonce and four zero bytes."""

from __future__ import annotations

import os

import apsw
from cryptography.exceptions import InvalidTag

from app.store.ciphers import NONCE_BYTES, TAG_BYTES, Aead, Buffer
from app.store.errors import StoreDamaged

FileName = apsw.URIFilename | str | None

PAGE_BYTES = 4096
RESERVED_BYTES = 32
USABLE_BYTES = PAGE_BYTES - RESERVED_BYTES
ZERO_PAGE = bytes(PAGE_BYTES)

_TAG_END = USABLE_BYTES + TAG_BYTES
_NONCE_END = _TAG_END + NONCE_BYTES
_SPARE = bytes(PAGE_BYTES - _NONCE_END)
_RESERVED = bytes(RESERVED_BYTES)


class PageDamaged(StoreDamaged, apsw.IOError):
    """A page whose seal is broken, told to SQLite as an input/output error."""

    extendedresult = apsw.SQLITE_IOERR_DATA


class StrayAccess(StoreDamaged, apsw.IOError):
    """A read or write of a shape the format does not have; refused rather than guessed at."""

    extendedresult = apsw.SQLITE_IOERR


def seal_page(aead: Aead, page: Buffer, place: bytes) -> bytes:
    """The page as it lies on disk, bound to its place.

    Raises StrayAccess where the reserved bytes are in use: they could not come back.
    """
    view = memoryview(page)
    if view[USABLE_BYTES:] != _RESERVED:
        raise StrayAccess("SQLite wrote into the bytes reserved for the seal")
    nonce = os.urandom(NONCE_BYTES)
    return aead.encrypt(nonce, view[:USABLE_BYTES], place) + nonce + _SPARE


def open_page(aead: Aead, sealed: bytes, place: bytes) -> bytes | None:
    """The page as SQLite wrote it, or None where the seal is broken."""
    if len(sealed) != PAGE_BYTES or sealed[_NONCE_END:] != _SPARE:
        return None
    try:
        return aead.decrypt(sealed[_TAG_END:_NONCE_END], sealed[:_TAG_END], place) + _RESERVED
    except InvalidTag:
        return None

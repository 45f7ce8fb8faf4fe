"""The first 4,096 bytes of a store: what it is, which cipher, and the proof of the key.

The block is written once, when the store is made, and never again, so no power cut can tear it.
docs/vault.md gives the layout to the byte.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.store.ciphers import CIPHERS, Aead, BlockPermutation, Cipher
from app.store.errors import NotAStore, StoreDamaged, StoreTooNew, WrongKey

HEADER_BYTES = 4096
DATA_KEY_BYTES = 32
FORMAT_VERSION = 1
MAGIC = b"LUYUE-VAULT\0"
_FIELDS = struct.Struct(">12sHH16s32s")  # magic, version, page size, cipher name, salt
_PROOF_END = _FIELDS.size + 32


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreKeys:
    """What a proven data key opens: the seal of the pages and the veil of the frame headers."""

    cipher: Cipher
    pages: Aead
    frames: BlockPermutation


def derived_key(data_key: bytes, salt: bytes, purpose: str, length: int) -> bytes:
    """A key of `length` bytes for one purpose in one file (HKDF-SHA256, RFC 5869)."""
    info = f"luyue vault 1 {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(data_key)


def new_header(data_key: bytes, cipher: Cipher, page_bytes: int) -> bytes:
    """The header block of a fresh store, with a salt of its own."""
    name = cipher.name.encode()
    fields = _FIELDS.pack(MAGIC, FORMAT_VERSION, page_bytes, name, os.urandom(32))
    record = fields + _proof(data_key, fields)
    return (record + hashlib.sha256(record).digest()).ljust(HEADER_BYTES, b"\0")


def prove_key(block: bytes, data_key: bytes, page_bytes: int) -> StoreKeys:
    """The store's keys, once `data_key` has been shown to be the right one.

    Raises NotAStore, StoreTooNew, StoreDamaged or WrongKey; reads only.
    """
    magic, version, stored_page_bytes, name, salt = _FIELDS.unpack(block[: _FIELDS.size])
    if magic != MAGIC:
        raise NotAStore("the file does not begin with the mark of a store")
    if version > FORMAT_VERSION:
        raise StoreTooNew(f"format {version}, this app knows {FORMAT_VERSION}")
    _check_whole(block)
    if not hmac.compare_digest(_proof(data_key, block[: _FIELDS.size]), _stored_proof(block)):
        raise WrongKey("the data key does not belong to this store")
    cipher = CIPHERS.get(name.rstrip(b"\0").decode())
    if cipher is None or stored_page_bytes != page_bytes:
        raise StoreTooNew(f"sealed with {name!r} in pages of {stored_page_bytes} bytes")
    return _keys(data_key, salt, cipher)


def _check_whole(block: bytes) -> None:
    digest = hashlib.sha256(block[:_PROOF_END]).digest()
    if block[_PROOF_END:] != digest.ljust(HEADER_BYTES - _PROOF_END, b"\0"):
        raise StoreDamaged("the header of the store is damaged")


def _stored_proof(block: bytes) -> bytes:
    return block[_FIELDS.size : _PROOF_END]


def _proof(data_key: bytes, fields: bytes) -> bytes:
    key = derived_key(data_key, fields[-32:], "proof", 32)
    return hmac.digest(key, fields, "sha256")


def _keys(data_key: bytes, salt: bytes, cipher: Cipher) -> StoreKeys:
    pages = derived_key(data_key, salt, f"pages {cipher.name}", cipher.key_bytes)
    frames = derived_key(data_key, salt, f"frames {cipher.name}", cipher.key_bytes)
    return StoreKeys(cipher=cipher, pages=cipher.aead(pages), frames=cipher.permutation(frames))

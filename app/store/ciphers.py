"""The ciphers a store may be sealed with, each one named constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as Modal
from cryptography.hazmat.primitives.ciphers import CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
TAG_BYTES = 16
BLOCK_BYTES = 16

Buffer = bytes | bytearray | memoryview


class Aead(Protocol):
    """Authenticated encryption under one fixed key; `decrypt` raises InvalidTag."""

    def encrypt(self, nonce: Buffer, data: Buffer, associated_data: Buffer | None, /) -> bytes:
        """Cipher text with its 16-byte tag behind it."""

    def decrypt(self, nonce: Buffer, data: Buffer, associated_data: Buffer | None, /) -> bytes:
        """The plain text, or InvalidTag."""


class Sm4Gcm:
    """SM4-GCM (GB/T 32907, RFC 8998) with the same face as the library's AESGCM."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: Buffer, data: Buffer, associated_data: Buffer | None) -> bytes:
        """Cipher text with its 16-byte tag behind it."""
        context = Modal(self._key, modes.GCM(bytes(nonce))).encryptor()
        context.authenticate_additional_data(associated_data or b"")
        return context.update(data) + context.finalize() + context.tag

    def decrypt(self, nonce: Buffer, data: Buffer, associated_data: Buffer | None) -> bytes:
        """The plain text, or InvalidTag."""
        if len(data) < TAG_BYTES:
            raise InvalidTag
        body = memoryview(data)
        mode = modes.GCM(bytes(nonce), bytes(body[-TAG_BYTES:]))
        context = Modal(self._key, mode).decryptor()
        context.authenticate_additional_data(associated_data or b"")
        return context.update(body[:-TAG_BYTES]) + context.finalize()


class BlockPermutation:
    """One secret permutation of 16-byte blocks, for values with no room for a tag.

    The log's frame headers have 24 fixed bytes, and SQLite's checksums over the plain page lie in
    them; each block holds the log's random salts too, so equal blocks do not tell equal pages.
    """

    def __init__(self, algorithm: algorithms.AES256 | algorithms.SM4) -> None:
        modal = Modal(algorithm, modes.ECB())
        self._forth: CipherContext = modal.encryptor()
        self._back: CipherContext = modal.decryptor()

    def hide(self, block: Buffer) -> bytes:
        """The permuted 16 bytes."""
        return self._forth.update(block)

    def show(self, block: Buffer) -> bytes:
        """The 16 bytes that `hide` was given."""
        return self._back.update(block)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cipher:
    """A choice of cipher: its name in file headers, its key length in bytes, its two forms."""

    name: str
    key_bytes: int
    aead: Callable[[bytes], Aead]
    permutation: Callable[[bytes], BlockPermutation]


AES_256_GCM = Cipher(
    name="AES-256-GCM",
    key_bytes=32,
    aead=AESGCM,
    permutation=lambda key: BlockPermutation(algorithms.AES256(key)),
)
SM4_GCM = Cipher(
    name="SM4-GCM",
    key_bytes=16,
    aead=Sm4Gcm,
    permutation=lambda key: BlockPermutation(algorithms.SM4(key)),
)
CIPHERS = {cipher.name: cipher for cipher in (AES_256_GCM, SM4_GCM)}

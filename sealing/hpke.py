"""Hybrid public key encryption, base mode, one message (RFC 9180).

The suite is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. `cryptography` has it from
version 47; the tablet's Android wheels are older, so the forty lines stand here. The tests hold
them against the library's own.
"""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PUBLIC_KEY_BYTES = 32
_KEY_BYTES, _NONCE_BYTES, _HASH_BYTES = 32, 12, 32
_KEM, _KDF, _AEAD = b"\x00\x20", b"\x00\x01", b"\x00\x02"
_KEM_SUITE = b"KEM" + _KEM
_SUITE = b"HPKE" + _KEM + _KDF + _AEAD
_BASE_MODE = b"\x00"


class CannotOpen(Exception):
    """The bytes were sealed to another key, for another purpose, or were changed."""


def encrypt(plain: bytes, recipient: bytes, info: bytes, bound_to: bytes) -> bytes:
    """An ephemeral public key, then the cipher text with its tag.

    Raises ValueError where `recipient` is no usable X25519 public key.
    """
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    key, nonce = _schedule(shared, public + recipient, info)
    return public + AESGCM(key).encrypt(nonce, plain, bound_to)


def decrypt(sealed: bytes, private: bytes, info: bytes, bound_to: bytes) -> bytes:
    """The plain bytes; raises CannotOpen."""
    owner = X25519PrivateKey.from_private_bytes(private)
    public, cipher_text = sealed[:PUBLIC_KEY_BYTES], sealed[PUBLIC_KEY_BYTES:]
    try:
        shared = owner.exchange(X25519PublicKey.from_public_bytes(public))
        recipient = owner.public_key().public_bytes_raw()
        key, nonce = _schedule(shared, public + recipient, info)
        return AESGCM(key).decrypt(nonce, cipher_text, bound_to)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("the sealed bytes do not open with this key") from error


def _schedule(shared: bytes, public_keys: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the only message (RFC 9180, sections 4.1 and 5.1)."""
    pseudo_random = _extract(_KEM_SUITE, b"", b"eae_prk", shared)
    secret = _expand(_KEM_SUITE, pseudo_random, b"shared_secret", public_keys, _HASH_BYTES)
    no_psk = _extract(_SUITE, b"", b"psk_id_hash", b"")
    context = _BASE_MODE + no_psk + _extract(_SUITE, b"", b"info_hash", info)
    root = _extract(_SUITE, secret, b"secret", b"")
    key = _expand(_SUITE, root, b"key", context, _KEY_BYTES)
    return key, _expand(_SUITE, root, b"base_nonce", context, _NONCE_BYTES)


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    labelled = b"HPKE-v1" + suite + label + material
    return hmac.digest(salt or bytes(_HASH_BYTES), labelled, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """At most one block of HMAC-SHA256, which is all this suite asks for."""
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labelled + b"\x01", "sha256")[:length]

"""Wrapping the data key under a doctor's PIN and the tablet's device secret together.

KEK = HKDF(KDF(PIN, salt) ‖ device secret). The wrap is authenticated and bound to the format, the
cipher and the doctor, so another tablet's ring or another doctor's wrap does not open.
"""

from __future__ import annotations

import hmac
import os

from app.store.ciphers import CIPHERS, NONCE_BYTES, Cipher
from app.store.errors import RingDamaged
from app.store.file_header import derived_key
from app.store.kdf import Argon2id, Scrypt
from app.store.ring_file import Ring, Wrap

SALT_BYTES = 16
_CHECK_BYTES = 16


def wrap_data_key(
    ring: Ring, doctor_id: str, pin: str, secret: bytes, data_key: bytes, kdf: Argon2id | Scrypt
) -> Wrap:
    """A wrap with a salt of its own and no wrong tries."""
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    cipher = CIPHERS[ring.cipher]
    kek = _kek(cipher, kdf.stretch(pin, salt), secret, salt)
    wrapped = cipher.aead(kek).encrypt(nonce, data_key, _place(ring, doctor_id))
    return Wrap(salt=salt, kdf=kdf, nonce=nonce, wrapped=wrapped)


def unwrap_data_key(ring: Ring, doctor_id: str, pin: str, secret: bytes) -> bytes:
    """The data key; InvalidTag where PIN or wrap do not fit."""
    wrap, cipher = ring.doctors[doctor_id], CIPHERS[ring.cipher]
    kek = _kek(cipher, wrap.kdf.stretch(pin, wrap.salt), secret, wrap.salt)
    data_key = cipher.aead(kek).decrypt(wrap.nonce, wrap.wrapped, _place(ring, doctor_id))
    if not hmac.compare_digest(key_check(data_key), ring.key_check):
        raise RingDamaged("the wrap holds another ring's data key")
    return data_key


def _kek(cipher: Cipher, stretched: bytes, secret: bytes, salt: bytes) -> bytes:
    return derived_key(stretched + secret, salt, "ring kek", cipher.key_bytes)


def _place(ring: Ring, doctor_id: str) -> bytes:
    """What a wrap is bound to: format, cipher, doctor."""
    return f"{ring.format}\0{ring.cipher}\0{doctor_id}".encode()


def key_check(data_key: bytes) -> bytes:
    """What tells a ring's data key from another, and nothing about either."""
    return derived_key(data_key, b"", "ring key check", _CHECK_BYTES)


def device_check(secret: bytes) -> bytes:
    """What tells a ring's device secret from another, and nothing about either."""
    return derived_key(secret, b"", "ring device check", _CHECK_BYTES)

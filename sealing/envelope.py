"""What a sealed message looks like, and the two things that are sealed: data keys and hand-overs.

`LYS1`, 8 bytes naming the recipient's key, 32 bytes ephemeral public key, cipher text, 16-byte tag.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sealing import hpke
from sealing.hpke import CannotOpen

MARK = b"LYS1"
KEY_NAME_BYTES = 8
DATA_KEY = "data key"
RECOVERY = "recovery"
HAND_OVER = "hand-over"


def key_name(public_key: bytes) -> bytes:
    """The short name of a public key, by which a county with rotated keys finds the right one."""
    return hashlib.sha256(public_key).digest()[:KEY_NAME_BYTES]


def recipient_of(sealed: bytes) -> bytes:
    """The name of the key this was sealed to; raises CannotOpen where nothing was sealed."""
    if len(sealed) < len(MARK) + KEY_NAME_BYTES or not sealed.startswith(MARK):
        raise CannotOpen("these are no sealed bytes")
    return sealed[len(MARK) : len(MARK) + KEY_NAME_BYTES]


def seal(plain: bytes, public_key: bytes, purpose: str, bound_to: str) -> bytes:
    """`plain` for the owner of an X25519 `public_key` (32 bytes) alone.

    What is sealed for one purpose, or bound to one tablet, does not open as another's. Nobody
    is named as the sender. Raises ValueError where the key is not usable.
    """
    head = MARK + key_name(public_key)
    return head + hpke.encrypt(plain, public_key, _info(purpose), bound_to.encode())


def open_sealed(sealed: bytes, private_key: bytes, purpose: str, bound_to: str) -> bytes:
    """The plain bytes; raises CannotOpen."""
    public_key = X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
    if recipient_of(sealed) != key_name(public_key):
        raise CannotOpen("sealed to another key")
    body = sealed[len(MARK) + KEY_NAME_BYTES :]
    return hpke.decrypt(body, private_key, _info(purpose), bound_to.encode())


def seal_data_key(data_key: bytes, county_public: bytes, *, device_id: str) -> bytes:
    """Escrow: a tablet's data key for the county, and for this one tablet."""
    return seal(data_key, county_public, DATA_KEY, device_id)


def open_data_key(sealed: bytes, county_private: bytes, *, device_id: str) -> bytes:
    """The data key of that tablet; raises CannotOpen."""
    return open_sealed(sealed, county_private, DATA_KEY, device_id)


def _info(purpose: str) -> bytes:
    return f"luyue seal 1 {purpose}".encode()

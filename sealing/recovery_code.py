"""One-time codes a doctor types by hand, and the data key locked with one.

Twenty-five characters in groups of five: 120 random bits in Crockford's base 32, and a
character that catches a slip of the finger before anybody is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealing.hpke import CannotOpen

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 25
GROUP_LENGTH = 5
_READ_AS = str.maketrans("OIL", "011")
_NONCE_BYTES = 12


class CodeMistyped(ValueError):
    """Not a recovery code: a character too few or too many, or one that was mistaken."""


def new_code() -> str:
    """A fresh code, as it is read out and typed: `7K2MX-…`."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH - 1))
    return spelled(drawn + _check_character(drawn))


def spelled(code: str) -> str:
    """The code in groups of five."""
    return "-".join(
        code[start : start + GROUP_LENGTH] for start in range(0, len(code), GROUP_LENGTH)
    )


def read_code(typed: str) -> str:
    """The code without its hyphens; case, spaces, O for 0, I and L for 1 make no difference.

    Raises CodeMistyped.
    """
    code = "".join(sign for sign in typed.upper() if sign.isalnum()).translate(_READ_AS)
    if len(code) != CODE_LENGTH or code[-1] != _check_character(code[:-1]):
        raise CodeMistyped("this is no recovery code")
    return code


def code_name(code: str) -> str:
    """What the county finds a code by, in hexadecimal; it tells nothing of the code."""
    return hashlib.sha256(f"luyue recovery 1 name\0{read_code(code)}".encode()).hexdigest()


def lock_with_code(data_key: bytes, code: str, *, device_id: str) -> bytes:
    """The data key for whoever has the code, and for this one tablet."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_key(code)).encrypt(nonce, data_key, device_id.encode())


def open_with_code(locked: bytes, code: str, *, device_id: str) -> bytes:
    """The data key; raises CannotOpen."""
    nonce, cipher_text = locked[:_NONCE_BYTES], locked[_NONCE_BYTES:]
    try:
        return AESGCM(_key(code)).decrypt(nonce, cipher_text, device_id.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("the code does not open this key") from error


def _key(code: str) -> bytes:
    return hmac.digest(b"luyue recovery 1 key", read_code(code).encode(), "sha256")


def _check_character(drawn: str) -> str:
    return ALPHABET[hashlib.sha256(drawn.encode()).digest()[0] % len(ALPHABET)]

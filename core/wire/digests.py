"""The 64-bit sum over a scope's records by which both ends see that they hold the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from core.wire.canonical import canonical_bytes, sha256_hex

EMPTY_ROOT = "0" * 16
_MODULUS = 1 << 64


def body_hash(body: Mapping[str, Any]) -> str:
    """The SHA-256 of a record's canonical body: what a change carries as `hash`."""
    return sha256_hex(canonical_bytes(body))


def record_digest(record_id: str, revision: int, content_hash: str) -> int:
    """A record's 64 bits: the start of the SHA-256 over its id, revision and body hash."""
    text = f"{record_id}\n{revision}\n{content_hash}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def root_text(total: int) -> str:
    """A sum as it travels: 16 hexadecimal digits, modulo 2^64."""
    return f"{total % _MODULUS:016x}"


def moved_root(root: str, *, gained: int = 0, lost: int = 0) -> str:
    """A scope's root after digests worth `gained` came in and digests worth `lost` went."""
    return root_text(int(root, 16) + gained - lost)

"""One way to write a value as bytes, so that both ends hash and sign the same."""

from __future__ import annotations

import hashlib
import json
from types import NoneType
from typing import Any

import orjson


def canonical_bytes(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces and no escapes of printable text.

    Numbers are written as Python's `json` writes them. Raises ValueError for NaN and
    infinities, which JSON cannot say, and for text that is no Unicode.
    """
    if _is_written_alike(value):
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # a whole number beyond 64 bits, a key that is no text
            pass
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of the bytes, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


_SIMPLE = frozenset({str, int, bool, NoneType})


def _is_written_alike(value: Any) -> bool:
    """Whether orjson, many times faster, writes the same: all but numbers with an exponent, NaN."""
    containers: list[Any] = [[value]]
    for container in containers:
        for item in container.values() if type(container) is dict else container:
            kind = type(item)
            if kind in _SIMPLE:
                continue
            if kind is float:
                if item and not 1e-4 <= abs(item) < 1e16:
                    return False
            elif kind is dict or kind is list or kind is tuple:
                containers.append(item)
            else:
                return False
    return True

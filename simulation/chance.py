"""All chance of a world from its seed, that of the product's own ids and nonces included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random


@contextmanager
def bytes_from(seed: int) -> Iterator[None]:
    """While it lasts, `os.urandom` gives the bytes of a seed, so that a world replays."""
    ordinary, chance = os.urandom, Random(f"bytes {seed}")
    os.urandom = chance.randbytes
    try:
        yield
    finally:
        os.urandom = ordinary

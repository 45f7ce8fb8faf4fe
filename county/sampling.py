"""Random samples anybody can draw again: the draw follows from the seed and the ids alone. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

_SPAN = 1 << 64


def drawn(ids: Sequence[str], size: int, seed: str) -> tuple[str, ...]:
    """`size` of the ids, each equally likely; the same for the same seed, whatever their order."""
    return weighted(dict.fromkeys(ids, 1.0), size, seed)


def weighted(weights: Mapping[str, float], size: int, seed: str) -> tuple[str, ...]:
    """`size` of the ids without replacement, likelier the heavier; weights are above zero.

    Each id gets an exponential waiting time divided by its weight, from the SHA-256 of the
    seed and the id; the shortest are drawn (Efraimidis and Spirakis, 2006).
    """
    ordered = sorted(weights, key=lambda key: (_waiting(seed, key) / weights[key], key))
    return tuple(ordered[:size])


def _waiting(seed: str, key: str) -> float:
    digest = hashlib.sha256(f"{seed}\n{key}".encode()).digest()
    share = (int.from_bytes(digest[:8], "big") + 1) / (_SPAN + 1)
    return -math.log(share)

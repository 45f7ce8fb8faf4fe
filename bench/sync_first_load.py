"""A new tablet's first synchronisation of a full village, loaded as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.figures import Figure

if TYPE_CHECKING:
    from bench.sync import Tablet


def figures(tablet: Tablet) -> Iterator[Figure]:
    """What it takes until all is in the encrypted store, the making of the snapshot included."""
    seconds, moved, result = tablet.synchronise()
    yield Figure(name="first_sync", value=seconds, unit="s", mark=5.0)
    yield Figure(name="first_sync_records", value=result.received, unit="records")
    yield Figure(name="first_sync_down", value=moved.down / 1e6, unit="MB", mark=1.0)
    yield Figure(name="first_sync_requests", value=moved.requests, unit="requests")
    tablet.store.close()

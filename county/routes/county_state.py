"""What the routes share of one running county: its settings and its open database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from county.coding import MOST_SENT_BYTES, TooLarge
from county.config import CountyConfig
from county.db import Database
from county.metrics import Metrics
from county.snapshots import Snapshots
from county.tries import TryLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyState:
    """Kept as `app.state.county`."""

    config: CountyConfig
    database: Database
    tries: TryLimit
    metrics: Metrics
    snapshots: Snapshots


def state_of(request: Request) -> CountyState:
    """The running county a request came to."""
    return cast(CountyState, request.app.state.county)


TheCounty = Annotated[CountyState, Depends(state_of)]


async def body_of(request: Request) -> bytes:
    """The body as sent; raises TooLarge before more than the bound has been read."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_SENT_BYTES:
            raise TooLarge
    return bytes(body)

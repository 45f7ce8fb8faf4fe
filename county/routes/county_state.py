"""What the routes share of one running county: its settings and its open database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from county.config import CountyConfig
from county.db import Database
from county.device_auth import Doorkeeper
from county.metrics import Metrics
from county.snapshots import Snapshots
from county.together import Together
from county.tries import TryLimit
from county.turns import Answered, Posted, Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyState:
    """Kept as `app.state.county`."""

    config: CountyConfig
    database: Database
    tries: TryLimit
    metrics: Metrics
    snapshots: Snapshots
    door: Doorkeeper
    turns: Turns
    exchanges: Together[Posted, Answered]


async def state_of(request: Request) -> CountyState:
    """The running county a request came to."""
    return cast(CountyState, request.app.state.county)


TheCounty = Annotated[CountyState, Depends(state_of)]

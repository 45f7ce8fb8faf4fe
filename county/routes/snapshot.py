"""`GET /snapshot/v1/{scope}/{epoch}-{seq}`: a whole scope as it stood, in parts if asked."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from core.wire.snapshots import SNAPSHOT_ROUTE, SNAPSHOT_TYPE
from county.config import utc_now
from county.device_auth import signed_request
from county.errors import answer
from county.routes.county_state import CountyState, TheCounty
from county.routes.documented import errors_documented
from county.snapshot_answers import served

router = APIRouter()
_log = structlog.get_logger()
_BYTES = {"content": {SNAPSHOT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
_GIVEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole snapshot", **_BYTES},
    206: {"description": "The part asked for", **_BYTES},
    304: {"description": "The tablet has it already"},
}


@router.get(
    SNAPSHOT_ROUTE + "/{scope_id}/{name}",
    response_class=Response,
    responses={**_GIVEN, **errors_documented(401, 403, 404, 416, 503)},
)
async def snapshot(
    request: Request,
    county: TheCounty,
    scope_id: str,
    name: str,
    byte_range: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A scope as it stood at one cursor, immutable; signed by the tablet (docs/wire.md)."""
    del byte_range, if_range, if_none_match  # named for the OpenAPI document, read below
    return await run_in_threadpool(_served, request, county, scope_id, name)


def _served(request: Request, county: CountyState, scope_id: str, name: str) -> Response:
    now = utc_now()
    path = f"{SNAPSHOT_ROUTE}/{scope_id}/{name}"
    sender = county.door.proven(signed_request("GET", path, b"", request.headers), now)
    found = served(county.snapshots, sender, scope_id, name, request.headers, now)
    _log.info(
        "snapshot", device=sender.device_id, status=found.status, bytes_out=len(found.content)
    )
    if found.status == 416:
        refused = answer(request, 416, "snapshot.range")
        refused.headers.update(found.headers)
        return refused
    return Response(found.content, status_code=found.status, headers=dict(found.headers))

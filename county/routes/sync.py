"""`POST /sync/v1`: the one round trip by which a tablet and the county become level."""

from __future__ import annotations

from dataclasses import replace

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from core.wire.envelopes import SyncRequest, SyncResponse
from core.wire.receipts import answered_count
from county.config import utc_now
from county.routes.county_state import CountyState, TheCounty
from county.routes.documented import body_documented, errors_documented
from county.snapshots import MustBeMade
from county.turns import Answered, Posted

PATH = "/sync/v1"

router = APIRouter()
_log = structlog.get_logger()


@router.post(
    PATH,
    response_model=SyncResponse,
    responses=errors_documented(400, 401, 408, 413, 415, 503),
    openapi_extra=body_documented(SyncRequest),
)
async def sync(request: Request, county: TheCounty) -> Response:
    """Operations up; receipts and the next changes down. Signed by the tablet (docs/wire.md)."""
    posted = Posted(path=PATH, body=await request.body(), headers=request.headers, now=utc_now())
    try:
        done = await county.exchanges(posted)
    except MustBeMade:
        await run_in_threadpool(county.turns.make_snapshots, posted)
        done = await county.exchanges(replace(posted, again=True))
    _note(county, posted, done)
    headers = {"Content-Encoding": done.coding} if done.coding else {}
    return Response(done.content, media_type="application/json", headers=headers)


def _note(county: CountyState, posted: Posted, done: Answered) -> None:
    answer = done.answer
    county.metrics.note_exchange(answer)
    _log.info(
        "synced",
        device=done.device_id,
        received=answered_count(answer.taken, answer.receipts),
        refused=sum(receipt.outcome == "refused" for receipt in answer.receipts),
        codes=sorted({receipt.code for receipt in answer.receipts if receipt.code}),
        sent=len(answer.changes),
        bytes_in=len(posted.body),
        bytes_out=len(done.content),
    )

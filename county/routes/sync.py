"""`POST /sync/v1`: the one round trip by which a tablet and the county become level."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from core.wire.envelopes import RESPONSES, SyncRequest, SyncResponse
from core.wire.receipts import answered_count
from county.coding import decoded, encoded
from county.config import utc_now
from county.device_auth import signed_request
from county.exchange import read_call
from county.routes.county_state import CountyState, TheCounty
from county.routes.documented import body_documented, errors_documented

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
    body = await request.body()
    return await run_in_threadpool(_synced, request, county, body)


def _synced(request: Request, county: CountyState, body: bytes) -> Response:
    now = utc_now()
    signed = signed_request("POST", PATH, body, request.headers)
    sender = county.door.proven(signed, now)
    plain = decoded(body, request.headers.get("Content-Encoding", ""))
    answer = county.exchanges(read_call(sender, plain, now, county.snapshots))
    content, coding = encoded(
        RESPONSES.dump_json(answer, exclude_defaults=True),
        request.headers.get("Accept-Encoding", ""),
    )
    county.metrics.note_exchange(answer)
    _log.info(
        "synced",
        device=sender.device_id,
        received=answered_count(answer.taken, answer.receipts),
        refused=sum(receipt.outcome == "refused" for receipt in answer.receipts),
        codes=sorted({receipt.code for receipt in answer.receipts if receipt.code}),
        sent=len(answer.changes),
        bytes_in=len(body),
        bytes_out=len(content),
    )
    headers = {"Content-Encoding": coding} if coding else {}
    return Response(content, media_type="application/json", headers=headers)

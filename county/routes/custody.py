"""`POST /escrow/v1`, `/recover/v1`, `/wiped/v1`: keys handed over, given back, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from core.refusals import Refusal, Refused
from core.wire.custody import (
    ESCROW_REQUESTS,
    ESCROW_RESPONSES,
    RECOVER_REQUESTS,
    RECOVER_RESPONSES,
    EscrowRequest,
    EscrowResponse,
    RecoverRequest,
    RecoverResponse,
)
from county.audit import note_act
from county.coding import decoded
from county.config import utc_now
from county.device_auth import Proven, signed_request, spend_nonces, the_tablet
from county.escrow import keep
from county.keys import the_county
from county.orders import note_wiped
from county.recovery import recover
from county.routes.county_state import CountyState, TheCounty
from county.routes.documented import body_documented, errors_documented

ESCROW_PATH = "/escrow/v1"
RECOVER_PATH = "/recover/v1"
WIPED_PATH = "/wiped/v1"
TABLET = "tablet"
"""Who the audit trail names where a tablet itself did something."""

router = APIRouter()
_log = structlog.get_logger()
T = TypeVar("T")


@router.post(
    ESCROW_PATH,
    response_model=EscrowResponse,
    responses=errors_documented(400, 401, 403, 408, 413, 415, 503),
    openapi_extra=body_documented(EscrowRequest),
)
async def escrow(request: Request, county: TheCounty) -> Response:
    """The tablet's data key up, sealed; signed by the tablet like a synchronisation."""
    body = await request.body()
    return await run_in_threadpool(_kept, request, county, body)


@router.post(
    RECOVER_PATH,
    response_model=RecoverResponse,
    responses=errors_documented(400, 408, 413, 415, 503),
    openapi_extra=body_documented(RecoverRequest),
)
async def recover_tablet(request: Request, county: TheCounty) -> Response:
    """A one-time code's name up, the data key down, of use only to whoever has the code."""
    body = await request.body()
    return await run_in_threadpool(_recovered, request, county, body)


@router.post(WIPED_PATH, responses=errors_documented(400, 401, 408, 413, 415, 503))
async def wiped(request: Request, county: TheCounty) -> Response:
    """The tablet has destroyed its keys, as it was ordered; its last signed word."""
    body = await request.body()
    return await run_in_threadpool(_wiped, request, county, body)


def _kept(request: Request, county: CountyState, body: bytes) -> Response:
    sender = _sender(request, county, ESCROW_PATH, body)
    asked = _read(ESCROW_REQUESTS, request, body)
    now = utc_now()
    with county.database.writing() as session:
        spend_nonces(session, sender.county_id, [sender.signed.parts], now)
        name = keep(session, the_county(session), sender.device_id, _bytes(asked.sealed_key), now)
    _log.info("escrowed", device=sender.device_id)
    return _json(ESCROW_RESPONSES.dump_json(EscrowResponse(key_name=name)))


def _recovered(request: Request, county: CountyState, body: bytes) -> Response:
    asked = _read(RECOVER_REQUESTS, request, body)
    now = utc_now()
    with county.database.writing() as session:
        answer = recover(session, the_county(session), asked, now)
        county_id = the_county(session).county_id
        note_act(session, county_id, TABLET, "recover_fetched", "device", asked.device_id, now)
    _log.info("recovered", device=asked.device_id, doctor=answer.doctor_id)
    return _json(RECOVER_RESPONSES.dump_json(answer))


def _wiped(request: Request, county: CountyState, body: bytes) -> Response:
    sender = _sender(request, county, WIPED_PATH, body)
    now = utc_now()
    with county.database.writing() as session:
        county_id = sender.county_id
        spend_nonces(session, county_id, [sender.signed.parts], now)
        note_wiped(the_tablet(session, county_id, sender.device_id), now)
        note_act(session, county_id, TABLET, "wiped", "device", sender.device_id, now)
    _log.info("wiped", device=sender.device_id)
    return _json(b"{}")


def _sender(request: Request, county: CountyState, path: str, body: bytes) -> Proven:
    signed = signed_request("POST", path, body, request.headers)
    return county.door.proven(signed, utc_now())


def _read(shape: TypeAdapter[T], request: Request, body: bytes) -> T:
    return _or_malformed(
        lambda: shape.validate_json(decoded(body, request.headers.get("Content-Encoding", "")))
    )


def _bytes(text: str) -> bytes:
    return _or_malformed(lambda: bytes.fromhex(text))


def _or_malformed(read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValidationError, ValueError) as error:
        raise Refused(Refusal(code="wire.malformed")) from error


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")

"""`POST /enrol/v1`: trades a one-time code for a place in the county."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from core.refusals import Refusal, Refused
from core.wire.envelopes import (
    ENROL_REQUESTS,
    ENROL_RESPONSES,
    PROTOCOL,
    EnrolRequest,
    EnrolResponse,
)
from county.coding import decoded
from county.config import utc_now
from county.enrolment import enrol
from county.keys import the_county
from county.routes.county_state import CountyState, TheCounty
from county.routes.documented import body_documented, errors_documented

PATH = "/enrol/v1"

router = APIRouter()
_log = structlog.get_logger()


@router.post(
    PATH,
    response_model=EnrolResponse,
    responses=errors_documented(400, 408, 413, 415, 429, 503),
    openapi_extra=body_documented(EnrolRequest),
)
async def enrol_tablet(request: Request, county: TheCounty) -> Response:
    """The code and the tablet's public key up; who it belongs to and the county's keys down."""
    body = await request.body()
    return await run_in_threadpool(_enrolled, request, county, body)


def _enrolled(request: Request, county: CountyState, body: bytes) -> Response:
    asked = _read(decoded(body, request.headers.get("Content-Encoding", "")))
    address, now = request.client.host if request.client else "", utc_now()
    county.tries.check(address, now.timestamp())
    try:
        with county.database.writing() as session:
            answer = enrol(session, the_county(session), asked, now)
    except Refused:
        county.tries.count(address, now.timestamp())
        raise
    _log.info("enrolled", device=answer.device_id, doctor=answer.doctor_id)
    return Response(ENROL_RESPONSES.dump_json(answer), media_type="application/json")


def _read(plain: bytes) -> EnrolRequest:
    malformed = Refused(Refusal(code="wire.malformed"))
    try:
        asked = ENROL_REQUESTS.validate_json(plain)
    except ValidationError as error:
        raise malformed from error
    if asked.protocol > PROTOCOL:
        raise Refused(Refusal(code="wire.too_new"))
    if "\x00" in asked.device_name + asked.app_version:
        raise malformed
    return asked

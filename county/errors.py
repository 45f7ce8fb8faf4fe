"""What a caller is told when a request cannot be answered: a status, a code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from core.refusals import Refused
from county.coding import BadCoding, TooLarge
from county.config import utc_now
from county.device_auth import NotProven
from county.metrics import REFUSAL, route_of
from county.tries import WINDOW_S
from words import say

RETRY_AFTER_S = 5
NO_CONNECTION = "no_connection"
NONE: Mapping[str, object] = MappingProxyType({})
_log = structlog.get_logger()


def add_error_answers(app: FastAPI) -> None:
    """Give every kind of failure its answer; none of them shows how the county is built."""
    app.add_exception_handler(NotProven, _not_proven)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(TooLarge, _too_large)
    app.add_exception_handler(BadCoding, _bad_coding)
    app.add_exception_handler(ClientDisconnect, _cut_off)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(Exception, _trouble)


def answer(
    request: Request, status: int, code: str, values: Mapping[str, object] = NONE, **more: object
) -> JSONResponse:
    """An error as JSON: its code, and its sentence for whoever reads it in a log.

    It is counted and logged by its code alone: `values` may quote what was sent.
    """
    setattr(request.state, REFUSAL, code)
    _log.info("refused", route=route_of(request.scope), status=status, code=code)
    content = {"code": code, "message": say(f"refusal.{code}", "en", **values), **more}
    return JSONResponse(content, status_code=status)


def _not_proven(request: Request, error: Exception) -> JSONResponse:
    code = error.code if isinstance(error, NotProven) else "auth.missing"
    return answer(request, 401, code, server_time=utc_now().isoformat())


def _refused(request: Request, error: Exception) -> JSONResponse:
    refusals = error.refusals if isinstance(error, Refused) else ()
    code = refusals[0].code if refusals else "wire.malformed"
    response = answer(
        request, _STATUS.get(code, 400), code, refusals[0].values if refusals else NONE
    )
    if response.status_code == 429:
        response.headers["Retry-After"] = str(int(WINDOW_S))
    if response.status_code == 408:
        response.headers["Connection"] = "close"
    return response


_STATUS = {
    "county.not_founded": 503,
    "device.revoked": 403,
    "enrol.too_many_tries": 429,
    "metrics.closed": 403,
    "scope.not_yours": 403,
    "snapshot.gone": 404,
    "snapshot.range": 416,
    "wire.too_slow": 408,
}


def _too_large(request: Request, _error: Exception) -> JSONResponse:
    return answer(request, 413, "wire.too_large")


def _cut_off(request: Request, _error: Exception) -> JSONResponse:
    # Nobody hears it: the caller went away in the middle of its request.
    return answer(request, 400, "wire.cut_off")


def _bad_coding(request: Request, _error: Exception) -> JSONResponse:
    return answer(request, 415, "wire.bad_coding")


def _http(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "http.not_found", 405: "http.method"}.get(status, "http.other")
    return answer(request, status, code)


def note_database_trouble(error: Exception) -> None:
    """Write into the log what is wrong with the database, without what an error may quote."""
    _log.error("database", error=type(error).__name__, reason=_reason(error))


def _database(request: Request, error: Exception) -> JSONResponse:
    note_database_trouble(error)
    response = answer(request, 503, "county.busy")
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _reason(error: BaseException) -> str:
    """The database's own code for what went wrong first, `SQLITE_FULL` or `53100`.

    `no_connection` where there was nobody to say one.

    An error's text may quote a record. What fails because of it, such as undoing what the
    database has undone by itself, would hide it.
    """
    chain: list[BaseException] = []
    before: BaseException | None = error
    while before is not None and before not in chain:
        chain.append(before)
        before = before.__context__
    codes = [
        getattr(link, "sqlite_errorname", None) or getattr(link, "sqlstate", None) for link in chain
    ]
    said = next((str(code) for code in reversed(codes) if code), "")
    return said or (NO_CONNECTION if isinstance(error, OperationalError) else "")


def _trouble(request: Request, error: Exception) -> JSONResponse:
    # The error's text may quote a record; its type and place are enough to find it.
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
    route, kind = route_of(request.scope), type(error).__name__
    _log.error("trouble", route=route, error=kind, where=where)
    return answer(request, 500, "county.trouble")

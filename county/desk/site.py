"""The desk as one application: its pages, its headers and its plain words for every error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from core.refusals import Refused
from county.desk import (
    audit_trail,
    conflicts,
    exemptions,
    follow_up,
    ledger,
    overview,
    people,
    person,
    phone_check,
    quarantine,
    review_queue,
    sign_in,
    tablets,
)
from county.desk.asked import Unreadable, only_words
from county.desk.render import STATIC, page
from county.desk.visitor import (
    Desk,
    ForgedForm,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Visitor,
    language_of,
    signed_in,
)
from county.errors import RETRY_AFTER_S, note_database_trouble
from words import say, sentence_for

PAGES = (
    sign_in, overview, people, person, follow_up, review_queue, phone_check, exemptions, ledger,
    quarantine, conflicts, tablets, audit_trail,
)  # fmt: skip
FONT = Path(__file__).parents[2] / "assets" / "fonts" / "NotoSansSC_400Regular.ttf"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATIC_LASTS = "public, max-age=31536000, immutable"
Next = Callable[[Request], Awaitable[Response]]


def desk_app(desk: Desk) -> FastAPI:
    """The desk of one county, to be mounted at /desk."""
    app = FastAPI(
        title="Lüyue desk", docs_url=None, redoc_url=None, openapi_url=None,
        dependencies=[Depends(only_words)],
    )  # fmt: skip
    app.state.desk = desk
    app.middleware("http")(_with_headers)
    for pages in PAGES:
        app.include_router(pages.router)
    app.get("/")(_home)
    app.get("/static/fonts/{name}")(_font)
    app.mount("/static", StaticFiles(directory=STATIC))
    _say_errors(app)
    return app


def _say_errors(app: FastAPI) -> None:
    app.exception_handler(NotSignedIn)(_to_the_door)
    app.exception_handler(NotFound)(_error(404, "not_found"))
    app.exception_handler(NotAllowed)(_error(403, "not_allowed"))
    app.exception_handler(Refused)(_error(422, "refused"))
    app.exception_handler(ForgedForm)(_error(403, "forged"))
    app.exception_handler(Unreadable)(_error(400, "unreadable"))
    app.exception_handler(RequestValidationError)(_error(400, "unreadable"))
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(DBAPIError)(_database_error)
    app.exception_handler(PoolTimeout)(_database_error)
    app.exception_handler(Exception)(_error(500, "broken"))


async def _with_headers(request: Request, handle: Next) -> Response:
    response = await handle(request)
    if request.url.path.startswith("/desk/static/") and response.status_code == 200:
        response.headers.setdefault("Cache-Control", STATIC_LASTS)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _home() -> Response:
    return RedirectResponse("/desk/overview", status_code=303)


def _font(name: str) -> Response:
    """The shipped Chinese font, asked for only by a machine that has none of its own."""
    if name != FONT.name or not FONT.exists():
        raise NotFound
    return FileResponse(FONT, media_type="font/ttf", headers={"Cache-Control": STATIC_LASTS})


def _to_the_door(request: Request, _error: Exception) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(wanted)}" if request.method == "GET" else ""
    return RedirectResponse(f"/desk/sign-in{back}", status_code=303)


def _error(status: int, name: str) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        # After a fault of our own the database may be what failed: it is not asked again.
        visitor = _visitor_or_none(request) if status < 500 else None
        lang = visitor.language if visitor else language_of(request)
        advice = say(f"desk.error.{name}.advice", lang)
        if isinstance(error, Refused):
            advice = sentence_for(error.refusals[0], lang)
        response = page(
            request,
            "error.html",
            visitor,
            status=status,
            heading=say(f"desk.error.{name}.heading", lang),
            advice=advice,
        )
        response.headers.update(HEADERS)
        return response

    return handle


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    names = {404: "not_found", 405: "not_found", 403: "not_allowed"}
    return _error(status, names.get(status, "unreadable" if status < 500 else "broken"))(
        request, error
    )


def _database_error(request: Request, error: Exception) -> Response:
    note_database_trouble(error)
    response = _error(503, "busy")(request, error)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _visitor_or_none(request: Request) -> Visitor | None:
    try:
        return signed_in(request)
    except NotSignedIn:
        return None

"""Signing in and out of the desk, and choosing its language."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from core.refusals import Refused
from county.audit import note_act
from county.desk.render import page
from county.desk.visitor import (
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    Desk,
    ForgedForm,
    Posting,
    desk_of,
)
from county.people import WRONG_PASSWORD
from county.sessions import (
    OpenSession,
    close_session,
    note_failure,
    open_session,
    verified_user,
)
from county.tables import CountyRow
from words import languages

router = APIRouter()

ENTRY_COOKIE = "luyue_entry"
"""Holds the sign-in form's own secret, for there is no session yet to keep it in."""
HOME = "/desk/overview"
LANGUAGE_LASTS = timedelta(days=365)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@router.get("/sign-in")
def show_sign_in(request: Request, next: str = "") -> Response:
    """The door."""
    return _form(request, next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    csrf: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """Check the password and open a session; a wrong one is counted and said plainly."""
    entry = request.cookies.get(ENTRY_COOKIE, "")
    if not entry or not hmac.compare_digest(entry.encode(), csrf.encode()):
        raise ForgedForm
    login = login.strip()
    try:
        opened = _opened(desk_of(request), login, password, _address(request))
    except Refused as refused:
        return _form(request, next, login, refused)
    response = RedirectResponse(local_path(next) or HOME, status_code=303)
    _set_cookie(request, response, SESSION_COOKIE, opened.token, path="/desk")
    response.delete_cookie(ENTRY_COOKIE, path="/desk")
    return response


@router.post("/sign-out")
def sign_out(request: Request, visitor: Posting) -> Response:
    """End the session here and at the server."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        close_session(session, desk.county_id, request.cookies.get(SESSION_COOKIE, ""))
        note_act(
            session, desk.county_id, visitor.user_id, "sign_out", "user", visitor.user_id,
            desk.clock(),
        )  # fmt: skip
    response = RedirectResponse("/desk/sign-in", status_code=303)
    response.delete_cookie(SESSION_COOKIE, path="/desk")
    return response


@router.get("/language/{language}")
def choose_language(request: Request, language: str, back: str = "") -> Response:
    """Remember the language and go back to where the reader was."""
    response = RedirectResponse(local_path(back) or HOME, status_code=303)
    if language in languages():
        seconds = int(LANGUAGE_LASTS.total_seconds())
        _set_cookie(request, response, LANGUAGE_COOKIE, language, path="/desk", max_age=seconds)
    return response


def local_path(address: str) -> str:
    """The address if it is a page of this desk, else nothing: never a way to another site."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    plain = not parts.scheme and not parts.netloc and "\\" not in address
    return address if plain and parts.path.startswith("/desk/") else ""


def _opened(desk: Desk, login: str, password: str, address: str) -> OpenSession:
    """A new session; the failure of a wrong password is committed before it is raised."""
    now = desk.clock()
    try:
        with desk.database.writing() as session:
            user_id = verified_user(session, desk.county_id, login, password, address, now)
            return open_session(session, desk.county_id, user_id, now)
    except Refused as refused:
        # A try that was not looked at is none: counted, it would put off the end of the wait.
        if any(refusal.code == WRONG_PASSWORD for refusal in refused.refusals):
            with desk.database.writing() as session:
                note_failure(session, desk.county_id, login, address, now)
        raise


def _form(request: Request, next: str, login: str = "", refused: Refused | None = None) -> Response:
    desk = desk_of(request)
    secret = request.cookies.get(ENTRY_COOKIE) or secrets.token_urlsafe(24)
    with desk.database.reading() as session:
        office = _county_name(session, desk.county_id)
    response = page(
        request, "sign_in.html", None, status=403 if refused else None, refused=refused,
        office=office, csrf=secret, next=local_path(next), login=login,
    )  # fmt: skip
    _set_cookie(request, response, ENTRY_COOKIE, secret, path="/desk")
    return response


def _county_name(session: Session, county_id: str) -> str:
    county = session.get(CountyRow, county_id)
    return county.name if county else ""


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    path: str,
    max_age: int | None = None,
) -> None:
    """A cookie no script reads and no other site sends; only over TLS beyond loopback."""
    secure = request.url.scheme == "https" or request.url.hostname not in LOOPBACK
    response.set_cookie(
        name, value, max_age=max_age, path=path, secure=secure, httponly=True, samesite="lax"
    )

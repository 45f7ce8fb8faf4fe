"""Signing in at the desk: sessions kept by the hash of their token, tries counted by the audit."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.audit import note_act
from county.people import check_password
from county.tables import AuditRow, DeskSessionRow, UserRow

SESSION_LASTS = timedelta(hours=10)
"""A working day; whoever comes back tomorrow signs in again."""

TRIES_WINDOW = timedelta(minutes=15)
TRIES_PER_LOGIN = 5
TRIES_PER_ADDRESS = 30
FAILED = "sign_in_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """What the browser is given: the token for its cookie and when it ends."""

    token: str
    expires_at: datetime


def next_try_at(
    session: Session, county_id: str, login: str, address: str, now: datetime
) -> datetime:
    """When a login may be tried from an address: now, or once enough failures are forgotten.

    However many others failed meanwhile: each login and each address has a count of its own.
    """
    failed = select(AuditRow.at).where(
        AuditRow.county_id == county_id,
        AuditRow.at > now - TRIES_WINDOW,
        AuditRow.action == FAILED,
    )
    of_address = AuditRow.detail["address"].as_string() == address
    last_of_all = [
        session.scalar(failed.where(which).order_by(AuditRow.at.desc()).offset(most - 1).limit(1))
        for which, most in (
            (AuditRow.object_id == login, TRIES_PER_LOGIN),
            (of_address, TRIES_PER_ADDRESS),
        )
    ]
    return max((at + TRIES_WINDOW for at in last_of_all if at is not None), default=now)


def note_failure(session: Session, county_id: str, login: str, address: str, now: datetime) -> None:
    """Count a failed sign-in against the login and the address."""
    note_act(session, county_id, "", FAILED, "login", login, now, address=address)


def verified_user(
    session: Session, county_id: str, login: str, password: str, address: str, now: datetime
) -> str:
    """The id of the user with this login and password.

    Raises Refused with `desk.too_many_tries` (minutes) while tries are spent, without
    looking at the password, and with what `check_password` raises for a wrong one.
    """
    free_at = next_try_at(session, county_id, login, address, now)
    if free_at > now:
        minutes = ceil((free_at - now).total_seconds() / 60)
        raise Refused(Refusal(code="desk.too_many_tries", values={"minutes": minutes}))
    return check_password(session, county_id, login, password).id


def open_session(session: Session, county_id: str, user_id: str, now: datetime) -> OpenSession:
    """Start a session for a user and clear away those that have ended."""
    token = secrets.token_urlsafe(32)
    expires_at = now + SESSION_LASTS
    session.execute(
        delete(DeskSessionRow).where(
            DeskSessionRow.county_id == county_id, DeskSessionRow.expires_at <= now
        )
    )
    session.add(
        DeskSessionRow(
            county_id=county_id,
            token_hash=token_hash(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=expires_at,
        )
    )
    note_act(session, county_id, user_id, "sign_in", "user", user_id, now)
    return OpenSession(token=token, expires_at=expires_at)


def session_of(
    session: Session, county_id: str, token: str, now: datetime
) -> tuple[DeskSessionRow, UserRow] | None:
    """The running session of a token and its user, who must still be active; else None."""
    found = session.execute(
        select(DeskSessionRow, UserRow)
        .join(
            UserRow,
            (UserRow.county_id == DeskSessionRow.county_id)
            & (UserRow.id == DeskSessionRow.user_id),
        )
        .where(
            DeskSessionRow.county_id == county_id,
            DeskSessionRow.token_hash == token_hash(token),
            DeskSessionRow.expires_at > now,
            UserRow.active.is_(True),
        )
    ).first()
    return (found[0], found[1]) if found else None


def close_session(session: Session, county_id: str, token: str) -> None:
    """End the session of a token; its cookie is worth nothing from then on."""
    session.execute(
        delete(DeskSessionRow).where(
            DeskSessionRow.county_id == county_id, DeskSessionRow.token_hash == token_hash(token)
        )
    )


def close_sessions_of(session: Session, county_id: str, user_id: str) -> None:
    """End every session of a user."""
    session.execute(
        delete(DeskSessionRow).where(
            DeskSessionRow.county_id == county_id, DeskSessionRow.user_id == user_id
        )
    )


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()

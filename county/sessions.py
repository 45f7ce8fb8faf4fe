"""Signing in at the desk: sessions kept by the hash of their token, tries counted by the audit."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often a sign-in failed lately, and when the oldest of those is forgotten."""

    by_login: int
    by_address: int
    free_at: datetime

    @property
    def spent(self) -> bool:
        """Whether nobody may try now."""
        return self.by_login >= TRIES_PER_LOGIN or self.by_address >= TRIES_PER_ADDRESS


def tries_of(session: Session, county_id: str, login: str, address: str, now: datetime) -> Tries:
    """The failed sign-ins of the last quarter of an hour for a login and from an address."""
    failed = session.scalars(
        select(AuditRow)
        .where(
            AuditRow.county_id == county_id,
            AuditRow.at > now - TRIES_WINDOW,
            AuditRow.action == FAILED,
        )
        .order_by(AuditRow.at)
        .limit(1000)
    ).all()
    of_login = [row for row in failed if row.object_id == login]
    of_address = [row for row in failed if row.detail.get("address") == address]
    oldest = min((row.at for row in (*of_login, *of_address)), default=now)
    return Tries(by_login=len(of_login), by_address=len(of_address), free_at=oldest + TRIES_WINDOW)


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
    tries = tries_of(session, county_id, login, address, now)
    if tries.spent:
        minutes = max(1, -(-int((tries.free_at - now).total_seconds()) // 60))
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


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()

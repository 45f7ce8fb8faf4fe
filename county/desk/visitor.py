"""Who is asking, what they may see, and proof that a form came from our own page."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from county.config import local_date
from county.db import Database
from county.sessions import session_of
from county.tables import CountyRow, TownshipRow, UserRow, VillageRow
from words import DEFAULT_LANGUAGE, languages

SESSION_COOKIE = "luyue_desk"
LANGUAGE_COOKIE = "luyue_language"
SEES_ALL = frozenset({"county", "auditor"})
DECIDES = frozenset({"county", "township"})


class NotSignedIn(Exception):
    """Raised where a page needs a session and there is none."""


class ForgedForm(Exception):
    """Raised where a form did not come from a page of this session."""


class NotFound(Exception):
    """Raised for what does not exist and for what is not the visitor's to see, alike."""


class NotAllowed(Exception):
    """Raised where a role may look but not act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every page works with: the database, its county and the clock."""

    database: Database
    county_id: str
    clock: Callable[[], datetime]

    @property
    def today(self) -> date:
        """The day in the county."""
        return local_date(self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The signed-in user with the villages and townships in their sight."""

    user_id: str
    name: str
    role: str
    csrf: str
    language: str
    office: str
    townships: tuple[TownshipRow, ...]
    villages: tuple[VillageRow, ...]

    @property
    def village_ids(self) -> frozenset[str]:
        """The villages whose people this visitor may see."""
        return frozenset(village.id for village in self.villages)

    @property
    def may_review(self) -> bool:
        """Whether this visitor decides on follow-ups."""
        return self.role in DECIDES

    @property
    def may_read_trail(self) -> bool:
        """Whether this visitor may read who has seen or changed what."""
        return self.role in SEES_ALL

    def sees(self, village_id: str | None) -> None:
        """Pass where the village is in sight; raises NotFound otherwise."""
        if village_id not in self.village_ids:
            raise NotFound

    def village_name(self, village_id: str | None) -> str:
        """The village's name; — where it is not in sight."""
        return next((v.name for v in self.villages if v.id == village_id), "—")

    def township_name(self, township_id: str | None) -> str:
        """The township's name; — where it is not in sight."""
        return next((t.name for t in self.townships if t.id == township_id), "—")


def desk_of(request: Request) -> Desk:
    """The desk this request was made to."""
    desk: Desk = request.app.state.desk
    return desk


def language_of(request: Request) -> str:
    """The language the browser has chosen here; the county's where it has not."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, DEFAULT_LANGUAGE)
    return chosen if chosen in languages() else DEFAULT_LANGUAGE


def signed_in(request: Request) -> Visitor:
    """The visitor behind the request's session; raises NotSignedIn."""
    desk = desk_of(request)
    token = request.cookies.get(SESSION_COOKIE, "")
    with desk.database.reading() as session:
        found = session_of(session, desk.county_id, token, desk.clock()) if token else None
        if found is None:
            raise NotSignedIn
        row, user = found
        return visitor_for(session, desk.county_id, user, row.csrf, language_of(request))


def visitor_for(
    session: Session, county_id: str, user: UserRow, csrf: str, language: str
) -> Visitor:
    """The visitor a user is, with what their role lets them see."""
    villages = tuple(
        village
        for village in session.scalars(
            select(VillageRow)
            .where(VillageRow.county_id == county_id)
            .order_by(VillageRow.township_id, VillageRow.division_code, VillageRow.name)
        )
        if _in_sight(user, village)
    )
    seen = {village.township_id for village in villages}
    townships = tuple(
        township
        for township in session.scalars(
            select(TownshipRow).where(TownshipRow.county_id == county_id).order_by(TownshipRow.id)
        )
        if user.role in SEES_ALL or township.id in seen
    )
    county = session.get(CountyRow, county_id)
    return Visitor(
        user_id=user.id,
        name=user.name,
        role=user.role,
        csrf=csrf,
        language=language,
        office=_office(user, county.name if county else "", townships),
        townships=townships,
        villages=villages,
    )


def signed_in_with_form(request: Request, csrf: Annotated[str, Form()] = "") -> Visitor:
    """The visitor whose session this form belongs to; raises ForgedForm."""
    visitor = signed_in(request)
    if not hmac.compare_digest(csrf.encode(), visitor.csrf.encode()):
        raise ForgedForm
    return visitor


def reviewing(visitor: Annotated[Visitor, Depends(signed_in_with_form)]) -> Visitor:
    """The visitor, who may decide on follow-ups; raises NotAllowed."""
    if not visitor.may_review:
        raise NotAllowed
    return visitor


SignedIn = Annotated[Visitor, Depends(signed_in)]
Posting = Annotated[Visitor, Depends(signed_in_with_form)]
Reviewing = Annotated[Visitor, Depends(reviewing)]


def _in_sight(user: UserRow, village: VillageRow) -> bool:
    if user.role in SEES_ALL:
        return True
    if user.role == "township":
        return village.township_id == user.township_id
    return village.id in user.village_ids


def _office(user: UserRow, county_name: str, townships: tuple[TownshipRow, ...]) -> str:
    if user.role in SEES_ALL or not townships:
        return county_name
    return f"{county_name} · {townships[0].name}"

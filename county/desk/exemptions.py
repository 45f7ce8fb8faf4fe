"""Requests to excuse days of absence, and the township's answer to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.contracts import Exemption
from core.people import Resident
from core.refusals import Refused
from core.vocabulary import Kind
from county.desk.follow_up import reviewer_for
from county.desk.lookups import doctor_names, scopes_of, waiting_for
from county.desk.render import link, page
from county.desk.visitor import Desk, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, local
from county.histories import readable
from county.reviews import decide_exemption
from county.tables import RecordRow
from words import say

router = APIRouter()

SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request that nobody has answered."""

    name: str
    person_href: str
    village: str
    span: str
    days: str
    reason: str
    doctor: str
    asked: str
    decide_href: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed into the form of one request."""

    exemption_id: str = ""
    note: str = ""


@router.get("/exemptions")
def exemptions(request: Request, visitor: SignedIn) -> Response:
    """The unanswered requests from the villages in sight, oldest first."""
    return _shown(request, visitor, Typed())


@router.post("/exemptions/{exemption_id}")
def answer(
    request: Request,
    visitor: Reviewing,
    exemption_id: str,
    decision: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Approve, or refuse with words for the doctor; what is wrong is said above the list."""
    desk, approved = desk_of(request), decision == "approved"
    try:
        with desk.database.writing() as session:
            decide_exemption(
                session, reviewer_for(desk, visitor), exemption_id, approved, note, desk.clock()
            )
    except Refused as refused:
        return _shown(request, visitor, Typed(exemption_id=exemption_id, note=note), refused)
    return RedirectResponse(link("exemptions", done="answered"), status_code=303)


def _shown(
    request: Request, visitor: Visitor, typed: Typed, refused: Refused | None = None
) -> Response:
    desk = desk_of(request)
    with desk.database.reading() as session:
        rows = present(session, desk, visitor, typed)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "exemptions.html",
        visitor,
        "exemptions",
        refused=refused,
        waiting=waiting,
        rows=rows,
    )


def present(session: Session, desk: Desk, visitor: Visitor, typed: Typed) -> tuple[Row, ...]:
    """The rows, worded."""
    found = session.scalars(_open(desk.county_id, visitor)).all()
    people = _people(session, desk.county_id, {row.resident_id for row in found})
    names = doctor_names(session, desk.county_id)
    rows = (_row(row, people.get(row.resident_id), names, visitor, typed) for row in found)
    return tuple(row for row in rows if row is not None)


def _open(county_id: str, visitor: Visitor) -> Select[tuple[RecordRow]]:
    scopes = scopes_of(visitor.village_ids)
    answered = select(RecordRow.body["exemption_id"].as_string()).where(
        RecordRow.county_id == county_id,
        RecordRow.kind == Kind.EXEMPTION_DECISION,
        RecordRow.scope_id.in_(scopes),
        RecordRow.removed.is_(False),
    )
    return (
        select(RecordRow)
        .where(
            RecordRow.county_id == county_id,
            RecordRow.kind == Kind.EXEMPTION,
            RecordRow.scope_id.in_(scopes),
            RecordRow.removed.is_(False),
            RecordRow.id.not_in(answered),
        )
        .order_by(RecordRow.recorded_at, RecordRow.id)
        .limit(SHOWN)
    )


def _people(session: Session, county_id: str, ids: set[str | None]) -> dict[str | None, Resident]:
    found = session.execute(
        select(RecordRow.id, RecordRow.schema, RecordRow.body).where(
            RecordRow.county_id == county_id, RecordRow.id.in_([key for key in ids if key])
        )
    )
    return {
        key: person
        for key, schema, body in found
        if (person := readable(Kind.RESIDENT, schema, body))
    }


def _row(
    record: RecordRow,
    person: Resident | None,
    names: Mapping[str, str],
    visitor: Visitor,
    typed: Typed,
) -> Row | None:
    exemption: Exemption | None = readable(Kind.EXEMPTION, record.schema, record.body)
    if exemption is None or person is None:
        return None
    lang = visitor.language
    days = (exemption.to_on - exemption.from_on).days + 1
    reason = (label("not_met", exemption.reason, lang), exemption.note)
    return Row(
        name=person.name,
        person_href=link(f"people/{person.id}", year=exemption.from_on.year),
        village=visitor.village_name(record.village_id),
        span=f"{exemption.from_on} – {exemption.to_on}",
        days=say("desk.days", lang, count=days),
        reason=" · ".join(part for part in reason if part),
        doctor=names.get(exemption.author_id, NOTHING),
        asked=local(exemption.recorded_at),
        decide_href=link(f"exemptions/{exemption.id}"),
        note=typed.note if typed.exemption_id == exemption.id else "",
    )

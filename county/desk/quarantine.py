"""Records the county could not take, with the reason, for a person to take in or leave at that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.followups import FollowUp
from core.refusals import Refusal, Refused
from core.vocabulary import Kind
from county.checks import IN_CONFIDENCE
from county.desk.follow_up import reviewer_for
from county.desk.lookups import doctor_names, doctors_in_sight, waiting_for
from county.desk.render import link, page
from county.desk.values import glucose_text, pressure_text
from county.desk.visitor import Desk, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, local
from county.histories import readable
from county.quarantine import UNPROVEN, decide, is_taken
from county.tables import DeviceRow, OperationRow, QuarantineRow, RecordRow
from words import say, sentence_for

router = APIRouter()

SHOWN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record that was set aside; `settled` is what became of it, "" while it is open."""

    received: str
    doctor: str
    tablet: str
    kind: str
    name: str
    person_href: str
    says: str
    reason: str
    code: str
    op_id: str
    settled: str
    decide_href: str
    may_be_taken: bool


@router.get("/quarantine")
def quarantine(request: Request, visitor: SignedIn) -> Response:
    """What was set aside from the tablets of doctors in sight: the open ones first, then latest."""
    return _shown(request, visitor)


@router.post("/quarantine/{op_id}")
def decide_one(
    request: Request, visitor: Reviewing, op_id: str, choice: Annotated[str, Form()] = ""
) -> Response:
    """Take it in or leave it at that; what stands in the way is said above the list."""
    desk = desk_of(request)
    try:
        with desk.database.writing() as session:
            decide(session, reviewer_for(desk, visitor), op_id, choice, desk.clock())
    except Refused as refused:
        return _shown(request, visitor, refused)
    return RedirectResponse(link("quarantine", done=f"aside_{choice}"), status_code=303)


def _shown(request: Request, visitor: Visitor, refused: Refused | None = None) -> Response:
    desk = desk_of(request)
    with desk.database.reading() as session:
        rows = present(session, desk, visitor)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "quarantine.html",
        visitor,
        "quarantine",
        refused=refused,
        waiting=waiting,
        rows=rows,
    )


def present(session: Session, desk: Desk, visitor: Visitor) -> tuple[Row, ...]:
    """The rows, worded."""
    doctors = doctors_in_sight(session, desk, visitor)
    found = session.execute(
        select(QuarantineRow, DeviceRow, OperationRow)
        .join(
            DeviceRow,
            (DeviceRow.county_id == QuarantineRow.county_id)
            & (DeviceRow.id == QuarantineRow.device_id),
        )
        .outerjoin(
            OperationRow,
            (OperationRow.county_id == QuarantineRow.county_id)
            & (OperationRow.op_id == QuarantineRow.op_id),
        )
        .where(QuarantineRow.county_id == desk.county_id, DeviceRow.doctor_id.in_(doctors))
        .order_by(
            QuarantineRow.settled_at.is_not(None),
            QuarantineRow.received_at.desc(),
            QuarantineRow.op_id,
        )
        .limit(SHOWN)
    ).all()
    people = _people(session, desk, visitor, [_resident_id(aside) for aside, _, _ in found])
    names = doctor_names(session, desk.county_id)
    return tuple(
        _row(aside, device, operation, people, names, visitor) for aside, device, operation in found
    )


def _people(session: Session, desk: Desk, visitor: Visitor, ids: list[str]) -> Mapping[str, str]:
    """The names of those of the residents who live in a village in sight."""
    found = session.execute(
        select(RecordRow.id, RecordRow.body).where(
            RecordRow.county_id == desk.county_id,
            RecordRow.id.in_(ids),
            RecordRow.village_id.in_(visitor.village_ids),
        )
    )
    return {key: str(body.get("name", NOTHING)) for key, body in found}


def _resident_id(aside: QuarantineRow) -> str:
    """Whom it is about; nobody where no desk may know."""
    if aside.envelope.get("kind") == Kind.SPECIAL_PROGRAMME or aside.code == IN_CONFIDENCE:
        return ""
    body = _body(aside)
    named = body.get("resident_id", body.get("id") if "household_id" in body else "")
    return named if isinstance(named, str) else ""


def _body(aside: QuarantineRow) -> Mapping[str, Any]:
    body = aside.envelope.get("body")
    return body if isinstance(body, dict) else {}


def _row(
    aside: QuarantineRow,
    device: DeviceRow,
    operation: OperationRow | None,
    people: Mapping[str, str],
    names: Mapping[str, str],
    visitor: Visitor,
) -> Row:
    lang, resident_id = visitor.language, _resident_id(aside)
    refusal = Refusal(code=aside.code, values=aside.values)
    return Row(
        received=local(aside.received_at),
        doctor=names.get(device.doctor_id, NOTHING),
        tablet=device.name,
        kind=label("desk.kind", aside.envelope.get("kind", ""), lang),
        name=people.get(resident_id, ""),
        person_href=link(f"people/{resident_id}") if resident_id in people else "",
        says=_says(aside, lang),
        reason=sentence_for(refusal, lang),
        code=aside.code,
        op_id=aside.op_id,
        settled=_settled(aside, operation, names, lang),
        decide_href=link(f"quarantine/{aside.op_id}"),
        may_be_taken=aside.code not in UNPROVEN,
    )


def _says(aside: QuarantineRow, lang: str) -> str:
    """The day, and of a follow-up its readings, as far as they can be read."""
    body, schema = _body(aside), aside.envelope.get("schema", 1)
    day = str(body.get("occurred_on", ""))
    if not isinstance(schema, int):
        return day
    record = readable(str(aside.envelope.get("kind", "")), schema, body)
    if not isinstance(record, FollowUp):
        return day
    parts = (day, pressure_text(record), glucose_text(record, lang))
    return " · ".join(part for part in parts if part and part != NOTHING)


def _settled(
    aside: QuarantineRow, operation: OperationRow | None, names: Mapping[str, str], lang: str
) -> str:
    if aside.settled_at is None:
        return ""
    how = "taken" if is_taken(operation) else "left"
    who = names.get(aside.settled_by or "", say("desk.quarantine.by_itself", lang))
    return say(f"desk.quarantine.{how}", lang, who=who, at=local(aside.settled_at))

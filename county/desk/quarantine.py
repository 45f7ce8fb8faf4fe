"""Records the county could not take, with the reason, for a person to take in or leave at that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.desk.aside import Subject, subjects_of
from county.desk.follow_up import reviewer_for
from county.desk.lookups import doctor_names, doctors_in_sight, waiting_for
from county.desk.render import link, page
from county.desk.visitor import Desk, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, local
from county.quarantine import UNPROVEN, decide, is_taken, named_id
from county.tables import DeviceRow, OperationRow, QuarantineRow
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
    """What was set aside for the villages in sight: the open ones first, then the latest.

    What names no village is shown by its doctor's.
    """
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
        .where(
            QuarantineRow.county_id == desk.county_id,
            QuarantineRow.village_id.in_(visitor.village_ids)
            | (QuarantineRow.village_id.is_(None) & DeviceRow.doctor_id.in_(doctors)),
        )
        .order_by(
            QuarantineRow.settled_at.is_not(None),
            QuarantineRow.received_at.desc(),
            QuarantineRow.op_id,
        )
        .limit(SHOWN)
    ).all()
    subjects = subjects_of(session, visitor, desk.county_id, [aside for aside, _, _ in found])
    names = doctor_names(session, desk.county_id)
    return tuple(
        _row(aside, device, operation, subject, names, visitor)
        for (aside, device, operation), subject in zip(found, subjects, strict=True)
    )


def _row(
    aside: QuarantineRow,
    device: DeviceRow,
    operation: OperationRow | None,
    subject: Subject,
    names: Mapping[str, str],
    visitor: Visitor,
) -> Row:
    lang = visitor.language
    refusal = Refusal(code=aside.code, values=aside.values)
    return Row(
        received=local(aside.received_at),
        doctor=names.get(device.doctor_id, NOTHING),
        tablet=device.name,
        kind=label("desk.kind", named_id(aside, "kind"), lang),
        name=subject.name,
        person_href=link(f"people/{subject.resident_id}") if subject.resident_id else "",
        says=subject.says,
        reason=sentence_for(refusal, lang),
        code=aside.code,
        op_id=aside.op_id,
        settled=_settled(aside, operation, names, lang),
        decide_href=link(f"quarantine/{aside.op_id}"),
        may_be_taken=aside.code not in UNPROVEN,
    )


def _settled(
    aside: QuarantineRow, operation: OperationRow | None, names: Mapping[str, str], lang: str
) -> str:
    if aside.settled_at is None:
        return ""
    how = "taken" if is_taken(operation) else "left"
    who = names.get(aside.settled_by or "", say("desk.quarantine.by_itself", lang))
    return say(f"desk.quarantine.{how}", lang, who=who, at=local(aside.settled_at))

"""Records the county could not take, with the reason, for a person to take in or leave at that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.desk.aside import Subject, subjects_of
from county.desk.asked import page_number
from county.desk.follow_up import reviewer_for
from county.desk.lookups import doctor_names, doctors_in_sight, waiting_for
from county.desk.render import Choice, Page, choices, link, page, pages
from county.desk.visitor import Desk, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, local
from county.quarantine import UNPROVEN, decide, is_taken, named_id
from county.tables import DeviceRow, OperationRow, QuarantineRow
from words import say, sentence_for

router = APIRouter()

SHOWN = 200
"""Records on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The state of the page, all of it in its address."""

    doctor: str = ""
    page: int = 1

    def at(self, path: str = "quarantine", **more: object) -> str:
        """An address that leads back to this page, but for what is said otherwise."""
        page = "" if self.page == 1 else self.page
        return link(path, {"doctor": self.doctor, "page": page}, **more)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The page's view; `doctors` may be chosen from where there are more than a page holds."""

    query: Query
    doctors: tuple[Choice, ...]
    rows: tuple[Row, ...]
    page: Page


def query_of(doctor: str = "", page: int = 1) -> Query:
    """What the address asks for."""
    return Query(doctor=doctor, page=page_number(page))


Asked = Annotated[Query, Depends(query_of)]


@router.get("/quarantine")
def quarantine(request: Request, visitor: SignedIn, query: Asked) -> Response:
    """What was set aside for the villages in sight: the open ones first, as they came, so that
    nobody hides them by bringing more; then the settled ones, latest first.

    What names no village is shown by its doctor's.
    """
    return _shown(request, visitor, query)


@router.post("/quarantine/{op_id}")
def decide_one(
    request: Request,
    visitor: Reviewing,
    query: Asked,
    op_id: str,
    choice: Annotated[str, Form()] = "",
) -> Response:
    """Take it in or leave it at that; what stands in the way is said above the list."""
    desk = desk_of(request)
    try:
        with desk.database.writing() as session:
            decide(session, reviewer_for(desk, visitor), op_id, choice, desk.clock())
    except Refused as refused:
        return _shown(request, visitor, query, refused)
    return RedirectResponse(query.at(done=f"aside_{choice}"), status_code=303)


def _shown(
    request: Request, visitor: Visitor, query: Query, refused: Refused | None = None
) -> Response:
    desk = desk_of(request)
    with desk.database.reading() as session:
        view = present(session, desk, visitor, query)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "quarantine.html",
        visitor,
        "quarantine",
        refused=refused,
        waiting=waiting,
        view=view,
    )


def present(session: Session, desk: Desk, visitor: Visitor, query: Query) -> View:
    """The page's view."""
    names = doctor_names(session, desk.county_id)
    in_sight = _in_sight(desk, visitor, doctors_in_sight(session, desk, visitor))
    found = session.execute(_asked(in_sight, query)).tuples().all()
    has_more, found = len(found) > SHOWN, found[:SHOWN]
    subjects = subjects_of(session, visitor, desk.county_id, [aside for aside, _, _ in found])
    rows = tuple(
        _row(asked, subject, names, visitor, query)
        for asked, subject in zip(found, subjects, strict=True)
    )
    doctors: tuple[Choice, ...] = ()
    if has_more or query != Query():
        whose = session.scalars(in_sight.with_only_columns(DeviceRow.doctor_id).distinct())
        known = sorted((names.get(doctor_id, doctor_id), doctor_id) for doctor_id in whose)
        doctors = choices([(doctor_id, name) for name, doctor_id in known])
    return View(
        query=query,
        doctors=doctors,
        rows=rows,
        page=pages(query.page, has_more, lambda n: query.at(page=n)),
    )


_Aside = tuple[QuarantineRow, DeviceRow, OperationRow | None]


def _in_sight(
    desk: Desk, visitor: Visitor, doctors: Collection[str]
) -> Select[tuple[QuarantineRow, DeviceRow]]:
    """What was set aside for a visitor, and the tablets it came from."""
    return (
        select(QuarantineRow, DeviceRow)
        .join(
            DeviceRow,
            (DeviceRow.county_id == QuarantineRow.county_id)
            & (DeviceRow.id == QuarantineRow.device_id),
        )
        .where(
            QuarantineRow.county_id == desk.county_id,
            QuarantineRow.village_id.in_(visitor.village_ids)
            | (QuarantineRow.village_id.is_(None) & DeviceRow.doctor_id.in_(doctors)),
        )
    )


def _asked(in_sight: Select[tuple[QuarantineRow, DeviceRow]], query: Query) -> Select[_Aside]:
    """The page's, and one more where there is any, with what became of each."""
    asked = in_sight.where(DeviceRow.doctor_id == query.doctor) if query.doctor else in_sight
    is_open = QuarantineRow.settled_at.is_(None)
    return (
        asked.add_columns(OperationRow)
        .outerjoin(
            OperationRow,
            (OperationRow.county_id == QuarantineRow.county_id)
            & (OperationRow.op_id == QuarantineRow.op_id),
        )
        .order_by(
            is_open.desc(),
            case((is_open, QuarantineRow.received_at)),
            QuarantineRow.received_at.desc(),
            QuarantineRow.op_id,
        )
        .limit(SHOWN + 1)
        .offset((query.page - 1) * SHOWN)
    )


def _row(
    asked: _Aside, subject: Subject, names: Mapping[str, str], visitor: Visitor, query: Query
) -> Row:
    aside, device, operation = asked
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
        decide_href=query.at(f"quarantine/{aside.op_id}"),
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

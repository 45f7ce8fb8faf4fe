"""The review queue: follow-ups with evidence grade and signals, oldest first, many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.calendar import last_of_month
from core.history import History
from core.refusals import Refused
from core.vocabulary import Decision, Mode
from county.desk.appraisal import DoctorMonths, SignalLine, appraise
from county.desk.asked import month_of, page_number
from county.desk.follow_up import reason_choices, reviewer_for
from county.desk.lookups import decided, doctor_names, undecided, waiting_for
from county.desk.people import doctor_choices
from county.desk.render import Choice, Page, choices, link, page, pages
from county.desk.values import glucose_text, pressure_text, visit_class_text
from county.desk.visitor import Desk, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, local
from county.histories import histories_of
from county.reviews import Verdict, decide
from county.tables import RecordRow
from words import say

router = APIRouter()

PAGE_SIZE = 50
GRADED_AT_ONCE = 400
"""How many of the oldest are looked through for a grade: it is reckoned, not stored."""
GRADES = ("A", "B", "C", "D")
WAITING = "waiting"
STATES = (WAITING, Decision.RETURNED, Decision.QUESTIONED, Decision.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The state of the page, all of it in its address."""

    state: str = WAITING
    village: str = ""
    doctor: str = ""
    mode: str = ""
    grade: str = ""
    month: str = ""
    page: int = 1

    def as_values(self) -> dict[str, object]:
        """The query as an address carries it, but for the page."""
        return {
            "state": "" if self.state == WAITING else self.state, "village": self.village,
            "doctor": self.doctor, "mode": self.mode, "grade": self.grade, "month": self.month,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One follow-up of the queue; `seen` is its last review, where it has one."""

    id: str
    seen: str
    href: str
    on: date
    name: str
    person_href: str
    village: str
    doctor: str
    mode: str
    pressure: str
    glucose: str
    visit_class: str
    grade: str
    signals: tuple[SignalLine, ...]
    received: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    lead: str
    query: Query
    may_review: bool
    decide_href: str
    states: tuple[Choice, ...]
    villages: tuple[Choice, ...]
    doctors: tuple[Choice, ...]
    modes: tuple[Choice, ...]
    grades: tuple[Choice, ...]
    reasons: tuple[Choice, ...]
    rows: tuple[Row, ...]
    page: Page


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkForm:
    """What was typed into the form below the list."""

    picked: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""


def query_of(
    state: str = WAITING,
    village: str = "",
    doctor: str = "",
    mode: str = "",
    grade: str = "",
    month: str = "",
    page: int = 1,
) -> Query:
    """What the address asks for; what it does not know is left aside."""
    return Query(
        state=state if state in STATES else WAITING,
        village=village,
        doctor=doctor,
        mode=mode if mode in set(Mode) else "",
        grade=grade if grade in GRADES else "",
        month=month if month_of(month) else "",
        page=page_number(page),
    )


@router.get("/review")
def review_queue(
    request: Request, visitor: SignedIn, query: Annotated[Query, Depends(query_of)]
) -> Response:
    """The queue, oldest first."""
    return _shown(request, visitor, query, BulkForm())


@router.post("/review")
def decide_many(
    request: Request,
    visitor: Reviewing,
    query: Annotated[Query, Depends(query_of)],
    follow_up: Annotated[list[str] | None, Form()] = None,
    decision: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Take one decision for all that are ticked: all of them or none.

    A tick names the follow-up and, after a space, the last review that the page showed.
    """
    desk = desk_of(request)
    seen = dict(_parted(tick) for tick in follow_up or ())
    picked = tuple(seen)
    verdict = Verdict(decision=decision, reason=reason, note=note)
    try:
        with desk.database.writing() as session:
            count = decide(
                session, reviewer_for(desk, visitor), picked, verdict, desk.clock(), seen
            )
    except Refused as refused:
        form = BulkForm(picked=picked, reason=reason, note=note)
        return _shown(request, visitor, query, form, refused)
    done = link("review", query.as_values(), done=decision, count=count)
    return RedirectResponse(done, status_code=303)


def _parted(tick: str) -> tuple[str, str]:
    follow_up_id, _, review_id = tick.partition(" ")
    return follow_up_id, review_id


def _shown(
    request: Request, visitor: Visitor, query: Query, form: BulkForm, refused: Refused | None = None
) -> Response:
    if query.village:
        visitor.sees(query.village)
    desk = desk_of(request)
    with desk.database.reading() as session:
        view = present(session, desk, visitor, query)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "review_queue.html",
        visitor,
        "review",
        refused=refused,
        waiting=waiting,
        view=view,
        form=form,
    )


def present(session: Session, desk: Desk, visitor: Visitor, query: Query) -> View:
    """The page's view."""
    lang = visitor.language
    asked = _asked(desk.county_id, visitor, query)
    count = session.scalar(select(func.count()).select_from(asked.order_by(None).subquery())) or 0
    rows = _rows(session, desk, visitor, asked, query)
    start = (query.page - 1) * PAGE_SIZE
    if query.grade:
        count, rows = len(rows), rows[start : start + PAGE_SIZE]
    return View(
        lead=say("desk.review.lead", lang, count=count),
        query=query,
        may_review=visitor.may_review,
        decide_href=link("review", query.as_values(), page=query.page),
        states=choices([(state, say(f"desk.review.state_{state}", lang)) for state in STATES]),
        villages=choices([(v.id, v.name) for v in visitor.villages]),
        doctors=doctor_choices(session, desk.county_id, visitor),
        modes=choices([(mode, label("mode", mode, lang)) for mode in Mode]),
        grades=choices(
            [(grade, f"{grade} {say(f'desk.grade.{grade}', lang)}") for grade in GRADES]
        ),
        reasons=reason_choices(lang),
        rows=rows,
        page=pages(
            query.page,
            count > start + PAGE_SIZE,
            lambda n: link("review", query.as_values(), page=n),
        ),
    )


def _asked(county_id: str, visitor: Visitor, query: Query) -> Select[tuple[str]]:
    """The ids of the follow-ups asked for, oldest first."""
    villages = {query.village} if query.village else visitor.village_ids
    queue = (
        undecided(county_id, villages)
        if query.state == WAITING
        else decided(county_id, villages, query.state)
    )
    statement = queue.statement
    if query.doctor:
        statement = statement.where(queue.author_id == query.doctor)
    if query.mode:
        statement = statement.where(queue.mode == query.mode)
    first = month_of(query.month)
    if first:
        last = last_of_month(first.year, first.month)
        statement = statement.where(queue.occurred_on.between(first, last))
    return statement.order_by(queue.occurred_on, queue.id)


def _rows(
    session: Session, desk: Desk, visitor: Visitor, asked: Select[tuple[str]], query: Query
) -> tuple[Row, ...]:
    """The page's rows; with a grade asked for, all of that grade among the oldest."""
    start = (query.page - 1) * PAGE_SIZE
    part = asked.limit(GRADED_AT_ONCE) if query.grade else asked.limit(PAGE_SIZE).offset(start)
    ids = session.scalars(part).all()
    found = session.scalars(
        select(RecordRow)
        .where(RecordRow.county_id == desk.county_id, RecordRow.id.in_(ids))
        .order_by(RecordRow.occurred_on, RecordRow.id)
    ).all()
    histories = histories_of(session, desk.county_id, [row.resident_id or "" for row in found])
    names = doctor_names(session, desk.county_id)
    months = DoctorMonths(session, desk.county_id)
    rows = (_row(months, visitor, row, histories, names) for row in found)
    return tuple(row for row in rows if row and query.grade in ("", row.grade))


def _row(
    months: DoctorMonths,
    visitor: Visitor,
    record: RecordRow,
    histories: Mapping[str, History],
    names: Mapping[str, str],
) -> Row | None:
    history = histories.get(record.resident_id or "")
    follow_up = (
        next((f for f in history.follow_ups if f.id == record.id), None) if history else None
    )
    if history is None or follow_up is None:
        return None
    lang = visitor.language
    appraisal = appraise(months, history, follow_up, lang)
    last = history.settled.reviews.get(record.id)
    return Row(
        id=record.id,
        seen=last.id if last else "",
        href=link(f"follow-ups/{record.id}"),
        on=follow_up.occurred_on,
        name=history.resident.name,
        person_href=link(f"people/{history.resident.id}", year=follow_up.occurred_on.year),
        village=visitor.village_name(record.village_id),
        doctor=names.get(follow_up.author_id, NOTHING),
        mode=label("mode", follow_up.mode, lang),
        pressure=pressure_text(follow_up),
        glucose=glucose_text(follow_up, lang),
        visit_class=visit_class_text(follow_up, lang),
        grade=appraisal.grade,
        signals=appraisal.signals,
        received=local(record.received_at),
    )

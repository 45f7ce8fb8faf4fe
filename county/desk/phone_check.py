"""Telephone checks: a random sample that can be drawn again, and what each call found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from core.calendar import last_of_month
from core.history import History
from core.refusals import Refusal, Refused
from core.reviews import PhoneCheck
from core.vocabulary import Kind
from county.desk.appraisal import DoctorMonths, SignalLine, appraise
from county.desk.asked import month_of
from county.desk.follow_up import reviewer_for
from county.desk.lookups import doctor_names, standing_follow_ups, waiting_for
from county.desk.records import record_in_sight
from county.desk.render import Choice, choices, link, page
from county.desk.timeline import check_text
from county.desk.visitor import Desk, NotFound, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label
from county.histories import histories_of
from county.reviews import Answer, note_phone_check
from county.sampling import drawn, weighted
from county.tables import RecordRow
from words import say

router = APIRouter()

SIZES = (10, 20, 30, 50)
LOOKED_THROUGH = 5
"""Times the sample's size: so many are drawn evenly first, then weighed by their signals."""
WEIGHT_PER_SIGNAL = 2.0
ANSWERS: Mapping[str, bool] = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is drawn from, and with which seed; all of it in the address."""

    month: str
    village: str = ""
    seed: str = ""
    size: int = SIZES[0]

    def as_values(self) -> dict[str, object]:
        """The query as an address carries it."""
        return {
            "month": self.month, "village": self.village, "seed": self.seed, "size": self.size,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One follow-up to be checked by telephone; `result` is empty until it has been.

    It is `open` until somebody was reached; `seen` is the last check of it.
    """

    id: str
    href: str
    on: date
    name: str
    phone: str
    village: str
    doctor: str
    mode: str
    signals: tuple[SignalLine, ...]
    result: str
    note: str
    open: bool
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed into the form of one call."""

    follow_up_id: str = ""
    reached: str = ""
    visit_confirmed: str = ""
    satisfied: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    lead: str
    query: Query
    may_review: bool
    save_href: str
    villages: tuple[Choice, ...]
    sizes: tuple[Choice, ...]
    summary: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sampled:
    record: RecordRow
    history: History
    signals: tuple[SignalLine, ...]

    @property
    def check(self) -> PhoneCheck | None:
        return self.history.settled.phone_checks.get(self.record.id)


def query_of(
    request: Request, month: str = "", village: str = "", seed: str = "", size: int = SIZES[0]
) -> Query:
    """What the address asks for; without a seed it is the month."""
    known = month if month_of(month) else f"{desk_of(request).today:%Y-%m}"
    return Query(
        month=known,
        village=village,
        seed=seed.strip()[:40] or known,
        size=size if size in SIZES else SIZES[0],
    )


Asked = Annotated[Query, Depends(query_of)]


@router.get("/phone-check")
def phone_check(request: Request, visitor: SignedIn, query: Asked) -> Response:
    """The sample with what has been found out so far."""
    return _shown(request, visitor, query, Typed())


@router.post("/phone-check/{follow_up_id}")
def save_check(
    request: Request,
    visitor: Reviewing,
    query: Asked,
    follow_up_id: str,
    reached: Annotated[str, Form()] = "",
    visit_confirmed: Annotated[str, Form()] = "",
    satisfied: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Keep what one call found out, and go back to the sample.

    `seen` is the last check that the page showed.
    """
    desk = desk_of(request)
    typed = Typed(
        follow_up_id=follow_up_id, reached=reached, visit_confirmed=visit_confirmed,
        satisfied=satisfied, note=note.strip(),
    )  # fmt: skip
    try:
        with desk.database.writing() as session:
            record_in_sight(session, desk, visitor, Kind.FOLLOW_UP, follow_up_id)
            note_phone_check(
                session, reviewer_for(desk, visitor), follow_up_id, _answer(typed), desk.clock(),
                seen,
            )  # fmt: skip
    except Refused as refused:
        return _shown(request, visitor, query, typed, refused)
    return RedirectResponse(link("phone-check", query.as_values(), done="checked"), status_code=303)


def _answer(typed: Typed) -> Answer:
    """What was typed as an answer; whether the resident was reached is never taken for granted."""
    if typed.reached not in ANSWERS:
        raise Refused(Refusal(code="desk.phone_needs_result"))
    return Answer(
        reached=ANSWERS[typed.reached],
        visit_confirmed=ANSWERS.get(typed.visit_confirmed),
        satisfied=ANSWERS.get(typed.satisfied),
        note=typed.note,
    )


def _shown(
    request: Request,
    visitor: Visitor,
    query: Query,
    typed: Typed,
    refused: Refused | None = None,
) -> Response:
    if query.village:
        visitor.sees(query.village)
    desk = desk_of(request)
    with desk.database.reading() as session:
        view = present(session, desk, visitor, query)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "phone_check.html",
        visitor,
        "phone_check",
        refused=refused,
        waiting=waiting,
        view=view,
        typed=typed,
    )


def present(session: Session, desk: Desk, visitor: Visitor, query: Query) -> View:
    """The page's view."""
    lang = visitor.language
    names = doctor_names(session, desk.county_id)
    sample = _sample(session, desk, visitor, query)
    return View(
        lead=say("desk.phone.lead", lang, seed=query.seed),
        query=query,
        may_review=visitor.may_review,
        save_href=link("phone-check/{id}", query.as_values()),
        villages=choices([(v.id, v.name) for v in visitor.villages]),
        sizes=choices([(str(size), str(size)) for size in SIZES]),
        summary=_summary([item.check for item in sample], lang),
        rows=tuple(_row(item, visitor, names) for item in sample),
    )


def _sample(session: Session, desk: Desk, visitor: Visitor, query: Query) -> tuple[_Sampled, ...]:
    first = month_of(query.month)
    if first is None:
        raise NotFound
    villages = {query.village} if query.village else visitor.village_ids
    asked = standing_follow_ups(desk.county_id, villages).where(
        RecordRow.occurred_on.between(first, last_of_month(first.year, first.month))
    )
    ids = session.scalars(asked.with_only_columns(RecordRow.id)).all()
    looked = drawn(ids, query.size * LOOKED_THROUGH, query.seed)
    records = session.scalars(asked.where(RecordRow.id.in_(looked))).all()
    histories = histories_of(session, desk.county_id, [row.resident_id or "" for row in records])
    months = DoctorMonths(session, desk.county_id)
    found = {item.record.id: item for row in records if (item := _sampled(months, row, histories))}
    weights = {key: 1 + WEIGHT_PER_SIGNAL * len(item.signals) for key, item in found.items()}
    return tuple(found[key] for key in weighted(weights, query.size, query.seed))


def _sampled(
    months: DoctorMonths, record: RecordRow, histories: Mapping[str, History]
) -> _Sampled | None:
    history = histories.get(record.resident_id or "")
    follow_up = (
        next((f for f in history.follow_ups if f.id == record.id), None) if history else None
    )
    if history is None or follow_up is None:
        return None
    # Only the signals decide the draw, not their wording: the language is the default one.
    appraisal = appraise(months, history, follow_up, "zh_CN")
    return _Sampled(record=record, history=history, signals=appraisal.signals)


def _row(item: _Sampled, visitor: Visitor, names: Mapping[str, str]) -> Row:
    lang, resident, check = visitor.language, item.history.resident, item.check
    mode = item.record.body.get("mode", "")
    return Row(
        id=item.record.id,
        href=link(f"follow-ups/{item.record.id}"),
        on=item.record.occurred_on or date.min,
        name=resident.name,
        phone=resident.phone or say("desk.phone.no_phone", lang),
        village=visitor.village_name(item.record.village_id),
        doctor=names.get(item.record.author_id, NOTHING),
        mode=label("mode", mode, lang),
        signals=item.signals,
        result=check_text(check, lang) if check else "",
        note=check.note if check else "",
        open=check is None or not check.reached,
        seen=check.id if check else "",
    )


def _summary(checks: list[PhoneCheck | None], lang: str) -> str:
    held = [check for check in checks if check is not None]
    return say(
        "desk.phone.summary", lang, drawn=len(checks), checked=len(held),
        reached=sum(check.reached for check in held),
        confirmed=sum(check.visit_confirmed is True for check in held),
        denied=sum(check.visit_confirmed is False for check in held),
        satisfied=sum(check.satisfied is True for check in held),
    )  # fmt: skip

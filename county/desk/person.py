"""One resident: the account with the reason of every slot, the readings and all that happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from core.calendar import age_on
from core.confidence import tags_told_by
from core.contracts import Contract
from core.findings import Finding
from core.followups import FollowUp
from core.history import History, standing
from core.ids import village_of
from core.obligations import Account, account_of
from core.people import Resident
from core.slots import Programme, Slot
from core.vocabulary import RESTRICTED_TAGS, Kind
from county.audit import note_act
from county.desk.asked import year_of
from county.desk.charting import Figure, charts_of, lines_for
from county.desk.lookups import doctor_names, waiting_for
from county.desk.overview import YEARS_SHOWN
from county.desk.people import SlotDot
from county.desk.records import household_of, record_in_sight
from county.desk.render import Choice, Crumb, Fact, link, page
from county.desk.timeline import Event, timeline_of
from county.desk.values import (
    conditions_of,
    glucose_text,
    groups_of,
    heart_rate_text,
    pressure_text,
    visit_class_text,
)
from county.desk.visitor import Desk, NotFound, SignedIn, Visitor, desk_of
from county.desk.wording import (
    NOTHING,
    label,
    masked_id,
    masked_phone,
    share,
    worded,
    worded_finding,
)
from county.histories import histories_of
from county.policies import rules_of
from words import say

router = APIRouter()

TONES = {"emergency": "bad", "refer": "refer", "warn": "warn", "info": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateLine:
    """A follow-up that might have filled a slot, and why it did not."""

    on: str
    href: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLine:
    """One slot with everything there is to say about it."""

    number: int
    href: str
    chosen: bool
    month: str
    below: str
    title: str
    state: str
    window: str
    tier: str
    filled_on: str
    filled_href: str
    reason: str
    candidates: tuple[CandidateLine, ...]
    rule_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """What a rule found, worded."""

    tone: str
    severity: str
    text: str
    rule_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeLine:
    """A public-health programme beside the contract."""

    name: str
    slots: tuple[SlotDot, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """One follow-up in the table of readings."""

    on: str
    href: str
    mode: str
    pressure: str
    heart_rate: str
    glucose: str
    visit_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine:
    """One contract."""

    span: str
    state: str
    items: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    name: str
    lead: str
    crumbs: tuple[Crumb, ...]
    years: tuple[Choice, ...]
    year: int
    facts: tuple[Fact, ...]
    groups: tuple[str, ...]
    summary: str
    slots: tuple[SlotLine, ...]
    sources: tuple[str, ...]
    programmes: tuple[ProgrammeLine, ...]
    findings: tuple[FindingLine, ...]
    charts: tuple[Figure, ...]
    readings: tuple[ReadingRow, ...]
    contracts: tuple[ContractLine, ...]
    timeline: tuple[Event, ...]
    trail_href: str


@router.get("/people/{resident_id}")
def person(
    request: Request,
    visitor: SignedIn,
    resident_id: str,
    year: int | None = None,
    slot: int | None = None,
) -> Response:
    """The resident, if in sight; that the page was seen is written down."""
    desk = desk_of(request)
    with desk.database.reading() as session:
        record_in_sight(session, desk, visitor, Kind.RESIDENT, resident_id)
        history = histories_of(session, desk.county_id, [resident_id]).get(resident_id)
        if history is None:  # taken in for a newer version, which can read it
            raise NotFound
        view = present(session, desk, visitor, history, year_of(year, desk.today), slot)
        waiting = waiting_for(session, desk, visitor)
    with desk.database.writing() as session:
        note_act(
            session, desk.county_id, visitor.user_id, "view", Kind.RESIDENT, resident_id,
            desk.clock(),
        )  # fmt: skip
    return page(request, "person.html", visitor, "people", waiting=waiting, view=view)


def present(
    session: Session, desk: Desk, visitor: Visitor, history: History, year: int, slot: int | None
) -> View:
    """The page's view; `slot` is the one whose reason was asked for."""
    lang, today, resident = visitor.language, desk.today, history.resident
    rules = rules_of(session, desk.county_id)
    account = account_of(rules, history, today, year)
    names = doctor_names(session, desk.county_id)
    follow_ups = standing(history)
    village = visitor.village_name(village_of(resident.scope_id))
    return View(
        name=resident.name,
        lead=say(
            "desk.person.lead", lang, sex=label("sex", resident.sex, lang),
            age=age_on(resident.birth_date, today), place=village,
        ),
        crumbs=_crumbs(visitor, resident, village, year),
        years=_years(resident.id, today, year),
        year=year,
        facts=_facts(session, desk, history, names, lang),
        groups=groups_of(resident, today, lang),
        summary=_summary(account, lang),
        slots=_slots(account, history, slot, lang),
        sources=tuple(
            dict.fromkeys(
                f"{s.rule_id}: {label('source', s.source, lang)}"
                for s in account.of(Programme.CONTRACT)
            )
        ),
        programmes=_programmes(account, lang),
        findings=finding_lines(account.findings, lang),
        charts=charts_of(
            follow_ups, lines_for(rules.on(today), age_on(resident.birth_date, today)), lang
        ),
        readings=tuple(_reading_row(item, lang) for item in reversed(follow_ups)),
        contracts=_contract_lines(history.contracts, desk.today, lang),
        timeline=timeline_of(history, names, lang),
        trail_href=link("audit", about=resident.id) if visitor.may_read_trail else "",
    )  # fmt: skip


def finding_lines(findings: Iterable[Finding], lang: str) -> tuple[FindingLine, ...]:
    """The findings, worded, each with its rule and source; none about what is in confidence."""
    told = (item for item in findings if not tags_told_by(f"{item.rule_id} {item.source}"))
    return tuple(
        FindingLine(
            tone=TONES.get(item.severity, "info"),
            severity=label("desk.severity", item.severity, lang),
            text=worded_finding(item, lang),
            rule_id=item.rule_id,
            source=label("source", item.source, lang),
        )
        for item in told
    )


def _summary(account: Account, lang: str) -> str:
    figures = account.figures
    return say(
        "desk.person.summary", lang, owed=figures.owed, filled=figures.filled,
        missed=figures.missed, open=figures.open, excused=figures.excused,
        completion=share(figures.filled, figures.owed),
    )  # fmt: skip


def _slots(
    account: Account, history: History, chosen: int | None, lang: str
) -> tuple[SlotLine, ...]:
    days = {item.id: item.occurred_on for item in history.follow_ups}
    return tuple(
        _slot_line(slot, account, days, chosen, lang) for slot in account.of(Programme.CONTRACT)
    )


def _slot_line(
    slot: Slot, account: Account, days: Mapping[str, date], chosen: int | None, lang: str
) -> SlotLine:
    state = label("slot_state", slot.state, lang)
    here = f"people/{account.resident_id}"
    return SlotLine(
        number=slot.number,
        href=link(here, year=account.year, slot=slot.number) + f"#slot-{slot.number}",
        chosen=slot.number == chosen,
        month=_month_text(slot),
        below=f"{slot.filled_on:%m-%d}" if slot.filled_on else state,
        title=f"{slot.window_from} – {slot.window_to} {state}",
        state=str(slot.state),
        window=f"{slot.window_from} – {slot.window_to:%m-%d}",
        tier=worded(slot.tier_reason, lang),
        filled_on=str(slot.filled_on or ""),
        filled_href=link(f"follow-ups/{slot.filled_by}") if slot.filled_by else "",
        reason=worded(slot.reason, lang),
        candidates=tuple(
            CandidateLine(
                on=str(days.get(item.follow_up_id, "")),
                href=link(f"follow-ups/{item.follow_up_id}"),
                why=say(f"candidate.{item.why_not}", lang),
            )
            for item in slot.candidates
        ),
        rule_id=slot.rule_id,
        source=label("source", slot.source, lang),
    )


def _month_text(slot: Slot) -> str:
    first, last = slot.window_from, slot.window_to
    same = (first.year, first.month) == (last.year, last.month)
    return f"{first:%Y-%m}" if same else f"{first:%m}–{last:%m}"


def _programmes(account: Account, lang: str) -> tuple[ProgrammeLine, ...]:
    names = dict.fromkeys(slot.programme for slot in account.slots)
    apart = {Programme.CONTRACT, *RESTRICTED_TAGS}
    return tuple(_programme_line(n, account.of(n), lang) for n in names if n not in apart)


def _programme_line(name: str, slots: Sequence[Slot], lang: str) -> ProgrammeLine:
    filled = sum(slot.filled for slot in slots)
    missed = sum(slot.state == "missed" for slot in slots)
    return ProgrammeLine(
        name=label("programme", name, lang),
        slots=tuple(
            SlotDot(
                state=str(slot.state),
                title=f"{slot.window_from} – {slot.window_to} {worded(slot.reason, lang)}",
            )
            for slot in slots
        ),
        summary=say(
            "desk.person.programme_summary",
            lang,
            filled=filled,
            owed=sum(s.owed for s in slots),
            missed=missed,
        ),
    )


def _facts(
    session: Session, desk: Desk, history: History, names: Mapping[str, str], lang: str
) -> tuple[Fact, ...]:
    resident = history.resident
    house = household_of(session, desk.county_id, resident.household_id)
    contract = history.coverage.contract_on(desk.today)
    values = {
        "id_number": masked_id(resident.id_number),
        "birth_date": str(resident.birth_date),
        "phone": masked_phone(resident.phone),
        "household": " ".join((house.head_name, house.group_no, house.house_no)) if house else "",
        "relation": resident.relation_to_head,
        "record_number": resident.health_record_number,
        "conditions": conditions_of(resident, lang),
        "contract": f"{contract.start_on} – {contract.last_day}" if contract else "",
        "doctor": names.get(contract.doctor_id or "", "") if contract else "",
        "left": f"{label('left', resident.left, lang)} {resident.left_on or ''}"
        if resident.left
        else "",
    }
    return tuple(
        Fact(name=say(f"desk.fact.{key}", lang), value=value.strip() or NOTHING)
        for key, value in values.items()
        if value or key != "left"
    )


def _contract_lines(
    contracts: Sequence[Contract], today: date, lang: str
) -> tuple[ContractLine, ...]:
    latest_first = sorted(contracts, key=lambda item: (item.start_on, item.id), reverse=True)
    return tuple(_contract_line(item, today, lang) for item in latest_first)


def _contract_line(contract: Contract, today: date, lang: str) -> ContractLine:
    comma = say("desk.comma", lang)
    items = (
        f"{label('service', item.service, lang)}×{item.agreed_count}" for item in contract.items
    )
    return ContractLine(
        span=f"{contract.start_on} – {contract.last_day}",
        state=label("contract_state", contract.state_on(today), lang),
        items=comma.join(items) or NOTHING,
    )


def _reading_row(follow_up: FollowUp, lang: str) -> ReadingRow:
    return ReadingRow(
        on=str(follow_up.occurred_on),
        href=link(f"follow-ups/{follow_up.id}"),
        mode=label("mode", follow_up.mode, lang),
        pressure=pressure_text(follow_up),
        heart_rate=heart_rate_text(follow_up),
        glucose=glucose_text(follow_up, lang),
        visit_class=visit_class_text(follow_up, lang),
    )


def _crumbs(visitor: Visitor, resident: Resident, village: str, year: int) -> tuple[Crumb, ...]:
    village_id = village_of(resident.scope_id)
    return (
        Crumb(text=visitor.office, href=link("overview", year=year)),
        Crumb(text=village, href=link("people", year=year, village=village_id)),
        Crumb(text=resident.name),
    )


def _years(resident_id: str, today: date, year: int) -> tuple[Choice, ...]:
    shown = sorted({year, *(today.year - back for back in range(YEARS_SHOWN))})
    return tuple(
        Choice(text=str(item), href=link(f"people/{resident_id}", year=item), chosen=item == year)
        for item in shown
    )

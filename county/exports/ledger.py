"""The month's ledger of contract services (慢病家庭医生签约服务台账): a row a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.calendar import age_on, last_of_month
from core.contracts import Contract
from core.followups import FollowUp
from core.history import History, standing
from core.ids import village_of
from core.people import Household
from core.vocabulary import Decision, GroupTag, Kind
from county.desk.lookups import doctor_names
from county.desk.values import (
    conditions_of,
    glucose_text,
    groups_of,
    has_reported,
    heart_rate_text,
    pressure_text,
    visit_class_text,
)
from county.desk.wording import label, masked_id
from county.histories import batches, histories_of, readable
from county.tables import PersonAccountRow, RecordRow, TownshipRow, VillageRow
from words import say

COLUMNS = (
    "number", "township", "village", "head", "name", "sex", "age", "id_number", "phone", "groups",
    "conditions", "signed_on", "ends_on", "doctor", "owed", "filled", "month_dates", "mode",
    "pressure", "heart_rate", "glucose", "visit_class", "diet", "exercise", "psychology",
    "next_on", "registered", "followed", "guided", "remark",
)  # fmt: skip
READ_AT_ONCE = 100
CHRONIC = frozenset({GroupTag.HTN, GroupTag.T2DM, GroupTag.COPD})
"""The chronic diseases a ledger may name: of those told in confidence none is in any export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which ledger is asked for: a month, some villages, in a language."""

    county_id: str
    month: date
    village_ids: frozenset[str]
    lang: str
    chronic_only: bool = False
    full_ids: bool = False

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return last_of_month(self.month.year, self.month.month)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One person of the ledger: the values of COLUMNS, texts but for numbers and dates."""

    resident_id: str
    values: Mapping[str, str | int | date]


def ledger_lines(session: Session, order: Order) -> Iterator[Line]:
    """The people under contract in the month, by township, village and household.

    Reads a hundred people at a time, so that a county's ledger needs no more memory
    than a village's.
    """
    places = _places(session, order.county_id)
    names = doctor_names(session, order.county_id)
    number = 0
    for batch in batches(_resident_ids(session, order, places), READ_AT_ONCE):
        histories = histories_of(session, order.county_id, batch)
        accounts = _accounts(session, order, batch)
        houses = _houses(session, order.county_id, histories.values())
        for resident_id in batch:
            history = histories.get(resident_id)
            contract = _contract(history, order) if history else None
            if history is None or contract is None or not _wanted(history, order):
                continue
            number += 1
            house = houses.get(history.resident.household_id)
            account = accounts.get(resident_id)
            yield _line(number, order, _Entry(
                history=history, contract=contract, house=house, account=account,
                place=places.get(village_of(history.resident.scope_id), ("", "")),
                doctor=names.get(contract.doctor_id or "", ""),
            ))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    history: History
    contract: Contract
    house: Household | None
    account: PersonAccountRow | None
    place: tuple[str, str]
    doctor: str


def _places(session: Session, county_id: str) -> dict[str, tuple[str, str]]:
    found = session.execute(
        select(VillageRow.id, TownshipRow.name, VillageRow.name)
        .join(
            TownshipRow,
            (TownshipRow.county_id == VillageRow.county_id)
            & (TownshipRow.id == VillageRow.township_id),
        )
        .where(VillageRow.county_id == county_id)
        .order_by(TownshipRow.id, VillageRow.division_code, VillageRow.name)
    )
    return {village_id: (township, village) for village_id, township, village in found}


def _resident_ids(session: Session, order: Order, places: Collection[str]) -> Sequence[str]:
    rank = {village_id: place for place, village_id in enumerate(places)}
    found = session.execute(
        select(RecordRow.village_id, RecordRow.household_id, RecordRow.id).where(
            RecordRow.county_id == order.county_id,
            RecordRow.kind == Kind.RESIDENT,
            RecordRow.village_id.in_(order.village_ids),
            RecordRow.removed.is_(False),
        )
    )
    ordered = sorted((rank.get(v or "", len(rank)), h or "", key) for v, h, key in found)
    return [key for _, _, key in ordered]


def _accounts(
    session: Session, order: Order, resident_ids: Sequence[str]
) -> dict[str, PersonAccountRow]:
    found = session.scalars(
        select(PersonAccountRow).where(
            PersonAccountRow.county_id == order.county_id,
            PersonAccountRow.resident_id.in_(resident_ids),
            PersonAccountRow.year == order.month.year,
        )
    )
    return {row.resident_id: row for row in found}


def _houses(
    session: Session, county_id: str, histories: Collection[History]
) -> dict[str, Household]:
    ids = {history.resident.household_id for history in histories}
    found = session.execute(
        select(RecordRow.id, RecordRow.schema, RecordRow.body).where(
            RecordRow.county_id == county_id, RecordRow.id.in_(ids)
        )
    )
    return {
        key: house
        for key, schema, body in found
        if (house := readable(Kind.HOUSEHOLD, schema, body))
    }


def _contract(history: History, order: Order) -> Contract | None:
    """The latest contract that covers a day of the month."""
    held = [
        item
        for item in history.contracts
        if item.start_on <= order.last_day and item.last_day >= order.month
    ]
    return max(held, key=lambda item: (item.start_on, item.id), default=None)


def _wanted(history: History, order: Order) -> bool:
    if not order.chronic_only:
        return True
    tags = {span.tag for span in history.resident.tags}
    return bool(CHRONIC & (tags | {item.code for item in history.resident.conditions}))


def _line(number: int, order: Order, entry: _Entry) -> Line:
    visits = [
        item
        for item in standing(entry.history)
        if order.month <= item.occurred_on <= order.last_day
    ]
    met = [item for item in visits if not item.not_met]
    last = met[-1] if met else None
    return Line(
        resident_id=entry.history.resident.id,
        values={
            "number": number,
            **_person_values(order, entry),
            **_contract_values(entry),
            **_visit_values(order, visits, last),
            **_three_haves(order, entry, met, last),
        },
    )


def _person_values(order: Order, entry: _Entry) -> dict[str, str | int | date]:
    resident, lang = entry.history.resident, order.lang
    number = resident.id_number if order.full_ids else masked_id(resident.id_number)
    return {
        "township": entry.place[0],
        "village": entry.place[1],
        "head": entry.house.head_name if entry.house else "",
        "name": resident.name,
        "sex": label("sex", resident.sex, lang),
        "age": age_on(resident.birth_date, order.last_day),
        "id_number": number,
        "phone": resident.phone or (entry.house.phone if entry.house else ""),
        "groups": say("desk.comma", lang).join(groups_of(resident, order.last_day, lang)),
        "conditions": conditions_of(resident, lang),
    }


def _contract_values(entry: _Entry) -> dict[str, str | int | date]:
    contract, account = entry.contract, entry.account
    return {
        "signed_on": contract.signed_on or contract.start_on,
        "ends_on": contract.last_day,
        "doctor": entry.doctor,
        "owed": account.owed if account else 0,
        "filled": account.filled if account else 0,
    }


def _visit_values(
    order: Order, visits: Sequence[FollowUp], last: FollowUp | None
) -> dict[str, str | int | date]:
    lang = order.lang
    comma = say("desk.comma", lang)
    modes = dict.fromkeys(label("mode", item.mode, lang) for item in visits)
    shown: dict[str, Callable[[FollowUp], str]] = {
        "pressure": pressure_text,
        "heart_rate": heart_rate_text,
        "glucose": lambda item: glucose_text(item, lang),
        "visit_class": lambda item: visit_class_text(item, lang),
    }
    return {
        "month_dates": comma.join(f"{item.occurred_on:%m-%d}" for item in visits),
        "mode": comma.join(modes),
        **{name: text(last) if last else "" for name, text in shown.items()},
        "next_on": (last.next_on or "") if last else "",
    }


def _three_haves(
    order: Order, entry: _Entry, met: Sequence[FollowUp], last: FollowUp | None
) -> dict[str, str | int | date]:
    """有登记、有随访、有指导: a contract on record, a visit this month, guidance given in it."""
    lang = order.lang
    tick = say("desk.ledger.tick", lang)
    given = {
        "diet": any(item.guidance.diet for item in met),
        "exercise": any(item.guidance.exercise for item in met),
        "psychology": any(item.guidance.psychology for item in met),
    }
    haves = {**given, "registered": True, "followed": bool(met), "guided": any(given.values())}
    return {
        **{name: tick if have else "" for name, have in haves.items()},
        "remark": "; ".join(_remarks(order, entry, last)),
    }


def _remarks(order: Order, entry: _Entry, last: FollowUp | None) -> Iterator[str]:
    lang = order.lang
    for item in standing(entry.history):
        if not order.month <= item.occurred_on <= order.last_day:
            continue
        if item.not_met:
            reason = label("not_met", item.not_met, lang)
            yield say("desk.ledger.not_met", lang, reason=reason)
        review = entry.history.settled.reviews.get(item.id)
        if review is not None and review.decision == Decision.RETURNED:
            yield say("desk.ledger.returned", lang)
    if last is not None and has_reported(last):
        yield say("desk.ledger.reported", lang)
    resident = entry.history.resident
    if resident.left:
        yield f"{label('left', resident.left, lang)} {resident.left_on or ''}".strip()

"""What the records of a case say against each other: orders of dates, owners, missing records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain

from core.case_filling import CHINA
from core.history import History
from core.refusals import Refusal
from core.vocabulary import ContractState


def case_refusals(history: History, today: date) -> Iterator[Refusal]:
    """Every reason why a case cannot be reckoned, each with its field."""
    yield from _person(history, today)
    yield from _owners(history)
    yield from _contracts(history)
    yield from _follow_ups(history)
    yield from _other_dates(history)
    yield from _ids(history)
    yield from _references(history)
    yield from _circles(history)


def _refusal(code: str, place: str, **values: object) -> Refusal:
    return Refusal(code=f"case.{code}", place=place, values={"field": place, **values})


def _ordered(place: str, from_on: date | None, to_on: date | None) -> Iterator[Refusal]:
    if from_on is not None and to_on is not None and to_on < from_on:
        yield _refusal("dates_out_of_order", place, from_on=from_on, to_on=to_on)


def _person(history: History, today: date) -> Iterator[Refusal]:
    resident = history.resident
    yield from _ordered("today", resident.birth_date, today)
    yield from _ordered("resident.left_on", resident.birth_date, resident.left_on)
    for place, tag in enumerate(resident.tags):
        yield from _ordered(f"tags.{place}.to_on", tag.from_on, tag.to_on)


def _owners(history: History) -> Iterator[Refusal]:
    for name in ("contracts", "follow_ups", "exemptions", "referrals"):
        for place, record in enumerate(getattr(history, name)):
            if record.resident_id != history.resident.id:
                yield _refusal(
                    "of_nobody",
                    f"{name}.{place}.resident_id",
                    resident_id=record.resident_id,
                )


def _contracts(history: History) -> Iterator[Refusal]:
    for place, contract in enumerate(history.contracts):
        field = f"contracts.{place}"
        if contract.end_on < contract.start_on:
            yield _refusal(
                "contract_ends_before_start",
                f"{field}.end_on",
                start_on=contract.start_on,
                end_on=contract.end_on,
            )
        yield from _ordered(f"{field}.terminated_on", contract.start_on, contract.terminated_on)
        if contract.state == ContractState.TERMINATED and contract.terminated_on is None:
            yield _refusal("terminated_without_date", f"{field}.terminated_on")


def _follow_ups(history: History) -> Iterator[Refusal]:
    for place, follow_up in enumerate(history.follow_ups):
        field = f"follow_ups.{place}"
        if follow_up.occurred_on < history.resident.birth_date:
            yield _refusal("before_birth", f"{field}.occurred_on", on=follow_up.occurred_on)
        recorded_on = follow_up.recorded_at.astimezone(CHINA).date()
        yield from _ordered(f"{field}.recorded_at", follow_up.occurred_on, recorded_on)
        yield from _ordered(f"{field}.next_on", follow_up.occurred_on, follow_up.next_on)


def _other_dates(history: History) -> Iterator[Refusal]:
    for place, exemption in enumerate(history.exemptions):
        yield from _ordered(f"exemptions.{place}.to_on", exemption.from_on, exemption.to_on)
    for place, referral in enumerate(history.referrals):
        field = f"referrals.{place}.trace_by"
        yield from _ordered(field, referral.occurred_on, referral.trace_by)


LISTS = (
    "contracts",
    "follow_ups",
    "withdrawals",
    "reviews",
    "exemptions",
    "exemption_decisions",
    "referrals",
    "referral_outcomes",
    "phone_checks",
)


def _ids(history: History) -> Iterator[Refusal]:
    held = [(name, n, r.id) for name in LISTS for n, r in enumerate(getattr(history, name))]
    times = Counter(record_id for _, _, record_id in held)
    seen: set[str] = set()
    for name, place, record_id in held:
        if times[record_id] > 1 and record_id in seen:
            yield _refusal("id_twice", f"{name}.{place}.id", id=record_id)
        seen.add(record_id)


def _references(history: History) -> Iterator[Refusal]:
    """Records that name another which is not in the case."""
    follow_ups = [follow_up.id for follow_up in history.follow_ups]
    everything = [record.id for name in LISTS for record in getattr(history, name)]
    yield from chain(
        _missing("follow_ups", "amends", history.follow_ups, follow_ups),
        _missing("withdrawals", "voids", history.withdrawals, everything),
        _missing("reviews", "follow_up_id", history.reviews, follow_ups),
        _missing("phone_checks", "follow_up_id", history.phone_checks, follow_ups),
        _missing(
            "exemption_decisions",
            "exemption_id",
            history.exemption_decisions,
            [exemption.id for exemption in history.exemptions],
        ),
        _missing(
            "referral_outcomes",
            "referral_id",
            history.referral_outcomes,
            [referral.id for referral in history.referrals],
        ),
    )


def _missing(
    name: str, field: str, records: Iterable[object], known: list[str]
) -> Iterator[Refusal]:
    for place, record in enumerate(records):
        named = getattr(record, field)
        if named is not None and named not in known:
            yield _refusal("dangling", f"{name}.{place}.{field}", id=named)


def _circles(history: History) -> Iterator[Refusal]:
    amends = {follow_up.id: follow_up.amends for follow_up in history.follow_ups}
    for place, follow_up in enumerate(history.follow_ups):
        seen = {follow_up.id}
        current = follow_up.amends
        while current is not None and current not in seen:
            seen.add(current)
            current = amends.get(current)
        if current == follow_up.id:
            yield _refusal("amends_itself", f"follow_ups.{place}.amends")

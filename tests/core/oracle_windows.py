"""The oracle's windows: the days a resident owes each slot of a year, found day by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from core.contracts import Contract
from core.history import History
from core.people import Resident
from core.policy import Policy

ONE_DAY = timedelta(days=1)


@dataclass
class Owed:
    """A slot as the oracle sees it."""

    programme: str
    number: int
    days: frozenset[date]
    tier: str | None = None
    stopped: bool = False
    state: str = ""
    filled_by: str | None = None
    not_counted: set[tuple[str, str]] = field(default_factory=set)

    @property
    def seen(self) -> tuple[object, ...]:
        """All that is compared."""
        return (
            self.programme,
            self.number,
            min(self.days),
            max(self.days),
            len(self.days),
            self.tier,
            self.state,
            self.filled_by,
            frozenset(self.not_counted),
        )


# --- days -----------------------------------------------------------------------------


def days_from(first: date, last: date) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def month_days(year: int, month: int) -> list[date]:
    following = date(year + month // 12, month % 12 + 1, 1)
    return days_from(date(year, month, 1), following - ONE_DAY)


def later_by_months(start: date, months: int) -> date:
    """Month by month; a day that does not exist becomes the last of its month."""
    year, month = start.year, start.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return month_days(year, month)[: start.day][-1]


def reaches_age(birth: date, years: int) -> date:
    if (birth.month, birth.day) == (2, 29):
        leap = [d for d in month_days(birth.year + years, 2) if d.day == 29]
        return leap[0] if leap else date(birth.year + years, 3, 1)
    return date(birth.year + years, birth.month, birth.day)


# --- coverage and tags ----------------------------------------------------------------


def in_force_on(contracts: Iterable[Contract], day: date) -> Contract | None:
    """The newest contract that has begun: an older one ends the day before it starts."""
    begun = [
        c
        for c in contracts
        if c.state != "pending"
        and c.start_on <= day
        and c.end_on >= c.start_on
        and (c.terminated_on is None or c.terminated_on >= c.start_on)
    ]
    return max(begun, key=lambda c: (c.start_on, c.id)) if begun else None


def agreed(history: History, day: date) -> bool:
    contract = in_force_on(history.contracts, day)
    return contract is not None and day <= contract.end_on


def covered(history: History, day: date) -> bool:
    contract = in_force_on(history.contracts, day)
    return (
        contract is not None
        and day <= contract.end_on
        and (contract.terminated_on is None or day <= contract.terminated_on)
        and (history.resident.left_on is None or day <= history.resident.left_on)
    )


def present(resident: Resident, day: date) -> bool:
    return day >= resident.birth_date and (resident.left_on is None or day <= resident.left_on)


def tagged(resident: Resident, tag: str, day: date) -> bool:
    if tag == "elderly65":
        return day >= reaches_age(resident.birth_date, 65)
    if tag == "child0_6":
        return resident.birth_date <= day < reaches_age(resident.birth_date, 7)
    return any(
        span.tag == tag
        and (span.from_on is None or span.from_on <= day)
        and (span.to_on is None or day <= span.to_on)
        for span in resident.tags
    )


# --- windows of the contract ----------------------------------------------------------


@dataclass
class AccountMonth:
    number: int
    days: list[date]
    covered: list[date]
    would_count: bool
    counts: bool
    key: bool


def calendar_counts(rule: str, month: list[date], held: list[date]) -> bool:
    if not held or held[-1] != month[-1]:
        return False
    return {"count": True, "count_if_before_16": held[0].day <= 15, "skip": held[0] == month[0]}[
        rule
    ]


def is_key(policy: Policy, history: History, held: list[date]) -> bool:
    groups = policy.contract.key_groups
    return any(tagged(history.resident, tag, day) for tag in groups for day in held)


def calendar_months(policy: Policy, history: History, year: int) -> list[list[AccountMonth]]:
    months = []
    for number in range(1, 13):
        month = month_days(year, number)
        nominal = [day for day in month if agreed(history, day)]
        actual = [day for day in month if covered(history, day)]
        rule = policy.contract.start_month
        months.append(
            AccountMonth(
                number,
                month,
                actual,
                calendar_counts(rule, month, nominal),
                calendar_counts(rule, month, actual),
                is_key(policy, history, actual),
            )
        )
    return [months[0:3], months[3:6], months[6:9], months[9:12]]


def contract_months(policy: Policy, history: History, year: int) -> list[list[AccountMonth]]:
    threes = []
    everybody = [
        c
        for c in history.contracts
        if c.state != "pending"
        and c.end_on >= c.start_on
        and (c.terminated_on is None or c.terminated_on >= c.start_on)
    ]
    for contract in sorted(everybody, key=lambda c: (c.start_on, c.id)):
        if year < contract.start_on.year:
            continue
        first = 12 * (year - contract.start_on.year)
        months = [
            contract_month(policy, history, contract, number) for number in range(first, first + 12)
        ]
        threes += [months[0:3], months[3:6], months[6:9], months[9:12]]
    return threes


def contract_month(
    policy: Policy, history: History, contract: Contract, number: int
) -> AccountMonth:
    first = later_by_months(contract.start_on, number)
    month = days_from(first, later_by_months(contract.start_on, number + 1) - ONE_DAY)
    nominal = [
        day
        for day in month
        if in_force_on(history.contracts, day) is contract and agreed(history, day)
    ]
    actual = [
        day
        for day in month
        if in_force_on(history.contracts, day) is contract and covered(history, day)
    ]
    return AccountMonth(
        number % 12 + 1,
        month,
        actual,
        nominal == month,
        actual == month,
        is_key(policy, history, actual),
    )


def contract_slots(policy: Policy, history: History, year: int) -> list[Owed]:
    by_contract = policy.contract.year_basis == "contract"
    threes = (contract_months if by_contract else calendar_months)(policy, history, year)
    return [owed for three in threes for owed in slots_of_three(policy, three)]


def slots_of_three(policy: Policy, three: list[AccountMonth]) -> list[Owed]:
    would = [month for month in three if month.would_count]
    keys = [month for month in would if month.key]
    if keys:
        return [owed for month in keys for owed in key_slot(month)]
    return general_slot(policy, three, would)


def key_slot(month: AccountMonth) -> list[Owed]:
    stopped = month.days[-1] not in month.covered
    if not month.counts and not stopped:
        return []
    return [Owed("contract", month.number, frozenset(month.covered), "key", stopped)]


def general_slot(
    policy: Policy, three: list[AccountMonth], would: list[AccountMonth]
) -> list[Owed]:
    enough = policy.contract.min_quarter_months
    if len(would) < enough:
        return []
    stopped = would[-1].days[-1] not in would[-1].covered
    counting = would if stopped else [month for month in three if month.counts]
    days = frozenset(day for month in counting for day in month.covered)
    if not days or (not stopped and len(counting) < enough):
        return []
    number = (three[0].number - 1) // 3 + 1
    return [Owed("contract", number, days, "general", stopped)]


# --- windows of the programmes --------------------------------------------------------


def quarter_slots(policy: Policy, history: History, programme: str, year: int) -> list[Owed]:
    rules = getattr(policy.programmes, programme)
    resident = history.resident
    grown_up = reaches_age(resident.birth_date, rules.min_age)
    found = []
    for quarter in range(4):
        months = [month_days(year, quarter * 3 + n) for n in (1, 2, 3)]
        counting = [m for m in months if tagged(resident, programme, m[-1]) and m[-1] >= grown_up]
        if len(counting) < rules.min_quarter_months:
            continue
        whole = {d for m in counting for d in m if tagged(resident, programme, d) and d >= grown_up}
        days = {d for d in whole if present(resident, d)}
        if days:
            stopped = max(days) < max(whole)
            found.append(Owed(programme, quarter + 1, frozenset(days), None, stopped))
    return found


def exam_slots(policy: Policy, history: History, programme: str, year: int) -> list[Owed]:
    tag = {"htn_exam": "htn", "t2dm_exam": "t2dm", "elderly_exam": "elderly65"}[programme]
    part = {"htn_exam": "htn", "t2dm_exam": "t2dm", "elderly_exam": "elderly"}[programme]
    rules = getattr(policy.programmes, part)
    resident = history.resident
    if not rules.yearly_exam:
        return []
    whole = days_from(date(year, 1, 1), date(year, 12, 31))
    days = [day for day in whole if present(resident, day)]
    grown_up = reaches_age(resident.birth_date, getattr(rules, "min_age", 0))
    if not days or not tagged(resident, tag, days[-1]) or days[-1] < grown_up:
        return []
    return [Owed(programme, 1, frozenset(days), None, days[-1] < whole[-1])]


def tuberculosis_slots(policy: Policy, history: History, year: int) -> list[Owed]:
    rules, resident = policy.programmes.tb, history.resident
    found = []
    spans = [s for s in resident.tags if s.tag == "tb" and s.from_on is not None]
    for span in spans:
        assert span.from_on is not None
        windows = []
        day = 0
        while day < rules.intensive_days:
            width = min(rules.intensive_window_days, rules.intensive_days - day)
            first = span.from_on + timedelta(day)
            windows.append(days_from(first, first + timedelta(width - 1)))
            day += width
        later = span.from_on + timedelta(rules.intensive_days)
        for month in range(rules.continuation_months):
            first = later_by_months(later, month)
            windows.append(days_from(first, later_by_months(later, month + 1) - ONE_DAY))
        for number, window in enumerate(windows, 1):
            if window[0].year != year or not tagged(resident, "tb", window[-1]):
                continue
            days = [day for day in window if present(resident, day)]
            if days:
                stopped = days[-1] < window[-1]
                found.append(Owed("tb", number, frozenset(days), None, stopped))
    return found

"""The account of one resident: what is owed, what was met, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from core.accounts import Account, Gap, ItemLine
from core.calendar import FAR_PAST, holds, year_span
from core.figures import Figures, slot_figures
from core.findings import Finding, Severity, by_severity
from core.history import History
from core.obligations.filling import filled
from core.obligations.gaps import gap_finding, longest_gap
from core.obligations.items import item_lines
from core.obligations.programmes import CHRONIC, SOURCE_OF, TAG_OF, programme_windows
from core.obligations.states import slot_of
from core.obligations.windows import SOURCE, Window, contract_windows, contract_year_on
from core.policy import Rulebook
from core.slots import Programme, Slot, WhyNot
from core.vocabulary import GroupTag

BESIDE = tuple(programme for programme in Programme if programme != Programme.CONTRACT)


def account_of(
    rules: Rulebook,
    history: History,
    today: date,
    year: int | None = None,
    *,
    contract_only: bool = False,
) -> Account:
    """The account of a resident's year as it stands on `today`.

    Without `year` it is the year today lies in; on contract basis the contract's slots are
    then those of the contract year in progress. Every three of months, and every other
    window, goes by the policy in force on its first day. Never reads a clock.

    With `contract_only` the slots of the other programmes are left out, which is up to half
    of the work; figures, gaps, items and findings are the same.
    """
    contract_year = _contract_year(rules, history, today) if year is None else year
    of_year = today.year if year is None else year
    contract = _slots(rules, history, Programme.CONTRACT, contract_year, today)
    beside = (
        slot
        for programme in (() if contract_only else BESIDE)
        if TAG_OF[programme] in history.tags
        for slot in _slots(rules, history, programme, of_year, today)
    )
    gaps = tuple(_gaps(rules, history, of_year, today))
    items = item_lines(history, of_year, today)
    extra = tuple(
        candidate.follow_up_id
        for slot in contract
        for candidate in slot.candidates
        if candidate.why_not == WhyNot.EXTRA
    )
    figures = _figures(contract, items, gaps, len(extra))
    return Account(
        resident_id=history.resident.id,
        year=of_year,
        today=today,
        slots=(*contract, *beside),
        figures=figures,
        gaps=gaps,
        items=items,
        extra=extra,
        findings=by_severity(list(_findings(rules, history, figures, gaps, of_year, today))),
    )


def _contract_year(rules: Rulebook, history: History, today: date) -> int:
    basis = rules.on(date(today.year, 1, 1)).contract.year_basis
    return contract_year_on(history.coverage, today) if basis == "contract" else today.year


def _slots(
    rules: Rulebook, history: History, programme: Programme, year: int, today: date
) -> tuple[Slot, ...]:
    """The slots of one programme in a year."""
    windows = list(_windows(rules, history, programme, year))
    if not windows:
        return ()
    before = list(_windows_before(rules, history, programme, year))
    fills = filled([*before, *windows], history.settled, today)
    return tuple(slot_of(fill, history, today) for fill in fills[len(before) :])


def _windows(
    rules: Rulebook, history: History, programme: Programme, year: int
) -> Iterable[Window]:
    if programme == Programme.CONTRACT:
        return contract_windows(rules, history, year)
    return programme_windows(rules, history, programme, year)


def _windows_before(
    rules: Rulebook, history: History, programme: Programme, year: int
) -> Iterator[Window]:
    """With a minimum gap a slot depends on the one before it, back to the first follow-up."""
    dates = history.settled.dates
    if not dates or rules.on(year_span(year).from_on).contract.min_gap_days == 0:
        return
    # A contract year that holds the first follow-up may have begun the year before.
    for earlier in range(dates[0].year - 1, year):
        yield from _windows(rules, history, programme, earlier)


def _gaps(rules: Rulebook, history: History, year: int, today: date) -> Iterator[Gap]:
    policy = rules.on(year_span(year).from_on)
    for programme in CHRONIC:
        if TAG_OF[programme] in history.tags:
            gap = longest_gap(policy, history, programme, year, today)
            if gap is not None:
                yield gap


def _figures(
    contract: tuple[Slot, ...], items: tuple[ItemLine, ...], gaps: tuple[Gap, ...], extra: int
) -> Figures:
    return slot_figures(
        contract,
        extra=extra,
        items_agreed=len(items),
        items_delivered=sum(line.kept for line in items),
        longest_gap_days=max((gap.days for gap in gaps), default=None),
    )


def _findings(
    rules: Rulebook,
    history: History,
    figures: Figures,
    gaps: tuple[Gap, ...],
    year: int,
    today: date,
) -> Iterator[Finding]:
    policy = rules.on(year_span(year).from_on)
    yield from (found for gap in gaps if (found := gap_finding(policy, gap)))
    if history.presence.has(today) and not holds(history.coverage.actual, today):
        yield Finding(
            rule_id="C-NO-CONTRACT", severity=Severity.INFO, code="no_contract", source=SOURCE
        )
    if any(span.from_on == FAR_PAST for span in history.tags.get(GroupTag.TB, ())):
        yield Finding(
            rule_id="P-TB-START",
            severity=Severity.WARN,
            code="tb_start_unknown",
            source=SOURCE_OF[Programme.TB],
        )
    yield from _face_to_face_finding(policy.contract.face_to_face_min, figures)


def _face_to_face_finding(least: int, figures: Figures) -> Iterator[Finding]:
    """A finding once the slots still to come cannot bring the visits face to face any more."""
    seen = figures.face_to_face
    still = figures.open + figures.upcoming + figures.excuse_pending
    needed = min(least, figures.owed)
    if seen + still < needed:
        yield Finding(
            rule_id="C-FACE-TO-FACE",
            severity=Severity.WARN,
            code="face_to_face_short",
            source=SOURCE,
            values={"seen": seen, "needed": needed},
        )

"""The doctor's own month: what is done, what is still owed by when, and how he measures."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.clock import local_day
from app.services.accounts import EVERYBODY, dots_in, figures_in, renew_everybody
from app.services.people_views import person_row, village_names
from app.services.practice import Practice
from app.services.views import DotView, PersonRow
from app.store import tables
from app.store.queries import accounts, people, records
from core.figures import Figures, merged
from core.followups import FollowUp, reading_of
from core.slots import FILLED_STATES, UNCOUNTED_STATES
from core.vocabulary import FACE_TO_FACE_MODES, Kind, ReadingKind

OFTEN = 3
"""From how many times on equal values of pressure are shown to the doctor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRow:
    """A slot of the contract still to be filled this month."""

    person: PersonRow
    due_by: date
    slot_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """How the doctor's own entries of the month look, before anyone else sees them.

    `last_digits` counts the last digit, 0 to 9, of systolic and diastolic values together;
    about a tenth each is what measuring gives. `same_values` are (systolic, diastolic,
    times) for pairs entered three times or more. `delays` counts entries by days between
    visit and entry.
    """

    readings: int
    last_digits: tuple[int, ...]
    same_values: tuple[tuple[int, int, int], ...]
    delays: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthView:
    """A month; `done` of `owed` slots end in it, `figures` are the year's up to today."""

    year: int
    month: int
    done: int
    owed: int
    follow_ups: int
    face_to_face: int
    education_visits: int
    still_owed: tuple[OwedRow, ...]
    pattern: Pattern
    figures: Figures


class MonthService:
    """The doctor's own figures."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def get(self, year: int, month: int) -> MonthView:
        """The month's page; `figures` are those of the year, over every resident on the tablet."""
        first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
        renew_everybody(self._practice)
        with self._practice.transaction() as session:
            doctor_id = self._practice.doctor_id
            made = records.between(session, Kind.FOLLOW_UP, doctor_id, (first, last))
            taught = records.between(session, Kind.EDUCATION, doctor_id, (first, last))
            everybody = accounts.everybody(session, self._practice.today, EVERYBODY)
            slots = list(_slots_ending(everybody, first, last))
            persons = people.by_id(session, [id for id, dot in slots if not is_filled(dot)])
            villages = village_names(session)
            figures = merged(figures_in(row.figures) for row in everybody)
        own = _standing(made)
        return MonthView(
            year=year,
            month=month,
            done=sum(is_filled(dot) for _, dot in slots),
            owed=len(slots),
            follow_ups=len(own),
            face_to_face=sum(f.mode in FACE_TO_FACE_MODES and not f.not_met for f in own),
            education_visits=len(taught),
            still_owed=_still_owed(slots, persons, villages, self._practice.today),
            pattern=pattern_of(own),
            figures=figures,
        )


def _slots_ending(
    everybody: Iterable[accounts.Counted], first: date, last: date
) -> Iterator[tuple[str, DotView]]:
    for row in everybody:
        for dot in dots_in(row.dots):
            if first <= dot.window_to <= last and dot.state not in UNCOUNTED_STATES:
                yield row.resident_id, dot


def is_filled(dot: DotView) -> bool:
    """Whether the slot is met, late entry or not."""
    return dot.state in FILLED_STATES


def pattern_of(follow_ups: Iterable[FollowUp]) -> Pattern:
    """The doctor's own way of measuring and entering; counts only, no judgement."""
    pairs, delays = Counter[tuple[int, int]](), Counter[int]()
    digits = [0] * 10
    for follow_up in follow_ups:
        delays[max(0, (local_day(follow_up.recorded_at) - follow_up.occurred_on).days)] += 1
        pressure = reading_of(follow_up, ReadingKind.BLOOD_PRESSURE)
        if pressure is None or pressure.systolic_mmhg is None or pressure.diastolic_mmhg is None:
            continue
        pair = (pressure.systolic_mmhg, pressure.diastolic_mmhg)
        pairs[pair] += 1
        for value in pair:
            digits[value % 10] += 1
    often = [(*pair, times) for pair, times in pairs.most_common() if times >= OFTEN]
    return Pattern(
        readings=pairs.total(),
        last_digits=tuple(digits),
        same_values=tuple(often),
        delays=tuple(sorted(delays.items())),
    )


def _standing(follow_ups: list[FollowUp]) -> list[FollowUp]:
    """What was amended within the month counts once, as amended."""
    amended = {follow_up.amends for follow_up in follow_ups}
    return [follow_up for follow_up in follow_ups if follow_up.id not in amended]


def _still_owed(
    slots: Iterable[tuple[str, DotView]],
    persons: Mapping[str, tables.PersonRow],
    villages: Mapping[str, str],
    today: date,
) -> tuple[OwedRow, ...]:
    rows = [
        OwedRow(
            person=person_row(persons[resident_id], villages, today),
            due_by=dot.window_to,
            slot_number=dot.number,
        )
        for resident_id, dot in slots
        if resident_id in persons and not is_filled(dot)
    ]
    return tuple(sorted(rows, key=_place))


def _place(row: OwedRow) -> tuple[date, str, str]:
    return row.due_by, row.person.household_number, row.person.resident_id

"""Who is due today and why, what the month has brought so far, and the search for a person."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from app.services.accounts import dots_in, due_in, renew_everybody
from app.services.deliveries import returned_to
from app.services.drafts import FOLLOW_UP_DRAFT
from app.services.looking_up import own_villages
from app.services.people_views import person_row, village_names
from app.services.practice import Practice
from app.services.views import DotView, PersonRow, Why
from app.store import drafts, outbox
from app.store.queries import accounts, people
from app.store.queries.device import LAST_SYNCED, setting
from core.calendar import age_on
from core.worklist import Urgency

MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """One resident who is owed something: the most pressing thing first, the others in `also`.

    `cost` says what skipping it costs. `dots` is the contract's year.
    """

    resident_id: str
    household_id: str
    name: str
    birth_date: date
    age: int
    sex: str
    village_id: str
    village: str
    group_no: str
    house_no: str
    head_name: str
    tags: tuple[str, ...]
    urgency: str
    kind: str
    why: Why
    also: tuple[Why, ...]
    due_by: date
    cost: Why
    dots: tuple[DotView, ...]
    has_draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DueGroup:
    """Rows of one urgency (emergency, revisit, this_week, this_month, later), in walking order."""

    code: str
    rows: tuple[DueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCount:
    """Slots of the contract whose window ends this month: how many are filled, of how many."""

    done: int
    owed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncBadge:
    """The state of the tablet's records; `state` is level, unsent, refused or returned."""

    state: str
    unsent: int
    oldest_unsent_at: datetime | None
    last_synced_at: datetime | None
    refused: int
    returned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayFilter:
    """What to leave out of the list; empty means everything."""

    village_id: str = ""
    tag: str = ""
    group: str = ""


EVERYTHING = TodayFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class VillageChoice:
    """A village of this tablet, for the filter."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayView:
    """The first screen; `residents` counts everybody on the tablet, due or not."""

    today: date
    groups: tuple[DueGroup, ...]
    month: MonthCount
    sync: SyncBadge
    villages: tuple[VillageChoice, ...]
    residents: int
    returned: int


class TodayService:
    """The worklist and the search."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def list(self, only: TodayFilter = EVERYTHING) -> TodayView:
        """Everybody who is due, grouped by urgency and ordered by household."""
        renew_everybody(self._practice)
        with self._practice.transaction() as session:
            villages = village_names(session)
            rows = tuple(self._due_rows(session, villages))
            done, owed = accounts.month_count(session, self._practice.today)
            badge = self._badge(session)
            residents = people.count(session)
            own = own_villages(session)
        return TodayView(
            today=self._practice.today,
            groups=_grouped(row for row in rows if _wanted(row, only)),
            month=MonthCount(done=done, owed=owed),
            sync=badge,
            villages=tuple(
                VillageChoice(id=id, name=name) for id, name in villages.items() if id in own
            ),
            residents=residents,
            returned=badge.returned,
        )

    def search(self, text: str, limit: int = 50) -> tuple[PersonRow, ...]:
        """People by name, pinyin, initials, end of the ID, phone, house or household number."""
        with self._practice.transaction() as session:
            villages = village_names(session)
            found = people.search(session, text, limit)
            return tuple(person_row(row, villages, self._practice.today) for row in found)

    def _due_rows(self, session: Session, villages: Mapping[str, str]) -> Iterator[DueRow]:
        today = self._practice.today
        with_draft = drafts.drafted(session, FOLLOW_UP_DRAFT)
        for person in accounts.worklist(session, today, MOST_ROWS):
            first, *others = due_in(person.due)
            yield DueRow(
                resident_id=person.resident_id,
                household_id=person.household_id,
                name=person.name,
                birth_date=person.birth_date,
                age=age_on(person.birth_date, today),
                sex=person.sex,
                village_id=person.village_id,
                village=villages.get(person.village_id, ""),
                group_no=person.group_no,
                house_no=person.house_no,
                head_name=person.head_name,
                tags=tuple(person.tags.split()),
                urgency=first.urgency,
                kind=first.kind,
                why=first.why,
                also=tuple(other.why for other in others),
                due_by=first.due_by,
                cost=first.cost,
                dots=dots_in(person.dots),
                has_draft=person.resident_id in with_draft,
            )

    def _badge(self, session: Session) -> SyncBadge:
        counts = outbox.summary(session)
        returned = len(returned_to(session, self._practice))
        last = setting(session, LAST_SYNCED)
        return SyncBadge(
            state=badge_state(counts.unsent, counts.refused, returned),
            unsent=counts.unsent,
            oldest_unsent_at=counts.oldest_unsent_at,
            last_synced_at=datetime.fromisoformat(last) if last else None,
            refused=counts.refused,
            returned=returned,
        )


def badge_state(unsent: int, refused: int, returned: int) -> str:
    """What the badge says first: what needs the doctor comes before what only needs signal."""
    if refused:
        return "refused"
    if returned:
        return "returned"
    return "unsent" if unsent else "level"


def _wanted(row: DueRow, only: TodayFilter) -> bool:
    return (
        only.village_id in ("", row.village_id)
        and only.group in ("", row.urgency)
        and (not only.tag or only.tag in row.tags)
    )


def _grouped(rows: Iterable[DueRow]) -> tuple[DueGroup, ...]:
    by_urgency: dict[str, list[DueRow]] = defaultdict(list)
    for row in rows:
        by_urgency[row.urgency].append(row)
    return tuple(
        DueGroup(code=code, rows=tuple(sorted(by_urgency[code], key=walking_order)))
        for code in Urgency
        if code in by_urgency
    )


def walking_order(row: DueRow) -> tuple[object, ...]:
    """Village, group and house, numbers as numbers; in a house by day due, then the oldest."""
    return (
        row.village,
        _number_first(row.group_no),
        _number_first(row.house_no),
        row.household_id,
        row.due_by,
        row.birth_date,
        row.resident_id,
    )


def _number_first(text: str) -> tuple[int, str]:
    digits = re.match(r"\d+", text)
    return (int(digits[0]) if digits else sys.maxsize, text)

"""The people behind a figure: who they are, their slots, what is still owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from core.calendar import age_on
from core.followups import FollowUp
from core.people import Household, Resident
from core.vocabulary import Kind
from county.desk.asked import page_number, year_of
from county.desk.lookups import NOBODY, doctor_names, latest_follow_ups, renew_figures, waiting_for
from county.desk.overview import villages_of, year_choices
from county.desk.render import Choice, Crumb, Page, choices, link, page, pages
from county.desk.values import groups_of, pressure_text
from county.desk.visitor import Desk, NotFound, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, masked_name
from county.histories import readable
from county.tables import PersonAccountRow, RecordRow
from words import say

router = APIRouter()

PAGE_SIZE = 100
_A = PersonAccountRow
SHOWS: Mapping[str, ColumnElement[bool]] = {
    "signed": true(),
    "missed": _A.missed > 0,
    "behind": _A.filled < _A.owed,
    "open": _A.open > 0,
    "filled": _A.filled > 0,
    "complete": (_A.filled >= _A.owed) & (_A.owed > 0),
    "excused": _A.excused > 0,
    "disputed": _A.disputed > 0,
    "never_met_in_person": (_A.filled > 0) & (_A.face_to_face == 0),
}
SORTS: Mapping[str, Any] = {
    "person": RecordRow.body["pinyin"].as_string(),
    "place": RecordRow.household_id,
    "met": _A.filled,
    "missed": _A.missed,
}
HEADINGS = (
    "person", "sex_age", "place", "groups", "slots", "met", "missed", "last_on", "pressure",
    "doctor",
)  # fmt: skip
NUMBERS = frozenset({"met", "missed", "pressure"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The state of the page, all of it in its address."""

    year: int
    township: str = ""
    village: str = ""
    doctor: str = ""
    show: str = ""
    q: str = ""
    sort: str = ""
    dir: str = ""
    mask: bool = False
    page: int = 1

    def as_values(self) -> dict[str, object]:
        """The query as an address carries it, but for the page."""
        return {
            "year": self.year, "township": self.township, "village": self.village,
            "doctor": self.doctor, "show": self.show, "q": self.q, "sort": self.sort,
            "dir": self.dir, "mask": "1" if self.mask else "",
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotDot:
    """One slot as a small square."""

    state: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person of the list."""

    href: str
    name: str
    sex: str
    age: int
    place: str
    groups: tuple[str, ...]
    slots: tuple[SlotDot, ...]
    filled: int
    owed: int
    missed: int
    last_on: str
    last_pressure: str
    doctor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column; with an address it sorts."""

    text: str
    href: str
    sorted: str
    number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    title: str
    lead: str
    crumbs: tuple[Crumb, ...]
    query: Query
    villages: tuple[Choice, ...]
    doctors: tuple[Choice, ...]
    shows: tuple[Choice, ...]
    years: tuple[Choice, ...]
    columns: tuple[Heading, ...]
    rows: tuple[Row, ...]
    page: Page


def query_of(
    request: Request,
    year: int | None = None,
    township: str = "",
    village: str = "",
    doctor: str = "",
    show: str = "",
    q: str = "",
    sort: str = "",
    dir: str = "",
    mask: bool = False,
    page: int = 1,
) -> Query:
    """What the address asks for; what it does not know is left aside."""
    return Query(
        year=year_of(year, desk_of(request).today),
        township=township,
        village=village,
        doctor=doctor,
        show=show if show in (*SHOWS, "unsigned") else "",
        q=q.strip()[:50],
        sort=sort if sort in SORTS else "",
        dir="desc" if dir == "desc" else "",
        mask=mask,
        page=page_number(page),
    )


@router.get("/people")
def people(
    request: Request, visitor: SignedIn, query: Annotated[Query, Depends(query_of)]
) -> Response:
    """The people of what is in sight, narrowed down by the address."""
    if query.village:
        visitor.sees(query.village)
    if query.township and query.township not in {item.id for item in visitor.townships}:
        raise NotFound
    desk = desk_of(request)
    renew_figures(desk)
    with desk.database.reading() as session:
        view = present(session, desk, visitor, query)
        waiting = waiting_for(session, desk, visitor)
    return page(request, "people.html", visitor, "people", waiting=waiting, view=view)


def present(session: Session, desk: Desk, visitor: Visitor, query: Query) -> View:
    """The page's view."""
    lang = visitor.language
    asked = _asked(desk.county_id, query, villages_of(visitor, query.township, query.village))
    count = session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    found = session.execute(
        _sorted(asked, query).limit(PAGE_SIZE).offset((query.page - 1) * PAGE_SIZE)
    ).all()
    names = doctor_names(session, desk.county_id)
    more = count > query.page * PAGE_SIZE
    return View(
        title=_title(visitor, query, names),
        lead=say("desk.people.lead", lang, count=count, year=query.year),
        crumbs=_crumbs(visitor, query),
        query=query,
        villages=choices([(v.id, v.name) for v in visitor.villages]),
        doctors=doctor_choices(session, desk.county_id, visitor),
        shows=choices(
            [(key, say(f"desk.show.{key or 'all'}", lang)) for key in ("", *SHOWS, "unsigned")]
        ),
        years=year_choices(desk.today),
        columns=_headings(query, lang),
        rows=_rows(session, desk, visitor, query, [tuple(row) for row in found], names),
        page=pages(query.page, more, lambda n: link("people", query.as_values(), page=n)),
    )


def doctor_choices(session: Session, county_id: str, visitor: Visitor) -> tuple[Choice, ...]:
    """The doctors with accounts in the visitor's villages."""
    found = session.scalars(
        select(_A.doctor_id)
        .where(_A.county_id == county_id, _A.village_id.in_(visitor.village_ids))
        .distinct()
    )
    names = doctor_names(session, county_id)
    known = sorted((names.get(key, key), key) for key in found if key)
    return choices([(key, name) for name, key in known])


def slot_dots(entries: Sequence[Mapping[str, Any]], lang: str) -> tuple[SlotDot, ...]:
    """The slots of a row as squares that name their days and their state."""
    return tuple(
        SlotDot(
            state=entry["state"],
            title=f"{entry['from']} – {entry['to']} {label('slot_state', entry['state'], lang)}",
        )
        for entry in entries
    )


def _asked(county_id: str, query: Query, villages: frozenset[str]) -> Select[Any]:
    joined = (
        (_A.county_id == RecordRow.county_id)
        & (_A.resident_id == RecordRow.id)
        & (_A.year == query.year)
    )
    statement = (
        select(RecordRow, _A)
        .join(_A, joined, isouter=query.show in ("", "unsigned"))
        .where(
            RecordRow.county_id == county_id,
            RecordRow.kind == Kind.RESIDENT,
            RecordRow.removed.is_(False),
            RecordRow.village_id.in_(villages),
        )
    )
    if query.show == "unsigned":
        statement = statement.where(_A.resident_id.is_(None))
    elif query.show:
        statement = statement.where(SHOWS[query.show])
    if query.doctor:
        named = _A.doctor_id.is_(None) if query.doctor == NOBODY else _A.doctor_id == query.doctor
        statement = statement.where(named)
    return statement.where(_matches(query.q)) if query.q else statement


def _matches(text: str) -> ColumnElement[bool]:
    """People whose name, pinyin, initials, telephone or ID number holds the text."""
    like = "%" + text.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    fields = ("name", "pinyin", "initials", "phone", "id_number")
    return or_(
        *(func.lower(RecordRow.body[name].as_string()).like(like, escape="\\") for name in fields)
    )


def _sorted(statement: Select[Any], query: Query) -> Select[Any]:
    if not query.sort:
        return statement.order_by(RecordRow.village_id, RecordRow.household_id, RecordRow.id)
    column = SORTS[query.sort]
    return statement.order_by(column.desc() if query.dir else column, RecordRow.id)


def _rows(
    session: Session,
    desk: Desk,
    visitor: Visitor,
    query: Query,
    found: Sequence[tuple[Any, ...]],
    names: Mapping[str, str],
) -> tuple[Row, ...]:
    ids = [record.id for record, _ in found]
    latest = latest_follow_ups(session, desk.county_id, ids)
    houses = _households(session, desk.county_id, {record.household_id for record, _ in found})
    make = _row_maker(desk.today, visitor, query, names)
    rows = (
        make(record, account, latest.get(record.id), houses.get(record.household_id))
        for record, account in found
    )
    return tuple(row for row in rows if row is not None)


def _row_maker(
    today: date, visitor: Visitor, query: Query, names: Mapping[str, str]
) -> Callable[..., Row | None]:
    lang = visitor.language

    def make(
        record: RecordRow,
        account: PersonAccountRow | None,
        last: FollowUp | None,
        house: Household | None,
    ) -> Row | None:
        resident: Resident | None = readable(Kind.RESIDENT, record.schema, record.body)
        if resident is None:
            return None
        return Row(
            href=link(f"people/{resident.id}", year=query.year),
            name=masked_name(resident.name) if query.mask else resident.name,
            sex=label("sex", resident.sex, lang),
            age=age_on(resident.birth_date, today),
            place=_place(visitor.village_name(record.village_id), house),
            groups=groups_of(resident, today, lang),
            slots=slot_dots(account.slots, lang) if account else (),
            filled=account.filled if account else 0,
            owed=account.owed if account else 0,
            missed=account.missed if account else 0,
            last_on=f"{last.occurred_on}" if last else NOTHING,
            last_pressure=pressure_text(last) if last else NOTHING,
            doctor=names.get(account.doctor_id or "", NOTHING) if account else NOTHING,
        )

    return make


def _households(
    session: Session, county_id: str, ids: set[str | None]
) -> dict[str | None, Household]:
    found = session.execute(
        select(RecordRow.id, RecordRow.schema, RecordRow.body).where(
            RecordRow.county_id == county_id, RecordRow.id.in_([key for key in ids if key])
        )
    )
    return {
        key: house
        for key, schema, body in found
        if (house := readable(Kind.HOUSEHOLD, schema, body))
    }


def _place(village: str, house: Household | None) -> str:
    if house is None:
        return village
    return " ".join(part for part in (village, house.group_no, house.house_no) if part)


def _headings(query: Query, lang: str) -> tuple[Heading, ...]:
    return tuple(_heading(query, name, lang) for name in HEADINGS)


def _heading(query: Query, name: str, lang: str) -> Heading:
    chosen = query.sort == name
    turned = "desc" if chosen and not query.dir else ""
    return Heading(
        text=say(f"desk.column.{name}", lang),
        href=link("people", query.as_values(), sort=name, dir=turned) if name in SORTS else "",
        sorted=("descending" if query.dir else "ascending") if chosen else "",
        number=name in NUMBERS,
    )


def _title(visitor: Visitor, query: Query, names: Mapping[str, str]) -> str:
    if query.doctor:
        return names.get(query.doctor, NOTHING)
    if query.village:
        return visitor.village_name(query.village)
    if query.township:
        return visitor.township_name(query.township)
    return say("desk.nav.people", visitor.language)


def _crumbs(visitor: Visitor, query: Query) -> tuple[Crumb, ...]:
    crumbs = [Crumb(text=visitor.office, href=link("overview", year=query.year))]
    if query.village:
        village = next(v for v in visitor.villages if v.id == query.village)
        township = visitor.township_name(village.township_id)
        crumbs.append(
            Crumb(
                text=township, href=link("overview", year=query.year, township=village.township_id)
            )
        )
    return (*crumbs, Crumb(text=say("desk.nav.people", visitor.language)))

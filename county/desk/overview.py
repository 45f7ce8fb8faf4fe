"""The overview: township, village, doctor; owed, met, missed; a cell opens its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from county.desk.asked import year_of
from county.desk.charts import Column, columns
from county.desk.lookups import (
    NOBODY,
    Tally,
    doctor_names,
    follow_ups_by_month,
    merged,
    renew_figures,
    tallies,
    waiting_for,
)
from county.desk.render import Choice, Crumb, choices, link, page
from county.desk.visitor import Desk, NotFound, SignedIn, Visitor, desk_of
from county.desk.wording import share
from county.tables import UserRow
from words import say

router = APIRouter()

YEARS_SHOWN = 2
TREND_WIDTH = 1120
BELOW = {"township": "village", "village": "doctor"}
COLUMNS = (
    "contracts", "owed", "due", "filled", "missed", "open", "excused", "disputed",
    "completion_to_date", "completion", "face_to_face", "measured", "on_time",
)  # fmt: skip
SHOWN_BY_COLUMN = {
    "filled": "filled", "missed": "missed", "open": "open", "excused": "excused",
    "disputed": "disputed", "completion": "behind", "completion_to_date": "behind",
    "face_to_face": "never_met_in_person",
}  # fmt: skip
"""Which people a cell opens; a column not named here opens all who have a contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The state of the page, all of it in its address."""

    year: int
    by: str
    township: str
    village: str
    sort: str
    descending: bool

    def as_values(self) -> dict[str, object]:
        """The query as an address carries it."""
        return {
            "year": self.year,
            "by": self.by,
            "township": self.township,
            "village": self.village,
            "sort": self.sort,
            "dir": "desc" if self.descending else "",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure of a row: a text, or a share as part and whole."""

    text: str = ""
    href: str = ""
    part: int | None = None
    whole: int = 0
    zero: bool = False
    owing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A township, village or doctor with its figures."""

    name: str
    under: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column that sorts when it is clicked; `sorted` is ascending, descending or nothing."""

    text: str
    title: str
    href: str
    sorted: str
    number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One large figure of the page's head."""

    name: str
    value: str
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    title: str
    table_title: str
    today: date
    year: int
    crumbs: tuple[Crumb, ...]
    groupings: tuple[Choice, ...]
    years: tuple[Choice, ...]
    kept: dict[str, object]
    total: Tally
    figures: tuple[Figure, ...]
    columns: tuple[Heading, ...]
    rows: tuple[Row, ...]
    total_cells: tuple[Cell, ...]
    trend: tuple[Column, ...]
    trend_text: str


@router.get("/overview")
def overview(
    request: Request,
    visitor: SignedIn,
    year: int | None = None,
    by: str = "",
    township: str = "",
    village: str = "",
    sort: str = "",
    dir: str = "",
) -> Response:
    """The figures of what is in sight, or of one township or village of it."""
    desk = desk_of(request)
    query = Query(
        year=year_of(year, desk.today),
        by=_grouping(visitor, by, township, village),
        township=township,
        village=village,
        sort=sort if sort in COLUMNS else "",
        descending=dir == "desc",
    )
    _check_sight(visitor, query)
    renew_figures(desk)
    with desk.database.reading() as session:
        view = present(session, desk, visitor, query)
        waiting = waiting_for(session, desk, visitor)
    return page(request, "overview.html", visitor, "overview", waiting=waiting, view=view)


def present(session: Session, desk: Desk, visitor: Visitor, query: Query) -> View:
    """The page's view: rows of the chosen grouping, their total and the year's months."""
    villages = villages_of(visitor, query.township, query.village)
    found = tallies(session, desk.county_id, query.year, query.by, villages)
    names = _names(session, desk.county_id, visitor, query)
    listed = {key: found.get(key, Tally()) for key in {**dict.fromkeys(names), **found}}
    total = merged(listed.values())
    months = follow_ups_by_month(session, desk.county_id, query.year, villages)
    lang = visitor.language
    return View(
        title=_title(visitor, query),
        table_title=say(f"desk.overview.by_{query.by}", lang),
        today=desk.today,
        year=query.year,
        crumbs=_crumbs(visitor, query),
        groupings=_groupings(visitor, query),
        years=year_choices(desk.today),
        kept={k: v for k, v in query.as_values().items() if v and k != "year"},
        total=total,
        figures=_figures(total, lang),
        columns=_headings(query, lang),
        rows=tuple(
            _row(visitor, query, key, names.get(key, ("—", "")), listed[key])
            for key in _order(listed, names, query)
        ),
        total_cells=_cells(total, {}, linked=False),
        trend=columns(
            [(str(month), months.get(month, 0)) for month in range(1, 13)],
            str(desk.today.month) if query.year == desk.today.year else "",
            width=TREND_WIDTH,
        ),
        trend_text=say("desk.overview.trend", lang, year=query.year),
    )


def villages_of(visitor: Visitor, township: str, village: str) -> frozenset[str]:
    """The villages in sight that a township and a village narrow down to."""
    return frozenset(
        item.id
        for item in visitor.villages
        if township in ("", item.township_id) and village in ("", item.id)
    )


def year_choices(today: date) -> tuple[Choice, ...]:
    """The years with accounts, this one first."""
    years = [str(today.year - back) for back in range(YEARS_SHOWN)]
    return choices([(year, year) for year in years])


def _grouping(visitor: Visitor, by: str, township: str, village: str) -> str:
    if by in ("township", "village", "doctor"):
        return by
    if village:
        return "doctor"
    return "village" if township or len(visitor.townships) == 1 else "township"


def _check_sight(visitor: Visitor, query: Query) -> None:
    known = {item.id for item in visitor.townships}
    if query.township and query.township not in known:
        raise NotFound
    if query.village:
        visitor.sees(query.village)


def _names(
    session: Session, county_id: str, visitor: Visitor, query: Query
) -> dict[str, tuple[str, str]]:
    """(name, under what) of every row there must be, even one without figures."""
    villages = villages_of(visitor, query.township, query.village)
    if query.by == "township":
        return {item.id: (item.name, "") for item in visitor.townships}
    if query.by == "village":
        return {
            item.id: (item.name, visitor.township_name(item.township_id))
            for item in visitor.villages
            if item.id in villages
        }
    return _doctors(session, county_id, visitor, villages)


def _doctors(
    session: Session, county_id: str, visitor: Visitor, villages: frozenset[str]
) -> dict[str, tuple[str, str]]:
    rows = session.scalars(
        select(UserRow).where(UserRow.county_id == county_id, UserRow.role == "doctor")
    )
    here = [row for row in rows if villages & set(row.village_ids)]
    comma = say("desk.comma", visitor.language)
    places = {
        row.id: comma.join(visitor.village_name(v) for v in row.village_ids if v in villages)
        for row in here
    }
    names = doctor_names(session, county_id)
    return {row.id: (names[row.id], places[row.id]) for row in here}


def _order(
    listed: dict[str, Tally], names: dict[str, tuple[str, str]], query: Query
) -> Sequence[str]:
    """The keys as asked for; otherwise as the offices list them."""
    if not query.sort:
        return [*[key for key in names if key in listed], *[k for k in listed if k not in names]]
    return sorted(
        listed,
        key=lambda key: (listed[key].sort_value(query.sort), names.get(key, ("", ""))[0]),
        reverse=query.descending,
    )


def _row(visitor: Visitor, query: Query, key: str, name: tuple[str, str], tally: Tally) -> Row:
    narrowed: dict[str, object] = {
        "year": query.year,
        "township": query.township,
        "village": query.village,
        query.by: key or NOBODY,
    }
    below = BELOW.get(query.by)
    href = link("overview", narrowed, by=below) if below else link("people", narrowed)
    shown_under = query.by != "village" or len(visitor.townships) > 1
    return Row(
        name=name[0],
        under=name[1] if shown_under else "",
        href=href,
        cells=_cells(tally, narrowed, linked=True),
    )


def _cells(tally: Tally, narrowed: dict[str, object], *, linked: bool) -> tuple[Cell, ...]:
    return tuple(_cell(tally, name, narrowed, linked=linked) for name in COLUMNS)


def _cell(tally: Tally, name: str, narrowed: dict[str, object], *, linked: bool) -> Cell:
    href = link("people", narrowed, show=SHOWN_BY_COLUMN.get(name, "signed")) if linked else ""
    if name == "completion_to_date":
        return Cell(part=tally.filled, whole=tally.due, href=href)
    if name in tally.shares:
        part, whole = tally.shares[name]
        return Cell(text=share(part, whole), href=href, zero=not whole)
    value: int = getattr(tally, name)
    return Cell(text=f"{value:,}", href=href, zero=not value, owing=name == "missed" and value > 0)


def _figures(total: Tally, lang: str) -> tuple[Figure, ...]:
    plain = [
        Figure(name=say(f"desk.column.{name}", lang), value=f"{getattr(total, name):,}")
        for name in ("contracts", "owed", "due", "filled", "missed", "open")
    ]
    shares = [
        Figure(name=say(f"desk.column.{name}", lang), value=share(*total.shares[name]))
        for name in ("completion", "face_to_face", "measured", "on_time")
    ]
    return (*plain, *shares)


def _headings(query: Query, lang: str) -> tuple[Heading, ...]:
    first = Heading(
        text=say(f"desk.column.{query.by}", lang),
        title="",
        href=link("overview", query.as_values(), sort="", dir=""),
        sorted="" if query.sort else "ascending",
        number=False,
    )
    return (first, *(_heading(query, name, lang) for name in COLUMNS))


def _heading(query: Query, name: str, lang: str) -> Heading:
    chosen = query.sort == name
    turned = "" if chosen and query.descending else "desc"
    return Heading(
        text=say(f"desk.column.{name}", lang),
        title=say(f"desk.meaning.{name}", lang),
        href=link("overview", query.as_values(), sort=name, dir=turned),
        sorted=("descending" if query.descending else "ascending") if chosen else "",
        number=True,
    )


def _title(visitor: Visitor, query: Query) -> str:
    if query.village:
        return visitor.village_name(query.village)
    if query.township:
        return visitor.township_name(query.township)
    return visitor.office


def _crumbs(visitor: Visitor, query: Query) -> tuple[Crumb, ...]:
    if not (query.township or query.village):
        return ()
    crumbs = [Crumb(text=visitor.office, href=link("overview", year=query.year))]
    if query.township and query.village:
        href = link("overview", year=query.year, township=query.township)
        crumbs.append(Crumb(text=visitor.township_name(query.township), href=href))
    return (*crumbs, Crumb(text=_title(visitor, query)))


def _groupings(visitor: Visitor, query: Query) -> tuple[Choice, ...]:
    kinds = [
        *(["township"] if len(visitor.townships) > 1 and not query.township else []),
        *([] if query.village else ["village"]),
        "doctor",
    ]
    return tuple(
        Choice(
            text=say(f"desk.overview.by_{kind}", visitor.language),
            href=link("overview", query.as_values(), by=kind),
            chosen=kind == query.by,
        )
        for kind in kinds
    )

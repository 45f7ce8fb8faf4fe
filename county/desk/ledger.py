"""The month's ledger as a page to read and print, and as the XLSX the offices keep."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from county.audit import note_act
from county.desk.asked import month_of
from county.desk.lookups import renew_figures, waiting_for
from county.desk.overview import villages_of
from county.desk.render import Choice, choices, link, page, workbook
from county.desk.visitor import Desk, NotAllowed, NotFound, SignedIn, Visitor, desk_of
from county.desk.wording import local
from county.exports.ledger import COLUMNS, Order, ledger_lines
from county.exports.workbook import Column, Sheet, xlsx
from words import say

router = APIRouter()

SHOWN = 200
WIDTHS = {
    "number": 5.0, "township": 9.0, "village": 9.0, "head": 9.0, "name": 9.0, "sex": 5.0,
    "age": 5.0, "id_number": 20.0, "phone": 13.0, "groups": 18.0, "conditions": 18.0,
    "signed_on": 11.0, "ends_on": 11.0, "doctor": 9.0, "owed": 7.0, "filled": 7.0,
    "month_dates": 12.0, "mode": 8.0, "pressure": 10.0, "heart_rate": 8.0, "glucose": 13.0,
    "visit_class": 11.0, "diet": 6.0, "exercise": 6.0, "psychology": 6.0, "next_on": 11.0,
    "registered": 6.0, "followed": 6.0, "guided": 6.0, "remark": 20.0,
}  # fmt: skip
LEFT = frozenset({"groups", "conditions", "remark"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The state of the page, all of it in its address."""

    month: str
    township: str = ""
    village: str = ""
    chronic: bool = False
    full_ids: bool = False

    def as_values(self) -> dict[str, object]:
        """The query as an address carries it."""
        return {
            "month": self.month, "township": self.township, "village": self.village,
            "chronic": "1" if self.chronic else "", "full_ids": "1" if self.full_ids else "",
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person of the ledger as texts, in the order of the columns."""

    href: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    lead: str
    made: str
    query: Query
    townships: tuple[Choice, ...]
    villages: tuple[Choice, ...]
    may_see_ids: bool
    download_href: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    more: str


def query_of(
    request: Request,
    month: str = "",
    township: str = "",
    village: str = "",
    chronic: bool = False,
    full_ids: bool = False,
) -> Query:
    """What the address asks for; without a month, the current one."""
    known = month if month_of(month) else f"{desk_of(request).today:%Y-%m}"
    return Query(
        month=known, township=township, village=village, chronic=chronic, full_ids=full_ids
    )


Asked = Annotated[Query, Depends(query_of)]


@router.get("/ledger")
def ledger(request: Request, visitor: SignedIn, query: Asked) -> Response:
    """The ledger's first people, ready to print; the file has all of them."""
    desk = desk_of(request)
    order = order_for(desk, visitor, query)
    renew_figures(desk)
    with desk.database.reading() as session:
        view = present(session, desk, visitor, query, order)
        waiting = waiting_for(session, desk, visitor)
    return page(request, "ledger.html", visitor, "ledger", waiting=waiting, view=view)


@router.get("/ledger.xlsx")
def ledger_file(request: Request, visitor: SignedIn, query: Asked) -> Response:
    """The whole ledger as a workbook; that it was taken out is written down."""
    desk = desk_of(request)
    order = order_for(desk, visitor, query)
    renew_figures(desk)
    with desk.database.reading() as session:
        rows = ([line.values[name] for name in COLUMNS] for line in ledger_lines(session, order))
        content = xlsx(_sheet(desk, visitor, query), rows)
    with desk.database.writing() as session:
        note_act(
            session, desk.county_id, visitor.user_id, "export", "ledger", query.month, desk.clock(),
            villages=len(order.village_ids), chronic=query.chronic, full_ids=order.full_ids,
        )  # fmt: skip
    name = say("desk.ledger.file", visitor.language, area=_area(visitor, query), month=query.month)
    return workbook(content, f"ledger-{query.month}", name)


def order_for(desk: Desk, visitor: Visitor, query: Query) -> Order:
    """The ledger asked for, within the visitor's sight.

    Full ID numbers leave the county only with its administrator: NotAllowed for others.
    """
    if query.full_ids and visitor.role != "county":
        raise NotAllowed
    villages = villages_of(visitor, query.township, query.village)
    month = month_of(query.month)
    if month is None or not villages:
        raise NotFound
    return Order(
        county_id=desk.county_id,
        month=month,
        village_ids=villages,
        lang=visitor.language,
        chronic_only=query.chronic,
        full_ids=query.full_ids,
    )


def present(session: Session, desk: Desk, visitor: Visitor, query: Query, order: Order) -> View:
    """The page's view."""
    lang = visitor.language
    lines = list(islice(ledger_lines(session, order), SHOWN + 1))
    more = len(lines) > SHOWN
    shown = lines[:SHOWN]
    return View(
        lead=say(
            "desk.ledger.lead", lang, year=order.month.year, month=order.month.month,
            area=_area(visitor, query), count=f"{len(shown)}{'+' if more else ''}",
        ),
        made=_made(desk, visitor),
        query=query,
        townships=choices([(t.id, t.name) for t in visitor.townships]),
        villages=choices([(v.id, v.name) for v in visitor.villages]),
        may_see_ids=visitor.role == "county",
        download_href=link("ledger.xlsx", query.as_values()),
        headings=tuple(say(f"desk.ledger.column.{name}", lang) for name in COLUMNS),
        rows=tuple(
            Row(
                href=link(f"people/{line.resident_id}", year=order.month.year),
                cells=tuple(str(line.values[name]) for name in COLUMNS),
            )
            for line in shown
        ),
        more=say("desk.ledger.shown", lang, shown=SHOWN) if more else "",
    )  # fmt: skip


def _sheet(desk: Desk, visitor: Visitor, query: Query) -> Sheet:
    lang = visitor.language
    return Sheet(
        name=query.month,
        title=say("desk.ledger.title", lang),
        origin=f"{_area(visitor, query)}　{query.month}　{_made(desk, visitor)}",
        signatures=say("desk.ledger.signatures", lang),
        columns=tuple(
            Column(
                heading=say(f"desk.ledger.column.{name}", lang),
                width=WIDTHS[name],
                centred=name not in LEFT,
            )
            for name in COLUMNS
        ),
    )


def _made(desk: Desk, visitor: Visitor) -> str:
    return say(
        "desk.ledger.made", visitor.language, office=visitor.office, at=local(desk.clock()),
        today=desk.today,
    )  # fmt: skip


def _area(visitor: Visitor, query: Query) -> str:
    if query.village:
        return visitor.village_name(query.village)
    return visitor.township_name(query.township) if query.township else visitor.office

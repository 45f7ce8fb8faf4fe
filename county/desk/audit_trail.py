"""The audit trail as a page and as a workbook: for the county and its auditors, never to edit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from county.audit import note_act
from county.desk.acts import ACTIONS, Acts, Query
from county.desk.asked import month_of, page_number
from county.desk.lookups import waiting_for
from county.desk.render import choices, link, page, pages, workbook
from county.desk.visitor import NotFound, SignedIn, Visitor, desk_of
from county.desk.wording import local
from county.exports.workbook import Column, Sheet, xlsx
from words import say

router = APIRouter()

PAGE_SIZE = 200
MOST_ROWS = 50_000
"""Of a workbook: some seconds of the county's time."""
COLUMNS = {"at": 17.0, "user": 14.0, "action": 14.0, "kind": 12.0, "object": 26.0, "detail": 60.0}


def query_of(user: str = "", act: str = "", month: str = "", about: str = "") -> Query:
    """What the address asks for; a month that is none asks for all."""
    return Query(user=user, act=act, month=month if month_of(month) else "", about=about)


Asked = Annotated[Query, Depends(query_of)]


@router.get("/audit")
def audit_trail(request: Request, visitor: SignedIn, query: Asked, page_no: int = 1) -> Response:
    """The acts, latest first, narrowed down by user, kind of act, month and resident."""
    _admit(visitor)
    desk, lang = desk_of(request), visitor.language
    number = page_number(page_no)
    with desk.database.reading() as session:
        acts = Acts(session, desk.county_id, lang)
        rows, more = acts.some(query, PAGE_SIZE, (number - 1) * PAGE_SIZE)
        about = acts.name_of(query.about) or query.about if query.about else ""
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "audit_trail.html",
        visitor,
        "audit",
        waiting=waiting,
        rows=rows,
        users=choices(sorted(acts.users.items(), key=lambda pair: pair[1])),
        acts=choices([(name, say(f"desk.act.{name}", lang)) for name in ACTIONS]),
        query=query,
        about=about,
        download_href=link("audit.xlsx", query.as_values()),
        page=pages(
            number,
            more,
            lambda n: link("audit", query.as_values(), page_no=n),
        ),
    )


@router.get("/audit.xlsx")
def audit_file(request: Request, visitor: SignedIn, query: Asked) -> Response:
    """The acts asked for as a workbook, the latest MOST_ROWS; that it was taken out is one more."""
    _admit(visitor)
    desk, lang = desk_of(request), visitor.language
    with desk.database.reading() as session:
        acts, more = Acts(session, desk.county_id, lang).some(query, MOST_ROWS)
    origin = [visitor.office, query.month, local(desk.clock()), visitor.name]
    if more:
        origin.append(say("desk.audit.shortened", lang, shown=MOST_ROWS))
    sheet = Sheet(
        name=say("desk.nav.audit", lang),
        title=say("desk.nav.audit", lang),
        origin="　".join(part for part in origin if part),
        signatures="",
        columns=tuple(
            Column(heading=say(f"desk.audit.{name}", lang), width=width, centred=name != "detail")
            for name, width in COLUMNS.items()
        ),
    )
    content = xlsx(
        sheet,
        ((act.at, act.user, act.action, act.kind, act.object_name, act.detail) for act in acts),
    )
    asked = {"user": query.user, "act": query.act, "month": query.month}
    with desk.database.writing() as session:
        note_act(
            session, desk.county_id, visitor.user_id, "export", "audit", query.about, desk.clock(),
            rows=len(acts), **{name: value for name, value in asked.items() if value},
        )  # fmt: skip
    name = say("desk.audit.file", lang, office=visitor.office, day=desk.today)
    return workbook(content, "audit", name)


def _admit(visitor: Visitor) -> None:
    if not visitor.may_read_trail:
        raise NotFound

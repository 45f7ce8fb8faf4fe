"""The audit trail as a page: for the county and its auditors, to read and never to edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.vocabulary import Kind
from county.audit import CONSOLE
from county.checks import IN_CONFIDENCE
from county.desk.asked import page_number
from county.desk.lookups import doctor_names, waiting_for
from county.desk.render import choices, link, page, pages
from county.desk.visitor import SEES_ALL, Desk, NotFound, SignedIn, desk_of
from county.desk.wording import label, local
from county.people import village_names
from county.quarantine import is_in_confidence
from county.tables import AuditRow, QuarantineRow
from words import say

router = APIRouter()

PAGE_SIZE = 200
ACTIONS = (
    "sign_in", "sign_in_failed", "sign_out", "view", "accepted", "returned", "questioned",
    "phone_check", "exemption_approved", "exemption_refused", "export",
    "settled_keep", "settled_take", "aside_take", "aside_leave",
    "import_roster", "issue", "add_user", "new_password", "close_user", "entrust",
    "entrust_no_more", "special_read", "special_end",
    "invite", "revoke", "wipe", "wiped", "recover", "recover_fetched", "accept", "lease", "keep",
    "rotate", "backup", "restore", "mended", "root_settled",
)  # fmt: skip


PAGES: Mapping[str, str] = {Kind.FOLLOW_UP: "follow-ups", Kind.RESIDENT: "people"}
"""Where the things an act was done to are shown."""
_TABLES: Mapping[str, str] = {"field": "desk.field", "reason": "return_reason"}
"""Details that are codes, and where their words are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One act."""

    at: str
    user: str
    action: str
    kind: str
    object_name: str
    href: str
    detail: str


@router.get("/audit")
def audit_trail(
    request: Request, visitor: SignedIn, user: str = "", act: str = "", page_no: int = 1
) -> Response:
    """The acts, latest first, narrowed down by user and kind of act."""
    if visitor.role not in SEES_ALL:
        raise NotFound
    desk, lang = desk_of(request), visitor.language
    number = page_number(page_no)
    with desk.database.reading() as session:
        users = doctor_names(session, desk.county_id) | {CONSOLE: say("desk.audit.console", lang)}
        names = users | village_names(session, desk.county_id)
        rows = _found(session, desk, user, act, number)
        hidden = _in_confidence(session, desk, rows)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "audit_trail.html",
        visitor,
        "audit",
        waiting=waiting,
        rows=[_row(row, names, lang, hidden) for row in rows[:PAGE_SIZE]],
        users=choices(sorted(users.items(), key=lambda pair: pair[1])),
        acts=choices([(name, say(f"desk.act.{name}", lang)) for name in ACTIONS]),
        query={"user": user, "act": act},
        page=pages(
            number,
            len(rows) > PAGE_SIZE,
            lambda n: link("audit", user=user, act=act, page_no=n),
        ),
    )


def _found(session: Session, desk: Desk, user: str, act: str, number: int) -> list[AuditRow]:
    statement = select(AuditRow).where(AuditRow.county_id == desk.county_id)
    if user:
        statement = statement.where(AuditRow.user_id == user)
    if act:
        statement = statement.where(AuditRow.action == act)
    statement = statement.order_by(AuditRow.at.desc(), AuditRow.id.desc())
    return list(
        session.scalars(statement.limit(PAGE_SIZE + 1).offset((number - 1) * PAGE_SIZE)).all()
    )


def _in_confidence(session: Session, desk: Desk, rows: Iterable[AuditRow]) -> set[str]:
    """The operations decided on of which no desk may know whom they are about.

    An earlier version wrote down whom.
    """
    op_ids = [row.detail["op_id"] for row in rows if row.action.startswith("aside_")]
    query = select(QuarantineRow).where(
        QuarantineRow.county_id == desk.county_id, QuarantineRow.op_id.in_(op_ids)
    )
    return {aside.op_id for aside in session.scalars(query) if is_in_confidence(aside)}


def _row(row: AuditRow, names: dict[str, str], lang: str, hidden: Set[str]) -> Row:
    page_of = PAGES.get(row.object_kind)
    is_hidden = row.detail.get("code") == IN_CONFIDENCE or row.detail.get("op_id") in hidden
    object_id = "" if is_hidden else row.object_id
    return Row(
        at=local(row.at),
        user=names.get(row.user_id, row.user_id or "—"),
        action=label("desk.act", row.action, lang),
        kind=label("desk.kind", row.object_kind, lang),
        object_name=names.get(object_id, object_id),
        href=link(f"{page_of}/{object_id}") if page_of and object_id else "",
        detail=_detail(row.detail, names, lang),
    )


def _detail(detail: Mapping[str, Any], names: Mapping[str, str], lang: str) -> str:
    return say("desk.audit.separator", lang).join(
        say(
            "desk.detail",
            lang,
            what=label("desk.detail", key, lang),
            value=_worded(key, value, names, lang),
        )
        for key, value in detail.items()
    )


def _worded(key: str, value: Any, names: Mapping[str, str], lang: str) -> str:
    if isinstance(value, bool):
        return say("desk.audit.yes" if value else "desk.audit.no", lang)
    if isinstance(value, list):
        return say("desk.comma", lang).join(_worded(key, each, names, lang) for each in value)
    if key in _TABLES:
        return label(_TABLES[key], value, lang)
    return names.get(str(value), str(value))

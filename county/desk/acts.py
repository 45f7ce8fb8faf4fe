"""The acts of the audit trail: those that are asked for, and what each says to a reader.

Whom an act concerned is told by name. Of what is told in confidence no desk learns whom it
concerns, nor may a search for a person find it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from core.calendar import add_months
from core.vocabulary import Kind
from county.audit import CONSOLE
from county.checks import IN_CONFIDENCE
from county.config import CHINA
from county.desk.asked import month_of
from county.desk.lookups import doctor_names
from county.desk.render import link
from county.desk.wording import NOTHING, details, label, local
from county.people import village_names
from county.quarantine import is_in_confidence
from county.tables import AuditRow, QuarantineRow, RecordRow
from words import say

ACTIONS = (
    "sign_in", "sign_in_failed", "sign_out", "view", "accepted", "returned", "questioned",
    "phone_check", "exemption_approved", "exemption_refused", "export",
    "settled_keep", "settled_take", "aside_take", "aside_leave",
    "import_roster", "issue", "add_user", "villages", "villages_end", "new_password", "close_user",
    "entrust", "entrust_no_more", "special_read", "special_end",
    "invite", "revoke", "wipe", "wiped", "recover", "recover_fetched", "accept", "lease", "keep",
    "rotate", "backup", "restore", "mended", "root_settled",
)  # fmt: skip
AT_ONCE = 500
"""Acts that are worded with one look into the records."""
_TABLES: Mapping[str, str] = {
    "field": "desk.field",
    "reason": "return_reason",
    "act": "desk.act",
}
"""Details that are codes, and where their words are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which acts: of a user, of a kind, in a month (as 2026-11), about a resident (an id)."""

    user: str = ""
    act: str = ""
    month: str = ""
    about: str = ""

    def as_values(self) -> dict[str, object]:
        """The query as an address carries it."""
        return {"user": self.user, "act": self.act, "month": self.month, "about": self.about}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act, worded; `href` leads to what it was done to, where that has a page."""

    at: str
    user: str
    action: str
    kind: str
    object_name: str
    href: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    href: str


class Acts:
    """The acts of a county for a reader of one language."""

    def __init__(self, session: Session, county_id: str, lang: str) -> None:
        self._session, self._county_id, self._lang = session, county_id, lang
        names = doctor_names(session, county_id)
        self.users = names | {CONSOLE: say("desk.audit.console", lang)}
        self._names = self.users | village_names(session, county_id)

    def name_of(self, resident_id: str) -> str:
        """A resident's name; "" where nobody of that id is on record."""
        found = self._subjects([resident_id]).get(resident_id)
        return found.name if found else ""

    def some(self, query: Query, limit: int, offset: int = 0) -> tuple[list[Act], bool]:
        """The acts asked for, latest first, from `offset` on; and whether there are more.

        They are fewer than `limit` too where some may not be found by the person they concern.
        """
        statement = _matching(self._county_id, query).limit(limit + 1).offset(offset)
        found = self._session.scalars(statement).all()
        rows = found[:limit]
        parts = (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE))
        acts = [act for part in parts for act in self._worded(part, about=query.about)]
        return acts, len(found) > limit

    def _worded(self, rows: Sequence[AuditRow], about: str) -> list[Act]:
        hidden = self._in_confidence(rows)
        shown = [row for row in rows if not (about and row.id in hidden)]
        subjects = self._subjects(row.object_id for row in shown if row.id not in hidden)
        return [self._act(row, subjects, row.id in hidden) for row in shown]

    def _in_confidence(self, rows: Sequence[AuditRow]) -> set[str]:
        """Those of the acts of which no desk may know whom they concern.

        An earlier version wrote down whom an operation was about that was decided on.
        """
        op_ids = [row.detail["op_id"] for row in rows if row.action.startswith("aside_")]
        query = select(QuarantineRow).where(
            QuarantineRow.county_id == self._county_id, QuarantineRow.op_id.in_(op_ids)
        )
        asides = self._session.scalars(query)
        hidden = {aside.op_id for aside in asides if is_in_confidence(aside)}
        return {
            row.id
            for row in rows
            if row.detail.get("code") == IN_CONFIDENCE or row.detail.get("op_id") in hidden
        }

    def _subjects(self, ids: Iterable[str]) -> dict[str, _Subject]:
        """Whom these records are about."""
        held = self._records(set(ids) - self._names.keys())
        behind = {row.resident_id for row in held.values() if row.resident_id} - held.keys()
        people = held | self._records(behind)
        return {row.id: _subject(row, people.get(row.resident_id or "")) for row in held.values()}

    def _records(self, ids: Set[str]) -> dict[str, RecordRow]:
        found = self._session.scalars(
            select(RecordRow).where(
                RecordRow.county_id == self._county_id,
                RecordRow.id.in_(sorted(ids)),
                RecordRow.kind != Kind.SPECIAL_PROGRAMME,
            )
        )
        return {row.id: row for row in found}

    def _act(self, row: AuditRow, subjects: Mapping[str, _Subject], is_hidden: bool) -> Act:
        object_id = "" if is_hidden else row.object_id
        name = self._names.get(object_id, object_id)
        subject = subjects.get(object_id, _Subject(name, ""))
        return Act(
            at=local(row.at),
            user=self._names.get(row.user_id, row.user_id or NOTHING),
            action=label("desk.act", row.action, self._lang),
            kind=label("desk.kind", row.object_kind, self._lang),
            object_name=subject.name,
            href=subject.href,
            detail=self._detail(row.detail),
        )

    def _detail(self, detail: Mapping[str, Any]) -> str:
        told = (
            (label("desk.detail", key, self._lang), self._value(key, value))
            for key, value in detail.items()
        )
        return details(told, self._lang)

    def _value(self, key: str, value: Any) -> str:
        if isinstance(value, bool):
            return say("desk.audit.yes" if value else "desk.audit.no", self._lang)
        if isinstance(value, list):
            return say("desk.comma", self._lang).join(self._value(key, each) for each in value)
        if key in _TABLES:
            return label(_TABLES[key], value, self._lang)
        return self._names.get(str(value), str(value))


def _matching(county_id: str, query: Query) -> Select[tuple[AuditRow]]:
    statement = select(AuditRow).where(AuditRow.county_id == county_id)
    if query.user:
        statement = statement.where(AuditRow.user_id == query.user)
    if query.act:
        statement = statement.where(AuditRow.action == query.act)
    span = _span(query.month)
    if span:
        statement = statement.where(AuditRow.at >= span[0], AuditRow.at < span[1])
    if query.about:
        theirs = select(RecordRow.id).where(
            RecordRow.county_id == county_id,
            RecordRow.resident_id == query.about,
            RecordRow.kind != Kind.SPECIAL_PROGRAMME,
        )
        statement = statement.where(AuditRow.object_id.in_(theirs))
        # Found first, then put in order: a planner that walks the acts in order walks all of them.
        found = aliased(AuditRow, statement.cte("found").prefix_with("MATERIALIZED"))
        return select(found).order_by(found.at.desc(), found.id.desc())
    return statement.order_by(AuditRow.at.desc(), AuditRow.id.desc())


def _span(month: str) -> tuple[datetime, datetime] | None:
    """A month's first moment and the next one's, by the county's clock."""
    first = month_of(month)
    if first is None:
        return None
    days = (first, add_months(first, 1))
    begin, end = (datetime.combine(day, time(), CHINA) for day in days)
    return begin, end


def _subject(row: RecordRow, resident: RecordRow | None) -> _Subject:
    if row.kind == Kind.RESIDENT:
        return _Subject(str(row.body.get("name", NOTHING)), link(f"people/{row.id}"))
    if resident is None:
        return _Subject(row.id, "")
    name = str(resident.body.get("name", NOTHING))
    if row.kind == Kind.FOLLOW_UP:
        return _Subject(f"{name} {row.occurred_on or ''}".strip(), link(f"follow-ups/{row.id}"))
    return _Subject(name, link(f"people/{resident.id}"))

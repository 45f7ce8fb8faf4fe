"""What a tablet has not seen yet: the next numbered changes of its scopes, and its new cursors."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from core.ids import county_scope
from core.wire.digests import EMPTY_ROOT
from core.wire.envelopes import Change, Cursor, Numbered
from county.tables import ChangeRow, RecordRow, ScopeHeadRow
from statements.made_once import run

MOST_CHANGES = 5_000
CHUNK = 1_000
NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Changes in order with the cursors that belong to them, to be stored together.

    `numbered` are changes the tablet has the bodies of. `roots` are the sums of the scopes
    this page brings level, for the tablet to compare.
    """

    numbered: tuple[Numbered, ...] = ()
    changes: tuple[Change, ...] = ()
    cursors: dict[str, Cursor] = field(default_factory=dict)
    dropped_scopes: tuple[str, ...] = ()
    has_more: bool = False
    roots: dict[str, str] = field(default_factory=dict)


class Feed:
    """What one transaction can tell tablets: their scopes' heads are read once for all of them.

    `changes` are those this transaction has numbered, the last ones of their scopes.
    """

    def __init__(
        self,
        session: Session,
        county_id: str,
        scopes: Iterable[str],
        changes: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self._session = session
        self._county_id = county_id
        self._heads = _heads(session, county_id, sorted(set(scopes)))
        self._just_made: dict[str, list[Mapping[str, Any]]] = {}
        for change in changes:
            self._just_made.setdefault(change["scope_id"], []).append(change)

    def page(
        self,
        scopes: Sequence[str],
        cursors: Mapping[str, Cursor],
        want: int,
        own: Mapping[str, int] = NONE,
    ) -> Page:
        """The next `want` changes of these scopes after the cursors, scope by scope.

        `own` are the facts the tablet has the bodies of, by record, with their numbers there:
        they are only numbered, and do not count. A cursor of another epoch belongs to a
        history that is gone: its scope starts over, even where nothing has a number in it yet.
        Puts that a later change has overtaken are passed over.
        """
        paging = _Paging(self._session, self._county_id, self._just_made, own, want)
        known = ChainMap(self._heads, self._unbegun(scopes, cursors))
        heads = [known[scope] for scope in scopes if scope in known]
        return paging.page(heads, scopes, cursors)

    def _unbegun(self, scopes: Sequence[str], cursors: Mapping[str, Cursor]) -> dict[str, Any]:
        """Heads for scopes the tablet has read and this history has nothing of: restored away.

        Their epoch is the history's, until a first record begins one.
        """
        county = self._heads.get(county_scope(self._county_id))
        if county is None:
            return {}
        read = [scope for scope in scopes if scope in cursors and scope not in self._heads]
        return {scope: _Unbegun(scope_id=scope, epoch=county.epoch) for scope in read}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unbegun:
    """The head of a scope that has none: no number was given out in it."""

    scope_id: str
    epoch: str
    head: int = 0
    root: str = EMPTY_ROOT


class _Paging:
    """One page in the making."""

    def __init__(
        self,
        session: Session,
        county_id: str,
        just_made: Mapping[str, Sequence[Mapping[str, Any]]],
        own: Mapping[str, int],
        want: int,
    ) -> None:
        self._session = session
        self._county_id = county_id
        self._own = own
        self._just_made = just_made
        self._room = max(1, min(want, MOST_CHANGES))
        self._numbered: list[_Run] = []
        self._rows: list[Mapping[str, Any]] = []

    def page(
        self, heads: Iterable[Any], scopes: Sequence[str], cursors: Mapping[str, Cursor]
    ) -> Page:
        reached: dict[str, Cursor] = {}
        roots: dict[str, str] = {}
        for head in heads:
            end = self._read(head, _start(head, cursors.get(head.scope_id)))
            reached[head.scope_id] = Cursor(epoch=head.epoch, seq=end)
            if end == head.head:
                roots[head.scope_id] = head.root
        return Page(
            numbered=tuple(each.told() for each in self._numbered),
            changes=tuple(_with_bodies(self._session, self._county_id, self._rows)),
            cursors={name: at for name, at in reached.items() if cursors.get(name) != at},
            dropped_scopes=tuple(sorted(cursors.keys() - set(scopes))),
            has_more=len(roots) < len(reached),
            roots=roots,
        )

    def _read(self, head: Any, start: int) -> int:
        """Put in what follows `start`; the number up to which the page now goes."""
        just_made = self._just_made.get(head.scope_id, ())
        before = just_made[0]["seq"] - 1 if just_made else head.head
        if start < before:
            most = self._room + len(self._own)
            if most == 0:
                return start
            rows = self._between(head, start, before, most)
            stopped = self._put_in(rows)
            if stopped is not None:
                return stopped
            if len(rows) == most:
                return int(rows[-1]["seq"])
        stopped = self._put_in([row for row in just_made if row["seq"] > start])
        return int(head.head) if stopped is None else stopped

    def _between(self, head: Any, start: int, end: int, most: int) -> Sequence[Mapping[str, Any]]:
        values = {"county": self._county_id, "scope": head.scope_id, "start": start, "end": end}
        found = run(self._session, _AFTER, **values, most=most)
        return [dict(row) for row in found.mappings()]

    def _put_in(self, rows: Iterable[Mapping[str, Any]]) -> int | None:
        """Put the rows in; where there is no room for all, the number before the first left out."""
        for row in rows:
            device_seq = self._own.get(row["record_id"])
            if device_seq is not None and row["revision"] == 1 and row["action"] == "put":
                self._number(row, device_seq)
            elif self._room > 0:
                self._rows.append(row)
                self._room -= 1
            else:
                return int(row["seq"]) - 1
        return None

    def _number(self, row: Mapping[str, Any], device_seq: int) -> None:
        last = self._numbered[-1] if self._numbered else None
        if last is not None and last.is_followed_by(row, device_seq):
            last.count += 1
        else:
            self._numbered.append(_Run(row, device_seq))


class _Run:
    """Changes one after the other that are the tablet's own operations one after the other."""

    def __init__(self, row: Mapping[str, Any], device_seq: int) -> None:
        self._first, self._device_seq, self.count = row, device_seq, 1

    def is_followed_by(self, row: Mapping[str, Any], device_seq: int) -> bool:
        return (
            device_seq == self._device_seq + self.count
            and row["seq"] == self._first["seq"] + self.count
            and row["scope_id"] == self._first["scope_id"]
            and row["received_at"] == self._first["received_at"]
        )

    def told(self) -> Numbered:
        return Numbered(
            scope_id=self._first["scope_id"],
            seq=self._first["seq"],
            device_seq=self._device_seq,
            count=self.count,
            received_at=self._first["received_at"].isoformat(),
        )


def _start(head: Any, cursor: Cursor | None) -> int:
    if cursor is None or cursor.epoch != head.epoch or cursor.seq > head.head:
        return 0
    return max(0, cursor.seq)


def _heads(session: Session, county_id: str, scopes: Sequence[str]) -> dict[str, Any]:
    found = run(session, _HEADS, county=county_id, scopes=scopes)
    return {head.scope_id: head for head in found}


_HEADS = select(
    ScopeHeadRow.scope_id, ScopeHeadRow.epoch, ScopeHeadRow.head, ScopeHeadRow.root
).where(
    ScopeHeadRow.county_id == bindparam("county"),
    ScopeHeadRow.scope_id.in_(bindparam("scopes", expanding=True)),
)
STANDS = and_(
    RecordRow.county_id == ChangeRow.county_id,
    RecordRow.id == ChangeRow.record_id,
    RecordRow.revision == ChangeRow.revision,
    RecordRow.scope_id == ChangeRow.scope_id,
    RecordRow.removed.is_(False),
)
"""A change and its record as it stands: one that a later change has overtaken has none."""
_AFTER = (
    select(
        ChangeRow.scope_id,
        ChangeRow.seq,
        ChangeRow.kind,
        ChangeRow.record_id,
        ChangeRow.revision,
        ChangeRow.action,
        ChangeRow.schema,
        ChangeRow.hash,
        ChangeRow.author_id,
        ChangeRow.received_at,
    )
    .outerjoin(RecordRow, STANDS)
    .where(
        ChangeRow.county_id == bindparam("county"),
        ChangeRow.scope_id == bindparam("scope"),
        ChangeRow.seq > bindparam("start"),
        ChangeRow.seq <= bindparam("end"),
        or_(ChangeRow.action == "remove", RecordRow.id.is_not(None)),
    )
    .order_by(ChangeRow.seq)
    .limit(bindparam("most"))
)
_BODIES = select(RecordRow.id, RecordRow.revision, RecordRow.body).where(
    RecordRow.county_id == bindparam("county"), RecordRow.id.in_(bindparam("ids", expanding=True))
)


def _with_bodies(
    session: Session, county_id: str, rows: Sequence[Mapping[str, Any]]
) -> Iterator[Change]:
    """The changes with what they say.

    A record that another writer has changed in this very moment is left out: the change
    that says so has a number of its own and comes with the next page.
    """
    wanted = [row["record_id"] for row in rows if row["action"] == "put"]
    bodies: dict[tuple[str, int], Any] = {}
    for start in range(0, len(wanted), CHUNK):
        found = run(session, _BODIES, county=county_id, ids=wanted[start : start + CHUNK])
        bodies.update({(row.id, row.revision): row.body for row in found})
    for row in rows:
        body = bodies.get((row["record_id"], row["revision"]))
        if body is not None or row["action"] == "remove":
            yield _change(row, body)


def _change(row: Mapping[str, Any], body: dict[str, Any] | None) -> Change:
    return Change(
        scope_id=row["scope_id"],
        seq=row["seq"],
        kind=row["kind"],
        record_id=row["record_id"],
        revision=row["revision"],
        action=row["action"],
        schema=row["schema"],
        hash=row["hash"],
        author_id=row["author_id"],
        received_at=row["received_at"].isoformat(),
        body=body if row["action"] == "put" else None,
    )

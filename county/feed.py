"""What a tablet has not seen yet: the next numbered changes of its scopes, and its new cursors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from core.wire.envelopes import Change, Cursor
from county.tables import ChangeRow, RecordRow, ScopeHeadRow

MOST_CHANGES = 5_000
CHUNK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Changes in order with the cursors that belong to them, to be stored together.

    `roots` are the sums of the scopes this page brings level, for the tablet to compare.
    """

    changes: tuple[Change, ...] = ()
    cursors: dict[str, Cursor] = field(default_factory=dict)
    dropped_scopes: tuple[str, ...] = ()
    has_more: bool = False
    roots: dict[str, str] = field(default_factory=dict)


def page(
    session: Session,
    county_id: str,
    scopes: Sequence[str],
    cursors: Mapping[str, Cursor],
    want: int,
    known: frozenset[str] = frozenset(),
) -> Page:
    """The next `want` changes of these scopes after the cursors, scope by scope.

    A cursor of another epoch belongs to a history that is gone: its scope starts over.
    Facts whose ids are `known` to the tablet, because it has just sent them, come without
    their bodies. Puts that a later change has overtaken are passed over.
    """
    room = max(1, min(want, MOST_CHANGES))
    changes: list[Change] = []
    reached: dict[str, Cursor] = {}
    roots: dict[str, str] = {}
    has_more = False
    for head in _heads(session, county_id, scopes):
        start = _start(head, cursors.get(head.scope_id))
        left = room - len(changes)
        rows = _after(session, head, start, left) if start < head.head else []
        changes.extend(_with_bodies(session, county_id, rows, known))
        end = _end(head, start, rows, left)
        reached[head.scope_id] = Cursor(epoch=head.epoch, seq=end)
        if end < head.head:
            has_more = True
        else:
            roots[head.scope_id] = head.root
    return Page(
        changes=tuple(changes),
        cursors={name: at for name, at in reached.items() if cursors.get(name) != at},
        dropped_scopes=tuple(sorted(cursors.keys() - set(scopes))),
        has_more=has_more,
        roots=roots,
    )


def _heads(session: Session, county_id: str, scopes: Sequence[str]) -> list[ScopeHeadRow]:
    found = session.scalars(
        select(ScopeHeadRow)
        .where(ScopeHeadRow.county_id == county_id, ScopeHeadRow.scope_id.in_(scopes))
        # What this transaction has just numbered itself must be seen as well.
        .execution_options(populate_existing=True)
    )
    heads = {head.scope_id: head for head in found}
    return [heads[scope_id] for scope_id in scopes if scope_id in heads]


def _start(head: ScopeHeadRow, cursor: Cursor | None) -> int:
    if cursor is None or cursor.epoch != head.epoch or cursor.seq > head.head:
        return 0
    return max(0, cursor.seq)


def _end(head: ScopeHeadRow, start: int, rows: Sequence[Any], room: int) -> int:
    if room <= 0:
        return start
    # Fewer rows than asked for: what is left up to the head has been overtaken.
    return int(rows[-1].seq) if len(rows) == room else head.head


def _after(session: Session, head: ScopeHeadRow, start: int, room: int) -> Sequence[Any]:
    if room <= 0:
        return ()
    stands = and_(
        RecordRow.county_id == ChangeRow.county_id,
        RecordRow.id == ChangeRow.record_id,
        RecordRow.revision == ChangeRow.revision,
        RecordRow.scope_id == ChangeRow.scope_id,
        RecordRow.removed.is_(False),
    )
    query = (
        select(*_COLUMNS)
        .outerjoin(RecordRow, stands)
        .where(
            ChangeRow.county_id == head.county_id,
            ChangeRow.scope_id == head.scope_id,
            ChangeRow.seq > start,
            ChangeRow.seq <= head.head,
            or_(ChangeRow.action == "remove", RecordRow.id.is_not(None)),
        )
        .order_by(ChangeRow.seq)
        .limit(room)
    )
    return session.execute(query).all()


_COLUMNS = (
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


def _with_bodies(
    session: Session, county_id: str, rows: Sequence[Any], known: frozenset[str]
) -> Iterable[Change]:
    """The changes; only what the tablet does not know is read, parsed and sent whole.

    A record that another writer has changed in this very moment is left out: the change
    that says so has a number of its own and comes with the next page.
    """
    wanted = [row.record_id for row in rows if row.action == "put" and row.record_id not in known]
    bodies: dict[tuple[str, int], Any] = {}
    for start in range(0, len(wanted), CHUNK):
        found = session.execute(
            select(RecordRow.id, RecordRow.revision, RecordRow.body).where(
                RecordRow.county_id == county_id,
                RecordRow.id.in_(wanted[start : start + CHUNK]),
            )
        )
        bodies.update({(row.id, row.revision): row.body for row in found})
    for row in rows:
        body = bodies.get((row.record_id, row.revision))
        if body is not None or row.action == "remove" or row.record_id in known:
            yield _change(row, body)


def _change(row: Any, body: dict[str, Any] | None) -> Change:
    return Change(
        scope_id=row.scope_id,
        seq=row.seq,
        kind=row.kind,
        record_id=row.record_id,
        revision=row.revision,
        action=row.action,
        schema=row.schema,
        hash=row.hash,
        author_id=row.author_id,
        received_at=row.received_at.isoformat(),
        body=body if row.action == "put" else None,
    )

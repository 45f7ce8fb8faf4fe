"""The numbers of a scope's changes: dense, in the order of commits, the tablets' cursors."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core.ids import county_scope
from core.wire.digests import EMPTY_ROOT, moved_root
from county.bulk import LEAVE, insert_rows
from county.tables import ChangeRow, ScopeHeadRow
from statements.made_once import run


def number_changes(
    session: Session,
    county_id: str,
    changes: Sequence[dict[str, Any]],
    *,
    gained: Mapping[str, int],
    lost: Mapping[str, int],
) -> None:
    """Give the changes the next numbers of their scopes and store them.

    `gained` and `lost` are what each scope's sum of digests grows and shrinks by. The
    scopes stay locked until the transaction ends: let nothing follow that waits for another.
    """
    if not changes:
        return
    scopes = sorted({change["scope_id"] for change in changes})
    heads = _locked_heads(session, county_id, scopes)
    for change in changes:
        heads[change["scope_id"]]["head"] += 1
        change["seq"] = heads[change["scope_id"]]["head"]
    for scope_id, head in heads.items():
        moved = moved_root(head["root"], gained=gained.get(scope_id, 0), lost=lost.get(scope_id, 0))
        values = {"county": county_id, "scope": scope_id, "reached": head["head"], "moved": moved}
        run(session, _MOVE, **values)
    insert_rows(session, ChangeRow, changes)


def _locked_heads(
    session: Session, county_id: str, scopes: Sequence[str]
) -> dict[str, dict[str, Any]]:
    heads = _found(session, county_id, scopes)
    missing = [scope_id for scope_id in scopes if scope_id not in heads]
    if not missing:
        return heads
    open_scopes(session, county_id, missing)
    return _found(session, county_id, scopes)


def _found(session: Session, county_id: str, scopes: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = run(session, _LOCKED, county=county_id, scopes=scopes).mappings()
    return {row["scope_id"]: dict(row) for row in rows}


_LOCKED = (
    select(ScopeHeadRow.scope_id, ScopeHeadRow.head, ScopeHeadRow.root)
    .where(
        ScopeHeadRow.county_id == bindparam("county"),
        ScopeHeadRow.scope_id.in_(bindparam("scopes", expanding=True)),
    )
    .order_by(ScopeHeadRow.scope_id)
    .with_for_update()
)
_MOVE = (
    update(ScopeHeadRow)
    .where(
        ScopeHeadRow.county_id == bindparam("county"),
        ScopeHeadRow.scope_id == bindparam("scope"),
    )
    .values(head=bindparam("reached"), root=bindparam("moved"))
)


def history_of(session: Session, county_id: str) -> str:
    """The name of the county's history: the epoch of its own scope, another after each restore."""
    scope_id = county_scope(county_id)
    found = run(session, _EPOCH, county=county_id, scope=scope_id).scalar()
    if found is None:
        open_scopes(session, county_id, [scope_id])
        found = run(session, _EPOCH, county=county_id, scope=scope_id).scalar_one()
    return str(found)


_EPOCH = select(ScopeHeadRow.epoch).where(
    ScopeHeadRow.county_id == bindparam("county"), ScopeHeadRow.scope_id == bindparam("scope")
)


def epochs_of(session: Session, county_id: str, scopes: Iterable[str]) -> dict[str, str]:
    """The epochs of those of the scopes that have begun."""
    named = sorted(set(scopes))
    if not named:
        return {}
    found = run(session, _EPOCHS, county=county_id, scopes=named)
    return {row.scope_id: row.epoch for row in found}


_EPOCHS = select(ScopeHeadRow.scope_id, ScopeHeadRow.epoch).where(
    ScopeHeadRow.county_id == bindparam("county"),
    ScopeHeadRow.scope_id.in_(bindparam("scopes", expanding=True)),
)


def open_scopes(session: Session, county_id: str, scopes: Iterable[str]) -> None:
    """Begin scopes at number 0, in an epoch of their own; those that have begun are left alone."""
    rows = [
        {
            "county_id": county_id,
            "scope_id": scope_id,
            "epoch": secrets.token_hex(4),
            "head": 0,
            "root": EMPTY_ROOT,
        }
        for scope_id in scopes
    ]
    # Two writers may open a scope at once: the second insert gives way and waits for the lock.
    insert_rows(session, ScopeHeadRow, rows, there=LEAVE)

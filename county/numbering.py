"""The numbers of a scope's changes: dense, in the order of commits, the tablets' cursors."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.wire.digests import EMPTY_ROOT, moved_root
from county.db import insert_or_leave
from county.tables import ChangeRow, ScopeHeadRow


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
    scopes stay locked until the transaction ends: let nothing but the commit follow.
    """
    if not changes:
        return
    scopes = sorted({change["scope_id"] for change in changes})
    heads = _locked_heads(session, county_id, scopes)
    for change in changes:
        head = heads[change["scope_id"]]
        head.head += 1
        change["seq"] = head.head
    for scope_id, head in heads.items():
        head.root = moved_root(
            head.root, gained=gained.get(scope_id, 0), lost=lost.get(scope_id, 0)
        )
    session.flush()
    session.connection().execute(insert(ChangeRow), list(changes))


def _locked_heads(
    session: Session, county_id: str, scopes: Sequence[str]
) -> dict[str, ScopeHeadRow]:
    query = (
        select(ScopeHeadRow)
        .where(ScopeHeadRow.county_id == county_id, ScopeHeadRow.scope_id.in_(scopes))
        .order_by(ScopeHeadRow.scope_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    heads = {head.scope_id: head for head in session.scalars(query)}
    missing = [scope_id for scope_id in scopes if scope_id not in heads]
    if not missing:
        return heads
    _open_scopes(session, county_id, missing)
    return {head.scope_id: head for head in session.scalars(query)}


def _open_scopes(session: Session, county_id: str, scopes: Iterable[str]) -> None:
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
    session.connection().execute(insert_or_leave(session, ScopeHeadRow), rows)

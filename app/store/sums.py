"""The sum over each scope's records, by which tablet and county see that they hold the same.

The store's own triggers move a sum with every record, whoever writes it; counting anew proves
that a sum is that of the records, and puts right one that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app.logs import note
from app.store.queries.device import set_setting, setting
from app.store.tables import RecordRow, RetiredRow, ScopeSumRow
from app.store.upserts import upsert
from core.wire.digests import EMPTY_ROOT, record_digest, root_text
from statements.made_once import run, run_many

COUNTED_ON = "sums.counted_on"
"""The day on which the sums were last counted anew; ISO text."""

_KEPT = select(col(ScopeSumRow.scope_id), col(ScopeSumRow.records), col(ScopeSumRow.root)).where(
    col(ScopeSumRow.records) != 0
)
_CONFIRMED = select(col(RecordRow.id), col(RecordRow.revision), col(RecordRow.hash)).where(
    col(RecordRow.scope_id) == bindparam("scope"), col(RecordRow.received_at).is_not(None)
)
_RETIRED = select(col(RetiredRow.digest)).where(col(RetiredRow.scope_id) == bindparam("scope"))
_SETTLE = upsert(ScopeSumRow)


def roots(session: Session) -> dict[str, str]:
    """The sum over the records of each scope, to be compared with the county's.

    Only what the county has sent or acknowledged counts: a refused record stays here alone.
    What has left by age counts on.
    """
    return {scope: root for scope, _, root in run(session, _KEPT)}


def counted_root(session: Session, scope_id: str) -> tuple[int, str]:
    """How many records of a scope count, and their sum, from the records themselves."""
    digests = [record_digest(*row) for row in run(session, _CONFIRMED, scope=scope_id)]
    retired = run(session, _RETIRED, scope=scope_id).scalars()
    digests += [int(digest) for digest in retired]
    return len(digests), root_text(sum(digests))


def different_scopes(session: Session, theirs: Mapping[str, str], today: date) -> list[str]:
    """The scopes in which this tablet's sum is not the county's.

    Once a day, and wherever the two differ, the tablet's own is counted anew first.
    """
    if setting(session, COUNTED_ON) != today.isoformat():
        settle(session, theirs)
        set_setting(session, COUNTED_ON, today.isoformat())
        return _different(session, theirs)
    found = _different(session, theirs)
    return _different(session, theirs) if found and settle(session, found) else found


def settle(session: Session, scope_ids: Iterable[str]) -> bool:
    """Count scopes anew and keep what was counted; whether any sum had been another."""
    kept = {scope: (records, root) for scope, records, root in run(session, _KEPT)}
    wrong = {}
    for scope_id in scope_ids:
        counted = counted_root(session, scope_id)
        if counted != kept.get(scope_id, (0, EMPTY_ROOT)):
            wrong[scope_id] = counted
    if wrong:
        note("sums.settled", scopes=len(wrong))
        rows = [
            {"scope_id": scope_id, "records": records, "root": root}
            for scope_id, (records, root) in wrong.items()
        ]
        run_many(session, _SETTLE, rows)
    return bool(wrong)


def _different(session: Session, theirs: Mapping[str, str]) -> list[str]:
    ours = roots(session)
    return [scope for scope, root in theirs.items() if ours.get(scope, EMPTY_ROOT) != root]

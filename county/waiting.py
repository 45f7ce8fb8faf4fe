"""The follow-ups that wait for a review, kept as rows and renewed with every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from core.followups import FollowUp
from core.history import History
from core.ids import village_of
from county.bulk import insert_rows
from county.histories import BATCH, batches
from county.tables import WaitingReviewRow
from statements.made_once import run


def renew_waiting(
    session: Session, county_id: str, resident_ids: Sequence[str], histories: Iterable[History]
) -> None:
    """Make the rows of these residents what their histories say; in the caller's transaction.

    What a row says of a follow-up never changes but for its village: only what differs is written.
    """
    rows = run(session, _KEPT, county=county_id, residents=resident_ids).all()
    kept = {(follow_up_id, village_id) for follow_up_id, village_id in rows}
    due = {
        (item.id, village_of(item.scope_id)): item
        for history in histories
        for item in waiting(history)
    }
    for some in batches(sorted(follow_up_id for follow_up_id, _ in kept - due.keys()), BATCH):
        session.execute(
            delete(WaitingReviewRow).where(
                WaitingReviewRow.county_id == county_id, WaitingReviewRow.follow_up_id.in_(some)
            )
        )
    fresh = [_row(county_id, item) for key, item in due.items() if key not in kept]
    insert_rows(session, WaitingReviewRow, fresh)


_KEPT = select(WaitingReviewRow.follow_up_id, WaitingReviewRow.village_id).where(
    WaitingReviewRow.county_id == bindparam("county"),
    WaitingReviewRow.resident_id.in_(bindparam("residents", expanding=True)),
)


def waiting(history: History) -> tuple[FollowUp, ...]:
    """The follow-ups that stand without a decision, oldest first."""
    settled = history.settled
    return tuple(item for item in settled.follow_ups if item.id not in settled.reviews)


def wrongly_waiting(
    session: Session, county_id: str, histories: Mapping[str, History]
) -> frozenset[str]:
    """The residents whose rows are not what their histories say: none should."""
    kept = session.execute(
        select(WaitingReviewRow.resident_id, WaitingReviewRow.follow_up_id).where(
            WaitingReviewRow.county_id == county_id
        )
    )
    there = {(resident_id, follow_up_id) for resident_id, follow_up_id in kept}
    due = {(key, item.id) for key, history in histories.items() for item in waiting(history)}
    return frozenset(resident_id for resident_id, _ in there ^ due if resident_id in histories)


def _row(county_id: str, item: FollowUp) -> dict[str, Any]:
    return {
        "county_id": county_id,
        "follow_up_id": item.id,
        "resident_id": item.resident_id,
        "village_id": village_of(item.scope_id),
        "author_id": item.author_id,
        "occurred_on": item.occurred_on,
        "mode": item.mode,
    }

"""How far records have got: on the tablet, sent, at the county, and what the township said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from app.services.accounts import DISPUTED
from app.services.practice import Practice
from app.services.recording import CORRECTION_REASON
from app.services.views import Delivery, NotTaken, ReturnedView
from app.store.outbox import OutboxState, receipt_in, sent_through
from app.store.queries import accounts, delivery, people, records
from app.store.tables import OutboxRow
from core.followups import FollowUp
from core.history import History, latest_by, standing
from core.reviews import Review
from core.vocabulary import Decision, Kind

RETURNED_SHOWN = 200
_DECIDED: Mapping[str, Delivery] = {
    Decision.ACCEPTED: Delivery.ACCEPTED,
    Decision.RETURNED: Delivery.RETURNED,
    Decision.QUESTIONED: Delivery.QUESTIONED,
}


def delivery_of(operation: OutboxRow | None, review: Review | None, sent_through: int) -> Delivery:
    """A record's delivery from its operation and the review that stands; a pure table.

    `sent_through` is the last number that ever went into a push.

    A record without an operation came from the county.
    """
    if operation is not None:
        if operation.state == OutboxState.REFUSED:
            return Delivery.REFUSED
        if operation.state == OutboxState.QUEUED:
            is_sent = operation.device_seq <= sent_through
            return Delivery.SENT if is_sent else Delivery.ON_TABLET
        kept = not_taken(operation)
        if kept.undecided or kept.overruled:
            return Delivery.UNDECIDED if kept.undecided else Delivery.OVERRULED
    return _DECIDED.get(review.decision if review else "", Delivery.COUNTY_HAS_IT)


def not_taken(operation: OutboxRow) -> NotTaken:
    """What of an edit the county answered did not become the record's; nothing of a fact."""
    receipt = receipt_in(operation)
    values = receipt.values if receipt else {}
    return NotTaken(overruled=_named(values, "overruled"), undecided=_named(values, "conflicts"))


def _named(values: Mapping[str, Any], what: str) -> tuple[str, ...]:
    # Why a field was corrected is said with each correction anew: losing it loses nothing.
    return tuple(name for name in values.get(what, ()) if name != CORRECTION_REASON)


def deliveries(session: Session, record_ids: Sequence[str]) -> dict[str, Delivery]:
    """The delivery of each record, reviews included."""
    operations = delivery.operations_of(session, record_ids)
    reviews = standing_reviews(session, record_ids)
    sent = sent_through(session)
    return {id: delivery_of(operations.get(id), reviews.get(id), sent) for id in record_ids}


def standing_reviews(session: Session, follow_up_ids: Sequence[str]) -> dict[str, Review]:
    """The latest review of each follow-up that has one."""
    reviews: list[Review] = records.about(session, follow_up_ids, Kind.REVIEW)
    return latest_by(reviews, lambda review: review.follow_up_id)


def returned_to(session: Session, practice: Practice) -> tuple[ReturnedView, ...]:
    """The doctor's own follow-ups that wait to be put right, the longest waiting first.

    Read from the accounts, which must be of today.
    """
    ids = accounts.returned(session, practice.today)[:RETURNED_SHOWN]
    reviews = standing_reviews(session, ids)
    found = []
    for follow_up_id in ids:
        follow_up = records.record(session, Kind.FOLLOW_UP, follow_up_id)
        if follow_up is not None and follow_up.author_id == practice.doctor_id:
            found.append(returned_view(session, follow_up, reviews[follow_up_id]))
    return tuple(sorted(found, key=lambda view: view.returned_at))


def returned_now(
    session: Session, history: History, follow_up_id: str | None
) -> ReturnedView | None:
    """Why a follow-up came back, None unless it did and still waits to be put right."""
    for follow_up in standing(history):
        review = history.settled.reviews.get(follow_up.id)
        disputed = review is not None and review.decision in DISPUTED
        if follow_up.id == follow_up_id and review is not None and disputed:
            return returned_view(session, follow_up, review)
    return None


def returned_view(session: Session, follow_up: FollowUp, review: Review) -> ReturnedView:
    """Why a follow-up came back."""
    person = people.person(session, follow_up.resident_id)
    return ReturnedView(
        follow_up_id=follow_up.id,
        resident_id=follow_up.resident_id,
        name=person.name if person else "",
        occurred_on=follow_up.occurred_on,
        decision=review.decision,
        reason=review.reason,
        note=review.note,
        returned_at=review.recorded_at,
    )

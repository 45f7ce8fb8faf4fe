"""What came down: signatures checked, then everything of one answer stored in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from app.store.custody import keep_orders
from app.store.errors import StoreDamaged
from app.store.incoming import apply_answer
from app.store.opening import Store
from app.store.outbox import is_waiting, mark_sent
from app.store.settling import requeue_from
from app.store.snapshots import drop_others
from app.sync.custody import check_orders
from app.sync.push import check_answers
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import PROTOCOL, RESPONSES, SyncResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Whose answer it has to be: the tablet's id and the county's public key."""

    device_id: str
    county_key: str


def read_answer(content: bytes, parties: Parties) -> SyncResponse:
    """The county's answer; raises SyncTrouble where this app does not understand it.

    And where the county itself has not signed what it says it took, or what it demands:
    nothing is done on the strength of an answer that has not come through here.
    """
    try:
        answer = RESPONSES.validate_json(content)
    except ValidationError as error:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD) from error
    if answer.protocol > PROTOCOL:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD)
    check_answers(answer, parties.county_key)
    check_orders(answer.orders, parties.device_id, parties.county_key)
    return answer


def store_answer(store: Store, answer: SyncResponse, now: datetime, sent_through: int = 0) -> bool:
    """Commits an answer as a whole; whether operations are left that have none.

    `sent_through` is the last operation that is under way by now. Raises SyncTrouble and
    keeps nothing where the answer cannot be.
    """
    try:
        with store.transaction() as session:
            apply_answer(session, answer, now)
            if answer.resend_from is not None:
                requeue_from(session, answer.resend_from)
            if not answer.revoked:
                drop_others(session, answer.snapshots)
            keep_orders(
                session,
                answer.orders,
                now,
                durable_seq=answer.durable_seq,
                county_time=answer.server_time,
                renews_lease=not answer.revoked,
            )
            if sent_through:
                mark_sent(session, sent_through)
            return is_waiting(session)
    except StoreDamaged as error:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD) from error

"""What came down: receipts checked, then everything of one answer stored in one transaction."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from app.store.custody import keep_orders
from app.store.errors import StoreDamaged
from app.store.incoming import apply_answer
from app.store.opening import Store
from app.store.outbox import requeue_from
from app.store.queries.device import the_device
from app.sync.custody import check_orders
from app.sync.push import check_answers
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import RESPONSES, SyncResponse


def read_answer(content: bytes) -> SyncResponse:
    """The county's answer; raises SyncTrouble where it is not one this app understands."""
    try:
        return RESPONSES.validate_json(content)
    except ValidationError as error:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD) from error


def store_answer(store: Store, answer: SyncResponse, county_key: str, now: datetime) -> None:
    """Commits an answer as a whole; raises SyncTrouble and keeps nothing where it is not true."""
    check_answers(answer, county_key)
    try:
        with store.transaction() as session:
            check_orders(answer.orders, the_device(session).device_id, county_key)
            apply_answer(session, answer, now)
            if answer.resend_from is not None:
                requeue_from(session, answer.resend_from)
            keep_orders(
                session,
                answer.orders,
                now,
                durable_seq=answer.durable_seq,
                renews_lease=not answer.revoked,
            )
    except StoreDamaged as error:
        raise SyncTrouble(Trouble.NOT_UNDERSTOOD) from error

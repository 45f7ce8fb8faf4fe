"""What the county has answered to the outbox, and what it has to be asked again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic_core import from_json, to_json
from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from app.store.chunks import chunks
from app.store.outbox import OutboxState, iso
from app.store.tables import OutboxRow
from core.wire.receipts import ACCEPTED, REFUSED, Receipt, Taken
from statements.made_once import run


def settle(
    session: Session, taken: Sequence[Taken], receipts: Sequence[Receipt], now: datetime
) -> None:
    """Commits the county's answers; one for another revision or operation is passed over.

    The latest answer stands: a county restored from a backup judges anew what it had lost,
    and may set aside what it had once accepted.
    """
    for stretch in taken:
        _settle_stretch(session, stretch, now)
    known = _known(session, receipts)
    answers: dict[tuple[OutboxState, str], list[int]] = {}
    for receipt in receipts:
        named = (receipt.op_id, receipt.record_id, receipt.revision)
        if known.get(receipt.device_seq) == named:
            answers.setdefault(_answer(receipt), []).append(receipt.device_seq)
    settled_at = iso(now)
    for (state, answer), numbers in answers.items():
        said = {"is": state, "answer": answer, "at": settled_at}
        for some in chunks(numbers):
            run(session, _SETTLE, **said, numbers=some)


def _settle_stretch(session: Session, stretch: Taken, now: datetime) -> None:
    """The county has taken what was made here up to the stretch's hash, or nothing of it counts."""
    last = run(session, _ENVELOPE, seq=stretch.last_seq).scalar()
    if last is None or from_json(last)["hash"] != stretch.hash:
        return
    said = {"outcome": ACCEPTED, "received_at": stretch.received_at}
    values = {
        "first": stretch.first_seq,
        "last": stretch.last_seq,
        "answer": to_json(said).decode(),
        "at": iso(now),
    }
    run(session, _SETTLE_STRETCH, **values)


_ENVELOPE = select(col(OutboxRow.envelope)).where(col(OutboxRow.device_seq) == bindparam("seq"))
_SETTLE_STRETCH = (
    update(OutboxRow)
    .where(col(OutboxRow.device_seq).between(bindparam("first"), bindparam("last")))
    .values(state=OutboxState.RECEIPTED, receipt=bindparam("answer"), settled_at=bindparam("at"))
)


def _known(session: Session, receipts: Sequence[Receipt]) -> dict[int, tuple[str, str, int]]:
    """What the operations of these numbers are, and which record and revision they are about."""
    found: dict[int, tuple[str, str, int]] = {}
    for some in chunks({receipt.device_seq for receipt in receipts}):
        rows = run(session, _NUMBERED, numbers=some).all()
        found.update(
            (seq, (op_id, record_id, revision)) for seq, op_id, record_id, revision in rows
        )
    return found


_NUMBERED = select(
    col(OutboxRow.device_seq),
    col(OutboxRow.op_id),
    col(OutboxRow.record_id),
    col(OutboxRow.revision),
).where(col(OutboxRow.device_seq).in_(bindparam("numbers", expanding=True)))


def _answer(receipt: Receipt) -> tuple[OutboxState, str]:
    """The state it brings about, and what the operation's row does not say itself, as JSON."""
    refused = receipt.outcome == REFUSED
    said = {
        name: getattr(receipt, name)
        for name in ("outcome", "received_at", "code", "values")
        if getattr(receipt, name)
    }
    return OutboxState.REFUSED if refused else OutboxState.RECEIPTED, to_json(said).decode()


_SETTLE = (
    update(OutboxRow)
    .where(col(OutboxRow.device_seq).in_(bindparam("numbers", expanding=True)))
    .values(state=bindparam("is"), receipt=bindparam("answer"), settled_at=bindparam("at"))
)


def requeue_from(session: Session, device_seq: int) -> None:
    """Queues everything from a number on again, for a county restored from a backup.

    Whatever became of it before: the county judges it anew, and that answer has to arrive here.
    """
    run(session, _REQUEUE, first=device_seq)


_REQUEUE = (
    update(OutboxRow)
    .where(col(OutboxRow.device_seq) >= bindparam("first"))
    .where((col(OutboxRow.state) != OutboxState.QUEUED) | col(OutboxRow.settled_at).is_not(None))
    .values(state=OutboxState.QUEUED, receipt=None, settled_at=None)
)


def doubt_answers(session: Session, covered: int) -> None:
    """Queues again what a county with another history may not know: all it has no backup of.

    `covered` is the last number the backup had. What was refused is queued too, whatever its
    number: one that a copy of this tablet was first with came behind it. Edits among them were
    settled once, and others may have been shown since: unlike new ones they do not stand before
    what the county says, until it asks for them.
    """
    run(session, _DOUBT, covered=covered)


_DOUBT = (
    update(OutboxRow)
    .where(
        (col(OutboxRow.device_seq) > bindparam("covered"))
        | (col(OutboxRow.state) == OutboxState.REFUSED)
    )
    .where(col(OutboxRow.state) != OutboxState.QUEUED)
    .values(state=OutboxState.QUEUED, receipt=None)
)


def offer_again(session: Session, record_ids: Iterable[str]) -> None:
    """Queues what was done to these records again: the county has lost what it had receipted."""
    for some in chunks(record_ids):
        run(session, _OFFER_AGAIN, ids=some)


_OFFER_AGAIN = (
    update(OutboxRow)
    .where(col(OutboxRow.record_id).in_(bindparam("ids", expanding=True)))
    .where(col(OutboxRow.state) == OutboxState.RECEIPTED)
    .values(state=OutboxState.QUEUED, receipt=None, settled_at=None)
)

"""Takes a tablet's operations in: each once, in order, and one that cannot be taken set aside.

The batch is written together; only where the database itself refuses it is it tried again
one by one, each behind its own savepoint, so that a poisoned record costs nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.envelopes import Operation
from core.wire.receipts import Receipt, Taken, answered_count
from county import ledger
from county.answers import Answered, Reply, answer_of, keep, kept_answers
from county.checks import Standpoint, judge, referred_ids
from county.envelopes import Opened
from county.held import load
from county.judging_anew import Waiting, keep_anew, waiting_for
from county.standpoints import standpoint_of
from county.tables import DeviceRow

_POISON = (DataError, IntegrityError, UnicodeEncodeError, OverflowError)
"""What the database says of data it will never take; anything else is its own trouble."""

Turn = tuple[Answered, Standpoint]
"""An operation to be judged, and from where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What became of a batch: the answers, and the first number the county lacks.

    `own` are the facts that were accepted as they came, by record, with their numbers on the
    tablet; `changes` are the changes this batch has made, numbered.
    """

    taken: tuple[Taken, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    resend_from: int | None = None
    own: Mapping[str, int] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ()

    @property
    def count(self) -> int:
        """How many operations were answered."""
        return answered_count(self.taken, self.receipts)


def take_in(
    session: Session,
    device: DeviceRow,
    batch: Sequence[Opened],
    now: datetime,
    *,
    asked: bool = False,
) -> Intake:
    """Answer every operation up to the first hole; `device` must be locked by the caller.

    What was set aside for want of a record of the batch is judged anew with it, and, where
    the tablet `asked`, what it has in quarantine itself and lacks nothing any more.
    """
    answers = kept_answers(session, device, [item.op_id for item in batch])
    fresh = [item for item in batch if item.op_id not in answers]
    line, resend_from = _gapless(fresh, device.last_seq)
    changes: Sequence[Mapping[str, Any]] = ()
    waiting: list[Waiting] = []
    if device.state == "active" and (line or asked):
        waiting = waiting_for(session, device, line, now, asked=asked)
    if line or waiting:
        answered, changes = _judged_and_written(session, device, line, waiting, now)
        said = [(item, answer_of(item, now)) for item in answered]
        keep(session, device, said, now)
        keep_anew(session, waiting, now)
        answers.update({answer.op_id: answer for _, answer in said})
    reply, own = Reply(), {}
    for item in batch:
        answer = answers.get(item.op_id)
        if answer is not None:
            reply.add(answer)
            if answer.is_plain and item.envelope.get("action") == "put":
                own[answer.record_id] = answer.device_seq
    return Intake(
        taken=reply.taken,
        receipts=tuple(reply.receipts),
        resend_from=resend_from,
        own=own,
        changes=changes,
    )


def _gapless(fresh: Sequence[Opened], last_seq: int) -> tuple[list[Opened], int | None]:
    """The operations that may be taken now, and the number of the first that is missing."""
    line: list[Opened] = []
    expected = last_seq + 1
    for item in fresh:
        if item.device_seq > expected:
            return line, expected
        line.append(item)
        expected = max(expected, item.device_seq + 1)
    return line, None


def _judged_and_written(
    session: Session,
    device: DeviceRow,
    line: Sequence[Opened],
    waiting: Sequence[Waiting],
    now: datetime,
) -> tuple[list[Answered], Sequence[Mapping[str, Any]]]:
    answered = [Answered(opened=item, refusal=item.refusal) for item in line]
    _refuse_taken_numbers(answered, device)
    if device.state != "active":
        _refuse(answered, Refusal(code="device.revoked"))
    elif answered and answered[0].refusal is None:
        _check_chain(answered[0], device)
    standpoint = standpoint_of(session, device, now)
    turns = [(item, standpoint) for item in answered]
    turns += [(item.answered, item.standpoint) for item in waiting]
    try:
        with session.begin_nested():
            changes = _write(session, device.county_id, turns, now)
    except _POISON:
        changes = [
            change
            for turn in turns
            for change in _write_alone(session, device.county_id, turn, now)
        ]
    return answered, changes


def _refuse_taken_numbers(answered: Iterable[Answered], device: DeviceRow) -> None:
    taken = device.last_seq
    for item in answered:
        if item.opened.device_seq <= taken:
            item.refusal, item.numbered = Refusal(code="op.number_taken"), False
        taken = max(taken, item.opened.device_seq)


def _check_chain(first: Answered, device: DeviceRow) -> None:
    if first.opened.envelope.get("previous_hash") != device.last_hash:
        first.refusal = Refusal(code="op.chain")


def _refuse(answered: Iterable[Answered], refusal: Refusal) -> None:
    for item in answered:
        item.refusal = item.refusal or refusal


def _write(
    session: Session, county_id: str, turns: Sequence[Turn], now: datetime
) -> Sequence[Mapping[str, Any]]:
    to_judge = [turn for turn in turns if turn[0].refusal is None]
    ids = {
        record_id
        for item, _ in to_judge
        if item.opened.operation is not None
        for record_id in referred_ids(item.opened.operation)
    }
    held = load(session, county_id, ids)
    posting = ledger.Posting(county_id, held, now)
    for item, standpoint in to_judge:
        _judge(item, posting, standpoint)
    posting.post(session)
    return posting.changes


def _judge(item: Answered, posting: ledger.Posting, standpoint: Standpoint) -> None:
    operation = item.opened.operation
    if operation is None:
        item.refusal = Refusal(code="op.malformed")
        return
    try:
        item.accepted = judge(operation, posting.held, standpoint)
    except Refused as refused:
        item.refusal = refused.refusals[0]
        _give_back(operation, posting, standpoint)
        return
    if item.accepted.write is not None:
        posting.add(item.accepted.write)
    if item.accepted.outcome != "accepted":
        posting.renew(operation.record_id)


def _give_back(operation: Operation, posting: ledger.Posting, standpoint: Standpoint) -> None:
    """Let the tablet see again what stands, where it has shown its user an edit that does not."""
    held = posting.held.get(operation.record_id)
    if operation.action == "set" and held is not None and held.scope_id in standpoint.scopes:
        posting.renew(operation.record_id)


def _write_alone(
    session: Session, county_id: str, turn: Turn, now: datetime
) -> Sequence[Mapping[str, Any]]:
    item, _ = turn
    try:
        with session.begin_nested():
            return _write(session, county_id, [turn], now)
    except _POISON:
        item.accepted, item.refusal = None, Refusal(code="op.cannot_be_stored")
        return ()

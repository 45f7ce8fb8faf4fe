"""Takes a tablet's operations in: each once, in order, and one that cannot be taken set aside.

What one tablet hands in, or several at once, is written together; only where the database itself
refuses it is it tried again one by one, each behind its own savepoint, so that a poisoned
record costs nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.vocabulary import Kind
from core.wire.envelopes import Operation
from core.wire.receipts import Receipt, Taken, answered_count
from county import ledger
from county.allowance import REVOKED, has_room
from county.answers import Answer, Answered, Reply, answer_of, keep, kept_answers, lacking
from county.checks import Standpoint, judge, referred_ids
from county.edits import Histories, histories_behind
from county.envelopes import Opened, is_id
from county.held import load, special_ids
from county.judging_anew import Waiting, keep_anew, waiting_for
from county.standpoints import standpoints_of
from county.tables import DeviceRow

_POISON = (DataError, IntegrityError, UnicodeEncodeError, OverflowError)
"""What the database says of data it will never take; anything else is its own trouble."""

Turn = tuple[Answered, Standpoint]
"""An operation to be judged, and from where."""
Said = tuple[DeviceRow, Sequence[tuple[Answered, Answer]]]
"""A tablet, and what its operations were answered."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one tablet hands in: `device` is locked by the caller until the transaction ends.

    Where the tablet `asked`, what it has in quarantine itself and lacks nothing any more is
    judged anew too. What a tablet without a place has set aside has its bounds, but for what is
    brought in `by_hand`.
    """

    device: DeviceRow
    batch: Sequence[Opened]
    asked: bool = False
    by_hand: bool = False


class NotTogether(Exception):
    """Of these deliveries one has to be through before another is judged."""


def take_in(
    session: Session,
    device: DeviceRow,
    batch: Sequence[Opened],
    now: datetime,
    *,
    asked: bool = False,
    by_hand: bool = False,
) -> Intake:
    """Answer every operation of one tablet up to the first hole, as `take_in_together` does."""
    delivery = Delivery(device=device, batch=batch, asked=asked, by_hand=by_hand)
    (intake,) = take_in_together(session, [delivery], now)
    return intake


def take_in_together(
    session: Session, deliveries: Sequence[Delivery], now: datetime
) -> list[Intake]:
    """Answer the operations of tablets of one county, of each up to its first hole.

    It comes to the same as one delivery after the other. What was set aside for want of a
    record of these is judged anew behind the one that brings it. Raises NotTogether where
    there is such, among several deliveries, and where one lacks what another brings. What is
    new of a tablet without a place that has had enough set aside is answered nothing.
    """
    county_id = deliveries[0].device.county_id
    known = kept_answers(session, county_id, [(each.device.id, each.batch) for each in deliveries])
    parts = [_Part(each, answers) for each, answers in zip(deliveries, known, strict=True)]
    for part in parts:
        part.leave_what_has_no_room(session)
        part.check_places()
    waiting = _waiting(session, county_id, parts, now)
    if waiting and len(parts) > 1:
        raise NotTogether
    changes: Sequence[Mapping[str, Any]] = ()
    if waiting or any(part.line or part.edited_before for part in parts):
        changes = _judged_and_written(session, county_id, parts, waiting, now)
        said = [(part.device, part.say(now)) for part in parts]
        _check_order(said)
        keep(session, said, now)
        keep_anew(session, waiting, now)
    return [part.intake(changes) for part in parts]


class _Part:
    """One delivery on its way: what is known of it, what is new, and what becomes of that."""

    def __init__(self, delivery: Delivery, answers: dict[str, Answer]) -> None:
        self.device, self.asked = delivery.device, delivery.asked
        self.is_active, self._by_hand = self.device.state == "active", delivery.by_hand
        self._batch = delivery.batch
        self._answers = answers
        fresh = [item for item in delivery.batch if item.op_id not in answers]
        self.edited_before = [
            Answered(opened=item, before=answers[item.op_id])
            for item in delivery.batch
            if item.op_id in answers and item.envelope.get("action") == "set"
        ]
        self.line, self._resend_from = _gapless(fresh, self.device.last_seq)
        self.answered = [Answered(opened=item, refusal=item.refusal) for item in self.line]

    def leave_what_has_no_room(self, session: Session) -> None:
        """Leave what is new with a tablet without a place, where it has had enough set aside."""
        is_bounded = not (self.is_active or self._by_hand)
        if self.line and is_bounded and not has_room(session, self.device, self.line):
            self.line, self.answered = [], []

    def check_places(self) -> None:
        """Refuse what has no place in the tablet's chain, and note the first break of that."""
        _refuse_taken_numbers(self.answered, self.device)
        _check_chain(self.answered, self.device)
        breaks = (item.opened.device_seq for item in self.answered if _is_break(item))
        if self.device.broken_seq is None and (first := next(breaks, None)):
            self.device.broken_seq = first

    def say(self, now: datetime) -> list[tuple[Answered, Answer]]:
        """What was judged, with the answer to each."""
        said = [(item, answer_of(item, now)) for item in self.answered]
        self._answers.update({answer.op_id: answer for _, answer in said})
        return said

    def intake(self, changes: Sequence[Mapping[str, Any]]) -> Intake:
        """What became of the delivery; `changes` are all that the transaction has made."""
        reply, own = Reply(), {}
        for item in self._batch:
            answer = self._answers.get(item.op_id)
            if answer is not None:
                reply.add(answer)
                if answer.is_plain and item.envelope.get("action") == "put":
                    own[answer.record_id] = answer.device_seq
        return Intake(
            taken=reply.taken,
            receipts=tuple(reply.receipts),
            resend_from=self._resend_from,
            own=own,
            changes=changes,
        )


def _waiting(
    session: Session, county_id: str, parts: Sequence[_Part], now: datetime
) -> list[Waiting]:
    active = [part for part in parts if part.is_active]
    arriving = {item.record_id for part in active for item in part.line}
    asking = [part.device.id for part in active if part.asked]
    return waiting_for(session, county_id, arriving, asking, now) if arriving or asking else []


def _check_order(said: Sequence[Said]) -> None:
    """Raise NotTogether where what one delivery lacks came only after it was judged."""
    if len(said) == 1:
        return
    answers = [answer for _, answered in said for _, answer in answered]
    came = {answer.record_id for answer in answers}
    if any(lacking(answer) in came for answer in answers):
        raise NotTogether


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
    county_id: str,
    parts: Sequence[_Part],
    waiting: Sequence[Waiting],
    now: datetime,
) -> Sequence[Mapping[str, Any]]:
    standpoints = standpoints_of(session, county_id, [part.device for part in parts], now)
    turns: list[Turn] = []
    for part in parts:
        if not part.is_active:
            _refuse(part.answered, Refusal(code=REVOKED))
            continue  # nothing is judged, and nothing sent down for its sake
        turns += [
            (item, standpoints[part.device.id]) for item in (*part.edited_before, *part.answered)
        ]
    turns += [(item.answered, item.standpoint) for item in waiting]
    return judge_and_write(session, county_id, turns, now)


def judge_and_write(
    session: Session, county_id: str, turns: Sequence[Turn], now: datetime
) -> Sequence[Mapping[str, Any]]:
    """Say of each operation that has no answer yet what becomes of it; the changes that makes."""
    try:
        with session.begin_nested():
            return _write(session, county_id, turns, now)
    except _POISON:
        return [change for turn in turns for change in _write_alone(session, county_id, turn, now)]


def _refuse_taken_numbers(answered: Iterable[Answered], device: DeviceRow) -> None:
    taken = device.last_seq
    for item in answered:
        if item.opened.device_seq <= taken:
            item.refusal, item.numbered = Refusal(code="op.number_taken"), False
        taken = max(taken, item.opened.device_seq)


def _check_chain(answered: Iterable[Answered], device: DeviceRow) -> None:
    """Refuse what gets a number and does not hang on the one before that got one."""
    before = device.last_hash
    for item in answered:
        if not item.numbered:
            continue
        if item.refusal is None and item.opened.envelope.get("previous_hash") != before:
            item.refusal = Refusal(code="op.chain")
        before = item.opened.envelope["hash"]


def _is_break(item: Answered) -> bool:
    return item.numbered and item.refusal is not None and item.refusal.code == "op.chain"


def _refuse(answered: Iterable[Answered], refusal: Refusal) -> None:
    for item in answered:
        item.refusal = item.refusal or refusal


def _write(
    session: Session, county_id: str, turns: Sequence[Turn], now: datetime
) -> Sequence[Mapping[str, Any]]:
    to_judge = [turn for turn in turns if turn[0].refusal is None]
    told = [item.opened.operation for item, _ in to_judge if item.opened.operation is not None]
    ids = {id for operation in told for id in referred_ids(operation) if is_id(id)}
    edited = (item.opened.record_id for item, _ in to_judge if _is_of_resident(item))
    refused = [turn for turn in turns if _is_refused_edit(turn[0])]
    ids |= {item.opened.record_id for item, _ in refused}
    held = load(session, county_id, ids | special_ids(session, county_id, edited))
    posting = ledger.Posting(county_id, held, now)
    histories = histories_behind(session, county_id, told)
    for item, standpoint in turns:
        if item.before is not None:
            _tell_again(item.before, posting, standpoint)
        elif item.refusal is None:
            _judge(item, posting, standpoint, histories)
        elif _is_refused_edit(item) and item.opened.operation is not None:
            _give_back(item.opened.operation, posting, standpoint)
    posting.post(session)
    return posting.changes


def _is_refused_edit(item: Answered) -> bool:
    """Whether it is an edit that was refused before: for its place in the chain, or alone now."""
    operation = item.opened.operation
    is_refused = item.refusal is not None and item.refusal.code != REVOKED
    return is_refused and operation is not None and operation.action == "set"


def _is_of_resident(item: Answered) -> bool:
    operation = item.opened.operation
    return operation is not None and operation.kind == Kind.RESIDENT


def _judge(
    item: Answered, posting: ledger.Posting, standpoint: Standpoint, histories: Histories
) -> None:
    operation = item.opened.operation
    if operation is None:
        item.refusal = Refusal(code="op.malformed")
        return
    try:
        item.accepted = judge(operation, posting.held, standpoint, histories)
    except Refused as refused:
        item.refusal = refused.refusals[0]
        _give_back(operation, posting, standpoint)
        return
    if item.accepted.write is not None:
        posting.add(item.accepted.write)
    if item.accepted.outcome != "accepted":
        posting.renew(operation.record_id, standpoint.device_id)


def _tell_again(before: Answer, posting: ledger.Posting, standpoint: Standpoint) -> None:
    """Send what stands down behind an answer that is given again, where the edit is not all of it.

    The tablet may have read the record since, while the edit had no answer there yet and so
    stood before what the county has.
    """
    held = posting.held.get(before.record_id)
    if held is None or held.scope_id not in standpoint.scopes:
        return
    if not before.is_plain or held.revision != before.revision:
        posting.renew(before.record_id, standpoint.device_id)


def _give_back(operation: Operation, posting: ledger.Posting, standpoint: Standpoint) -> None:
    """Let the tablet see again what stands, where it has shown its user an edit that does not."""
    held = posting.held.get(operation.record_id)
    if operation.action == "set" and held is not None and held.scope_id in standpoint.scopes:
        posting.renew(operation.record_id, standpoint.device_id)


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

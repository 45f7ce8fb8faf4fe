"""Whether one operation of a tablet may be taken, and the record it then makes.

Every function here raises Refused with the reason; what passes is a `RecordWrite`, and for
a standing record the conflicts a person has to settle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from core.confidence import tells_in_confidence
from core.contracts import Exemption
from core.education import Education
from core.followups import FollowUp
from core.merging import NOTHING, Edit, FieldConflict, Stamp, Standing, merged
from core.people import Resident
from core.policy import PolicyBook
from core.referrals import Referral, ReferralOutcome
from core.refusals import Refusal, Refused
from core.validation import (
    check_birth_date,
    check_education,
    check_exemption,
    check_follow_up,
    check_outcome,
    check_referral,
)
from core.vocabulary import STANDING_KINDS, Kind
from core.wire.bodies import record_as_said, record_of
from core.wire.canonical import canonical_bytes, sha256_hex
from core.wire.clocks import is_clock_of
from core.wire.envelopes import Operation
from core.wire.schemas import schema_of, todays
from county.config import local_date
from county.edits import Histories, edit_of
from county.envelopes import is_id
from county.held import PARENT_FIELDS, Held
from county.ledger import RecordWrite

TABLET_KINDS = frozenset(
    {
        Kind.HOUSEHOLD,
        Kind.RESIDENT,
        Kind.CONTRACT,
        Kind.FOLLOW_UP,
        Kind.EDUCATION,
        Kind.REFERRAL,
        Kind.REFERRAL_OUTCOME,
        Kind.EXEMPTION,
        Kind.WITHDRAWAL,
    }
)
"""What a doctor's tablet may write; everything else is the township's or the county's to say."""

FURTHEST_AHEAD = timedelta(hours=24)
FURTHEST_APART = timedelta(hours=24)
FURTHEST_BACK = timedelta(days=5 * 366)
UNKNOWN_REFERENCE = "op.unknown_reference"
"""Refused for want of another record; judged anew when that record arrives."""
IN_CONFIDENCE = "op.in_confidence"
"""Refused because it would open what is restricted to everybody who has the resident's record."""
_REFERRED_FIELDS = (*PARENT_FIELDS, "resident_id", "household_id", "amends")
_FACTS = TABLET_KINDS - STANDING_KINDS
_KINDS_REFERRED_TO: Mapping[str, frozenset[str]] = {
    "follow_up_id": frozenset({Kind.FOLLOW_UP}),
    "voids": _FACTS,
    "referral_id": frozenset({Kind.REFERRAL}),
    "exemption_id": frozenset({Kind.EXEMPTION}),
    "resident_id": frozenset({Kind.RESIDENT}),
    "household_id": frozenset({Kind.HOUSEHOLD}),
}
"""What a field may refer to; `amends` refers to a record of its own kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """Who is writing, from which tablet, where they may, and when the county took it in.

    `residents` are those read so far, by id and revision: a batch asks for the same ones often.
    `is_broken` is whether the tablet's chain has a break; what was set aside `came_at` an
    earlier moment.
    """

    doctor_id: str
    device_id: str
    scopes: frozenset[str]
    rules: PolicyBook
    today: date
    now: datetime
    residents: dict[tuple[str, int], Resident] = field(default_factory=dict)
    is_broken: bool = False
    came_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A record to be written, and what a person still has to settle about it."""

    write: RecordWrite | None
    outcome: str = "accepted"
    conflicts: tuple[FieldConflict, ...] = ()
    overruled: tuple[str, ...] = ()


def referred_ids(operation: Operation) -> tuple[str, ...]:
    """The ids of all records that must be known to judge the operation."""
    return (operation.record_id, *(record_id for _, record_id in _references(operation)))


def _references(operation: Operation) -> Iterator[tuple[str, str]]:
    """The fields that refer to a record, with its id."""
    body = _todays(operation)
    for name in _REFERRED_FIELDS:
        record_id = body.get(name)
        if isinstance(record_id, str):
            yield name, record_id


def _todays(operation: Operation) -> Mapping[str, Any]:
    return todays(operation.kind, operation.schema, operation.body)


def judge(
    operation: Operation, held: Mapping[str, Held], standpoint: Standpoint, histories: Histories
) -> Accepted:
    """The record this operation makes; raises Refused where it may not be taken."""
    _check_kind(operation)
    _check_author(operation, standpoint)
    _check_clock(operation, standpoint.now)
    _check_references(operation, held, standpoint.scopes)
    if operation.kind in STANDING_KINDS:
        return _edited(operation, held, standpoint, histories)
    return _stated(operation, held, standpoint)


def _check_kind(operation: Operation) -> None:
    if operation.kind not in TABLET_KINDS:
        raise Refused(Refusal(code="op.kind_not_yours", values={"kind": operation.kind}))
    expected = "set" if operation.kind in STANDING_KINDS else "put"
    if operation.action != expected:
        raise Refused(Refusal(code="op.wrong_action", values={"action": operation.action}))


def _check_author(operation: Operation, standpoint: Standpoint) -> None:
    if operation.author_id != standpoint.doctor_id:
        raise Refused(Refusal(code="op.not_the_author"))
    if operation.scope_id not in standpoint.scopes:
        raise Refused(Refusal(code="scope.not_yours", values={"scope": operation.scope_id}))


def _check_clock(operation: Operation, now: datetime) -> None:
    try:
        recorded_at = datetime.fromisoformat(operation.recorded_at)
        ahead = recorded_at - now
    except (ValueError, TypeError) as error:
        raise Refused(Refusal(code="op.malformed", place="recorded_at")) from error
    if not -FURTHEST_BACK <= ahead <= FURTHEST_AHEAD:
        raise Refused(
            Refusal(code="op.clock_far_off", values={"recorded_on": recorded_at.date().isoformat()})
        )


def _check_references(
    operation: Operation, held: Mapping[str, Held], scopes: frozenset[str]
) -> None:
    for name, record_id in _references(operation):
        if not is_id(record_id):
            raise Refused(Refusal(code="op.malformed", place="body"))
        referred = held.get(record_id)
        if referred is None or referred.removed:
            raise _unknown(record_id)
        if referred.scope_id not in scopes:
            raise Refused(Refusal(code="scope.not_yours", values={"scope": referred.scope_id}))
        if referred.kind not in _KINDS_REFERRED_TO.get(name, {operation.kind}):
            raise Refused(Refusal(code="op.wrong_reference", place=name, values={"field": name}))


def _unknown(record_id: str) -> Refused:
    return Refused(Refusal(code=UNKNOWN_REFERENCE, values={"record": record_id}))


def _stated(operation: Operation, held: Mapping[str, Held], standpoint: Standpoint) -> Accepted:
    _check_fact_body(operation)
    schema, body = operation.schema, operation.body
    content = canonical_bytes(body)
    old = held.get(operation.record_id)
    if old is not None:
        if old.hash == sha256_hex(content):
            return Accepted(write=None)
        raise Refused(Refusal(code="op.record_exists"))
    record = _check_record(operation, schema, body, content, held, standpoint)
    if record is not None and not _is_of_its_time(record.recorded_at, operation):
        raise Refused(Refusal(code="op.body_disagrees", place="recorded_at"))
    return Accepted(
        write=_write_of(
            operation,
            scope_id=operation.scope_id,
            schema=schema,
            body=body,
            content=content,
            record=record,
        )
    )


def _check_fact_body(operation: Operation) -> None:
    body = _todays(operation)
    expected = {
        "id": operation.record_id,
        "scope_id": operation.scope_id,
        "author_id": operation.author_id,
    }
    for name, value in expected.items():
        if body.get(name) != value:
            raise Refused(Refusal(code="op.body_disagrees", place=name))


def _is_of_its_time(recorded_at: datetime, operation: Operation) -> bool:
    """Whether a fact says it was recorded when its operation was, whose time has been looked at.

    What is counted as recorded late goes by the fact.
    """
    try:
        apart = recorded_at - datetime.fromisoformat(operation.recorded_at)
    except TypeError:  # one of them without its offset
        return False
    return abs(apart) <= FURTHEST_APART


def _edited(
    operation: Operation, held: Mapping[str, Held], standpoint: Standpoint, histories: Histories
) -> Accepted:
    _check_stamp(operation)
    old = held.get(operation.record_id)
    if old is not None and (old.kind, old.removed) != (operation.kind, False):
        raise Refused(Refusal(code="op.record_gone"))
    if old is not None and old.scope_id not in standpoint.scopes:
        raise Refused(Refusal(code="scope.not_yours", values={"scope": old.scope_id}))
    # What the edit says, not what comes of it: what is overruled, or waits for a person, is shown.
    if operation.kind == Kind.RESIDENT and tells_in_confidence(_todays(operation)):
        raise Refused(Refusal(code=IN_CONFIDENCE))
    merge = merged(operation.kind, _standing_of(old), _edit_of(operation, standpoint, histories))
    body = merge.standing.body
    scope_id = body.get("scope_id")
    if old is None and "id" not in body:
        raise _unknown(operation.record_id)
    if body.get("id") != operation.record_id:
        raise Refused(Refusal(code="op.body_disagrees", place="id"))
    if not isinstance(scope_id, str) or scope_id not in standpoint.scopes:
        raise Refused(Refusal(code="op.body_disagrees", place="scope_id"))
    schema = max(operation.schema, schema_of(operation.kind), old.schema if old else 1)
    content = canonical_bytes(body)
    record = _check_record(operation, schema, body, content, held, standpoint)
    outcome = "conflict" if merge.conflicts else "merged" if merge.overruled else "accepted"
    return Accepted(
        write=_write_of(
            operation,
            scope_id=str(scope_id),
            schema=schema,
            body=body,
            content=content,
            record=record,
            clocks=merge.standing.stamps,
        ),
        outcome=outcome,
        conflicts=merge.conflicts,
        overruled=merge.overruled,
    )


def _check_stamp(operation: Operation) -> None:
    if operation.clock is None or not is_clock_of(operation.clock, operation.device_id):
        raise Refused(Refusal(code="op.malformed", place="clock"))
    if operation.base_revision is None:
        raise Refused(Refusal(code="op.malformed", place="base_revision"))


def _standing_of(old: Held | None) -> Standing:
    if old is None:
        return NOTHING
    body = todays(old.kind, old.schema, old.body)
    return Standing(revision=old.revision, body=body, stamps=old.stamps)


def _edit_of(operation: Operation, standpoint: Standpoint, histories: Histories) -> Edit:
    came_at = standpoint.came_at or standpoint.now
    return edit_of(operation, came_at, histories, is_broken=standpoint.is_broken)


def _write_of(
    operation: Operation,
    *,
    scope_id: str,
    schema: int,
    body: Mapping[str, Any],
    content: bytes,
    record: Any,
    clocks: Mapping[str, Stamp] | None = None,
) -> RecordWrite:
    """The write an operation asks for, of what is to stand after it."""
    return RecordWrite(
        kind=operation.kind,
        record_id=operation.record_id,
        scope_id=scope_id,
        schema=schema,
        body=body,
        author_id=operation.author_id,
        recorded_at=datetime.fromisoformat(operation.recorded_at),
        device_id=operation.device_id,
        clocks=clocks,
        record=record,
        content=content,
    )


def _check_record(
    operation: Operation,
    schema: int,
    body: Mapping[str, Any],
    content: bytes,
    held: Mapping[str, Held],
    standpoint: Standpoint,
) -> Any:
    """The record; raises Refused where the body is no valid one, or one that may not be entered.

    None for a body of a later version that cannot be read here: it is kept for a county that can.
    """
    try:
        record = record_as_said(operation.kind, schema, body, content)
    except Refused:
        if schema > schema_of(operation.kind):
            return None
        raise
    # The tablet's day may have begun while the county's has not quite ended.
    recorded_on = local_date(datetime.fromisoformat(operation.recorded_at))
    today = max(standpoint.today, recorded_on)
    refusals = [*_refusals(record, held, standpoint, today)]
    if isinstance(record, Resident) and "birth_date" in operation.body:
        refusals += check_birth_date(record.birth_date, today)
    hard = [refusal for refusal in refusals if not refusal.soft]
    if hard:
        raise Refused(*hard)
    return record


def _refusals(
    record: Any, held: Mapping[str, Held], standpoint: Standpoint, today: date
) -> Sequence[Refusal]:
    if isinstance(record, FollowUp):
        resident = _resident(held[record.resident_id], standpoint)
        if resident is None:
            return ()
        return check_follow_up(standpoint.rules.on(record.occurred_on), resident, record, today)
    if isinstance(record, Education):
        return check_education(record, today)
    if isinstance(record, Referral):
        return check_referral(record, today)
    if isinstance(record, ReferralOutcome):
        return check_outcome(record, today)
    if isinstance(record, Exemption):
        return check_exemption(record)
    return ()


def _resident(held: Held, standpoint: Standpoint) -> Resident | None:
    """The resident a record is about; None of a later version that cannot be read here."""
    key = (held.record_id, held.revision)
    if key not in standpoint.residents:
        try:
            standpoint.residents[key] = record_of(Kind.RESIDENT, held.schema, held.body)
        except Refused:
            if held.schema > schema_of(Kind.RESIDENT):
                return None
            raise
    return standpoint.residents[key]

"""The township's decisions: on follow-ups and on exemptions; and its telephone checks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.contracts import ExemptionDecision
from core.refusals import Refusal, Refused
from core.reviews import PhoneCheck, Review
from core.vocabulary import Decision, Kind, ReturnReason
from core.wire.bodies import body_of
from county.audit import new_id, note_act
from county.histories import histories_of
from county.ledger import RecordWrite, write
from county.tables import RecordRow

NOTE_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reviewer decides, with the reason code and the words for the doctor."""

    decision: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who decides, and the villages whose follow-ups are theirs to decide on."""

    county_id: str
    user_id: str
    village_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a telephone check found out; None is not asked."""

    reached: bool
    visit_confirmed: bool | None = None
    satisfied: bool | None = None
    note: str = ""


def check_verdict(verdict: Verdict) -> tuple[Refusal, ...]:
    """Why a verdict cannot be taken: a return needs a reason, a question its words."""
    if verdict.decision not in set(Decision):
        return (Refusal(code="desk.no_decision", place="decision"),)
    if len(verdict.note) > NOTE_LIMIT:
        return (Refusal(code="desk.note_too_long", place="note", values={"limit": NOTE_LIMIT}),)
    if verdict.decision == Decision.RETURNED and verdict.reason not in set(ReturnReason):
        return (Refusal(code="desk.return_needs_reason", place="reason"),)
    if _lacks_words(verdict):
        return (Refusal(code="desk.needs_words", place="note"),)
    return ()


def decide(
    session: Session,
    reviewer: Reviewer,
    follow_up_ids: Sequence[str],
    verdict: Verdict,
    now: datetime,
) -> int:
    """Write one review for each follow-up; returns how many.

    All or none: raises Refused with what is wrong with the verdict, with
    `desk.nothing_picked` for no follow-up, and with `desk.follow_up_gone` where one is not
    in the reviewer's villages or no longer stands.
    """
    refusals = check_verdict(verdict)
    if refusals:
        raise Refused(*refusals)
    follow_ups = _decidable(session, reviewer, follow_up_ids)
    write(
        session,
        reviewer.county_id,
        [_review_write(row, reviewer, verdict, now) for row in follow_ups],
        now,
    )
    for row in follow_ups:
        why = {"reason": verdict.reason} if verdict.decision == Decision.RETURNED else {}
        _note(session, reviewer, verdict.decision, row.id, now, **why)
    return len(follow_ups)


def note_phone_check(
    session: Session, reviewer: Reviewer, follow_up_id: str, answer: Answer, now: datetime
) -> None:
    """Write down what a telephone check of a follow-up found out; raises Refused as `decide`."""
    (row,) = _decidable(session, reviewer, [follow_up_id])
    record = PhoneCheck(
        id=new_id(now),
        scope_id=row.scope_id,
        follow_up_id=row.id,
        author_id=reviewer.user_id,
        recorded_at=now,
        reached=answer.reached,
        visit_confirmed=answer.visit_confirmed if answer.reached else None,
        satisfied=answer.satisfied if answer.reached else None,
        note=answer.note[:NOTE_LIMIT],
    )
    write(session, reviewer.county_id, [_write_of(record, Kind.PHONE_CHECK)], now)
    _note(session, reviewer, "phone_check", row.id, now, reached=answer.reached)


def decide_exemption(
    session: Session,
    reviewer: Reviewer,
    exemption_id: str,
    approved: bool,
    note: str,
    now: datetime,
) -> None:
    """Approve or refuse days of absence; they count, or not, from this transaction on.

    Raises Refused `desk.exemption_gone` where it is not in the reviewer's villages, and
    `desk.note_too_long` and `desk.refusal_needs_words` for what is wrong with the words.
    """
    if len(note) > NOTE_LIMIT:
        raise Refused(Refusal(code="desk.note_too_long", values={"limit": NOTE_LIMIT}))
    if not approved and not note.strip():
        raise Refused(Refusal(code="desk.refusal_needs_words"))
    row = session.get(RecordRow, (reviewer.county_id, exemption_id))
    known = row is not None and row.kind == Kind.EXEMPTION and not row.removed
    if row is None or not known or row.village_id not in reviewer.village_ids:
        raise Refused(Refusal(code="desk.exemption_gone"))
    decision = ExemptionDecision(
        id=new_id(now),
        scope_id=row.scope_id,
        exemption_id=row.id,
        author_id=reviewer.user_id,
        approved=approved,
        recorded_at=now,
        note=note.strip(),
    )
    write(session, reviewer.county_id, [_write_of(decision, Kind.EXEMPTION_DECISION)], now)
    action = "exemption_approved" if approved else "exemption_refused"
    note_act(
        session, reviewer.county_id, reviewer.user_id, action, Kind.RESIDENT,
        row.resident_id or "", now,
    )  # fmt: skip


def _lacks_words(verdict: Verdict) -> bool:
    asks = verdict.decision == Decision.QUESTIONED
    vague = verdict.decision == Decision.RETURNED and verdict.reason == ReturnReason.OTHER
    return (asks or vague) and not verdict.note.strip()


def _decidable(
    session: Session, reviewer: Reviewer, follow_up_ids: Collection[str]
) -> list[RecordRow]:
    wanted = set(follow_up_ids)
    if not wanted:
        raise Refused(Refusal(code="desk.nothing_picked"))
    rows = session.scalars(
        select(RecordRow)
        .where(
            RecordRow.county_id == reviewer.county_id,
            RecordRow.id.in_(wanted),
            RecordRow.kind == Kind.FOLLOW_UP,
            RecordRow.village_id.in_(reviewer.village_ids),
            RecordRow.removed.is_(False),
        )
        .order_by(RecordRow.id)
    ).all()
    if len(rows) != len(wanted) or not _all_stand(session, reviewer.county_id, rows):
        raise Refused(Refusal(code="desk.follow_up_gone"))
    return list(rows)


def _all_stand(session: Session, county_id: str, rows: Collection[RecordRow]) -> bool:
    """Whether none of these has been amended or withdrawn meanwhile."""
    residents = {row.resident_id for row in rows if row.resident_id}
    histories = histories_of(session, county_id, residents).values()
    standing = {item.id for history in histories for item in history.settled.follow_ups}
    return {row.id for row in rows} <= standing


def _review_write(
    row: RecordRow, reviewer: Reviewer, verdict: Verdict, now: datetime
) -> RecordWrite:
    review = Review(
        id=new_id(now),
        scope_id=row.scope_id,
        follow_up_id=row.id,
        author_id=reviewer.user_id,
        decision=verdict.decision,
        recorded_at=now,
        reason=verdict.reason or None if verdict.decision == Decision.RETURNED else None,
        note=verdict.note.strip(),
    )
    return _write_of(review, Kind.REVIEW)


def _write_of(record: Review | PhoneCheck | ExemptionDecision, kind: Kind) -> RecordWrite:
    return RecordWrite(
        kind=kind,
        record_id=record.id,
        scope_id=record.scope_id,
        body=body_of(record),
        author_id=record.author_id,
        recorded_at=record.recorded_at,
    )


def _note(
    session: Session, reviewer: Reviewer, action: str, follow_up_id: str, now: datetime,
    **detail: object,
) -> None:  # fmt: skip
    note_act(
        session, reviewer.county_id, reviewer.user_id, action, Kind.FOLLOW_UP, follow_up_id, now,
        **detail,
    )  # fmt: skip

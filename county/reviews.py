"""The township's decisions: on follow-ups and on exemptions; and its telephone checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.contracts import ExemptionDecision
from core.history import latest_by
from core.refusals import Refusal, Refused
from core.reviews import PhoneCheck, Review
from core.vocabulary import Decision, Kind, ReturnReason
from core.wire.bodies import body_of
from county.audit import new_id, note_act
from county.held import lock_records
from county.histories import histories_of
from county.ledger import RecordWrite, write
from county.tables import RecordRow

NOTE_LIMIT = 500
NOTHING_SEEN: Mapping[str, str] = MappingProxyType({})
"""What a reviewer has seen of follow-ups on which nobody had said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reviewer decides, with the reason code and the words for the doctor."""

    decision: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who decides, and the villages whose follow-ups are theirs to decide on.

    Of the whole county is who decides also on what belongs to no village.
    """

    county_id: str
    user_id: str
    village_ids: frozenset[str]
    of_whole_county: bool = False


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
    seen: Mapping[str, str] = NOTHING_SEEN,
) -> int:
    """Write one review for each follow-up; returns how many are decided so.

    `seen` names the last review of each that the reviewer knew of. One that meanwhile says
    the same, as after a double click, is not written again.

    All or none: raises Refused with what is wrong with the verdict, with
    `desk.nothing_picked` for no follow-up, with `desk.follow_up_gone` where one is not in
    the reviewer's villages or no longer stands, and with `desk.decided_meanwhile` (count)
    where somebody has decided otherwise since.
    """
    refusals = check_verdict(verdict)
    if refusals:
        raise Refused(*refusals)
    cases = _decidable(session, reviewer, follow_up_ids)
    fresh = [case for case in cases if not _is_said(case.review, verdict, seen)]
    passed = [case for case in fresh if _id_of(case.review) != seen.get(case.row.id, "")]
    if passed:
        raise Refused(Refusal(code="desk.decided_meanwhile", values={"count": len(passed)}))
    writes = [_review_write(case.row, reviewer, verdict, now) for case in fresh]
    write(session, reviewer.county_id, writes, now)
    for case in fresh:
        why = {"reason": verdict.reason} if verdict.decision == Decision.RETURNED else {}
        _note(session, reviewer, verdict.decision, case.row.id, now, **why)
    return len(cases)


def note_phone_check(
    session: Session,
    reviewer: Reviewer,
    follow_up_id: str,
    answer: Answer,
    now: datetime,
    seen: str = "",
) -> None:
    """Write down what a telephone check of a follow-up found out.

    `seen` is the last check the reviewer knew of. Raises Refused as `decide`, with
    `desk.checked_meanwhile` where somebody else has found out something since.
    """
    if len(answer.note) > NOTE_LIMIT:
        raise Refused(Refusal(code="desk.note_too_long", values={"limit": NOTE_LIMIT}))
    (case,) = _decidable(session, reviewer, [follow_up_id])
    row, last = case.row, case.check
    record = PhoneCheck(
        id=new_id(now),
        scope_id=row.scope_id,
        follow_up_id=row.id,
        author_id=reviewer.user_id,
        recorded_at=now,
        reached=answer.reached,
        visit_confirmed=answer.visit_confirmed if answer.reached else None,
        satisfied=answer.satisfied if answer.reached else None,
        note=answer.note,
    )
    if last is not None and last.id != seen:
        if _found_out(last) == _found_out(record):
            return
        raise Refused(Refusal(code="desk.checked_meanwhile"))
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

    Raises Refused `desk.exemption_gone` where it is not in the reviewer's villages,
    `desk.exemption_answered` where it was answered otherwise meanwhile, and
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
    last = _last_answer(session, reviewer.county_id, row)
    if last is not None:
        if (last.approved, last.note) == (approved, note.strip()):
            return
        raise Refused(Refusal(code="desk.exemption_answered"))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A follow-up with the last review and the last telephone check of it."""

    row: RecordRow
    review: Review | None
    check: PhoneCheck | None


def _decidable(session: Session, reviewer: Reviewer, follow_up_ids: Collection[str]) -> list[_Case]:
    """The follow-ups, held until the transaction ends: nobody decides between look and word."""
    wanted = set(follow_up_ids)
    if not wanted:
        raise Refused(Refusal(code="desk.nothing_picked"))
    lock_records(session, reviewer.county_id, wanted)
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
    residents = {row.resident_id for row in rows if row.resident_id}
    histories = histories_of(session, reviewer.county_id, residents).values()
    cases = {item.id: history for history in histories for item in history.settled.follow_ups}
    if len(rows) != len(wanted) or not wanted <= cases.keys():
        raise Refused(Refusal(code="desk.follow_up_gone"))
    return [
        _Case(
            row=row,
            review=cases[row.id].settled.reviews.get(row.id),
            check=cases[row.id].settled.phone_checks.get(row.id),
        )
        for row in rows
    ]


def _is_said(last: Review | None, verdict: Verdict, seen: Mapping[str, str]) -> bool:
    """Whether the last review is news to the reviewer and says what the verdict says."""
    if last is None or last.id == seen.get(last.follow_up_id, ""):
        return False
    reason = verdict.reason if verdict.decision == Decision.RETURNED else ""
    said = (last.decision, last.reason or "", last.note)
    return said == (verdict.decision, reason, verdict.note.strip())


def _id_of(review: Review | None) -> str:
    return review.id if review else ""


def _found_out(check: PhoneCheck) -> tuple[object, ...]:
    return check.reached, check.visit_confirmed, check.satisfied, check.note


def _last_answer(session: Session, county_id: str, row: RecordRow) -> ExemptionDecision | None:
    lock_records(session, county_id, [row.id])
    resident_id = row.resident_id or ""
    history = histories_of(session, county_id, [resident_id]).get(resident_id)
    answers = history.exemption_decisions if history else ()
    return latest_by(answers, lambda answer: answer.exemption_id).get(row.id)


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

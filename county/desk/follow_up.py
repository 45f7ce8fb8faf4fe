"""One follow-up in full: readings, rules, evidence, origin; and the township's decision on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from core.followups import FollowUp
from core.history import History
from core.refusals import Refused
from core.reviews import Review
from core.vocabulary import FACE_TO_FACE_MODES, Kind, ReturnReason
from county.audit import note_act
from county.config import local_date
from county.desk.appraisal import Appraisal, DoctorMonths, SignalLine, VerdictLine, appraise
from county.desk.lookups import doctor_names, next_waiting, waiting_for
from county.desk.person import FindingLine
from county.desk.recorded import Value, facts_of, values_of
from county.desk.records import Origin, origin_of, record_in_sight
from county.desk.render import Choice, Crumb, Fact, choices, link, page
from county.desk.timeline import Event, phone_check_event, review_event
from county.desk.visitor import SEES_ALL, Desk, NotFound, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import label, local
from county.histories import histories_of
from county.reviews import Reviewer, Verdict, decide
from county.tables import RecordRow
from words import say

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything the page shows."""

    title: str
    lead: str
    crumbs: tuple[Crumb, ...]
    next_href: str
    superseded_href: str
    withdrawn: str
    values_note: str
    not_met: str
    values: tuple[Value, ...]
    verdicts: tuple[VerdictLine, ...]
    facts: tuple[Fact, ...]
    proof: tuple[Fact, ...]
    may_review: bool
    decide_href: str
    standing_decision: str
    seen: str
    reasons: tuple[Choice, ...]
    grade: str
    grade_reasons: tuple[str, ...]
    signals: tuple[SignalLine, ...]
    class_line: str
    findings: tuple[FindingLine, ...]
    history: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A follow-up with all that is needed to show it."""

    row: RecordRow
    follow_up: FollowUp
    history: History
    names: Mapping[str, str]
    origin: Origin


@router.get("/follow-ups/{follow_up_id}")
def follow_up(request: Request, visitor: SignedIn, follow_up_id: str) -> Response:
    """The follow-up, if in sight; that it was seen is written down."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        record_in_sight(session, desk, visitor, Kind.FOLLOW_UP, follow_up_id)
        note_act(
            session, desk.county_id, visitor.user_id, "view", Kind.FOLLOW_UP, follow_up_id,
            desk.clock(),
        )  # fmt: skip
    return _shown(request, visitor, follow_up_id, Verdict(decision=""))


@router.post("/follow-ups/{follow_up_id}/review")
def review(
    request: Request,
    visitor: Reviewing,
    follow_up_id: str,
    decision: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    then: Annotated[str, Form()] = "",
) -> Response:
    """Take the decision; what is wrong with it is said beside the form, nothing typed is lost.

    `seen` is the last review that the page showed.
    """
    desk = desk_of(request)
    verdict = Verdict(decision=decision, reason=reason, note=note)
    try:
        with desk.database.writing() as session:
            row = record_in_sight(session, desk, visitor, Kind.FOLLOW_UP, follow_up_id)
            decide(
                session, reviewer_for(desk, visitor), [follow_up_id], verdict, desk.clock(),
                {follow_up_id: seen},
            )  # fmt: skip
    except Refused as refused:
        return _shown(request, visitor, follow_up_id, verdict, refused)
    with desk.database.reading() as session:
        following = next_waiting(session, desk, visitor, row) if then == "next" else None
    shown = following or follow_up_id
    return RedirectResponse(link(f"follow-ups/{shown}", done=decision), status_code=303)


def reviewer_for(desk: Desk, visitor: Visitor) -> Reviewer:
    """The visitor as one who decides."""
    return Reviewer(
        county_id=desk.county_id,
        user_id=visitor.user_id,
        village_ids=visitor.village_ids,
        of_whole_county=visitor.role in SEES_ALL,
    )


def reason_choices(lang: str) -> tuple[Choice, ...]:
    """The reasons for a return, in words."""
    return choices([(code, label("return_reason", code, lang)) for code in ReturnReason])


def _shown(
    request: Request,
    visitor: Visitor,
    follow_up_id: str,
    form: Verdict,
    refused: Refused | None = None,
) -> Response:
    desk = desk_of(request)
    with desk.database.reading() as session:
        row = record_in_sight(session, desk, visitor, Kind.FOLLOW_UP, follow_up_id)
        view = present(session, desk, visitor, _case(session, desk, row))
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "follow_up.html",
        visitor,
        "review",
        refused=refused,
        waiting=waiting,
        view=view,
        form=form,
    )


def _case(session: Session, desk: Desk, row: RecordRow) -> Case:
    """The follow-up with its resident's history; one this version cannot read is not found."""
    resident_id = row.resident_id or ""
    history = histories_of(session, desk.county_id, [resident_id]).get(resident_id)
    found = next((f for f in history.follow_ups if f.id == row.id), None) if history else None
    if history is None or found is None:
        raise NotFound
    return Case(
        row=row,
        follow_up=found,
        history=history,
        names=doctor_names(session, desk.county_id),
        origin=origin_of(session, desk.county_id, row.id),
    )


def present(session: Session, desk: Desk, visitor: Visitor, case: Case) -> View:
    """The page's view."""
    lang, follow_up, history = visitor.language, case.follow_up, case.history
    appraisal = appraise(DoctorMonths(session, desk.county_id), history, follow_up, lang)
    resident, village = history.resident, visitor.village_name(case.row.village_id)
    last = history.settled.reviews.get(follow_up.id)
    stands = follow_up in history.settled.follow_ups
    newer = next((f.id for f in history.settled.follow_ups if f.amends == follow_up.id), "")
    withdrawal = next((w for w in history.withdrawals if w.voids == follow_up.id), None)
    mode = label("mode", follow_up.mode, lang)
    doctor = case.names.get(follow_up.author_id, "")
    return View(
        title=say(
            "desk.follow_up.title", lang, name=resident.name, day=follow_up.occurred_on, mode=mode
        ),
        lead=say("desk.follow_up.lead", lang, village=village, doctor=doctor),
        crumbs=_crumbs(visitor, case, village),
        next_href=_next_href(session, desk, visitor, case.row),
        superseded_href=link(f"follow-ups/{newer}") if newer and not stands else "",
        withdrawn=withdrawal.reason or "—" if withdrawal and not stands else "",
        values_note=_values_note(follow_up, lang),
        not_met=label("not_met", follow_up.not_met, lang) if follow_up.not_met else "",
        values=values_of(follow_up, lang),
        verdicts=appraisal.verdicts,
        facts=facts_of(follow_up, lang),
        proof=_proof(case, lang),
        may_review=visitor.may_review and stands,
        decide_href=link(f"follow-ups/{follow_up.id}/review"),
        standing_decision=_standing_decision(last, case.names, lang),
        seen=last.id if last else "",
        reasons=reason_choices(lang),
        grade=appraisal.grade,
        grade_reasons=appraisal.grade_reasons,
        signals=appraisal.signals,
        class_line=_class_line(appraisal, lang),
        findings=appraisal.findings,
        history=_events(case, lang),
    )


def _crumbs(visitor: Visitor, case: Case, village: str) -> tuple[Crumb, ...]:
    year, resident = case.follow_up.occurred_on.year, case.history.resident
    return (
        Crumb(text=visitor.office, href=link("overview", year=year)),
        Crumb(text=village, href=link("people", year=year, village=case.row.village_id)),
        Crumb(text=resident.name, href=link(f"people/{resident.id}", year=year)),
        Crumb(text=str(case.follow_up.occurred_on)),
    )


def _next_href(session: Session, desk: Desk, visitor: Visitor, row: RecordRow) -> str:
    found = next_waiting(session, desk, visitor, row) if visitor.may_review else None
    return link(f"follow-ups/{found}") if found else ""


def _values_note(follow_up: FollowUp, lang: str) -> str:
    if follow_up.not_met:
        return ""
    how = "measured" if follow_up.mode in FACE_TO_FACE_MODES else "reported"
    return say(f"desk.follow_up.values_{how}", lang)


def _class_line(appraisal: Appraisal, lang: str) -> str:
    name = appraisal.suggested_class
    said = say("desk.follow_up.class_line", lang, name=name) if name else ""
    return " · ".join(part for part in (said, appraisal.class_reason) if part)


def _standing_decision(last: Review | None, names: Mapping[str, str], lang: str) -> str:
    if last is None:
        return say("desk.review.not_reviewed", lang)
    return say(
        "desk.review.stands", lang, decision=label("desk.decision", last.decision, lang),
        reviewer=names.get(last.author_id, ""), at=local(last.recorded_at),
    )  # fmt: skip


def _events(case: Case, lang: str) -> tuple[Event, ...]:
    """Reviews, telephone checks and amendments of this follow-up, latest first."""
    own, history, names = case.follow_up, case.history, case.names
    earlier = [f for f in history.follow_ups if f.id == own.amends]
    later = [f for f in history.follow_ups if f.amends == own.id]
    events = [
        *(review_event(r, names, lang) for r in history.reviews if r.follow_up_id == own.id),
        *(phone_check_event(c, names, lang) for c in history.phone_checks
          if c.follow_up_id == own.id),
        *(_amendment(f, "amends", lang) for f in earlier),
        *(_amendment(f, "amended", lang) for f in later),
    ]  # fmt: skip
    return tuple(sorted(events, key=lambda event: event.on, reverse=True))


def _amendment(other: FollowUp, key: str, lang: str) -> Event:
    return Event(
        on=other.occurred_on,
        text=say(f"desk.follow_up.{key}", lang),
        href=link(f"follow-ups/{other.id}"),
    )


def _proof(case: Case, lang: str) -> tuple[Fact, ...]:
    follow_up, row, origin = case.follow_up, case.row, case.origin
    times = {
        "occurred_on": str(follow_up.occurred_on),
        "started": local(follow_up.started_at),
        "recorded": local(follow_up.recorded_at),
        "received": local(row.received_at),
        "delay": _delay(follow_up, lang),
        "chain": say(f"desk.chain.{origin.chain}", lang),
    }
    sent = _sent(origin, lang)
    return (
        *(Fact(name=say(f"desk.fact.{key}", lang), value=value) for key, value in times.items()),
        *(Fact(name=say(f"desk.fact.{key}", lang), value=value) for key, value in sent.items()),
        Fact(name=say("desk.fact.hash", lang), value=row.hash, code=True),
        Fact(name=say("desk.fact.record_id", lang), value=row.id, code=True),
        Fact(name=say("desk.fact.policy", lang), value=follow_up.policy_version or "—"),
    )


def _sent(origin: Origin, lang: str) -> dict[str, str]:
    operation, device = origin.operation, origin.device
    if operation is None:
        return {}
    return {
        "tablet": device.name if device else operation.device_id,
        "sequence": str(operation.device_seq),
        "signature": say("desk.signature.verified", lang),
        "receipt": f"{operation.op_id} · {local(operation.received_at)}",
    }


def _delay(follow_up: FollowUp, lang: str) -> str:
    days = (local_date(follow_up.recorded_at) - follow_up.occurred_on).days
    return say("desk.days", lang, count=days)

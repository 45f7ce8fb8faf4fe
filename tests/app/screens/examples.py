"""What services answer, as examples for the screens: valid ones, with what matters by name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from app.services.drafts import FollowUpDraft
from app.services.followups import Appraisal, FormView, LastReading, Saved
from app.services.today import DueGroup, DueRow, MonthCount, SyncBadge, TodayView
from app.services.views import DotView, PersonRow, Why
from core.findings import Finding, Reason, Severity
from core.followups import Medicine
from core.triage import Triage
from core.vocabulary import GroupTag, ReadingKind
from tests.builders import TODAY, a_follow_up, a_household, a_resident, blood_pressure

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def dots(*states: str) -> tuple[DotView, ...]:
    return tuple(
        DotView(
            number=number,
            state=state,
            window_from=date(2026, number, 1),
            window_to=date(2026, number, 28),
        )
        for number, state in enumerate(states, start=1)
    )


def a_due_row(resident_id: str = "r1", household_id: str = "h1", **fields: Any) -> DueRow:
    return DueRow(
        **{
            "resident_id": resident_id,
            "household_id": household_id,
            "name": "王建国",
            "birth_date": date(1955, 4, 2),
            "age": 71,
            "sex": "male",
            "village_id": "village-1",
            "village": "石门村",
            "group_no": "3组",
            "house_no": "15",
            "head_name": "王建国",
            "tags": ("htn", "general"),
            "urgency": "this_week",
            "kind": "slot_closing",
            "why": Why(code="told.next_on", values={"day": TODAY}),
            "also": (),
            "due_by": TODAY,
            "cost": None,
            "dots": dots("met", "missed", "open"),
            "has_draft": False,
            **fields,
        }
    )


def a_badge(**fields: Any) -> SyncBadge:
    return SyncBadge(
        **{
            "state": "level",
            "unsent": 0,
            "oldest_unsent_at": None,
            "last_synced_at": None,
            "refused": 0,
            "returned": 0,
            **fields,
        }
    )


def a_today(*groups: DueGroup, **fields: Any) -> TodayView:
    return TodayView(
        **{
            "today": TODAY,
            "groups": groups,
            "month": MonthCount(done=12, owed=48),
            "sync": a_badge(),
            "villages": (),
            "residents": 900,
            "returned": 0,
            **fields,
        }
    )


def a_person_row(**fields: Any) -> PersonRow:
    return PersonRow(
        **{
            "resident_id": "r1",
            "household_id": "h1",
            "name": "王建国",
            "age": 71,
            "sex": "male",
            "village": "石门村",
            "household_number": "SM0001",
            "group_no": "3组",
            "house_no": "15",
            "head_name": "王建国",
            "relation_to_head": "户主",
            "phone": "",
            "id_tail": "021X",
            "tags": ("htn",),
            "left": None,
            **fields,
        }
    )


def a_draft(**fields: Any) -> FollowUpDraft:
    return FollowUpDraft(
        **{
            "id": "draft-1",
            "resident_id": "r1",
            "started_at": NOW,
            "occurred_on": TODAY,
            "medicines": (Medicine(name="硝苯地平缓释片", times_a_day=2, dose="20mg"),),
            **fields,
        }
    )


def a_form(**fields: Any) -> FormView:
    resident = a_resident(GroupTag.HTN)
    return FormView(
        **{
            "draft": a_draft(),
            "resumed": False,
            "resident": resident,
            "age": 71,
            "household": a_household(),
            "village": "石门村",
            "conditions": ("htn",),
            "asks": (ReadingKind.BLOOD_PRESSURE, ReadingKind.HEART_RATE, ReadingKind.GLUCOSE),
            "last": (LastReading(reading=blood_pressure(152, 94), on=date(2026, 10, 20)),),
            "last_on": date(2026, 10, 20),
            "last_targets": None,
            "slot": None,
            "returned": None,
            **fields,
        }
    )


def an_emergency() -> Finding:
    return Finding(
        rule_id="E-BP-SYSTOLIC",
        severity=Severity.EMERGENCY,
        code="systolic_emergency",
        source="bphs2017_htn",
        values={"systolic": 186, "limit": 180},
    )


def an_appraisal(*findings: Finding, **fields: Any) -> Appraisal:
    return Appraisal(triage=a_triage(*findings, **fields), refusals=())


def a_saved(**fields: Any) -> Saved:
    return Saved(
        **{
            "follow_up": a_follow_up("r1"),
            "name": "王建国",
            "slot_filled": None,
            "triage": a_triage(),
            "referral_needed": False,
            "urgent": False,
            "told": (Why(code="told.class_1"),),
            "next_member": None,
            **fields,
        }
    )


def a_triage(*findings: Finding, **fields: Any) -> Triage:
    return Triage(
        **{
            "findings": findings,
            "suggested_class": 1,
            "class_reason": Reason(code="class.controlled"),
            "next_on": date(2026, 12, 22),
            "assessment": (),
            "clinical": (),
            **fields,
        }
    )

"""What is due, in which order, and the clinical duties beside the slots."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.duties import DutyKind, duties_of, outstanding
from core.followups import FollowUp, SmiAssessment
from core.history import History
from core.obligations import account_of
from core.people import TagSpan
from core.policy import default_policy
from core.worklist import DueItem, DueKind, Urgency, due_items
from tests.builders import (
    a_contract,
    a_follow_up,
    a_referral,
    a_referral_outcome,
    a_resident,
    blood_pressure,
    glucose,
)

POLICY = default_policy()
TODAY = date(2026, 6, 20)


def visit(days_ago: int, *readings: Any, **fields: Any) -> FollowUp:
    return a_follow_up("r", occurred_on=TODAY - timedelta(days_ago), readings=readings, **fields)


def history(*follow_ups: FollowUp, tags: str = "htn", **records: Any) -> History:
    born = records.pop("born", date(1980, 1, 1))
    left_on = records.pop("left_on", None)
    person = a_resident(
        id="r",
        household_id="h",
        birth_date=born,
        tags=tuple(TagSpan(tag=tag, from_on=date(2026, 6, 1)) for tag in tags.split()),
        left="died" if left_on else None,
        left_on=left_on,
    )
    given = {"contracts": (a_contract("r"),), **records}
    return History(resident=person, follow_ups=follow_ups, **given)


def due(held: History, today: date = TODAY) -> tuple[DueItem, ...]:
    return due_items(POLICY, account_of(POLICY, held, today), held, today)


def kinds(held: History, today: date = TODAY) -> list[str]:
    return [item.kind for item in due(held, today)]


HIGH, VERY_HIGH, FINE = blood_pressure(150, 95), blood_pressure(190, 95), blood_pressure(130, 80)

REPORTED = blood_pressure(130, 80, source="reported")


def duty_kinds(held: History) -> list[tuple[str, str]]:
    return [(duty.kind, duty.thing) for duty in outstanding(POLICY, held, TODAY)]


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        ((HIGH,), (), [("revisit_14d", "blood_pressure")]),
        ((VERY_HIGH,), (), [("emergency_trace", "blood_pressure")]),
        ((FINE,), (), []),
        ((HIGH,), (FINE,), []),
        ((HIGH,), (glucose(5.0),), [("revisit_14d", "blood_pressure")]),
        ((HIGH,), (REPORTED,), [("revisit_14d", "blood_pressure")]),
        ((glucose(18.0),), (FINE,), [("emergency_trace", "glucose")]),
        ((glucose(18.0),), (glucose(9.0, "random"),), []),
    ],
)  # fmt: skip
def test_a_duty_is_answered_by_measuring_the_thing(
    first: tuple[Any, ...], then: tuple[Any, ...], expected: list[tuple[str, str]]
) -> None:
    follow_ups = [visit(10, *first)]
    if then:
        follow_ups.append(visit(5, *then))
    assert duty_kinds(history(*follow_ups)) == expected


def test_fasting_glucose_has_to_be_measured_fasting_again() -> None:
    first = visit(10, glucose(8.0))
    after_meal = visit(5, glucose(9.0, "random"))
    assert duty_kinds(history(first, after_meal, tags="t2dm")) == [
        ("revisit_14d", "fasting_glucose")
    ]
    assert duty_kinds(history(first, visit(5, glucose(6.0)), tags="t2dm")) == []


def test_an_adverse_reaction_is_answered_by_any_contact() -> None:
    first = visit(10, FINE, adverse_reaction=True)
    assert duty_kinds(history(first)) == [("revisit_14d", "contact")]
    assert duty_kinds(history(first, visit(3, mode="phone"))) == []
    assert duty_kinds(history(first, visit(3, not_met="not_at_home"))) == [
        ("revisit_14d", "contact")
    ]


def test_the_second_uncontrolled_in_a_row_is_a_referral_to_trace() -> None:
    held = history(visit(15, HIGH), visit(5, HIGH))
    assert duty_kinds(held) == [("referral_trace", "blood_pressure")]


def test_a_late_record_between_two_takes_the_referral_back() -> None:
    held = history(visit(15, HIGH), visit(5, HIGH), visit(10, FINE))
    assert duty_kinds(held) == [("revisit_14d", "blood_pressure")]


def test_a_visit_on_the_same_day_does_not_answer() -> None:
    held = history(visit(5, HIGH, id="a"), visit(5, FINE, id="b"))
    assert duty_kinds(held) == [("revisit_14d", "blood_pressure")]


def test_a_referral_takes_over_the_trace_of_its_follow_up() -> None:
    first = visit(5, VERY_HIGH)
    referral = a_referral(
        "r", id="t", follow_up_id=first.id, occurred_on=first.occurred_on, urgent=True,
        trace_by=first.occurred_on + timedelta(14),
    )  # fmt: skip
    held = history(first, referrals=(referral,))
    assert duty_kinds(held) == [("referral_trace", "referral")]
    assert due(held)[0].urgency == Urgency.EMERGENCY
    outcome = a_referral_outcome("t", occurred_on=TODAY)
    traced = history(first, referrals=(referral,), referral_outcomes=(outcome,))
    assert duty_kinds(traced) == []
    (duty,) = duties_of(POLICY, traced, TODAY)
    assert (duty.done_on, duty.referral_id) == (TODAY, "t")


def test_an_outcome_after_today_has_not_come_yet() -> None:
    referral = a_referral("r", id="t", occurred_on=TODAY, trace_by=TODAY)
    outcome = a_referral_outcome("t", occurred_on=TODAY + timedelta(1))
    held = history(referrals=(referral,), referral_outcomes=(outcome,))
    assert duty_kinds(held) == [("referral_trace", "referral")]


def test_tuberculosis_asks_for_a_home_visit_within_seventy_two_hours() -> None:
    held = history(tags="tb")
    (duty,) = outstanding(POLICY, held, TODAY)
    assert (duty.kind, duty.due_by) == (DutyKind.TB_FIRST_VISIT, date(2026, 6, 4))
    assert duty_kinds(history(visit(19, mode="clinic"), tags="tb")) == [
        ("tb_first_visit", "home_visit")
    ]
    assert duty_kinds(history(visit(19, mode="home"), tags="tb")) == []


def test_an_unstable_mental_disorder_is_answered_by_the_next_assessment() -> None:
    first = visit(10, smi=SmiAssessment(risk_level=3))
    assert duty_kinds(history(first, tags="smi")) == [("referral_trace", "smi")]
    calm = SmiAssessment(risk_level=0, insight="whole", symptoms="gone", social_function="good")
    assert duty_kinds(history(first, visit(3, smi=calm), tags="smi")) == []


def test_a_duty_is_due_in_fourteen_days_and_then_overdue() -> None:
    held = history(visit(10, HIGH))
    (duty,) = outstanding(POLICY, held, TODAY)
    assert duty.due_by == TODAY + timedelta(4)
    item = due(held)[0]
    assert (item.why.code, item.why.values["days"]) == ("due.revisit_14d", 4)
    late = due(held, TODAY + timedelta(5))[0]
    assert (late.why.code, late.why.values["days"]) == ("due.revisit_14d.overdue", 1)
    assert due(held, TODAY + timedelta(4))[0].why.code == "due.revisit_14d"


@pytest.mark.parametrize(
    ("today", "urgency", "kind"),
    [
        (date(2026, 6, 22), Urgency.THIS_MONTH, DueKind.SLOT_CLOSING),
        (date(2026, 6, 23), Urgency.THIS_WEEK, DueKind.SLOT_CLOSING),
        (date(2026, 6, 30), Urgency.THIS_WEEK, DueKind.SLOT_CLOSING),
    ],
)
def test_a_monthly_slot_grows_urgent_in_its_last_week(
    today: date, urgency: Urgency, kind: DueKind
) -> None:
    (item,) = [i for i in due(history(tags="disabled"), today) if i.programme == "contract"]
    assert (item.urgency, item.kind, item.due_by) == (urgency, kind, date(2026, 6, 30))


def test_a_quarterly_slot_can_wait() -> None:
    (item,) = due(history(tags=""), date(2026, 5, 20))
    assert (item.urgency, item.kind, item.slot_number) == (Urgency.LATER, DueKind.SLOT_OPEN, 2)


def test_an_emergency_comes_first_and_a_revisit_before_every_slot() -> None:
    held = history(visit(3, VERY_HIGH), visit(10, FINE, adverse_reaction=True))
    found = due(held, date(2026, 6, 28))
    assert found[0].urgency == Urgency.EMERGENCY
    assert [item.urgency for item in found] == sorted(
        (item.urgency for item in found), key=list(Urgency).index
    )


def test_a_filled_slot_is_not_due() -> None:
    held = history(visit(3, FINE), tags="disabled")
    assert DueKind.SLOT_CLOSING not in kinds(held)


def test_the_end_of_the_last_contract_is_told_in_its_last_month() -> None:
    assert DueKind.RENEWAL not in kinds(history(tags=""), date(2026, 11, 30))
    assert DueKind.RENEWAL in kinds(history(tags=""), date(2026, 12, 1))
    renewed = a_contract("r", id="z", start_on=date(2027, 1, 1), end_on=date(2027, 12, 31))
    held = history(tags="", contracts=(a_contract("r"), renewed))
    assert DueKind.RENEWAL not in kinds(held, date(2026, 12, 20))


def test_the_end_of_a_contract_hides_no_visit_of_its_last_month() -> None:
    found = due(history(tags="disabled"), date(2026, 12, 1))
    assert [item.kind for item in found] == [DueKind.SLOT_CLOSING, DueKind.RENEWAL]
    assert {item.due_by for item in found} == {date(2026, 12, 31)}


def test_nothing_is_due_for_the_dead() -> None:
    held = history(visit(10, HIGH), left_on=TODAY - timedelta(1))
    assert due(held) == ()
    assert outstanding(POLICY, held, TODAY) == ()

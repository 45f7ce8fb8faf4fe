"""Every row of states.csv: the state of one slot after what happened in its window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from core.contracts import Exemption, ExemptionDecision
from core.followups import FollowUp, SmiAssessment, Withdrawal
from core.history import History
from core.obligations import Slot, account_of
from core.people import TagSpan
from core.policy import Policy, default_policy
from core.reviews import Review
from tests.builders import (
    a_contract,
    a_follow_up,
    a_resident,
    a_review,
    a_withdrawal,
    blood_pressure,
    glucose,
    noon,
)
from tests.core.tables import Row, case_of, rows

CASES = rows("states.csv")
DECISIONS = ("accepted", "returned", "questioned")
PARTS: dict[str, dict[str, Any]] = {
    "bp": {"readings": (blood_pressure(130, 80),)},
    "rbp": {"readings": (blood_pressure(130, 80, source="reported"),)},
    "fbg": {"readings": (glucose(6.0),)},
    "pp": {"readings": (glucose(6.0, "postprandial_2h"),)},
    "smi": {"smi": SmiAssessment(risk_level=0)},
    "exam": {"yearly_exam": True},
    "not_met": {"not_met": "not_at_home"},
}


def visit_of(told: str) -> tuple[FollowUp, list[Review], list[Withdrawal]]:
    """Written as "id day mode", then what it held, its reviews, +days, amends=id, void."""
    visit_id, on, mode, *parts = told.split()
    day = date.fromisoformat(on)
    fields: dict[str, Any] = {"readings": ()}
    reviews: list[Review] = []
    withdrawals: list[Withdrawal] = []
    for part in parts:
        if part in PARTS:
            fields |= PARTS[part]
        elif part.startswith("+"):
            fields["recorded_at"] = noon(day + timedelta(int(part[1:])))
        elif part.startswith("amends="):
            fields["amends"] = part.removeprefix("amends=")
        elif part == "void":
            withdrawals.append(a_withdrawal(visit_id))
        else:
            reviews += reviews_of(visit_id, part.split("+"))
    return a_follow_up("r", id=visit_id, occurred_on=day, mode=mode, **fields), reviews, withdrawals


def reviews_of(visit_id: str, decisions: list[str]) -> list[Review]:
    assert set(decisions) <= set(DECISIONS)
    return [
        a_review(visit_id, decision, recorded_at=noon(date(2026, 4, 1) + timedelta(number)))
        for number, decision in enumerate(decisions)
    ]


def exemptions_of(row: Row) -> Iterator[tuple[Exemption, list[ExemptionDecision]]]:
    for number, told in enumerate(filter(None, row["exemptions"].split(";"))):
        span, _, answers = told.partition(" ")
        first, _, last = span.partition("..")
        exemption = Exemption(
            id=f"e{number}",
            scope_id="s",
            resident_id="r",
            author_id="d",
            from_on=date.fromisoformat(first),
            to_on=date.fromisoformat(last),
            reason="in_hospital",
            recorded_at=noon(date.fromisoformat(first)),
        )
        decisions = [
            ExemptionDecision(
                id=f"e{number}d{place}",
                scope_id="s",
                exemption_id=exemption.id,
                author_id="t",
                approved=answer == "yes",
                recorded_at=noon(date(2026, 4, 1) + timedelta(place)),
            )
            for place, answer in enumerate(filter(None, answers.split("+")))
        ]
        yield exemption, decisions


def history_of(row: Row) -> History:
    told = [visit_of(visit) for visit in filter(None, row["visits"].split(";"))]
    exempted = list(exemptions_of(row))
    return History(
        resident=a_resident(
            id="r",
            birth_date=date(1980, 5, 10),
            tags=(
                *(TagSpan(tag=tag) for tag in ("htn", "t2dm", "smi")),
                TagSpan(tag="tb", from_on=date(2026, 2, 1)),
            ),
            left="died" if row["left"] else None,
            left_on=date.fromisoformat(row["left"]) if row["left"] else None,
        ),
        contracts=(a_contract("r", start_on=date(2025, 1, 1), end_on=date(2026, 12, 31)),),
        follow_ups=tuple(visit for visit, _, _ in told),
        reviews=tuple(review for _, reviews, _ in told for review in reviews),
        withdrawals=tuple(w for _, _, withdrawals in told for w in withdrawals),
        exemptions=tuple(exemption for exemption, _ in exempted),
        exemption_decisions=tuple(d for _, decisions in exempted for d in decisions),
    )


def policy_of(row: Row) -> Policy:
    policy = default_policy()
    rules = {
        "late_entry_days": int(row["late_days"]),
        "late_entry_needs_approval": row["late_approval"] == "yes",
        "min_gap_days": int(row["min_gap"]),
    }
    return policy.model_copy(update={"contract": policy.contract.model_copy(update=rules)})


def slot_of(row: Row) -> Slot:
    today = date.fromisoformat(row["today"])
    account = account_of(policy_of(row), history_of(row), today, 2026)
    (slot,) = [s for s in account.of(row["programme"]) if s.number == int(row["number"])]
    return slot


@pytest.mark.parametrize("row", CASES, ids=case_of)
def test_a_slot_is_in_the_state_the_table_says(row: Row) -> None:
    slot = slot_of(row)
    assert (slot.state, slot.filled_by or "") == (row["expected"], row["filled_by"])
    told = ";".join(f"{c.follow_up_id} {c.why_not}" for c in slot.candidates)
    assert told == row["why_not"]
    assert slot.reason.code == f"slot.{slot.state}"


def test_the_table_reaches_every_state() -> None:
    assert len({row["expected"] for row in CASES}) == 9

"""The engine and the brute-force oracle agree on random cases, slot by slot."""

from __future__ import annotations

import pytest

from core.obligations import account_of
from core.slots import Slot
from tests.core import oracle
from tests.core.random_cases import RandomCase, random_case

QUICK, WHOLE = 400, 10_000


def seen(slot: Slot) -> tuple[object, ...]:
    return (
        slot.programme,
        slot.number,
        slot.window_from,
        slot.window_to,
        sum(span.days for span in slot.window),
        slot.tier,
        slot.state,
        slot.filled_by,
        frozenset((c.follow_up_id, str(c.why_not)) for c in slot.candidates),
    )


def disagreement(case: RandomCase) -> tuple[object, ...] | None:
    account = account_of(case.policy, case.history, case.today, case.year)
    ours = {seen(slot) for slot in account.slots}
    # A minimum gap reaches back to the first follow-up, in 2024.
    back = case.year - 2023 if case.policy.contract.min_gap_days else 0
    theirs = set(oracle.account(case.policy, case.history, case.today, case.year, back))
    return None if ours == theirs else (ours - theirs, theirs - ours)


def test_engine_and_oracle_agree_on_some_hundred_cases() -> None:
    for seed in range(QUICK):
        assert disagreement(random_case(seed)) is None, f"seed {seed}"


@pytest.mark.soak
def test_engine_and_oracle_agree_on_ten_thousand_cases() -> None:
    for seed in range(QUICK, QUICK + WHOLE):
        assert disagreement(random_case(seed)) is None, f"seed {seed}"

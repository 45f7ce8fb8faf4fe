"""Which follow-ups have a say in the account of a year: where none is said, none is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.history import History
from core.obligations import account_of, bears_on
from core.people import TagSpan
from core.policy import PolicyBook, default_policy
from tests.builders import a_contract, a_follow_up, a_resident
from tests.core.random_cases import RandomCase, moment, random_case, random_follow_up

POLICY = default_policy()
BY_CONTRACT = POLICY.model_copy(
    update={"contract": POLICY.contract.model_copy(update={"year_basis": "contract"})}
)
NEW_YEAR = date(2026, 1, 1)

seeds = st.integers(min_value=0, max_value=10**9)
cases = seeds.map(random_case)
days = st.dates(date(2024, 6, 1), date(2027, 6, 30))


def rules_of(case: RandomCase, seed: int) -> PolicyBook:
    """The case's policy, and another one that follows it on some day."""
    rng = Random(seed)
    begins = date(2024, 12, 1) + timedelta(rng.randint(0, 800))
    later = random_case(seed).policy.model_copy(
        update={"version": "later", "effective_from": begins}
    )
    return PolicyBook([case.policy, later])


@given(cases, seeds, st.sampled_from((2024, 2025, 2026)))
def test_an_account_is_the_same_without_the_follow_ups_that_do_not_bear_on_its_year(
    case: RandomCase, seed: int, year: int
) -> None:
    rules, history = rules_of(case, seed), case.history
    bearing = tuple(f for f in history.follow_ups if bears_on(rules, history, f, year))
    told = account_of(rules, history, case.today, year)
    assert account_of(rules, replace(history, follow_ups=bearing), case.today, year) == told


@given(cases, seeds, days, st.integers(-40, 400), st.sampled_from((2024, 2025, 2026)))
def test_a_new_follow_up_that_does_not_bear_on_a_year_leaves_its_account(
    case: RandomCase, seed: int, day: date, recorded_after: int, year: int
) -> None:
    rules, before = rules_of(case, seed), case.history
    rng = Random(seed)
    known = [f.id for f in before.follow_ups]
    amended = rng.choice(known) if known and rng.random() < 0.3 else None
    # In every other case its correction came before it.
    visit = replace(
        random_follow_up(rng, 99, day, amended),
        recorded_at=moment(day, recorded_after),
        yearly_exam=rng.random() < 0.5,
    )
    if rng.random() < 0.5 and before.follow_ups:
        first, *others = before.follow_ups
        before = replace(before, follow_ups=(replace(first, amends=visit.id), *others))
    after = replace(before, follow_ups=(*before.follow_ups, visit))
    if not bears_on(rules, after, visit, year):
        told = account_of(rules, before, case.today, year)
        assert account_of(rules, after, case.today, year) == told


def a_history(*tags: str, **records: object) -> History:
    spans = tuple(TagSpan(tag=tag, from_on=date(2025, 9, 1)) for tag in tags)
    return History(resident=a_resident(tags=spans), **records)  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize("gap", [0, 20])
@pytest.mark.parametrize("tags", [(), ("htn", "t2dm"), ("smi", "disabled")])
def test_a_visit_of_the_next_year_does_not_bear_on_a_calendar_year(
    tags: tuple[str, ...], gap: int
) -> None:
    contract = POLICY.contract.model_copy(update={"min_gap_days": gap})
    rules = POLICY.model_copy(update={"contract": contract})
    visit = a_follow_up("r", occurred_on=NEW_YEAR)
    history = a_history(*tags, follow_ups=(visit,))
    assert not bears_on(rules, history, visit, 2025)
    assert bears_on(rules, history, visit, 2026)


def test_a_visit_of_the_year_bears_on_it_however_late_it_is_recorded() -> None:
    late = a_follow_up("r", occurred_on=date(2025, 12, 31), recorded_at=moment(NEW_YEAR, 300))
    assert bears_on(POLICY, a_history(follow_ups=(late,)), late, 2025)


def test_on_contract_basis_a_visit_of_the_next_year_fills_a_slot_of_this_one() -> None:
    visit = a_follow_up("r", occurred_on=date(2026, 5, 4))
    history = a_history(
        contracts=(a_contract("r", start_on=date(2025, 7, 1), end_on=date(2026, 6, 30)),),
        follow_ups=(visit,),
    )
    assert bears_on(BY_CONTRACT, history, visit, 2025)
    assert not bears_on(BY_CONTRACT, history, visit, 2024)
    filled = [s.filled_by for s in account_of(BY_CONTRACT, history, date(2026, 8, 1), 2025).slots]
    assert visit.id in filled


def test_a_window_of_tuberculosis_reaches_into_the_next_year() -> None:
    visit = a_follow_up("r", occurred_on=date(2026, 1, 4))
    history = a_history("tb", follow_ups=(visit,))
    assert bears_on(POLICY, history, visit, 2025)
    filled = [s.filled_by for s in account_of(POLICY, history, date(2026, 8, 1), 2025).of("tb")]
    assert visit.id in filled


def test_a_correction_moves_a_visit_out_of_the_year_whichever_of_the_two_is_asked_of() -> None:
    wrong = a_follow_up(
        "r", id="a", occurred_on=date(2025, 12, 31), recorded_at=moment(NEW_YEAR, 0)
    )
    right = a_follow_up(
        "r", id="b", occurred_on=NEW_YEAR, recorded_at=moment(NEW_YEAR, 1), amends="a"
    )
    both = a_history(follow_ups=(wrong, right))
    assert bears_on(POLICY, both, right, 2025)
    # A tablet whose clock was set back: what was amended is the later record, and stands.
    wrong, right = replace(wrong, amends="b"), replace(right, amends=None)
    assert bears_on(POLICY, a_history(follow_ups=(wrong, right)), right, 2025)

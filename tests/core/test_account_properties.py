"""What holds of every account, whatever the history: Hypothesis looks for one where it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

import words
from core.accounts import Account, between, joined
from core.duties import duties_of, outstanding
from core.figures import COUNTS, Figures, figures_of, merged
from core.followups import FollowUp
from core.history import History, standing
from core.obligations import account_of
from core.slots import FILLED_STATES, Programme, SlotState
from core.worklist import due_items, ranked
from tests.builders import a_follow_up, a_withdrawal
from tests.core.random_cases import RandomCase, random_case

cases = st.integers(min_value=0, max_value=10**9).map(random_case)
days = st.dates(date(2025, 1, 1), date(2026, 12, 31))


def account(case: RandomCase, **records: object) -> Account:
    history = replace(case.history, **records) if records else case.history  # type: ignore[arg-type] # fields by name
    return account_of(case.policy, history, case.today, case.year)


def a_visit(case: RandomCase, day: date) -> FollowUp:
    return a_follow_up("r", id="new", occurred_on=day, mode=case.policy.contract.countable_modes[0])


@given(cases, days)
def test_a_further_follow_up_never_unfills_a_slot_without_a_minimum_gap(
    case: RandomCase, day: date
) -> None:
    contract = case.policy.contract.model_copy(update={"min_gap_days": 0})
    case = replace(case, policy=case.policy.model_copy(update={"contract": contract}))
    before = account(case)
    after = account(case, follow_ups=(*case.history.follow_ups, a_visit(case, day)))
    for slot, then in zip(before.slots, after.slots, strict=True):
        assert then.filled or not slot.filled
        assert then.state != SlotState.MISSED or slot.state == SlotState.MISSED


@given(cases, days)
def test_a_further_follow_up_changes_nothing_before_it(case: RandomCase, day: date) -> None:
    before = account(case)
    after = account(case, follow_ups=(*case.history.follow_ups, a_visit(case, day)))
    for slot, then in zip(before.slots, after.slots, strict=True):
        if slot.window_to < day:
            assert then == slot


@given(cases, days)
def test_withdrawing_a_follow_up_restores_the_account_exactly(case: RandomCase, day: date) -> None:
    visit = a_visit(case, day)
    restored = account(
        case,
        follow_ups=(*case.history.follow_ups, visit),
        withdrawals=(*case.history.withdrawals, a_withdrawal(visit.id, id="w-new")),
    )
    assert restored == account(case)


@given(cases, st.integers())
def test_the_order_of_the_records_is_irrelevant(case: RandomCase, seed: int) -> None:
    rng = Random(seed)
    shuffled = {
        name: tuple(rng.sample(held, len(held)))
        for name, held in vars(case.history).items()
        if isinstance(held, tuple)
    }
    history = History(resident=case.history.resident, **shuffled)
    assert account_of(case.policy, history, case.today, case.year) == account(case)
    assert outstanding(case.policy, history, case.today) == outstanding(
        case.policy, case.history, case.today
    )


@given(cases)
def test_no_more_is_filled_than_owed_and_one_follow_up_fills_one_slot(case: RandomCase) -> None:
    found = account(case)
    for programme in Programme:
        figures = figures_of(found, programme)
        assert 0 <= figures.filled <= figures.owed
        assert figures.filled <= figures.due <= figures.owed
        fillers = [slot.filled_by for slot in found.of(programme) if slot.filled_by]
        assert len(fillers) == len(set(fillers))


@given(cases)
def test_every_slot_has_a_state_with_a_reason_a_rule_and_a_cost(case: RandomCase) -> None:
    for slot in account(case).slots:
        assert slot.reason.code == f"slot.{slot.state}"
        for reason in (slot.reason, slot.tier_reason, slot.cost):
            assert words.say(reason.code, **reason.values)
        assert slot.rule_id
        assert words.say(f"source.{slot.source}")
        assert (slot.filled_by is not None) == (slot.state in FILLED_STATES)
        assert all(words.say(f"candidate.{c.why_not}") for c in slot.candidates)


@given(cases, days)
def test_the_account_of_two_periods_merges_to_that_of_both(case: RandomCase, day: date) -> None:
    whole = account(case)
    first = between(whole, date(2023, 1, 1), day)
    second = between(whole, day + timedelta(1), date(2028, 12, 31))
    assert joined(first, second).slots == whole.slots
    assert joined(first, second).figures == whole.figures
    for count in ("owed", "due", "filled", "missed", "excused", "void", "open", "face_to_face"):
        halves = getattr(first.figures, count) + getattr(second.figures, count)
        assert halves == getattr(whole.figures, count)


@given(cases)
def test_the_contract_alone_is_the_account_without_the_slots_of_other_programmes(
    case: RandomCase,
) -> None:
    whole = account(case)
    alone = account_of(case.policy, case.history, case.today, case.year, contract_only=True)
    assert alone == replace(whole, slots=whole.of(Programme.CONTRACT))


@given(st.lists(cases, max_size=6), st.integers(0, 6))
def test_figures_add_up_however_people_are_grouped(found: list[RandomCase], cut: int) -> None:
    each = [account(case).figures for case in found]
    together = merged(each)
    assert merged([merged(each[:cut]), merged(each[cut:])]) == together
    for name in COUNTS:
        assert getattr(together, name) == sum(getattr(figures, name) for figures in each)


def test_figures_of_nobody_have_no_shares() -> None:
    nobody = merged([])
    assert nobody == Figures()
    assert (nobody.completion, nobody.on_time_share, nobody.items_rate) == (None, None, None)


@given(cases)
def test_the_quick_way_to_the_outstanding_duties_finds_the_same_as_the_whole_one(
    case: RandomCase,
) -> None:
    whole = [d for d in duties_of(case.policy, case.history, case.today) if d.done_on is None]
    quick = outstanding(case.policy, case.history, case.today)
    if case.history.presence.has(case.today):
        assert list(quick) == whole
    else:
        assert quick == ()


@given(cases, st.integers())
def test_due_items_keep_their_order_and_can_be_worded(case: RandomCase, seed: int) -> None:
    # Open slots are those of the year today lies in.
    found = account_of(case.policy, case.history, case.today)
    items = due_items(case.policy, found, case.history, case.today)
    assert ranked(Random(seed).sample(items, len(items))) == items
    for item in items:
        assert words.say(item.why.code, **item.why.values)
        assert words.say(item.cost.code, **item.cost.values)


@given(cases)
def test_of_each_chain_of_amendments_one_version_stands(case: RandomCase) -> None:
    stands = standing(case.history)
    assert len({follow_up.id for follow_up in stands}) == len(stands)
    assert list(stands) == sorted(stands, key=lambda f: (f.occurred_on, f.id))
    assert {follow_up.id for follow_up in stands}.isdisjoint(case.history.settled.voided)

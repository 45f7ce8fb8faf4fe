"""Wrong codes are counted by address, in a room that has its bounds."""

from __future__ import annotations

import pytest

from core.refusals import Refused
from county.tries import MOST_ADDRESSES, MOST_TRIES, WINDOW_S, TryLimit


def is_free(tries: TryLimit, address: str, now_s: float) -> bool:
    try:
        tries.check(address, now_s)
    except Refused:
        return False
    return True


@pytest.fixture
def tries() -> TryLimit:
    """One address has used up its tries at second 0."""
    made = TryLimit()
    for _ in range(MOST_TRIES):
        assert is_free(made, "guesser", 0.0)
        made.count("guesser", 0.0)
    return made


def test_an_address_that_has_used_up_its_tries_waits_and_then_may_try_again(
    tries: TryLimit,
) -> None:
    assert not is_free(tries, "guesser", WINDOW_S - 1)
    assert is_free(tries, "another", WINDOW_S - 1)
    assert is_free(tries, "guesser", WINDOW_S)


def test_no_number_of_other_addresses_gives_one_its_tries_back(tries: TryLimit) -> None:
    for number in range(MOST_ADDRESSES + 1):
        tries.count(f"address {number}", 1.0)
    assert not is_free(tries, "guesser", 1.0)


def test_nothing_is_kept_of_an_address_without_a_wrong_code_or_of_many_for_long(
    tries: TryLimit,
) -> None:
    for number in range(100):
        tries.check(f"address {number}", 0.0)
    assert len(tries) == 1
    for number in range(MOST_ADDRESSES + 100):
        tries.count(f"address {number}", 1.0)
    assert len(tries) == MOST_ADDRESSES
    tries.count("late", 1.0 + WINDOW_S)
    assert len(tries) == 1

"""Every row of windows.csv: how many slots a year of contracts, tags and departures comes to."""

from __future__ import annotations

from datetime import date

import pytest

from core.contracts import Contract
from core.history import History
from core.obligations import Slot, SlotState, account_of
from core.people import TagSpan
from core.policy import Policy, default_policy
from tests.builders import a_contract, a_resident
from tests.core.tables import Row, case_of, rows

BEFORE_ALL = date(2020, 1, 1)


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def contract_of(number: int, told: str) -> Contract:
    """Written as "2026-01-01..2026-12-31 pending" or "… -2026-05-10", its termination."""
    span, _, rest = told.partition(" ")
    start, _, end = span.partition("..")
    return a_contract(
        "r",
        id=f"c{number}",
        start_on=day(start),
        end_on=day(end),
        state="pending" if rest == "pending" else "signed",
        terminated_on=day(rest[1:]) if rest.startswith("-") else None,
    )


def tag_of(told: str) -> TagSpan:
    """Written as "disabled" or "disabled:2026-05-01..2026-06-30", either end left open."""
    tag, _, span = told.partition(":")
    first, _, last = span.partition("..")
    return TagSpan(tag=tag, from_on=day(first), to_on=day(last))


def history_of(row: Row) -> History:
    contracts = filter(None, row["contracts"].split(";"))
    return History(
        resident=a_resident(
            id="r",
            birth_date=date.fromisoformat(row["born"]),
            tags=tuple(tag_of(told) for told in row["tags"].split()),
            left="died" if row["left"] else None,
            left_on=day(row["left"]),
        ),
        contracts=tuple(contract_of(number, told) for number, told in enumerate(contracts)),
    )


def policy_of(row: Row) -> Policy:
    policy = default_policy()
    rules = {
        "year_basis": row["basis"],
        "start_month": row["start_month"],
        "min_quarter_months": int(row["min_months"]),
    }
    return policy.model_copy(update={"contract": policy.contract.model_copy(update=rules)})


def slots_of(row: Row) -> tuple[Slot, ...]:
    account = account_of(policy_of(row), history_of(row), BEFORE_ALL, int(row["year"]))
    return account.of("contract")


@pytest.mark.parametrize("row", rows("windows.csv"), ids=case_of)
def test_a_year_owes_the_slots_the_table_says(row: Row) -> None:
    slots = slots_of(row)
    tiers = [str(slot.tier) for slot in slots]
    assert tiers.count("key") == int(row["key"])
    assert tiers.count("general") == int(row["general"])
    assert [s.state for s in slots].count(SlotState.VOID) == int(row["void"])
    if row["first_from"]:
        assert str(slots[0].window_from) == row["first_from"]
    if row["last_to"]:
        assert str(slots[-1].window_to) == row["last_to"]


def test_a_window_with_a_hole_holds_only_the_counting_months() -> None:
    row = next(r for r in rows("windows.csv") if r["case"].startswith("middle month missing"))
    first = slots_of(row)[0]
    assert [(str(span.from_on), str(span.to_on)) for span in first.window] == [
        ("2026-01-01", "2026-01-31"),
        ("2026-03-01", "2026-03-31"),
    ]

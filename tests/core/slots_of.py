"""The slots of one resident under rules of which a few numbers are changed."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.followups import FollowUp
from core.history import History
from core.obligations import Slot, account_of
from core.people import TagSpan
from core.policy import Policy, default_policy
from tests.builders import a_contract, a_follow_up, a_resident

POLICY = default_policy()
TODAY = date(2026, 11, 20)
MARCH = date(2026, 3, 10)
DISABLED = (TagSpan(tag="disabled"),)


def changed(**parts: dict[str, Any]) -> Policy:
    """The default policy with some numbers of some parts changed."""
    return POLICY.model_copy(
        update={name: getattr(POLICY, name).model_copy(update=part) for name, part in parts.items()}
    )


def of_programmes(**programmes: dict[str, Any]) -> Policy:
    rules = {
        name: getattr(POLICY.programmes, name).model_copy(update=part)
        for name, part in programmes.items()
    }
    return changed(programmes=rules)


def later(policy: Policy, from_on: date) -> Policy:
    return policy.model_copy(update={"version": "2", "effective_from": from_on})


def slots(
    *follow_ups: FollowUp, tags: tuple[TagSpan, ...] = (), rules: Any = POLICY, year: int = 2026,
    today: date = TODAY, born: date = date(1980, 1, 1), programme: str = "contract", **records: Any,
) -> tuple[Slot, ...]:  # fmt: skip
    person = a_resident(id="r", birth_date=born, tags=tags, **records.pop("person", {}))
    given = {"contracts": (a_contract("r"),), **records}
    history = History(resident=person, follow_ups=follow_ups, **given)
    return account_of(rules, history, today, year).of(programme)


def visit(on: date = MARCH, **fields: Any) -> FollowUp:
    return a_follow_up("r", occurred_on=on, id="f", **fields)

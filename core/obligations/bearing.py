"""Which follow-ups have a say in the account of a year, and which surely have none."""

from __future__ import annotations

from datetime import date

from core.calendar import year_span
from core.followups import FollowUp
from core.history import History
from core.policy import Rulebook
from core.vocabulary import GroupTag


def bears_on(rules: Rulebook, history: History, follow_up: FollowUp, year: int) -> bool:
    """Whether one of a history's follow-ups can make the account of a year another one.

    False only where it surely cannot, on whatever day one asks: it happened after the
    year's last window, and belongs to no chain of amendments, which may move another one
    into the year or out of it. When it was recorded plays no part. Earlier ones always
    bear on a year: on its gaps, on its agreed items, and by a minimum gap.
    """
    return (
        follow_up.occurred_on <= last_day_that_counts(rules, history, year)
        or follow_up.amends is not None
        or any(other.amends == follow_up.id for other in history.follow_ups)
    )


def last_day_that_counts(rules: Rulebook, history: History, year: int) -> date:
    """A day after which no window of the year's account is open any more.

    Contract years, and the windows of tuberculosis, begin in the year and end in the next.
    """
    whole = year_span(year)
    by_contract = rules.on(whole.from_on).contract.year_basis == "contract"
    reaches_over = by_contract or GroupTag.TB in history.tags
    return year_span(year + 1).to_on if reaches_over else whole.to_on

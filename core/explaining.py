"""A case explained whole: all slots, findings, duties, due items, evidence and figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from core.accounts import Account
from core.cases import Case
from core.duties import Duty, duties_of
from core.evidence import Grade, Signal, grade, signals
from core.figures import Figures, figures_of
from core.findings import Reason
from core.followups import FollowUp
from core.history import History
from core.obligations import account_of
from core.policy import Rulebook
from core.slots import Programme, Slot, WhyNot
from core.triage import Triage, triage
from core.worklist import DueItem, due_items


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a follow-up did in one programme: filled a slot, or why it did not."""

    programme: Programme
    number: int
    filled: bool
    why_not: WhyNot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpExplained:
    """One follow-up: whether it stands, what it counted for, what it means, how sound it is.

    `stands` is None where it does, else why not; then there is nothing more to tell.
    """

    id: str
    occurred_on: date
    mode: str
    stands: Reason | None
    decision: str | None = None
    counted: tuple[Counted, ...] = ()
    triage: Triage | None = None
    grade: Grade | None = None
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The whole account of a case, complete enough to settle a quarrel about it."""

    resident_id: str
    today: date
    year: int
    policies: tuple[str, ...]
    account: Account
    figures: Mapping[str, Figures]
    duties: tuple[Duty, ...]
    due: tuple[DueItem, ...]
    follow_ups: tuple[FollowUpExplained, ...]


def explain(case: Case) -> Explanation:
    """Everything the rules say of a case in its year, as it stands on its day."""
    account = account_of(case.rules, case.history, case.today, case.year)
    return Explanation(
        resident_id=case.history.resident.id,
        today=case.today,
        year=account.year,
        policies=tuple(f"{p.id} {p.version}" for p in case.rules.versions),
        account=account,
        figures={
            programme: figures_of(account, programme)
            for programme in Programme
            if programme == Programme.CONTRACT or account.of(programme)
        },
        duties=duties_of(case.rules, case.history, case.today),
        due=due_items(case.rules, account, case.history, case.today),
        follow_ups=tuple(
            _explained(case.rules, account, case.history, follow_up)
            for follow_up in sorted(case.history.follow_ups, key=lambda f: (f.occurred_on, f.id))
        ),
    )


def _explained(
    rules: Rulebook, account: Account, history: History, follow_up: FollowUp
) -> FollowUpExplained:
    fallen = _fallen(history, follow_up)
    if fallen is not None:
        return FollowUpExplained(
            id=follow_up.id, occurred_on=follow_up.occurred_on, mode=follow_up.mode, stands=fallen
        )
    policy = rules.on(follow_up.occurred_on)
    found = signals(policy, follow_up, history)
    review = history.settled.reviews.get(follow_up.id)
    return FollowUpExplained(
        id=follow_up.id,
        occurred_on=follow_up.occurred_on,
        mode=follow_up.mode,
        stands=None,
        decision=review.decision if review else None,
        counted=tuple(_counted(account, follow_up.id)),
        triage=triage(rules, history, follow_up),
        grade=grade(policy, follow_up, history, found),
        signals=found,
    )


def _fallen(history: History, follow_up: FollowUp) -> Reason | None:
    """Why a follow-up does not stand: amended by a later version, or withdrawn."""
    if any(standing.id == follow_up.id for standing in history.settled.follow_ups):
        return None
    for withdrawal in history.withdrawals:
        if withdrawal.voids == follow_up.id and follow_up.id in history.settled.voided:
            return Reason(code="explain.withdrawn", values={"why": withdrawal.reason})
    return Reason(code="explain.amended")


def _counted(account: Account, follow_up_id: str) -> Iterator[Counted]:
    for slot in account.slots:
        if slot.filled_by == follow_up_id:
            yield Counted(programme=slot.programme, number=slot.number, filled=True)
        for candidate in slot.candidates:
            if candidate.follow_up_id == follow_up_id:
                yield Counted(
                    programme=slot.programme,
                    number=slot.number,
                    filled=False,
                    why_not=candidate.why_not,
                )


_EXPLANATION: TypeAdapter[Explanation] = TypeAdapter(Explanation)
SHARES = (
    "completion",
    "completion_to_date",
    "on_time_share",
    "face_to_face_share",
    "measured_share",
    "fully_served_share",
    "items_rate",
)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON; a share with nothing beneath the line is null."""
    told: dict[str, Any] = _EXPLANATION.dump_python(explanation, mode="json")
    told["figures"] = {
        programme: figures_json(figures) for programme, figures in explanation.figures.items()
    }
    account = told["account"]
    account["slots"] = [dict(zip(Slot._fields, slot, strict=True)) for slot in account["slots"]]
    account.pop("figures")
    return told


def figures_json(figures: Figures) -> dict[str, Any]:
    """Counts and shares of figures."""
    shares = {name: getattr(figures, name) for name in SHARES}
    return asdict(figures) | {
        name: None if value is None else round(value, 4) for name, value in shares.items()
    }

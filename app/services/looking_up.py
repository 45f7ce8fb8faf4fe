"""Finding what a use case is about, or refusing because it is not on this tablet."""

from __future__ import annotations

import json
from datetime import date

from sqlmodel import Session

from app.services.accounts import history_of
from app.services.drafts import DRAFTS, FollowUpDraft, draft_place
from app.store import drafts
from app.store.cursor import cursors
from app.store.queries import records
from app.store.queries.device import the_device
from core.contracts import Contract
from core.followups import FollowUp
from core.history import History
from core.ids import village_scope
from core.people import Household
from core.refusals import Refusal, Refused
from core.vocabulary import ContractState, Kind

VILLAGE_SCOPES = village_scope("")


def demand_history(session: Session, resident_id: str) -> History:
    """All of a resident; raises Refused `resident.unknown`."""
    history = history_of(session, resident_id)
    if history is None:
        raise Refused(Refusal(code="resident.unknown"))
    return history


def demand_follow_up(session: Session, follow_up_id: str) -> FollowUp:
    """The follow-up; raises Refused `follow_up.unknown`."""
    found: FollowUp | None = records.record(session, Kind.FOLLOW_UP, follow_up_id)
    if found is None:
        raise Refused(Refusal(code="follow_up.unknown"))
    return found


def demand_household(session: Session, household_id: str) -> Household:
    """The household; raises Refused `household.unknown`."""
    found: Household | None = records.record(session, Kind.HOUSEHOLD, household_id)
    if found is None:
        raise Refused(Refusal(code="household.unknown"))
    return found


def kept_draft(
    session: Session, resident_id: str, amends: str | None = None
) -> FollowUpDraft | None:
    """The unfinished follow-up of a resident, or the unfinished correction of one."""
    body = drafts.draft(session, *draft_place(resident_id, amends))
    return DRAFTS.validate_json(body) if body else None


def own_village_scope(session: Session) -> str:
    """The scope of the tablet's first village: where what concerns no one person belongs.

    Raises Refused `village.none` where the doctor has none.
    """
    scopes = _village_scopes(session)
    if not scopes:
        raise Refused(Refusal(code="village.none"))
    return scopes[0]


def own_villages(session: Session) -> frozenset[str]:
    """The ids of the villages whose people are on this tablet; others are known by name only."""
    return frozenset(scope.removeprefix(VILLAGE_SCOPES) for scope in _village_scopes(session))


def _village_scopes(session: Session) -> list[str]:
    """Those the county sends this tablet; before it has sent any, those of the enrolment."""
    named: list[str] = json.loads(the_device(session).scopes)
    for scopes in (cursors(session), named):
        found = sorted(scope for scope in scopes if scope.startswith(VILLAGE_SCOPES))
        if found:
            return found
    return []


def contract_shown(history: History, today: date) -> Contract | None:
    """The contract in force, else the one with the latest end; a pending one only if no other."""
    return history.coverage.contract_on(today) or max(
        history.contracts,
        key=lambda held: (held.state != ContractState.PENDING, held.last_day, held.id),
        default=None,
    )

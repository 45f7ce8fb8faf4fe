"""The account of every resident, reckoned by `core`, cached until a record or the day changes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from app.services.policies import Rules, rules_in
from app.services.practice import Practice
from app.services.views import DotView, Why
from app.store.people_rows import readable
from app.store.queries import accounts, records
from core.accounts import Account
from core.contracts import Contract, Exemption, ExemptionDecision
from core.figures import Figures
from core.followups import FollowUp, Withdrawal
from core.history import History, standing
from core.obligations import account_of
from core.people import Resident
from core.referrals import Referral, ReferralOutcome
from core.reviews import PhoneCheck, Review
from core.slots import Programme, Slot
from core.vocabulary import RESTRICTED_TAGS, Decision
from core.worklist import DueItem, DueKind, due_items

CHUNK = 200
"""Residents reckoned together: enough for one query to pay, few enough to hold in memory."""
EVERYBODY = 20_000
DAYS_AHEAD = 3
AT_REST = 25
"""Accounts reckoned at a time while the tablet rests: short enough never to be felt."""
TEXTS_KEPT = 8192
"""Parsed texts kept: many residents share the same slots, and no text says whose it is."""
DISPUTED = frozenset({Decision.RETURNED, Decision.QUESTIONED})
"""What the township decides that leaves a follow-up with the doctor."""
DAY = "$day"
"""Marks a date among a reason's values, so that it comes out of the cache as one."""

_PLACES: dict[type[Any], str] = {
    Contract: "contracts",
    FollowUp: "follow_ups",
    Withdrawal: "withdrawals",
    Review: "reviews",
    Exemption: "exemptions",
    ExemptionDecision: "exemption_decisions",
    Referral: "referrals",
    ReferralOutcome: "referral_outcomes",
    PhoneCheck: "phone_checks",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A due item as cached."""

    kind: str
    urgency: str
    due_by: date
    why: Why
    cost: Why


def history_from(found: Iterable[Any]) -> History | None:
    """The history the records of one resident make; None where the resident is not among them."""
    resident: Resident | None = None
    parts: dict[str, list[Any]] = defaultdict(list)
    for record in found:
        if isinstance(record, Resident):
            resident = record
        elif (place := _PLACES.get(type(record))) is not None:
            parts[place].append(record)
    if resident is None:
        return None
    return History(resident=resident, **{name: tuple(kept) for name, kept in parts.items()})


def history_of(session: Session, resident_id: str) -> History | None:
    """Everything on this tablet about a resident."""
    return history_from(records.of_resident(session, resident_id))


def renew_everybody(practice: Practice) -> None:
    """Reckons every account of today that is not there yet.

    In several transactions, so that a save need not wait for three thousand accounts.
    """
    while True:
        with practice.transaction() as session:
            if not _renew_some(session, practice, None):
                return


def renew_accounts(session: Session, practice: Practice, among: Sequence[str]) -> None:
    """Reckons the accounts of today of those named that are not there yet."""
    _renew_some(session, practice, among)


def _renew_some(session: Session, practice: Practice, among: Sequence[str] | None) -> bool:
    today, rules = practice.today, rules_in(session)
    wanted = accounts.missing(session, today, rules.mark, CHUNK, among)
    return _renew(session, wanted, rules, today)


def reckon_ahead(session: Session, practice: Practice) -> bool:
    """Reckons a few accounts of today or the next days; False where none is left to reckon.

    Three thousand accounts take seconds. Reckoned while the tablet waits for its doctor,
    they are there when a day begins, a Monday included.
    """
    today, rules = practice.today, rules_in(session)
    accounts.forget_before(session, today)
    for ahead in range(DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        wanted = accounts.missing(session, day, rules.mark, AT_REST, None)
        if _renew(session, wanted, rules, day):
            return True
    return False


@lru_cache(maxsize=TEXTS_KEPT)
def due_in(text: str) -> tuple[Due, ...]:
    """The due items of a cached account, the most pressing first."""
    return tuple(
        Due(
            kind=kind,
            urgency=urgency,
            due_by=date.fromisoformat(due_by),
            why=_why(why),
            cost=_why(cost),
        )
        for kind, urgency, due_by, why, cost in json.loads(text, object_hook=_restored)
    )


def renew_account(session: Session, practice: Practice, history: History) -> None:
    """Reckons and keeps the account of today of one resident, whose history is at hand."""
    accounts.keep(session, [reckoned(history, rules_in(session), practice.today)])


def due_now(session: Session, practice: Practice, resident_id: str) -> tuple[Due, ...]:
    """What is due to a resident today, the most pressing first."""
    renew_accounts(session, practice, [resident_id])
    row = accounts.accounts_of(session, practice.today, [resident_id]).get(resident_id)
    return due_in(row.due) if row else ()


@lru_cache(maxsize=TEXTS_KEPT)
def dots_in(text: str) -> tuple[DotView, ...]:
    """The contract's slots of a cached account."""
    return tuple(
        DotView(
            number=number,
            state=state,
            window_from=date.fromisoformat(window_from),
            window_to=date.fromisoformat(window_to),
            filled_on=date.fromisoformat(filled_on) if filled_on else None,
        )
        for number, state, window_from, window_to, filled_on in json.loads(text)
    )


@lru_cache(maxsize=TEXTS_KEPT)
def figures_in(text: str) -> Figures:
    """The contract's counts of a cached account."""
    return Figures(**json.loads(text))


def dots_of(account: Account) -> tuple[DotView, ...]:
    """The contract's slots of an account."""
    return tuple(
        DotView(
            number=slot.number,
            state=slot.state,
            window_from=slot.window_from,
            window_to=slot.window_to,
            filled_on=slot.filled_on,
        )
        for slot in account.of(Programme.CONTRACT)
    )


def _renew(session: Session, resident_ids: Sequence[str], rules: Rules, today: date) -> bool:
    """Reckons the accounts of residents as of a day; False where none could be."""
    gathered: dict[str, list[Any]] = defaultdict(list)
    since = date(today.year - 1, 1, 1)
    for kind, resident_id, schema, body in accounts.bodies_of(session, resident_ids, since):
        # What this app cannot read it cannot reckon with; the row keeps it for an update.
        if (record := readable(kind, schema, body)) is not None:
            gathered[resident_id].append(record)
    histories = (history_from(found) for found in gathered.values())
    found = [reckoned(history, rules, today) for history in histories if history is not None]
    accounts.keep(session, found)
    return bool(found)


def reckoned(history: History, rules: Rules, today: date) -> dict[str, Any]:
    """The account of a resident as it is cached: the columns of AccountRow."""
    account = account_of(rules.book, history, today)
    slots = account.of(Programme.CONTRACT)
    this_month = [slot for slot in slots if slot.owed and _ends_in_month(slot, today)]
    items = filter(_may_be_listed, due_items(rules.book, account, history, today))
    return {
        "resident_id": history.resident.id,
        "as_of": today,
        "policy_version": rules.mark,
        "month_owed": len(this_month),
        "month_done": sum(slot.filled for slot in this_month),
        "dots": _dump([_dot(slot) for slot in slots]),
        "due": _dump([_due(item) for item in items]),
        "returned": _dump(_returned(history)),
        "figures": _dump(_counts(account.figures)),
    }


def _may_be_listed(item: DueItem) -> bool:
    """Whether a list may have it: nothing that names what is told in confidence."""
    return item.kind != DueKind.TB_FIRST_VISIT and str(item.programme) not in RESTRICTED_TAGS


def _returned(history: History) -> list[str]:
    reviews = history.settled.reviews
    disputed = [id for id, review in reviews.items() if review.decision in DISPUTED]
    stands = {follow_up.id for follow_up in standing(history)} if disputed else set()
    return [id for id in disputed if id in stands]


def _ends_in_month(slot: Slot, today: date) -> bool:
    return (slot.window_to.year, slot.window_to.month) == (today.year, today.month)


def _dot(slot: Slot) -> list[Any]:
    days = (slot.window_from, slot.window_to, slot.filled_on)
    return [slot.number, slot.state, *(day.isoformat() if day else None for day in days)]


def _counts(figures: Figures) -> dict[str, Any]:
    return {each.name: getattr(figures, each.name) for each in fields(figures)}


def _due(item: DueItem) -> list[Any]:
    return [
        item.kind,
        item.urgency,
        item.due_by.isoformat(),
        [item.why.code, dict(item.why.values)],
        [item.cost.code, dict(item.cost.values)],
    ]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return {DAY: value.isoformat()}
    raise TypeError(f"{type(value).__name__} cannot be cached")


def _restored(found: dict[str, Any]) -> Any:
    return date.fromisoformat(found[DAY]) if DAY in found else found


def _why(pair: list[Any]) -> Why:
    code, values = pair
    return Why(code=code, values=values)

"""A resident: the account of the year, the readings over time, what happened, and corrections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.services.accounts import dots_of, due_now
from app.services.charts import Series, series_of
from app.services.deliveries import deliveries
from app.services.looking_up import contract_shown, demand_history, kept_draft
from app.services.people_views import village_names
from app.services.policies import rules_in
from app.services.practice import Practice
from app.services.recording import CORRECTION_REASON, set_fields
from app.services.timeline import TimelineItem, latest_medicines, timeline_of, told_ids
from app.services.views import DotView, Why
from app.store.queries import records
from core.accounts import Account
from core.calendar import age_on
from core.contracts import Contract, Exemption
from core.followups import Medicine
from core.history import History
from core.identity_number import parse_id_number
from core.obligations import account_of
from core.people import Household, Resident, SpecialProgramme, TagSpan
from core.referrals import Referral
from core.refusals import Refusal, Refused
from core.slots import Slot
from core.validation import check_birth_date
from core.vocabulary import Kind
from core.wire.bodies import body_of

CORRECTABLE = frozenset(
    {"name", "sex", "birth_date", "id_number", "phone", "relation_to_head", "ethnic_group"}
)
"""Fields a village doctor may put right; tags, conditions and contracts are the county's."""
NEVER_EMPTY = frozenset({"name", "sex", "birth_date"})
SHOWN_HEAD, SHOWN_TAIL = 6, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReferral:
    """A referral not traced yet."""

    referral: Referral
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLine:
    """A slot with why it is in its state, by programme."""

    slot: Slot
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentView:
    """The resident's page; `special` is what they are cared for in confidence today.

    It is empty where the doctor is not named for it: this tablet then has no such record.
    """

    resident: Resident
    age: int
    masked_id_number: str
    household: Household | None
    village: str
    contract: Contract | None
    contract_state: str | None
    account: Account
    dots: tuple[DotView, ...]
    explanation: tuple[SlotLine, ...]
    due: tuple[Why, ...]
    series: tuple[Series, ...]
    timeline: tuple[TimelineItem, ...]
    medicines: tuple[Medicine, ...]
    referrals_open: tuple[OpenReferral, ...]
    exemptions: tuple[Exemption, ...]
    special: tuple[TagSpan, ...]
    has_draft: bool


class ResidentService:
    """Looking at a resident, and putting right what is written about one."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice

    def get(self, resident_id: str) -> ResidentView:
        """The resident's page; raises Refused `resident.unknown`."""
        today = self._practice.today
        with self._practice.transaction() as session:
            history = demand_history(session, resident_id)
            rules = rules_in(session)
            resident = history.resident
            account = account_of(rules.book, history, today)
            household = records.record(session, Kind.HOUSEHOLD, resident.household_id)
            due = due_now(session, self._practice, resident_id)
            states = deliveries(session, told_ids(history))
            draft = kept_draft(session, resident_id)
            apart = records.of_resident_kind(session, resident_id, Kind.SPECIAL_PROGRAMME)
            contract = contract_shown(history, today)
            village = village_names(session).get(household.village_id, "") if household else ""
        return ResidentView(
            resident=resident,
            age=age_on(resident.birth_date, today),
            masked_id_number=masked(resident.id_number),
            household=household,
            village=village,
            contract=contract,
            contract_state=contract.state_on(today) if contract else None,
            account=account,
            dots=dots_of(account),
            explanation=tuple(SlotLine(slot=slot, why=slot.reason) for slot in account.slots),
            due=tuple(item.why for item in due),
            series=series_of(history, rules.on(today), today),
            timeline=timeline_of(history, states),
            medicines=latest_medicines(history),
            referrals_open=_open_referrals(history, today),
            exemptions=tuple(exemption for exemption, _ in history.settled.exemptions),
            special=tuple(_in_force(apart, today)),
            has_draft=draft is not None,
        )

    def correct(self, resident_id: str, changes: Mapping[str, object], reason: str) -> None:
        """Changes fields of the resident: those of CORRECTABLE, as text.

        A new ID number sets birth date and sex with it, unless they are given too. Raises
        Refused: `resident.unknown`, `correction.no_reason`, `correction.field` for a field
        that cannot be corrected here, `correction.value`, and those of the ID number.
        """
        if not reason.strip():
            raise Refused(Refusal(code="correction.no_reason", place="reason"))
        fields = _fields(changes, self._practice.today)
        with self._practice.transaction() as session:
            resident = demand_history(session, resident_id).resident
            row = records.row(session, resident_id)
            before = body_of(resident)
            changed = {name: value for name, value in fields.items() if before.get(name) != value}
            if row is not None and changed:
                noted = {**changed, CORRECTION_REASON: reason.strip()}
                set_fields(session, self._practice, row, noted)


def _fields(changes: Mapping[str, object], today: date) -> dict[str, object]:
    """The corrected fields as the record holds them."""
    fields: dict[str, object] = {}
    for name, value in changes.items():
        if name not in CORRECTABLE:
            raise Refused(Refusal(code="correction.field", place=name, values={"field": name}))
        fields[name] = value.isoformat() if isinstance(value, date) else str(value).strip()
    if fields.get("id_number"):
        number = parse_id_number(str(fields["id_number"]))
        derived = {"birth_date": number.birth_date.isoformat(), "sex": str(number.sex)}
        fields = {**derived, **fields, "id_number": number.number}
    for name in sorted(NEVER_EMPTY & fields.keys()):
        if not fields[name]:
            raise Refused(Refusal(code="correction.value", place=name))
    if "birth_date" in fields:
        _check_birth_date(str(fields["birth_date"]), today)
    if "name" in fields:
        fields |= {"pinyin": None, "initials": None}
    return fields


def _check_birth_date(written: str, today: date) -> None:
    try:
        wrong = check_birth_date(date.fromisoformat(written), today)
    except ValueError as error:
        raise Refused(Refusal(code="correction.value", place="birth_date")) from error
    if wrong:
        raise Refused(*wrong)


def _in_force(found: Iterable[SpecialProgramme], today: date) -> Iterator[TagSpan]:
    for span in (span for special in found for span in special.tags):
        if (span.from_on or today) <= today <= (span.to_on or today):
            yield span


def _open_referrals(history: History, today: date) -> tuple[OpenReferral, ...]:
    waiting = [r for r in history.settled.referrals if r.id not in history.settled.outcomes]
    return tuple(
        OpenReferral(referral=referral, overdue=referral.trace_by < today)
        for referral in sorted(waiting, key=lambda r: (r.trace_by, r.id))
    )


def masked(id_number: str) -> str:
    """The number with its birth date and serial hidden: 990100********001X."""
    if len(id_number) <= SHOWN_HEAD + SHOWN_TAIL:
        return "*" * len(id_number)
    hidden = len(id_number) - SHOWN_HEAD - SHOWN_TAIL
    return id_number[:SHOWN_HEAD] + "*" * hidden + id_number[-SHOWN_TAIL:]

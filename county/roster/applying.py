"""A person of the roster laid beside the records: what is new, what changes, what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from core.contracts import Contract
from core.ids import restricted_scope, village_of, village_scope
from core.people import Condition, Household, Resident, SpecialProgramme, TagSpan
from core.refusals import Refusal, Refused
from core.vocabulary import ContractState
from county.people import Act
from county.roster.answers import Note, Outcome, RowAnswer
from county.roster.fields import Field
from county.roster.person import Person
from county.roster.places import Places
from county.roster.registry import ADDED_TO, Registry
from county.tables import VillageRow

Standing = TypeVar("Standing", Household, Resident, Contract)


@dataclass(slots=True)
class _Row:
    """What has become of a row so far."""

    person: Person
    notes: list[Note] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)
    is_new: bool = False

    def note(self, at: Field, code: str, **values: object) -> None:
        place = self.person.cells.get(at, f"A{self.person.row}")
        self.notes.append(Note(code=code, place=place, values=values))

    def answer(self) -> RowAnswer:
        outcome = Outcome.CHANGED if self.changed else Outcome.UNCHANGED
        return RowAnswer(
            sheet=self.person.sheet,
            row=self.person.row,
            outcome=Outcome.NEW if self.is_new else outcome,
            name=self.person.name,
            notes=(*self.person.notes, *self.notes),
            changed=() if self.is_new else tuple(self.changed),
        )


class RosterApplier:
    """Applies people one by one to the registry; nothing is written before `Registry.writes`."""

    def __init__(self, registry: Registry, places: Places, act: Act, today: date) -> None:
        self.listed: set[str] = set()
        self.scopes: set[str] = set()
        self.new_households = 0
        self._registry = registry
        self._places = places
        self._act = act
        self._today = today
        self._first_row: dict[str, Person] = {}
        self._household_said: dict[str, dict[str, Any]] = {}

    def apply(self, person: Person) -> RowAnswer:
        """The answer to a person's row; the registry then holds what the row brought."""
        row = _Row(person)
        try:
            village = self._places.village(person)
            self._refuse_twice(person)
            self._refuse_unread(person)
            self._take(row, village)
        except Refused as refused:
            return RowAnswer(
                sheet=person.sheet,
                row=person.row,
                outcome=Outcome.REFUSED,
                name=person.name,
                refusals=refused.refusals,
            )
        return row.answer()

    def _take(self, row: _Row, village: VillageRow) -> None:
        self.scopes.add(village_scope(village.id))
        household = self._household(row, village)
        resident = self._resident(row, household)
        self._special(row, resident)
        self._contract(row, resident, village)
        self.listed.add(resident.id)

    def _refuse_twice(self, person: Person) -> None:
        born = f"{person.village}/{_number(person)}/{person.name}/{person.birth_date}"
        key = person.id_number or born
        first = self._first_row.setdefault(key, person)
        if first is not person:
            place = person.cells.get(Field.ID_NUMBER)
            values = {"sheet": first.sheet, "row": first.row, "name": first.name}
            raise Refused(Refusal(code="roster.twice", place=place, values=values))

    def _refuse_unread(self, person: Person) -> None:
        if person.id_number in self._registry.unread_numbers:
            place = person.cells.get(Field.ID_NUMBER)
            raise Refused(Refusal(code="roster.later_version", place=place))

    def _household(self, row: _Row, village: VillageRow) -> Household:
        number = _number(row.person)
        found = self._registry.household(village.id, number)
        said = _said_of_household(row.person)
        if found is None:
            return self._new_household(row, village, number, said)
        earlier = self._household_said.setdefault(found.id, {})
        for name in [name for name in said if earlier.setdefault(name, said[name]) != said[name]]:
            row.note(_COLUMN_OF[name], "household_differs", written=said.pop(name))
        return self._changed(row, found, said)

    def _new_household(
        self, row: _Row, village: VillageRow, number: str, said: dict[str, Any]
    ) -> Household:
        household = Household(
            id=self._act.make_id(),
            scope_id=village_scope(village.id),
            village_id=village.id,
            number=number,
            **{"head_name": row.person.name, **said},
        )
        self._household_said[household.id] = said
        self._registry.put(household)
        self.new_households += 1
        row.changed["household"] = None
        return household

    def _resident(self, row: _Row, household: Household) -> Resident:
        person = row.person
        found = self._registry.resident(
            person.id_number, household.id, person.name, person.birth_date
        )
        if found is None:
            return self._new_resident(row, household)
        if found.left is not None:
            row.note(Field.NAME, f"recorded_as_{found.left}")
        said = _said_of_resident(person)
        said |= {"household_id": household.id, "scope_id": household.scope_id}
        said["tags"] = _with_tags(found.tags, person.tags, self._today)
        said["conditions"] = _with_conditions(found.conditions, person.conditions)
        return self._changed(row, found, said)

    def _new_resident(self, row: _Row, household: Household) -> Resident:
        person = row.person
        resident = Resident(
            id=self._act.make_id(),
            scope_id=household.scope_id,
            household_id=household.id,
            tags=tuple(TagSpan(tag=tag) for tag in person.tags),
            conditions=person.conditions,
            **_said_of_resident(person),
        )
        self._registry.put(resident)
        row.is_new = True
        return resident

    def _changed(self, row: _Row, record: Standing, said: Mapping[str, Any]) -> Standing:
        """The record with what the row says anew; what was set since is kept and told."""
        changes = {name: value for name, value in said.items() if getattr(record, name) != value}
        kept = [
            name
            for name in changes
            if name not in ADDED_TO and self._registry.set_since(record.id, name)
        ]
        if "household_id" in kept:  # the village is the household's
            changes.pop("scope_id", None)
        for name in kept:
            del changes[name]
            row.note(_COLUMN_OF.get(name, Field.NAME), "tablet_kept", field=name)
        if not changes:
            return record
        changed = replace(record, **changes)
        self._registry.put(changed)
        row.changed |= dict.fromkeys(name for name in changes if name != "scope_id")
        return changed

    def _special(self, row: _Row, resident: Resident) -> None:
        """What is told in confidence: kept apart, and like other groups only ever added to.

        Where the resident goes it goes by itself (`county.ledger`).
        """
        found = self._registry.special.get(resident.id)
        if found is None:
            since = None if row.is_new else self._today
            tags = tuple(TagSpan(tag=tag, from_on=since) for tag in row.person.special)
        else:
            tags = _with_tags(found.tags, row.person.special, self._today)
        if tags == (() if found is None else found.tags):
            return
        self._registry.put(
            SpecialProgramme(
                id=self._act.make_id() if found is None else found.id,
                scope_id=restricted_scope(village_of(resident.scope_id)),
                resident_id=resident.id,
                tags=tags,
            )
        )
        row.changed["special_programme"] = None

    def _contract(self, row: _Row, resident: Resident, village: VillageRow) -> None:
        start, end = row.person.contract_start, row.person.contract_end
        doctor = self._places.doctor(row.person, village)
        if row.person.doctor and doctor is None:
            code, alike = self._places.why_none(row.person.doctor, village)
            row.note(Field.DOCTOR, code, doctor=row.person.doctor, known=alike)
        if start is None or end is None:
            self._move_contracts(resident)
            return
        known = sorted(
            self._registry.contracts[resident.id], key=lambda item: item.start_on, reverse=True
        )
        found = next((item for item in known if _is_the_same(item, start, end)), None)
        if found is None:
            self._sign(row, resident, (start, end), doctor.id if doctor else None)
        else:
            said = {"start_on": start, "end_on": end}
            self._changed(row, found, said | ({"doctor_id": doctor.id} if doctor else {}))
        self._move_contracts(resident)

    def _sign(
        self, row: _Row, resident: Resident, days: tuple[date, date], doctor_id: str | None
    ) -> None:
        renews = bool(self._registry.contracts[resident.id])
        contract = Contract(
            id=self._act.make_id(),
            scope_id=resident.scope_id,
            resident_id=resident.id,
            start_on=days[0],
            end_on=days[1],
            state=ContractState.RENEWED if renews else ContractState.SIGNED,
            doctor_id=doctor_id,
            signed_on=days[0],
        )
        self._registry.put(contract)
        row.changed["contract"] = None

    def _move_contracts(self, resident: Resident) -> None:
        """Contracts go where their resident goes."""
        for contract in list(self._registry.contracts[resident.id]):
            if contract.scope_id != resident.scope_id:
                self._registry.put(replace(contract, scope_id=resident.scope_id))


_COLUMN_OF: Mapping[str, Field] = {
    "head_name": Field.HEAD_NAME,
    "group_no": Field.GROUP_NO,
    "house_no": Field.HOUSE_NO,
    "household_id": Field.HOUSEHOLD_NUMBER,
    "name": Field.NAME,
    "sex": Field.SEX,
    "birth_date": Field.BIRTH_DATE,
    "id_type": Field.ID_NUMBER,
    "id_number": Field.ID_NUMBER,
    "relation_to_head": Field.RELATION,
    "phone": Field.PHONE,
    "ethnic_group": Field.ETHNIC_GROUP,
    "health_record_number": Field.HEALTH_RECORD_NUMBER,
    "start_on": Field.CONTRACT_START,
    "end_on": Field.CONTRACT_END,
    "doctor_id": Field.DOCTOR,
}
"""The column a record's field was read from."""


def _number(person: Person) -> str:
    """The household's number; where the office keeps none, its door, else its head."""
    door = "-".join(part for part in (person.group_no, person.house_no) if part)
    return person.household_number or (door if person.house_no else person.head_name) or person.name


def _said_of_household(person: Person) -> dict[str, Any]:
    said = {
        "head_name": person.head_name,
        "group_no": person.group_no,
        "house_no": person.house_no,
        "phone": person.household_phone,
    }
    return {name: value for name, value in said.items() if value}


def _said_of_resident(person: Person) -> dict[str, Any]:
    said = {
        "name": person.name,
        "sex": person.sex,
        "birth_date": person.birth_date,
        "id_type": person.id_type if person.id_number else "",
        "id_number": person.id_number,
        "relation_to_head": person.relation_to_head,
        "phone": person.phone,
        "ethnic_group": person.ethnic_group,
        "health_record_number": person.health_record_number,
    }
    return {name: value for name, value in said.items() if value}


def _with_tags(
    spans: tuple[TagSpan, ...], said: tuple[str, ...], today: date
) -> tuple[TagSpan, ...]:
    """The spans on record, and one from today for each group the roster adds."""
    in_force = {span.tag for span in spans if span.to_on is None or span.to_on >= today}
    return (*spans, *(TagSpan(tag=tag, from_on=today) for tag in said if tag not in in_force))


def _with_conditions(
    known: tuple[Condition, ...], said: tuple[Condition, ...]
) -> tuple[Condition, ...]:
    there = {(item.code, item.name) for item in known} | {(item.code, "") for item in known}
    return (*known, *(item for item in said if (item.code, item.name) not in there))


def _is_the_same(contract: Contract, start: date, end: date) -> bool:
    """Whether the roster means this contract: same start, or corrected days of the same span.

    One that begins later and ends later is a renewal, however the two overlap.
    """
    if contract.start_on == start:
        return True
    overlap = contract.start_on <= end and start <= contract.end_on
    renewal = start > contract.start_on and end > contract.end_on
    return overlap and not renewal and contract.terminated_on is None

"""What the county already has, indexed the way a roster names it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.contracts import Contract
from core.merging import Stamp
from core.people import Household, Resident, SpecialProgramme
from core.vocabulary import Kind
from core.wire.bodies import RECORD_TYPES, body_of, kind_of
from core.wire.clocks import node_of
from core.wire.schemas import schema_of
from county.held import Held, load
from county.histories import readable
from county.ledger import COUNTY_NODE, RecordWrite
from county.people import Act
from county.tables import CountyRow, RecordRow

Listed = Household | Resident | Contract | SpecialProgramme
"""What a roster brings."""

ADDED_TO = frozenset({"tags", "conditions"})
"""Lists a roster only adds to, at the end, so that nothing set on a tablet can be lost by it."""
READ_KINDS = (Kind.HOUSEHOLD, Kind.RESIDENT, Kind.CONTRACT, Kind.SPECIAL_PROGRAMME)


class Registry:
    """The households, residents, contracts and special programmes of a county, and those a roster
    adds or changes.
    """

    def __init__(self, held: Mapping[str, Held]) -> None:
        self.held = {key: item for key, item in held.items() if not item.removed}
        self.residents: dict[str, Resident] = {}
        self.contracts: dict[str, list[Contract]] = defaultdict(list)
        self.special: dict[str, SpecialProgramme] = {}
        self.unread_numbers: set[str] = set()
        """ID numbers of residents of a later version: who they are can be told, and no more."""
        self._households: dict[tuple[str, str], Household] = {}
        self._in_household: dict[str, dict[str, None]] = defaultdict(dict)
        self._by_number: dict[str, str] = {}
        self._by_birth: dict[tuple[str, str, date], str] = {}
        self._touched: dict[str, Listed] = {}
        for item in self.held.values():
            # One of a later version that cannot be read here is kept, and passed over.
            record = readable(item.kind, item.schema, item.body)
            if record is not None:
                self._index(record)
            elif number := item.body.get("id_number"):
                self.unread_numbers.add(str(number))

    def household(self, village_id: str, number: str) -> Household | None:
        """The household of a village with this number."""
        return self._households.get((village_id, number))

    def resident(
        self, id_number: str, household_id: str, name: str, birth_date: date
    ) -> Resident | None:
        """The resident with this ID number; else the one of the household born that day.

        Somebody on record with another ID number is somebody else, name and birth date or not,
        unless a doctor has corrected the number since; likewise name or birth date.
        """
        by_number = self._by_number.get(id_number) if id_number else None
        if by_number is not None:
            return self.residents[by_number]
        by_birth = self._by_birth.get((household_id, name, birth_date))
        found = (
            self.residents[by_birth]
            if by_birth
            else self._corrected(household_id, name, birth_date)
        )
        if found is None or not (id_number and found.id_number):
            return found
        return found if self.set_since(found.id, "id_number") else None

    def _corrected(self, household_id: str, name: str, birth_date: date) -> Resident | None:
        """The one of a household whose name, or else birth date, a doctor has set since."""
        found = [
            resident
            for resident in map(self.residents.__getitem__, self._in_household[household_id])
            if resident.household_id == household_id
            and (
                (resident.name == name and self.set_since(resident.id, "birth_date"))
                or (resident.birth_date == birth_date and self.set_since(resident.id, "name"))
            )
        ]
        return found[0] if len(found) == 1 else None

    def put(self, record: Listed) -> None:
        """Take a new or changed record in; it is written when the whole roster has been read."""
        self._touched[record.id] = record
        self._index(record)

    def set_since(self, record_id: str, field: str) -> bool:
        """Whether a field was last set on a tablet, or decided on at the desk, since the roster."""
        held = self.held.get(record_id)
        stamp: Stamp | None = held.stamps.get(field) if held else None
        return stamp is not None and node_of(stamp.clock) != COUNTY_NODE

    def writes(self, act: Act) -> list[RecordWrite]:
        """Everything that was put, ready for the ledger."""
        return [self._write(record, act) for record in self._touched.values()]

    def _write(self, record: Listed, act: Act) -> RecordWrite:
        held = self.held.get(record.id)
        kind = kind_of(record)
        return RecordWrite(
            kind=kind,
            record_id=record.id,
            scope_id=record.scope_id,
            schema=max(held.schema if held else 1, schema_of(kind)),
            body={**_not_ours(kind, held), **_as_said_before(held, body_of(record))},
            author_id=act.by_user,
            recorded_at=act.now,
        )

    def _index(self, record: Listed) -> None:
        if isinstance(record, Household):
            self._households[record.village_id, record.number] = record
        elif isinstance(record, Resident):
            self._index_resident(record)
        elif isinstance(record, SpecialProgramme):
            self.special[record.resident_id] = record
        else:
            others = [item for item in self.contracts[record.resident_id] if item.id != record.id]
            self.contracts[record.resident_id] = [*others, record]

    def _index_resident(self, resident: Resident) -> None:
        self.residents[resident.id] = resident
        self._in_household[resident.household_id][resident.id] = None
        self._by_birth[resident.household_id, resident.name, resident.birth_date] = resident.id
        if resident.id_number:
            self._by_number[resident.id_number] = resident.id


def load_registry(session: Session, county_id: str) -> Registry:
    """All that `Registry` holds of the county, locked until the transaction ends.

    One roster at a time: what another brings in this moment would not be among these ids, and
    so be made twice.
    """
    session.execute(
        select(CountyRow.county_id).where(CountyRow.county_id == county_id).with_for_update()
    )
    query = select(RecordRow.id).where(
        RecordRow.county_id == county_id, RecordRow.kind.in_([str(kind) for kind in READ_KINDS])
    )
    return Registry(load(session, county_id, session.scalars(query)))


def _not_ours(kind: str, held: Held | None) -> dict[str, Any]:
    """The fields of a body this version does not know: they stay as they are."""
    known = {field.name for field in fields(RECORD_TYPES[kind])}
    body = held.body if held is not None else {}
    return {name: value for name, value in body.items() if name not in known}


def _as_said_before(held: Held | None, body: dict[str, Any]) -> dict[str, Any]:
    """The body with what a later version says of entries that stand where they stood."""
    before = held.body if held is not None else {}
    for name in ADDED_TO & body.keys() & before.keys():
        kept = zip(before[name], body[name], strict=False)
        entries = [{**old, **new} for old, new in kept]
        body[name] = [*entries, *body[name][len(entries) :]]
    return body


def residents_of(residents: Iterable[Resident], scope_ids: frozenset[str]) -> list[Resident]:
    """Those on the list of one of these scopes who have not left."""
    return [item for item in residents if item.scope_id in scope_ids and item.left is None]

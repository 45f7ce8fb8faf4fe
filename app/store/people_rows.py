"""The person of the lists and the search, derived from a resident and the household."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, select

from app.store.chunks import chunks
from app.store.spelling import spelling
from app.store.tables import PersonRow, RecordRow
from core.people import Household, Resident
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.bodies import record_from_json

ID_TAIL = 6


def readable(kind: str, schema: int, body: str) -> Any:
    """The record of a body of a schema, or None where this app cannot read it."""
    try:
        return record_from_json(kind, schema, body)
    except Refused:
        return None


def renew_people(session: Session, resident_ids: set[str], household_ids: set[str]) -> None:
    """Makes the persons of the residents, and of everybody in the households, anew.

    A resident whose body this app cannot read has no person until an update can.
    """
    for chunk in chunks(resident_ids):
        session.execute(delete(PersonRow).where(col(PersonRow.resident_id).in_(chunk)))
    residents: list[Resident] = [
        *_read(session, Kind.RESIDENT, RecordRow.id, resident_ids),
        *_read(session, Kind.RESIDENT, RecordRow.household_id, household_ids),
    ]
    wanted = {resident.household_id for resident in residents}
    households: dict[str, Household] = {
        household.id: household
        for household in _read(session, Kind.HOUSEHOLD, RecordRow.id, wanted)
    }
    values = [_values(resident, households.get(resident.household_id)) for resident in residents]
    if values:
        statement = insert(PersonRow)
        replaced = {name: statement.excluded[name] for name in values[0]}
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["resident_id"], set_=replaced), values
        )


def _read(session: Session, kind: Kind, column: Any, ids: Iterable[str]) -> list[Any]:
    found = []
    for chunk in chunks(ids):
        bodies = session.exec(
            select(RecordRow.schema_version, RecordRow.body).where(
                col(RecordRow.kind) == kind, col(column).in_(chunk)
            )
        )
        found += [record for said in bodies if (record := readable(kind, *said)) is not None]
    return found


def _values(resident: Resident, household: Household | None) -> dict[str, Any]:
    pinyin, initials = spelling(resident.name)
    return {
        "resident_id": resident.id,
        "household_id": resident.household_id,
        "village_id": household.village_id if household else "",
        "name": resident.name,
        "pinyin": resident.pinyin or pinyin,
        "initials": resident.initials or initials,
        "sex": resident.sex,
        "birth_date": resident.birth_date,
        "phone": resident.phone,
        "id_tail": resident.id_number[-ID_TAIL:],
        "relation_to_head": resident.relation_to_head,
        "tags": " ".join(dict.fromkeys(span.tag for span in resident.tags if span.to_on is None)),
        "left": resident.left,
        "household_number": household.number if household else "",
        "group_no": household.group_no if household else "",
        "house_no": household.house_no if household else "",
        "head_name": household.head_name if household else "",
    }

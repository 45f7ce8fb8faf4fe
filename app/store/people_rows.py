"""The person of the lists and the search, derived from a resident and the household."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, select
from sqlmodel import Session, col

from app.store.chunks import chunks
from app.store.spelling import spelling
from app.store.tables import PersonRow, RecordRow
from app.store.upserts import upsert
from core.people import Household, Resident
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.bodies import record_from_json
from statements.made_once import run, run_many

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
    for some in chunks(resident_ids):
        run(session, _FORGET, ids=some)
    residents: list[Resident] = [
        *_read(session, _BY_ID, Kind.RESIDENT, resident_ids),
        *_read(session, _BY_HOUSEHOLD, Kind.RESIDENT, household_ids),
    ]
    wanted = {resident.household_id for resident in residents}
    households: dict[str, Household] = {
        household.id: household for household in _read(session, _BY_ID, Kind.HOUSEHOLD, wanted)
    }
    values = [_values(resident, households.get(resident.household_id)) for resident in residents]
    run_many(session, _KEEP, values)


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_FORGET = delete(PersonRow).where(col(PersonRow.resident_id).in_(_IDS))
_OF_KIND = select(col(RecordRow.schema_version), col(RecordRow.body)).where(
    col(RecordRow.kind) == bindparam("kind")
)
_BY_ID = _OF_KIND.where(col(RecordRow.id).in_(_IDS))
_BY_HOUSEHOLD = _OF_KIND.where(col(RecordRow.household_id).in_(_IDS))
_KEEP = upsert(PersonRow)


def _read(
    session: Session, query: Select[tuple[int, str]], kind: Kind, ids: Iterable[str]
) -> list[Any]:
    return [
        record
        for some in chunks(ids)
        for schema, body in run(session, query, kind=kind, ids=some)
        if (record := readable(kind, schema, body)) is not None
    ]


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

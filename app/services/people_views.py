"""A person of the store as the lists show one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlmodel import Session

from app.services.views import PersonRow
from app.store import tables
from app.store.queries import records
from core.calendar import age_on
from core.people import Village
from core.vocabulary import Kind

VILLAGES = 500


def village_names(session: Session) -> dict[str, str]:
    """The names of the villages on this tablet, by id."""
    villages: list[Village] = records.of_kind(session, Kind.VILLAGE, VILLAGES)
    return {village.id: village.name for village in villages}


def person_row(row: tables.PersonRow, villages: Mapping[str, str], today: date) -> PersonRow:
    """The line of a list."""
    return PersonRow(
        resident_id=row.resident_id,
        household_id=row.household_id,
        name=row.name,
        age=age_on(row.birth_date, today),
        sex=row.sex,
        village=villages.get(row.village_id, ""),
        household_number=row.household_number,
        group_no=row.group_no,
        house_no=row.house_no,
        head_name=row.head_name,
        relation_to_head=row.relation_to_head,
        phone=row.phone,
        id_tail=row.id_tail,
        tags=tuple(row.tags.split()),
        left=row.left,
    )

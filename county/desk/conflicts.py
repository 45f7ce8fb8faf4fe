"""Fields two people set differently, side by side, for a third person to choose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.confidence import LISTS, open_part
from core.refusals import Refused
from core.wire.schemas import todays
from county.desk.follow_up import reviewer_for
from county.desk.lookups import doctor_names, waiting_for
from county.desk.render import link, page
from county.desk.visitor import Desk, Reviewing, SignedIn, Visitor, desk_of
from county.desk.wording import NOTHING, label, local, masked_apart
from county.settling import open_conflicts, settle
from county.tables import ConflictRow, DeviceRow, OperationRow, RecordRow
from words import say

router = APIRouter()

SHOWN = 200
TABLES: Mapping[str, str] = {
    "sex": "sex", "state": "contract_state", "left": "left", "id_type": "id_type",
}  # fmt: skip
"""Where the words for a field's codes are found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field with its two values; `other_by` is whose the one is that does not stand."""

    raised: str
    name: str
    person_href: str
    village: str
    kind: str
    field: str
    stands: str
    other: str
    other_by: str
    settle_href: str
    revision: int


@router.get("/conflicts")
def conflicts(request: Request, visitor: SignedIn) -> Response:
    """The conflicts from the villages in sight, oldest first."""
    return _shown(request, visitor)


@router.post("/conflicts/{conflict_id}")
def settle_one(
    request: Request,
    visitor: Reviewing,
    conflict_id: str,
    choice: Annotated[str, Form()] = "",
    revision: Annotated[int, Form()] = 0,
) -> Response:
    """Take the choice; what stands in its way is said above the list."""
    desk = desk_of(request)
    try:
        with desk.database.writing() as session:
            reviewer = reviewer_for(desk, visitor)
            settle(session, reviewer, conflict_id, choice, revision, desk.clock())
    except Refused as refused:
        return _shown(request, visitor, refused)
    return RedirectResponse(link("conflicts", done="settled"), status_code=303)


def _shown(request: Request, visitor: Visitor, refused: Refused | None = None) -> Response:
    desk = desk_of(request)
    with desk.database.reading() as session:
        rows = present(session, desk, visitor)
        waiting = waiting_for(session, desk, visitor)
    return page(
        request,
        "conflicts.html",
        visitor,
        "conflicts",
        refused=refused,
        waiting=waiting,
        rows=rows,
    )


def present(session: Session, desk: Desk, visitor: Visitor) -> tuple[Row, ...]:
    """The rows, worded."""
    found = (
        session.execute(open_conflicts(desk.county_id, visitor.village_ids).limit(SHOWN))
        .tuples()
        .all()
    )
    names = doctor_names(session, desk.county_id)
    authors = _authors(session, desk.county_id, [conflict.op_id for conflict, _ in found])
    people = _people(session, desk.county_id, {row.resident_id or "" for _, row in found})
    return tuple(
        _row(conflict, row, people, names.get(authors.get(conflict.op_id, ""), NOTHING), visitor)
        for conflict, row in found
        if _may_be_shown(conflict, row)
    )


def _may_be_shown(conflict: ConflictRow, row: RecordRow) -> bool:
    """Whether the two differ in what is open: two values that look alike tell of what is not."""
    if conflict.field not in LISTS:
        return True
    ours = todays(row.kind, row.schema, row.body).get(conflict.field)
    return bool(open_part(ours or []) != open_part(conflict.theirs or []))


def _authors(session: Session, county_id: str, op_ids: list[str]) -> dict[str, str]:
    """Whose tablet each of these operations came from."""
    found = session.execute(
        select(OperationRow.op_id, DeviceRow.doctor_id)
        .join(
            DeviceRow,
            (DeviceRow.county_id == OperationRow.county_id)
            & (DeviceRow.id == OperationRow.device_id),
        )
        .where(OperationRow.county_id == county_id, OperationRow.op_id.in_(op_ids))
    )
    return dict(found.tuples().all())


def _people(session: Session, county_id: str, ids: set[str]) -> dict[str, str]:
    found = session.execute(
        select(RecordRow.id, RecordRow.body).where(
            RecordRow.county_id == county_id, RecordRow.id.in_(ids)
        )
    )
    return {key: str(body.get("name", NOTHING)) for key, body in found}


def _row(
    conflict: ConflictRow, row: RecordRow, people: Mapping[str, str], author: str, visitor: Visitor
) -> Row:
    lang, resident_id = visitor.language, row.resident_id or ""
    body = todays(row.kind, row.schema, row.body)
    values = [value_text(conflict.field, value, lang) for value in (
        body.get(conflict.field), conflict.theirs,
    )]  # fmt: skip
    stands, other = masked_apart(*values) if conflict.field == "id_number" else values
    return Row(
        raised=local(conflict.raised_at),
        name=people.get(resident_id) or str(body.get("head_name", NOTHING)),
        person_href=link(f"people/{resident_id}") if resident_id else "",
        village=visitor.village_name(row.village_id),
        kind=label("desk.kind", row.kind, lang),
        field=label("desk.field", conflict.field, lang),
        stands=stands,
        other=other,
        other_by=author,
        settle_href=link(f"conflicts/{conflict.id}"),
        revision=row.revision,
    )


def value_text(field: str, value: Any, lang: str) -> str:
    """A field's value in words; what this version has no words for is shown as it came.

    Of what is told in confidence nothing is shown, whatever the record or the edit says.
    """
    value = open_part(value) if field in LISTS else value
    if value in (None, "", []):
        return NOTHING
    if isinstance(value, bool):
        return say("desk.audit.yes" if value else "desk.audit.no", lang)
    if isinstance(value, list):
        return say("desk.comma", lang).join(_entry_text(entry, lang) for entry in value)
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return label(TABLES[field], value, lang) if field in TABLES else value


def _entry_text(entry: Any, lang: str) -> str:
    """A group, a condition or a service of a list, with what else is said of it."""
    if not isinstance(entry, Mapping):
        return str(entry)
    rest = dict(entry)
    code = rest.pop("tag", None) or rest.pop("code", None)
    service = rest.pop("service", None)
    name = label("service", service, lang) if service else label("tag", code, lang)
    return " ".join([name, *(str(value) for value in rest.values() if value not in (None, ""))])

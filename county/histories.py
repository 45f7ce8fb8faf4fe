"""Residents' histories rebuilt from the county's records, many residents at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Text, bindparam, cast, select
from sqlalchemy.orm import Session

from core.history import History
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.bodies import record_from_json, record_of
from county.tables import RecordRow
from statements.made_once import run

HISTORY_FIELDS: Mapping[str, str] = {
    Kind.CONTRACT: "contracts",
    Kind.FOLLOW_UP: "follow_ups",
    Kind.WITHDRAWAL: "withdrawals",
    Kind.REVIEW: "reviews",
    Kind.EXEMPTION: "exemptions",
    Kind.EXEMPTION_DECISION: "exemption_decisions",
    Kind.REFERRAL: "referrals",
    Kind.REFERRAL_OUTCOME: "referral_outcomes",
    Kind.PHONE_CHECK: "phone_checks",
}
"""Where in a history the records of a kind belong."""

BATCH = 500
"""Residents asked for at once: under every database's limit of parameters."""


def histories_of(
    session: Session,
    county_id: str,
    resident_ids: Iterable[str],
    read: Mapping[str, Any] | None = None,
) -> dict[str, History]:
    """The history of each resident the county knows; ids without a resident are left out.

    A body this version cannot read is passed over: it was taken in for a newer one. `read`
    are records by id that need not be read again.
    """
    found: dict[str, History] = {}
    for batch in batches(sorted(set(resident_ids)), BATCH):
        found.update(_batch(session, county_id, batch, read or {}))
    return found


def batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    """The items in runs of at most `size`."""
    rest = iter(items)
    while run := list(islice(rest, size)):
        yield run


_CONCERNING = select(
    RecordRow.id,
    RecordRow.resident_id,
    RecordRow.kind,
    RecordRow.schema,
    # Read straight from the text, a body costs half of what it costs by way of a mapping.
    cast(RecordRow.body, Text),
).where(
    RecordRow.county_id == bindparam("county"),
    RecordRow.resident_id.in_(bindparam("residents", expanding=True)),
    RecordRow.kind.in_([Kind.RESIDENT, *HISTORY_FIELDS]),
    RecordRow.removed.is_(False),
)


def _batch(
    session: Session, county_id: str, resident_ids: Sequence[str], read: Mapping[str, Any]
) -> dict[str, History]:
    rows = run(session, _CONCERNING, county=county_id, residents=resident_ids).all()
    residents: dict[str, Any] = {}
    parts: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for record_id, resident_id, kind, schema, body in rows:
        record = read.get(record_id) or _readable_text(kind, schema, body)
        if record is None or resident_id is None:
            continue
        if kind == Kind.RESIDENT:
            residents[resident_id] = record
        else:
            parts[resident_id][HISTORY_FIELDS[kind]].append(record)
    return {
        resident_id: History(
            resident=resident, **{name: tuple(held) for name, held in parts[resident_id].items()}
        )
        for resident_id, resident in residents.items()
    }


def _readable_text(kind: str, schema: int, text: str) -> Any | None:
    try:
        return record_from_json(kind, schema, text)
    except Refused:
        return None


def readable(kind: str, schema: int, body: Mapping[str, Any]) -> Any | None:
    """The record of a body of a schema, or None where this version cannot read it."""
    try:
        return record_of(kind, schema, body)
    except Refused:
        return None

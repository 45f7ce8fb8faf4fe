"""The office and what is restricted: who is in a special programme, and when that ends.

The roster begins one; only here does one end. Reading the list is an act of its own, written
down like the ending; the trail names no disease.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.confidence import tags_told_by
from core.ids import restricted_scope, village_of
from core.people import SpecialProgramme
from core.refusals import Refusal, Refused
from core.vocabulary import SPECIAL_TAGS, Kind
from core.wire.bodies import body_of, record_of
from core.wire.schemas import schema_of, todays
from county.audit import CONSOLE, note_act
from county.config import CountyConfig, local_date, utc_now
from county.held import Held, load
from county.keys import the_county
from county.ledger import RecordWrite, write
from county.office import opened, villages_named
from county.people import Act, act_of, village_names
from county.tables import RecordRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One programme of one resident; the days are both included, None where open."""

    record_id: str
    village: str
    resident: str
    birth_date: str
    tag: str
    from_on: date | None
    to_on: date | None


def programmes(session: Session, act: Act, village_ids: tuple[str, ...]) -> tuple[Kept, ...]:
    """The special programmes of these villages, also those that have ended; by village and name.

    That they were read is noted in the audit trail.
    """
    names = village_names(session, act.county_id)
    records = _records(session, act.county_id, village_ids)
    resident_ids = [record.resident_id for _, record in records]
    people = load(session, act.county_id, resident_ids, lock=False)
    found = (
        kept
        for scope_id, record in records
        for kept in _kept(
            record, names.get(village_of(scope_id), ""), people.get(record.resident_id)
        )
    )
    note_act(
        session, act.county_id, act.by_user, "special_read", "", "", act.now,
        villages=sorted(village_ids),
    )  # fmt: skip
    return tuple(sorted(found, key=lambda kept: (kept.village, kept.resident, kept.record_id)))


def end_programme(
    session: Session, act: Act, record_id: str, tag: str | None, last_day: date
) -> SpecialProgramme:
    """End one programme of a record, or all that are open, after a last day, today at the latest.

    The record stays, and goes to the named doctors as it now is. Raises Refused
    `special.unknown`, `special.not_open`, `special.ahead` for a day to come, and
    `special.last_day` for one before it began.
    """
    today = local_date(act.now)
    if last_day > today:
        raise Refused(Refusal(code="special.ahead", values={"on": last_day.isoformat()}))
    held = load(session, act.county_id, [record_id]).get(record_id)
    if held is None or held.kind != Kind.SPECIAL_PROGRAMME or held.removed:
        raise Refused(Refusal(code="special.unknown"))
    record: SpecialProgramme = record_of(held.kind, held.schema, held.body)
    ending = [
        span
        for span in record.tags
        if (span.to_on is None or span.to_on > today) and tag in (None, span.tag)
    ]
    if not ending:
        raise Refused(Refusal(code="special.not_open"))
    late = [span.from_on for span in ending if span.from_on and span.from_on > last_day]
    if late:
        raise Refused(Refusal(code="special.last_day", values={"began": max(late).isoformat()}))
    body = dict(todays(held.kind, held.schema, held.body))
    # Span by span in the body, so that what a later version has said of them stays.
    body["tags"] = [
        {**said, "to_on": last_day.isoformat()} if span in ending else said
        for said, span in zip(body["tags"], record.tags, strict=True)
    ]
    schema = max(held.schema, schema_of(held.kind))
    write(session, act.county_id, [_write_of(act, record, body, schema)], act.now)
    note_act(
        session, act.county_id, act.by_user, "special_end", Kind.SPECIAL_PROGRAMME, record_id,
        act.now,
    )  # fmt: skip
    ended: SpecialProgramme = record_of(held.kind, schema, body)
    return ended


def write_programmes(session: Session, act: Act, records: Iterable[SpecialProgramme]) -> None:
    """Let these stand as they are; each has the restricted scope of its resident's village."""
    writes = [_write_of(act, record, body_of(record)) for record in records]
    write(session, act.county_id, writes, act.now)


def _write_of(
    act: Act, record: SpecialProgramme, body: Mapping[str, Any], schema: int | None = None
) -> RecordWrite:
    return RecordWrite(
        kind=Kind.SPECIAL_PROGRAMME,
        record_id=record.id,
        scope_id=record.scope_id,
        schema=schema,
        body=body,
        author_id=act.by_user,
        recorded_at=act.now,
    )


def list_programmes(config: CountyConfig, villages: tuple[str, ...]) -> tuple[Kept, ...]:
    """What `luyue county programmes` shows: of the villages named, or of all.

    Raises Refused `place.unknown`.
    """
    with opened(config) as database, database.writing() as session:
        county_id = the_county(session).county_id
        named = tuple(row.id for row in villages_named(session, county_id, villages))
        asked = named or tuple(village_names(session, county_id))
        return programmes(session, act_of(county_id, CONSOLE, utc_now()), asked)


def end_one(config: CountyConfig, record_id: str, tag: str | None, on: date | None) -> date:
    """What `luyue county end-programme` does; the last day.

    `tag` may be worded. Raises Refused as `end_programme`, and `special.no_programme`.
    """
    wanted = None if tag is None else _special_tag(tag)
    now = utc_now()
    last_day = on or local_date(now)
    with opened(config) as database, database.writing() as session:
        act = act_of(the_county(session).county_id, CONSOLE, now)
        end_programme(session, act, record_id, wanted, last_day)
    return last_day


def _special_tag(wanted: str) -> str:
    found = tags_told_by(wanted) & SPECIAL_TAGS
    if len(found) != 1:
        raise Refused(Refusal(code="special.no_programme", values={"programme": wanted}))
    return str(next(iter(found)))


def _records(
    session: Session, county_id: str, village_ids: tuple[str, ...]
) -> list[tuple[str, SpecialProgramme]]:
    rows = session.execute(
        select(RecordRow.kind, RecordRow.schema, RecordRow.scope_id, RecordRow.body).where(
            RecordRow.county_id == county_id,
            RecordRow.kind == Kind.SPECIAL_PROGRAMME,
            RecordRow.scope_id.in_(sorted(restricted_scope(each) for each in village_ids)),
            RecordRow.removed.is_(False),
        )
    )
    return [(row.scope_id, record_of(row.kind, row.schema, row.body)) for row in rows]


def _kept(record: SpecialProgramme, village: str, resident: Held | None) -> Iterator[Kept]:
    person = {} if resident is None else resident.body
    for span in record.tags:
        yield Kept(
            record_id=record.id,
            village=village,
            resident=str(person.get("name", record.resident_id)),
            birth_date=str(person.get("birth_date", "")),
            tag=span.tag,
            from_on=span.from_on,
            to_on=span.to_on,
        )

"""What must hold once calm has come: nothing lost, nothing twice, nothing silent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col
from sqlmodel import select as select_here

from app.services.accounts import history_of
from app.store.outbox import OutboxState, receipt_in
from app.store.queries.device import PROOF, setting
from app.store.sums import counted_root, roots
from app.store.tables import OutboxRow, RecordRow, SnapshotPieceRow
from core.ids import county_scope, is_restricted, restricted_scope, village_of, village_scope
from core.obligations import account_of
from core.policy import PolicyBook, default_policy
from core.vocabulary import Kind
from core.wire.digests import EMPTY_ROOT, body_hash
from core.wire.receipts import Receipt
from county import rollups, tables
from county.checking import damages
from county.config import local_date
from county.histories import histories_of
from county.quarantine import is_taken
from simulation.founding import COUNTY_ID, OFFICE
from simulation.tablet_end import Saved, TabletEnd
from simulation.world import World

RULES = PolicyBook([default_policy()])


@dataclass(frozen=True, slots=True, kw_only=True)
class _County:
    """The county's tables as they stand after calm."""

    operations: dict[tuple[str, int], tables.OperationRow]
    records: dict[str, tables.RecordRow]
    aside: dict[str, tables.QuarantineRow]
    conflicts: frozenset[tuple[str, str]]
    roots: dict[str, str]


def findings(world: World) -> list[str]:
    """Everything that is not as it has to be; empty for a sound world."""
    county = _county(world)
    found = [
        *_county_adds_up(world),
        *_waits_for_nothing(world, county),
        *_repaired_for_nothing(world),
        *world.county.overwritten,
        *world.county.betrayed,
        *_beside_their_residents(county),
    ]
    for tablet in world.tablets:
        is_active = world.county.state_of(tablet.seat.device_id) == "active"
        found += _handed_in(tablet, county, is_active=is_active)
        if is_active:
            found += _is_level(world, tablet, county)
    return found


def _county(world: World) -> _County:
    with world.county.database.reading() as session:
        operations = session.scalars(select(tables.OperationRow)).all()
        conflicts = session.scalars(select(tables.ConflictRow)).all()
        return _County(
            operations={(row.device_id, row.device_seq): row for row in operations},
            records={row.id: row for row in session.scalars(select(tables.RecordRow))},
            aside={row.op_id: row for row in session.scalars(select(tables.QuarantineRow))},
            conflicts=frozenset((row.op_id, row.field) for row in conflicts),
            roots={row.scope_id: row.root for row in session.scalars(select(tables.ScopeHeadRow))},
        )


def _county_adds_up(world: World) -> Iterator[str]:
    today = local_date(world.clock.now)
    with world.county.database.writing() as session:
        rollups.refresh_day(session, COUNTY_ID, today)
        for damage in damages(session, COUNTY_ID, today):
            yield f"the county's {damage.kind} {damage.object_id} is damaged: {damage.code}"


def _waits_for_nothing(world: World, county: _County) -> Iterator[str]:
    """Nothing of a tablet in its place is set aside for want of a record that is there."""
    for row in county.aside.values():
        lacked = county.records.get(row.lacks or "")
        is_there = lacked is not None and not lacked.removed
        if is_there and world.county.state_of(row.device_id) == "active":
            yield f"{row.op_id} still waits for {row.lacks}, which the county has"


def _beside_their_residents(county: _County) -> Iterator[str]:
    """What somebody is cared for in confidence is in the village they are in."""
    for row in county.records.values():
        if row.kind == Kind.SPECIAL_PROGRAMME and not row.removed:
            resident = county.records[str(row.resident_id)]
            if row.scope_id != restricted_scope(village_of(resident.scope_id)):
                yield f"{row.id} is left behind in {row.scope_id}"


def _repaired_for_nothing(world: World) -> Iterator[str]:
    """Repair is for decay: it must not be what covers up a record that sync has left out."""
    for name in sorted(set(world.unprovoked)):
        yield f"{name} had to ask what differs, and its store had not decayed"


def _handed_in(tablet: TabletEnd, county: _County, *, is_active: bool) -> Iterator[str]:
    """Each saved record: here with its answer, there once, and the same at both ends."""
    with tablet.store.transaction() as session:
        rows = {row.device_seq: row for row in session.exec(select_here(OutboxRow))}
    if len(rows) != len(tablet.saved):
        yield f"{tablet.name} keeps {len(rows)} operations of {len(tablet.saved)} saved"
    for saved in tablet.saved:
        row = rows.get(saved.device_seq)
        if row is None or row.record_id != saved.record_id:
            yield f"{tablet.name} has lost its {saved.device_seq}"
            continue
        receipt = receipt_in(row)
        if row.state == OutboxState.QUEUED or receipt is None:
            yield f"{tablet.name} still waits for an answer to {saved.device_seq}"
            continue
        if not is_active and _was_taken_in(row, county):
            continue  # by a person, of which a tablet without a place is told nothing
        is_second = tablet.was_copied and receipt.code == "op.number_taken"
        problems = (
            _came_second(row, county)
            if is_second
            else _answered(saved, row, receipt, tablet, county)
        )
        for problem in problems:
            yield f"{tablet.name} {saved.device_seq} ({saved.kind}): {problem}"


def _came_second(row: OutboxRow, county: _County) -> Iterator[str]:
    """A copy of the tablet has taken the number before."""
    if row.op_id not in county.aside or row.state != OutboxState.REFUSED:
        yield "came second, and is not in quarantine"


def _was_taken_in(row: OutboxRow, county: _County) -> bool:
    aside = county.aside.get(row.op_id)
    there = county.operations.get((aside.device_id, row.device_seq)) if aside else None
    return is_taken(there) and row.state == OutboxState.REFUSED


def _answered(
    saved: Saved, row: OutboxRow, receipt: Receipt, tablet: TabletEnd, county: _County
) -> Iterator[str]:
    there = county.operations.get((tablet.seat.device_id, saved.device_seq))
    if there is None:
        yield "answered, but the county has no such operation"
        return
    if there.op_id != row.op_id or there.envelope["hash"] != json.loads(row.envelope)["hash"]:
        yield "the county has another operation under its number"
    if (there.outcome, there.code, there.revision) != (
        receipt.outcome,
        receipt.code,
        receipt.revision,
    ):
        yield f"told {receipt.outcome}/{receipt.code}, the county says {there.outcome}/{there.code}"
    if (row.state == OutboxState.REFUSED) != (there.outcome == "refused"):
        yield f"{row.state} here, {there.outcome} there"
    if there.outcome == "refused":
        aside = county.aside.get(row.op_id)
        if aside is None or aside.settled_by not in (None, OFFICE):
            yield "refused, and not in quarantine"
        return
    yield from _stands(saved, row, receipt, county)


def _stands(saved: Saved, row: OutboxRow, receipt: Receipt, county: _County) -> Iterator[str]:
    record = county.records.get(saved.record_id)
    if record is None:
        yield "accepted, and the county has no such record"
        return
    if saved.action == "put" and (record.hash, record.revision) != (body_hash(saved.body), 1):
        yield "the county's bytes are not those that were saved"
    for field in receipt.values.get("conflicts", ()):
        if (row.op_id, field) not in county.conflicts:
            yield f"a conflict about {field} that nobody is asked to settle"


def _is_level(world: World, tablet: TabletEnd, county: _County) -> Iterator[str]:
    villages = world.county.villages_of(tablet.seat.doctor_id)
    restricted = world.county.restricted_for(tablet.seat.doctor_id)
    ordinary = {county_scope(COUNTY_ID), *(village_scope(name) for name in villages)}
    scopes: set[str] = ordinary | restricted
    with tablet.store.transaction() as session:
        rows = session.exec(select_here(RecordRow).order_by(col(RecordRow.id))).all()
        sums = roots(session)
        counted = {scope: counted_root(session, scope)[1] for scope in scopes}
        proof = (setting(session, PROOF) or "never compared").split(" ")[0]
        pieces = set(session.exec(select_here(SnapshotPieceRow.scope_id)))
    theirs = {row.id: row for row in county.records.values() if _is_sent(row, scopes)}
    ours = {row.id: row for row in rows if row.received_at is not None}
    yield from (f"{tablet.name} {problem}" for problem in _differences(ours, theirs))
    for row in rows:
        if row.hash != body_hash(json.loads(row.body)):
            yield f"{tablet.name} has a body of {row.id} that is not what its hash says"
    for scope in sorted(scopes & county.roots.keys()):
        if {sums.get(scope, EMPTY_ROOT), counted[scope]} != {county.roots[scope]}:
            yield f"{tablet.name} and the county have different roots of {scope}"
    if proof != "equal":
        yield f"{tablet.name} says it is {proof}"
    for scope in sorted({row.scope_id for row in rows} | pieces):
        if is_restricted(scope) and scope not in restricted:
            yield f"{tablet.name} keeps something of {scope}"
    elsewhere = {
        row.resident_id
        for row in county.records.values()
        if row.scope_id not in scopes and row.kind != Kind.SPECIAL_PROGRAMME
    }
    yield from _same_accounts(world, tablet, ours, elsewhere)


def _is_sent(row: tables.RecordRow, scopes: set[str]) -> bool:
    return row.scope_id in scopes and not row.removed


def _differences(
    ours: Mapping[str, RecordRow], theirs: Mapping[str, tables.RecordRow]
) -> Iterator[str]:
    for record_id in sorted(theirs.keys() - ours.keys()):
        yield f"lacks {record_id}"
    for record_id in sorted(ours.keys() - theirs.keys()):
        yield f"has {record_id}, which is not the county's or not for it"
    for record_id in sorted(ours.keys() & theirs.keys()):
        here, there = ours[record_id], theirs[record_id]
        if (here.scope_id, here.revision, here.hash) != (
            there.scope_id,
            there.revision,
            there.hash,
        ):
            yield f"has {record_id}, but not as the county has it"


def _same_accounts(
    world: World, tablet: TabletEnd, ours: Mapping[str, RecordRow], elsewhere: Set[str | None]
) -> Iterator[str]:
    """What residents are owed, reckoned at both ends.

    Left out are those with records set aside here, and those with some in villages the
    tablet is not sent: it cannot know what happened there. What is told in confidence leaves
    nobody out: whoever does not know it has to come to the same account.
    """
    today = local_date(world.clock.now)
    with tablet.store.transaction() as session:
        rows = session.exec(select_here(RecordRow)).all()
        alone = {row.resident_id for row in rows if row.id not in ours}
        residents = {row.id for row in rows if row.kind == Kind.RESIDENT} - alone - elsewhere
        here = {name: history_of(session, name) for name in sorted(residents)}
    with world.county.database.reading() as session:
        there = histories_of(session, COUNTY_ID, here)
    for name, history in here.items():
        if history is None or name not in there:
            yield f"{tablet.name} and the county do not both know {name}"
        elif account_of(RULES, history, today) != account_of(RULES, there[name], today):
            yield f"{tablet.name} and the county reckon the account of {name} differently"

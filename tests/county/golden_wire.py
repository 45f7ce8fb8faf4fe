"""Records what a tablet and a county say to each other: once a version, then kept for ever.

`python -m tests.county.golden_wire tests/golden/wire-5` lets a real tablet and a real county go
through everything the wire can say, and writes each request down with its answer.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.store.opening import Store
from app.store.outbox import iso
from app.store.rows import RecordWrite as RowWrite
from app.store.rows import remove_records, store_records
from app.store.tables import DeviceRow as TabletRow
from app.sync.first_load import Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace
from app.sync.transport import Answer
from core.wire.bodies import body_of
from core.wire.digests import body_hash
from core.wire.envelopes import GENESIS, RESPONSES, EnrolRequest
from core.wire.snapshots import SNAPSHOT_ROUTE
from county import enrolment, keys
from county.coding import decoded
from county.db import Database, open_database
from county.device_auth import Doorkeeper, signed_request
from county.exchange import exchange, read_call
from county.ledger import RecordWrite, write
from county.restoring import NewHistory
from county.schema import upgrade
from county.snapshot_answers import served
from county.snapshot_files import SnapshotFiles
from county.snapshots import Snapshots
from county.tables import CountyRow, DeviceRow, UserRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    SCOPE,
    TODAY,
    VILLAGE_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_referral,
    a_referral_outcome,
    a_resident,
    a_withdrawal,
    an_education,
    an_exemption,
)
from tests.county_world import OTHER_SCOPE, OTHER_VILLAGE_ID, found, write_records
from tests.fakes import FakeClock
from tests.tablet_world import TabletHere

VILLAGES = [VILLAGE_ID, OTHER_VILLAGE_ID]
PRIVATE_KEY = bytes(range(32))
WORTH_A_SNAPSHOT = 3
BEGUN = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


@dataclass(kw_only=True)
class Recorded:
    """One request and its answer, as JSON."""

    name: str
    request: dict[str, Any]
    answer: dict[str, Any]


@dataclass(kw_only=True)
class Recorder:
    """A county behind the tablet's transport, and everything that was said, by name."""

    folder: Path
    clock: FakeClock
    database: Database
    name: str = ""
    said: list[Recorded] = field(default_factory=list)

    @property
    def snapshots(self) -> Snapshots:
        """The county's snapshots, of scopes however small."""
        return snapshots_in(self.database, self.folder)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See Transport; everything but a synchronisation finds nobody."""
        if path != "/sync/v1":
            return Answer(status=503, headers={}, body=b"")
        now = self.clock.now()
        sender = Doorkeeper(self.database).proven(signed_request("POST", path, body, headers), now)
        plain = decoded(body, headers.get("Content-Encoding", ""))
        answer = exchange(self.database, read_call(sender, plain, now, self.snapshots.offered))
        content = RESPONSES.dump_json(answer, exclude_defaults=True)
        kept = Recorded(name=self.name, request=json.loads(plain), answer=json.loads(content))
        self.said.append(kept)
        return Answer(status=200, headers={"content-type": "application/json"}, body=content)

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """See Transport: a piece of a snapshot."""
        now = self.clock.now()
        sender = Doorkeeper(self.database).proven(signed_request("GET", path, b"", headers), now)
        scope_id, _, name = path.removeprefix(SNAPSHOT_ROUTE + "/").partition("/")
        piece = served(self.snapshots, sender, scope_id, name, headers, now)
        names = {header.lower(): value for header, value in piece.headers.items()}
        return Answer(status=piece.status, headers=names, body=piece.content)

    def close(self) -> None:
        """See Transport."""


def snapshots_in(database: Database, folder: Path) -> Snapshots:
    """Snapshots of a small county."""
    files = SnapshotFiles(folder=folder / "snapshots")
    return Snapshots(
        database=database, files=files, note=lambda *_, **__: None, least=WORTH_A_SNAPSHOT
    )


def make_golden(out: Path) -> None:
    """Play everything through and write it down."""
    folder = Path(tempfile.mkdtemp(prefix="luyue-golden-"))
    clock = FakeClock(moment=BEGUN)
    recorder = Recorder(folder=folder, clock=clock, database=_county(folder / "county.db"))
    tablet = _tablet(recorder)
    _play(recorder, tablet)
    _write_down(out, recorder, tablet)
    tablet.store.close()
    recorder.database.close()
    shutil.rmtree(folder)


def _county(file: Path) -> Database:
    database = open_database(f"sqlite:///{file}")
    upgrade(database)
    found(database, BEGUN)
    with database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).village_ids = VILLAGES
    return database


def _tablet(recorder: Recorder) -> TabletHere:
    key = Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY)
    with recorder.database.writing() as session:
        code = enrolment.invite(session, COUNTY_ID, DOCTOR_ID, created_by="office", now=BEGUN).code
        request = EnrolRequest(
            code=code,
            device_public_key=key.public_key().public_bytes_raw().hex(),
            device_name="golden",
            app_version="0.1.0",
        )
        answer = enrolment.enrol(session, keys.the_county(session), request, BEGUN)
    store = Store.open(recorder.folder / "tablet.db", bytes(32))
    with store.transaction() as session:
        session.add(
            tablet_row(answer.device_id, answer.county_public_key, answer.county_escrow_key)
        )
    pieces = Portions(piece=Pace(size=4_000, least=500, most=8_000), records=100)
    link = HttpCounty(recorder.clock, lambda _: recorder, pieces)
    return TabletHere(store=store, link=link, clock=recorder.clock)


def tablet_row(device_id: str, county_public_key: str, county_escrow_key: str) -> TabletRow:
    """Who the recorded tablet is."""
    return TabletRow(
        device_id=device_id,
        county_id=COUNTY_ID,
        county_name="青川县",
        county_url="https://county.invalid",
        doctor_id=DOCTOR_ID,
        doctor_name="周大夫",
        scopes="[]",
        private_key=PRIVATE_KEY,
        county_public_key=county_public_key,
        county_escrow_key=county_escrow_key,
        last_hash=GENESIS,
        enrolled_at=iso(BEGUN),
    )


def _play(recorder: Recorder, tablet: TabletHere) -> None:
    said = _Said(recorder, tablet)
    office_house = a_household()
    moved = a_resident(household_id=office_house.id)
    stranger = a_resident(household_id=office_house.id, scope_id=OTHER_SCOPE)
    write_records(recorder.database, recorder.clock.now(), office_house, moved, stranger)
    write_records(recorder.database, recorder.clock.now(), a_contract(moved.id))
    said("first_load")
    house = a_household()
    resident = a_resident(household_id=house.id)
    for record in (house, resident, a_contract(resident.id)):
        tablet.enter(record)
        said(f"{type(record).__name__.lower()}.set")
    _facts(said, resident.id)
    _edits(said, recorder, tablet, resident.id)
    _set_aside(said, recorder, tablet, house.id)
    _taken_away(said, recorder, moved)
    _repaired(said, tablet, house.id)
    _restored(said, recorder, tablet, resident.id)
    _ordered(said, recorder, tablet, resident.id)


@dataclass(frozen=True)
class _Said:
    recorder: Recorder
    tablet: TabletHere

    def __call__(self, name: str) -> None:
        """Let the tablet call, and keep what was said under this name."""
        self.recorder.name = name
        self.recorder.clock.forward(minutes=1)
        self.tablet.synchronise()


def _facts(said: _Said, resident_id: str) -> None:
    visit, referral = a_follow_up(resident_id), a_referral(resident_id)
    said.tablet.save(visit)
    said("follow_up.put")
    said.tablet.save(an_education())
    said("education.put")
    said.tablet.save(referral)
    said("referral.put")
    said.tablet.save(a_referral_outcome(referral.id))
    said("referral_outcome.put")
    said.tablet.save(an_exemption(resident_id, TODAY, TODAY))
    said("exemption.put")
    said.tablet.save(a_withdrawal(visit.id))
    said("withdrawal.put")


def _edits(said: _Said, recorder: Recorder, tablet: TabletHere, resident_id: str) -> None:
    for name, field_name, theirs, ours in (
        ("merged", "phone", "13900000001", "13900000002"),
        ("conflict", "name", "王建军", "王建民"),
    ):
        tablet.edit(resident_id, **{field_name: theirs})
        recorder.clock.forward(minutes=1)
        _office_sets(recorder, resident_id, **{field_name: ours})
        said(name)


def _office_sets(recorder: Recorder, record_id: str, **fields: Any) -> None:
    from county.held import load

    with recorder.database.writing() as session:
        held = load(session, COUNTY_ID, [record_id])[record_id]
        body = {**held.body, **fields}
        item = RecordWrite(
            kind=held.kind,
            record_id=record_id,
            scope_id=body["scope_id"],
            body=body,
            author_id="office",
            recorded_at=recorder.clock.now(),
        )
        write(session, COUNTY_ID, [item], recorder.clock.now())


def _set_aside(said: _Said, recorder: Recorder, tablet: TabletHere, house_id: str) -> None:
    late = a_resident(household_id=house_id)
    tablet.save(a_follow_up(late.id))
    said("refused")
    write_records(recorder.database, recorder.clock.now(), late)
    said("judged_anew")


def _taken_away(said: _Said, recorder: Recorder, moved: Any) -> None:
    _office_sets(recorder, moved.id, scope_id=OTHER_SCOPE)
    said("moved")
    with recorder.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).village_ids = [VILLAGE_ID]
    said("dropped_scope")


def _repaired(said: _Said, tablet: TabletHere, house_id: str) -> None:
    strange = a_household()
    body = body_of(strange)
    with tablet.store.transaction() as session:
        remove_records(session, [house_id])
        store_records(
            session,
            [
                RowWrite(
                    id=strange.id,
                    kind="household",
                    scope_id=SCOPE,
                    revision=1,
                    author_id="office",
                    received_at=iso(BEGUN),
                    body=body,
                    hash=body_hash(body),
                )
            ],
        )
    said("repaired")


def _restored(said: _Said, recorder: Recorder, tablet: TabletHere, resident_id: str) -> None:
    file = recorder.folder / "county.db"
    recorder.database.close()
    shutil.copy(file, recorder.folder / "backup.db")
    recorder.database = open_database(f"sqlite:///{file}")
    tablet.save(a_follow_up(resident_id))
    said("before_a_restore")
    recorder.database.close()
    shutil.copy(recorder.folder / "backup.db", file)
    recorder.database = open_database(f"sqlite:///{file}")
    with recorder.database.writing() as session:
        NewHistory(epoch="restored", begun_at=BEGUN).begin(session)
    tablet.save(a_follow_up(resident_id))
    said("after_a_restore")


def _ordered(said: _Said, recorder: Recorder, tablet: TabletHere, resident_id: str) -> None:
    with recorder.database.writing() as session:
        session.get_one(CountyRow, COUNTY_ID).lease_days = 21
    said("orders")
    with recorder.database.writing() as session:
        row = session.get_one(DeviceRow, (COUNTY_ID, _device_id(tablet)))
        row.state = "revoked"
    tablet.save(a_follow_up(resident_id))
    said("revoked")


def _device_id(tablet: TabletHere) -> str:
    from app.store.queries.device import the_device

    with tablet.store.transaction() as session:
        return the_device(session).device_id


def _write_down(out: Path, recorder: Recorder, tablet: TabletHere) -> None:
    out.mkdir(parents=True)
    with recorder.database.reading() as session:
        county = keys.the_county(session)
    identity = {
        "device_id": _device_id(tablet),
        "county_public_key": county.signing_public_key,
        "county_escrow_key": county.escrow_public_key,
    }
    _dump(out / "tablet.json", identity)
    for number, kept in enumerate(recorder.said):
        _dump(out / f"{number:02}-{kept.name}.json", asdict(kept))


def _dump(path: Path, told: Any) -> None:
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    make_golden(Path(sys.argv[1]))

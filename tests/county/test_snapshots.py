"""Snapshots as they are made: of one moment, once for all, and not for ever."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from core.wire.envelopes import Cursor
from core.wire.snapshots import SnapshotOffer
from county import snapshots
from county.db import Database
from county.feed import Feed
from county.snapshot_files import KEPT_FOR, KEPT_OF_A_SCOPE, SnapshotFiles
from county.snapshots import Snapshots
from county.tables import ChangeRow, DeviceRow, ScopeHeadRow
from tests.builders import COUNTY_ID, SCOPE, a_household, a_resident
from tests.county.conftest import NOW
from tests.county_world import OTHER_SCOPE, Enrolled, enrol_tablet, write_records

LEAST = 4


@pytest.fixture
def tablet(county: Database) -> Enrolled:
    return enrol_tablet(county, NOW)


@pytest.fixture
def made(county: Database, tmp_path: Path) -> Snapshots:
    """The snapshots of the county, of scopes with LEAST numbers and more."""
    files = SnapshotFiles(folder=tmp_path / "snapshots")
    return Snapshots(database=county, files=files, note=lambda *_, **__: None, least=LEAST)


def offered(made: Snapshots, tablet: Enrolled, **cursors: Cursor) -> dict[str, SnapshotOffer]:
    return made.offered(COUNTY_ID, tablet.device_id, cursors, NOW)


def lines(made: Snapshots) -> list[dict[str, Any]]:
    """The records of the newest snapshot of the first village."""
    packed = made.files.of_scope(COUNTY_ID, SCOPE)[-1].path.read_bytes()
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    return [json.loads(line) for line in plain.splitlines()]


def test_a_snapshot_says_what_the_pages_say_of_what_stands(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    household, resident, moved = a_household(), a_resident(), a_resident()
    write_records(county, NOW, household, resident, moved, a_household(), a_household())
    write_records(county, NOW, replace(resident, phone="19900000001"))
    write_records(county, NOW, replace(moved, scope_id=OTHER_SCOPE))
    offer = offered(made, tablet)[SCOPE]
    with county.reading() as session:
        page = Feed(session, COUNTY_ID, (SCOPE,)).page((SCOPE,), {}, 100)
    assert page.cursors[SCOPE] == Cursor(epoch=offer.epoch, seq=offer.seq)
    stands = [change for change in page.changes if change.action == "put"]
    assert len(stands) == 4
    told = [(c.seq, c.kind, c.record_id, c.revision, c.author_id, c.received_at) for c in stands]
    names = ("seq", "kind", "record_id", "revision", "author_id", "received_at")
    assert [tuple(line[name] for name in names) for line in lines(made)] == told
    assert [line["body"] for line in lines(made)] == [change.body for change in stands]


def test_a_record_said_twice_in_one_revision_is_in_it_once(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    with county.writing() as session:
        head = session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE))
        said = session.get_one(ChangeRow, (COUNTY_ID, SCOPE, 1))
        head.head += 1
        # Going over the columns themselves gives columns, not their names.
        again = {name: getattr(said, name) for name in ChangeRow.__table__.columns.keys()}  # noqa: SIM118
        session.add(ChangeRow(**{**again, "seq": head.head}))
    assert offered(made, tablet)[SCOPE].seq == LEAST + 1
    assert len(lines(made)) == LEAST


def test_whoever_writes_while_one_is_made_neither_waits_nor_gets_into_it(
    county: Database, made: Snapshots, tablet: Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    ordinary = snapshots._line

    def disturbed(row: Any) -> bytes:
        monkeypatch.setattr(snapshots, "_line", ordinary)
        write_records(county, NOW, a_household())
        return ordinary(row)

    monkeypatch.setattr(snapshots, "_line", disturbed)
    offer = offered(made, tablet)[SCOPE]
    assert (offer.seq, len(lines(made))) == (LEAST, LEAST)
    with county.reading() as session:
        assert session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE)).head == LEAST + 1


def test_what_does_not_add_up_to_the_root_is_offered_to_nobody(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    with county.writing() as session:
        session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE)).root = "1" * 16
    assert offered(made, tablet) == {}
    assert list(made.files.folder.glob("*/*")) == []


def test_one_snapshot_serves_until_as_much_again_has_changed(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    first = offered(made, tablet)
    write_records(county, NOW, *(a_household() for _ in range(LEAST - 1)))
    assert offered(made, tablet) == first
    write_records(county, NOW, a_household())
    assert offered(made, tablet)[SCOPE].seq == 2 * LEAST
    assert made.find(COUNTY_ID, SCOPE, Cursor(epoch=first[SCOPE].epoch, seq=LEAST)) is not None


def test_only_the_newest_of_a_scope_are_kept(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    for _ in range(KEPT_OF_A_SCOPE + 2):
        write_records(county, NOW, *(a_household() for _ in range(LEAST)))
        offered(made, tablet)
    kept = [item.offer.seq for item in made.files.of_scope(COUNTY_ID, SCOPE)]
    assert kept == [LEAST * 3, LEAST * 4]


def test_what_is_old_or_half_made_goes(county: Database, made: Snapshots, tablet: Enrolled) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    offered(made, tablet)
    (kept,) = made.files.of_scope(COUNTY_ID, SCOPE)
    half_made = kept.path.with_name("0123.begun")
    half_made.touch()
    long_ago = (NOW - KEPT_FOR - timedelta(minutes=1)).timestamp()
    for path in (kept.path, half_made):
        os.utime(path, (long_ago, long_ago))
    made.files.clear_out(NOW)
    assert list(made.files.folder.glob("*/*")) == []
    assert made.find(COUNTY_ID, SCOPE, Cursor(epoch=kept.offer.epoch, seq=kept.offer.seq)) is None


def test_the_oldest_go_where_all_together_weigh_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("county.snapshot_files.KEPT_BYTES", 250)
    files = SnapshotFiles(folder=tmp_path)
    for number in range(4):
        kept = files.keep(COUNTY_ID, f"scope-{number}", ("e", 1), [os.urandom(90)])
        os.utime(kept.path, (NOW.timestamp() + number, NOW.timestamp() + number))
    files.clear_out(NOW)
    left = [number for number in range(4) if files.of_scope(COUNTY_ID, f"scope-{number}")]
    assert left == [2, 3]


def test_without_room_on_the_disk_pages_are_sent(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    made.files.folder.write_text("a file where the folder should be")
    assert offered(made, tablet) == {}


def test_a_revoked_tablet_and_a_stranger_are_offered_nothing(
    county: Database, made: Snapshots, tablet: Enrolled
) -> None:
    write_records(county, NOW, *(a_household() for _ in range(LEAST)))
    with county.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, tablet.device_id)).state = "revoked"
    assert offered(made, tablet) == {}
    assert made.offered(COUNTY_ID, "stranger", {}, NOW) == {}

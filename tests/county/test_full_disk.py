"""A disk without room, at the county and at the tablet: nothing is half there, nothing is lost.

The size beyond which no file of a process can grow is set from outside. To whoever writes, that
is a disk, or a quota, that is used up; and it can be given back while the process goes on.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import func, select, text

from app.store.outbox import OutboxState
from app.sync.troubles import Trouble
from county.config import utc_now
from county.tables import OperationRow, QuarantineRow, RecordRow
from tests.builders import a_contract, a_follow_up, a_resident
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county.process import CountyProcess, free_port
from tests.county.reading import events
from tests.county.signed_post import post, request_body, signed_headers
from tests.county.tablet_process import Run, TabletProcess, reopened
from tests.county_world import Enrolled, write_records
from tests.operations import Chain, outcomes

VISITS = 120
ROOM_AT_THE_TABLET = 60_000
"""Less than the write-ahead log of one answer, more than none: it breaks off in the middle."""


def rows(world: World) -> tuple[int, int, int]:
    """Operations answered, visits kept, operations set aside."""
    visits = select(func.count()).select_from(RecordRow).where(RecordRow.kind == "follow_up")
    with world.database.reading() as session:
        answered, aside = (
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (OperationRow, QuarantineRow)
        )
        return answered, session.scalar(visits) or 0, aside


@contextmanager
def no_room(process_id: int, most_bytes: int) -> Iterator[None]:
    """A time in which no file of a process can grow beyond so many bytes."""
    soft, hard = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
    resource.prlimit(process_id, resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.prlimit(process_id, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def county(world: World) -> Iterator[CountyProcess]:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    with closing(CountyProcess(world.county_dir, free_port())) as process:
        yield process


@pytest.mark.parametrize(
    ("room", "log_bytes"),
    [(40_000, 0), (300_000, 300_000)],
    ids=["while records are written", "in the middle of the commit"],
)
def test_a_county_whose_disk_runs_full_keeps_nothing_of_the_batch_and_goes_on_when_there_is_room(
    world: World, county: CountyProcess, tablet: Enrolled, room: int, log_bytes: int
) -> None:
    doctor = world.level_tablet(county.url)
    today = utc_now().date()
    doctor.save(*(a_follow_up(RESIDENT.id, today) for _ in range(VISITS)))
    chain = Chain(tablet, utc_now())
    body = request_body(
        tablet, *(chain.put(a_follow_up(RESIDENT.id, today)) for _ in range(VISITS))
    )
    with world.database.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    log = world.county_dir / "county.db-wal"
    with no_room(county.process.pid, room):
        answer = post(county.url, body, signed_headers(tablet, body))
        assert log.stat().st_size == log_bytes
        assert rows(world) == (0, 0, 0)
        assert doctor.synchronise().failed == Trouble.BUSY
        assert rows(world) == (0, 0, 0)
    assert (answer.status, answer.said["code"]) == (503, "county.busy")
    assert answer.said.keys() == {"code", "message"}
    assert answer.said["message"]
    assert int(answer.headers["retry-after"]) > 0

    # The process is the same; only the room is there again.
    again = post(county.url, body, signed_headers(tablet, body))
    assert set(outcomes(again.said)) == {"accepted"}
    assert doctor.synchronise().failed is None
    assert doctor.is_level
    assert set(doctor.states()) == {OutboxState.RECEIPTED}
    assert rows(world) == (2 * VISITS, 2 * VISITS, 0)
    assert county.stop() == 0

    told = [event for event in events(world.county_dir) if event["event"] == "database"]
    assert {event["reason"] for event in told} == {"SQLITE_IOERR_WRITE"}
    log_text = (world.county_dir / "county.log").read_text("utf-8")
    assert [secret for secret in (RESIDENT.name, RESIDENT.id_number) if secret in log_text] == []
    assert "Traceback" not in log_text


def test_a_tablet_whose_disk_runs_full_in_mid_sync_gets_it_all_again_when_there_is_room(
    world: World,
) -> None:
    residents = [a_resident(household_id=HOUSEHOLD.id) for _ in range(VISITS)]
    with served(world, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id)) as url:
        tablet = world.level_tablet(url)
        visits = [a_follow_up(RESIDENT.id, utc_now().date()) for _ in range(20)]
        tablet.save(*visits)
        write_records(world.database, utc_now(), *residents)
        tablet.store.close()
        file = world.folder / "tablet0.db"
        full = TabletProcess(Run(store=file, batch=VISITS, most_bytes=ROOM_AT_THE_TABLET))
        assert full.failure() == Trouble.STORE_FAILED
        assert rows(world) == (20, 20, 0)
        tablet = reopened(tablet, file)
        world.tablets.append(tablet)
        assert set(tablet.states()) == {OutboxState.QUEUED}
        assert all(tablet.body(resident.id) is None for resident in residents)
        assert all(tablet.body(visit.id) is not None for visit in visits)
        result = tablet.synchronise()
        assert (result.failed, result.receipted) == (None, 20)
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
        assert all(tablet.body(resident.id) is not None for resident in residents)
        assert tablet.is_level
        assert rows(world) == (20, 20, 0)

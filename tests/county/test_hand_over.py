"""A hand-over file is enough whatever became of tablet or county: all that was done is in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from app.clock import SystemClock
from app.config import Config
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store import outbox
from app.store.device_secret import FileDeviceSecret
from app.store.kdf import Scrypt
from app.store.queries.device import the_device
from app.sync.link import HttpCounty
from core.people import Resident
from core.vocabulary import GroupTag, NotMet
from county import backup_office, custody_office
from county.config import CountyConfig, utc_now
from county.custody_office import Handed
from county.hand_over import Key
from county.restoring import planned
from county.tables import OperationRow
from tests.builders import a_contract, a_household, a_resident, fresh_id
from tests.county.conftest import World
from tests.county_world import PASSPHRASE, running, write_records

PIN = "274913"
KEY = Key(passphrase=PASSPHRASE)
RESIDENT = a_resident(GroupTag.HTN, household_id=fresh_id())


@pytest.fixture
def config(world: World) -> CountyConfig:
    house = a_household(id=RESIDENT.household_id)
    write_records(world.database, utc_now(), house, RESIDENT, a_contract(RESIDENT.id))
    return CountyConfig(data_dir=world.county_dir)


@pytest.fixture
def tablet(tmp_path: Path) -> Iterator[Tablet]:
    clock = SystemClock()
    secret = FileDeviceSecret(tmp_path / "secret")
    place = Config(data_dir=tmp_path / "tablet")
    made = Tablet(place, clock, HttpCounty(clock), secret, kdf=Scrypt(cost=2))
    yield made
    made.lock()


@contextmanager
def enrolled(world: World, tablet: Tablet) -> Iterator[Workplace]:
    """A doctor at work, level with a county that is within reach."""
    with running(world.county_dir) as url:
        work = tablet.finish_enrolment(tablet.enrol(url, world.invite()), PIN)
        level(work)
        yield work


def level(work: Workplace) -> None:
    assert work.sync.run_now().failed is None


def moved(work: Workplace, phone: str) -> None:
    work.residents.correct(RESIDENT.id, {"phone": phone}, "换号")


def nobody_home(work: Workplace, resident: Resident = RESIDENT) -> None:
    work.follow_ups.not_met(resident.id, NotMet.NOT_AT_HOME)


def durable(work: Workplace) -> int:
    with work.store.transaction() as session:
        return the_device(session).durable_seq


def carried(work: Workplace, config: CountyConfig, file: Path) -> Handed:
    file.write_bytes(work.hand_over.export().content)
    return custody_office.accept_file(config, file, KEY)


def restored_to_an_older_backup(
    world: World, tablet: Tablet, config: CountyConfig, tmp_path: Path
) -> Workplace:
    """The county lacks what it had told the tablet was under its backup; the tablet has no link."""
    with enrolled(world, tablet) as work:
        nobody_home(work)
        level(work)
        backup_office.back_up(config, tmp_path / "older")
        moved(work, "13900000001")
        level(work)
        backup_office.back_up(config, tmp_path / "lost")
        level(work)
        assert durable(work) == 2
    world.database.close()
    backup_office.carry_out(config, planned(config, tmp_path / "older"))
    return work


def test_a_county_restored_to_an_older_backup_gets_all_it_lacks_from_a_tablet_without_a_link(
    world: World, tablet: Tablet, config: CountyConfig, tmp_path: Path
) -> None:
    work = restored_to_an_older_backup(world, tablet, config, tmp_path)
    moved(work, "13900000002")
    handed = carried(work, config, tmp_path / "file")
    assert (handed.count, handed.receipts, handed.resend_from) == (3, (), None)
    assert carried(work, config, tmp_path / "again") == handed
    with world.database.reading() as session:
        numbers = session.scalars(select(OperationRow.device_seq)).all()
    assert sorted(numbers) == [1, 2, 3]


def test_a_tablet_on_which_nothing_waits_can_hand_in_what_the_county_had(
    world: World, tablet: Tablet, config: CountyConfig, tmp_path: Path
) -> None:
    work = restored_to_an_older_backup(world, tablet, config, tmp_path)
    handed = carried(work, config, tmp_path / "file")
    assert (handed.count, handed.receipts, handed.resend_from) == (2, (), None)


def test_the_file_of_a_tablet_on_an_older_copy_of_its_data_holds_what_waits(
    world: World, tablet: Tablet, config: CountyConfig, tmp_path: Path
) -> None:
    with enrolled(world, tablet) as work:
        doctor_id = work.doctor.id
        tablet.lock()
        shutil.copytree(tmp_path / "tablet", tmp_path / "older")
        work = tablet.unlock(doctor_id, PIN)
        for phone in ("13900000001", "13900000002", "13900000003"):
            moved(work, phone)
        level(work)
        backup_office.back_up(config, tmp_path / "backup")
        tablet.lock()
        shutil.rmtree(tmp_path / "tablet")
        (tmp_path / "older").rename(tmp_path / "tablet")
        work = tablet.unlock(doctor_id, PIN)
        level(work)
        assert durable(work) == 3
    nobody_home(work)
    with work.store.transaction() as session:
        assert outbox.waiting(session) == 1
    (answer,) = carried(work, config, tmp_path / "file").receipts
    assert (answer.device_seq, answer.code) == (1, "op.number_taken")

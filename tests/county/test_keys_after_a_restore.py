"""After a restore every tablet seals to the key in force, and the county holds its data key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from app.clock import SystemClock
from app.config import Config
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.device_secret import FileDeviceSecret
from app.store.kdf import Scrypt
from app.sync.link import HttpCounty
from core.vocabulary import NotMet
from county import custody_office
from county.config import utc_now
from county.escrow import data_key_of, key_in_force
from county.hand_over import Key
from county.keys import the_county
from county.orders import orders_for
from county.tables import DeviceRow, EscrowRow
from tests.builders import DOCTOR_ID, a_contract
from tests.county.conftest import HOUSEHOLD, RESIDENT
from tests.county.standing import Standing
from tests.county_world import PASSPHRASE, running, write_records

PIN = "274913"
KEY = Key(passphrase=PASSPHRASE)
OTHER_PASSPHRASE = "another passphrase"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Standing]:
    made = Standing(tmp_path)
    records = (HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    write_records(made.world.database, utc_now(), *records)
    yield made
    made.close()


@pytest.fixture
def tablet(tmp_path: Path) -> Iterator[Tablet]:
    clock, secret = SystemClock(), FileDeviceSecret(tmp_path / "secret")
    folder = Config(data_dir=tmp_path / "tablet")
    made = Tablet(folder, clock, HttpCounty(clock), secret, kdf=Scrypt(cost=2))
    yield made
    made.lock()


def at_work(here: Standing, tablet: Tablet) -> Workplace:
    """A doctor at work, whose tablet is level with the county and has handed its key in."""
    with running(here.world.county_dir, port=here.port) as url:
        work = tablet.finish_enrolment(tablet.enrol(url, here.world.invite()), PIN)
        synchronise(work)
    return work


def synchronise(work: Workplace) -> None:
    assert work.sync.run_now().failed is None


def call_twice(here: Standing, work: Workplace) -> None:
    with running(here.world.county_dir, port=here.port):
        synchronise(work)
        synchronise(work)


def rotated(here: Standing, tablet: Tablet, work: Workplace) -> Workplace:
    """A new escrow key in force, of which the tablet has heard and to which it seals."""
    custody_office.rotate_escrow_key(here.config, KEY, OTHER_PASSPHRASE)
    call_twice(here, work)
    return tablet.unlock(DOCTOR_ID, PIN)


def brought(here: Standing, work: Workplace, key: Key) -> int:
    """How many records the office takes in of a file of the tablet's, one just saved among them."""
    work.follow_ups.not_met(RESIDENT.id, NotMet.NOT_AT_HOME)
    file = here.world.folder / "handed over"
    file.write_bytes(work.hand_over.export().content)
    return custody_office.accept_file(here.config, file, key).count


def check_in_keeping(here: Standing, passphrase: str) -> None:
    """The county can open the data key it holds, and has no more to tell its tablet."""
    with here.world.database.reading() as session:
        county, device = the_county(session), session.scalars(select(DeviceRow)).one()
        kept = session.scalars(select(EscrowRow)).one()
        assert {kept.key_name, kept.told_name} == {key_in_force(county).name}
        assert len(data_key_of(session, county, device, passphrase, None)) == 32
        assert orders_for(session, county, [device]) == [None]


def test_after_a_restore_to_before_a_rotation_the_tablet_seals_to_the_key_in_force(
    here: Standing, tablet: Tablet, tmp_path: Path
) -> None:
    work = at_work(here, tablet)
    here.back_up(tmp_path / "b")
    work = rotated(here, tablet, work)
    call_twice(here, work)
    check_in_keeping(here, OTHER_PASSPHRASE)

    here.restore(tmp_path / "b")
    call_twice(here, work)
    assert brought(here, work, KEY) == 1

    work = tablet.unlock(DOCTOR_ID, PIN)
    call_twice(here, work)
    check_in_keeping(here, PASSPHRASE)


def test_a_data_key_a_restored_county_has_not_is_handed_in_once_more(
    here: Standing, tablet: Tablet, tmp_path: Path
) -> None:
    work = at_work(here, tablet)
    with here.world.database.writing() as session:
        session.execute(delete(EscrowRow))
    here.back_up(tmp_path / "b")
    here.restore(tmp_path / "b")
    call_twice(here, work)
    check_in_keeping(here, PASSPHRASE)


def test_a_tablet_that_knows_the_countys_history_is_told_no_key(
    here: Standing, tablet: Tablet, tmp_path: Path
) -> None:
    work = at_work(here, tablet)
    here.back_up(tmp_path / "b")
    here.restore(tmp_path / "b")
    call_twice(here, work)
    with here.world.database.reading() as session:
        before = session.scalars(select(EscrowRow.at)).one()
    call_twice(here, work)
    with here.world.database.reading() as session:
        assert session.scalars(select(EscrowRow.at)).one() == before
    check_in_keeping(here, PASSPHRASE)


def test_a_key_sealed_anew_by_the_county_before_a_restore_undid_it_is_replaced_by_the_tablets(
    here: Standing, tablet: Tablet, tmp_path: Path
) -> None:
    here.back_up(tmp_path / "b")
    work = at_work(here, tablet)  # since the backup: its place and its key are taken over
    custody_office.rotate_escrow_key(here.config, KEY, OTHER_PASSPHRASE)
    here.restore(tmp_path / "b")
    call_twice(here, work)
    check_in_keeping(here, PASSPHRASE)


def test_a_file_of_a_tablet_that_never_heard_of_a_restore_opens_with_the_key_it_was_sealed_to(
    here: Standing, tablet: Tablet, tmp_path: Path
) -> None:
    work = at_work(here, tablet)
    here.back_up(tmp_path / "b")
    work = rotated(here, tablet, work)
    here.restore(tmp_path / "b")
    assert brought(here, work, Key(passphrase=OTHER_PASSPHRASE)) == 1

"""Escrow, recovery, orders and hand-over files: a real tablet against a real county over HTTP."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.clock import SystemClock
from app.config import Config
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.custody import WIPE
from app.store.device_secret import FileDeviceSecret
from app.store.kdf import Scrypt
from app.store.queries.device import setting, the_device
from app.sync.link import HttpCounty
from core.people import Resident
from core.refusals import Refused
from core.vocabulary import GroupTag, NotMet
from core.wire.bodies import body_of
from core.wire.canonical import canonical_bytes
from core.wire.custody import WIPE_AFTER_HAND_IN
from core.wire.hand_over import HAND_OVERS, HandOver
from county import backup_office, custody_office
from county.allowance import MOST_SIGNS_SET_ASIDE
from county.config import CountyConfig, utc_now
from county.hand_over import Key
from county.recovery import issue
from county.tables import (
    CountyRow,
    OperationRow,
    QuarantineRow,
    RecoveryRow,
)
from sealing.envelope import HAND_OVER, seal
from tests.builders import (
    COUNTY_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    fresh_id,
)
from tests.county.conftest import World
from tests.county.recovery_calls import answered, asked, device_of, escrow_of
from tests.county_world import PASSPHRASE, running, write_records

PIN = "274913"
NEW_PIN = "840263"
KEY = Key(passphrase=PASSPHRASE)
DOCTOR = "doctor-1"


@pytest.fixture
def config(world: World) -> CountyConfig:
    return CountyConfig(data_dir=world.county_dir)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    with running(world.county_dir) as url:
        yield url


@pytest.fixture
def secret(tmp_path: Path) -> FileDeviceSecret:
    return FileDeviceSecret(tmp_path / "secret")


@pytest.fixture
def tablet(tmp_path: Path, secret: FileDeviceSecret) -> Iterator[Tablet]:
    clock = SystemClock()
    made = Tablet(
        Config(data_dir=tmp_path / "tablet"), clock, HttpCounty(clock), secret, kdf=Scrypt(cost=2)
    )
    yield made
    made.lock()


@pytest.fixture
def resident() -> Resident:
    return a_resident(GroupTag.HTN, household_id=fresh_id())


@pytest.fixture
def work(world: World, address: str, tablet: Tablet, resident: Resident) -> Workplace:
    """A doctor at work with one household, level with the county."""
    house = a_household(id=resident.household_id)
    write_records(world.database, utc_now(), house, resident, a_contract(resident.id))
    pending = tablet.enrol(address, world.invite())
    opened = tablet.finish_enrolment(pending, PIN)
    assert opened.sync.run_now().failed is None
    return opened


def nobody_home(work: Workplace, resident: Resident) -> None:
    """The quickest record there is."""
    work.follow_ups.not_met(resident.id, NotMet.NOT_AT_HOME)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


def test_the_first_synchronisation_puts_the_data_key_in_escrow(
    work: Workplace, world: World
) -> None:
    kept = escrow_of(world)
    assert kept.key_name == kept.told_name
    at = kept.at
    work.sync.run_now()
    assert escrow_of(world).at == at


def test_a_code_from_the_office_lets_the_doctor_in_with_unsent_work(
    world: World,
    work: Workplace,
    tablet: Tablet,
    config: CountyConfig,
    secret: FileDeviceSecret,
    resident: Resident,
) -> None:
    nobody_home(work, resident)
    tablet.lock()
    secret.erase()
    found = custody_office.recover_doctor(config, DOCTOR, "", KEY)
    again = tablet.finish_recovery(tablet.recover(found.code.code), NEW_PIN)
    assert again.sync.status().unsent == 1
    result = again.sync.run_now()
    assert (result.failed, result.receipted) == (None, 1)


def test_a_code_is_good_once(work: Workplace, tablet: Tablet, config: CountyConfig) -> None:
    code = custody_office.recover_doctor(config, DOCTOR, "", KEY).code.code
    tablet.recover(code)
    with pytest.raises(Refused) as refused:
        tablet.recover(code)
    assert codes(refused) == ["recovery.code_used"]


def test_the_office_needs_the_passphrase(work: Workplace, config: CountyConfig) -> None:
    with pytest.raises(Refused) as refused:
        custody_office.recover_doctor(config, DOCTOR, "", Key(passphrase="another passphrase"))
    assert codes(refused) == ["escrow.wrong_passphrase"]


def test_a_tablet_that_has_never_synchronised_cannot_be_recovered_yet(
    world: World, address: str, tablet: Tablet, config: CountyConfig
) -> None:
    tablet.finish_enrolment(tablet.enrol(address, world.invite()), PIN)
    with pytest.raises(Refused) as refused:
        custody_office.recover_doctor(config, DOCTOR, "", KEY)
    assert codes(refused) == ["escrow.none_kept"]


@pytest.fixture
def code(world: World, work: Workplace) -> str:
    with world.database.writing() as session:
        return issue(session, device_of(world), bytes(32), "office", utc_now()).code


def test_the_same_call_is_answered_again_for_the_answer_that_was_lost(
    world: World, code: str
) -> None:
    request = asked(code, device_of(world).id)
    assert answered(world, request).doctor_id == answered(world, request).doctor_id


def test_a_code_serves_no_other_tablet(world: World, code: str) -> None:
    with pytest.raises(Refused) as refused:
        answered(world, asked(code, "another"))
    assert codes(refused) == ["recovery.code_unknown"]


def test_a_code_ends_after_a_day(world: World, code: str) -> None:
    with pytest.raises(Refused) as refused:
        answered(world, asked(code, device_of(world).id), hours=24)
    assert codes(refused) == ["recovery.code_expired"]


def test_the_database_holds_neither_the_code_nor_the_key(world: World, code: str) -> None:
    with world.database.reading() as session:
        row = session.scalars(select(RecoveryRow)).one()
    told = f"{row.code_name} {row.locked_key}"
    assert code not in told
    assert bytes(32).hex() not in told


def test_a_rotated_key_recovers_and_the_tablet_seals_to_it(
    world: World, work: Workplace, tablet: Tablet, config: CountyConfig
) -> None:
    rotated = custody_office.rotate_escrow_key(config, KEY, "quite another phrase")
    name, count = rotated.name, rotated.count
    assert (escrow_of(world).key_name, count) == (name, 1)
    new = Key(passphrase="quite another phrase")
    code = custody_office.recover_doctor(config, DOCTOR, "", new).code.code
    assert tablet.recover(code).doctor.id == DOCTOR

    work.sync.run_now()
    assert escrow_of(world).told_name != name
    tablet.unlock(DOCTOR, PIN).sync.run_now()
    assert escrow_of(world).told_name == name


def test_a_key_kept_off_line_recovers_from_its_file_alone(
    work: Workplace, config: CountyConfig, tmp_path: Path
) -> None:
    file = tmp_path / "escrow.key"
    custody_office.export_escrow_key(config, file, KEY, remove=True)
    with pytest.raises(Refused) as refused:
        custody_office.recover_doctor(config, DOCTOR, "", KEY)
    assert codes(refused) == ["escrow.key_elsewhere"]
    off_line = Key(passphrase=PASSPHRASE, file=file)
    assert custody_office.recover_doctor(config, DOCTOR, "", off_line).doctor_id == DOCTOR
    assert file.stat().st_mode & 0o077 == 0


def test_a_lease_set_at_the_office_reaches_the_tablet(
    work: Workplace, config: CountyConfig
) -> None:
    from app.store.custody import lease_at

    custody_office.change_lease(config, 40)
    work.sync.run_now()
    with work.store.transaction() as session:
        assert lease_at(session, utc_now()).days_allowed == 40


def test_a_revoked_tablet_hands_in_to_quarantine(
    world: World, work: Workplace, config: CountyConfig, resident: Resident
) -> None:
    nobody_home(work, resident)
    custody_office.revoke_tablet(config, device_of(world).id)
    assert work.sync.run_now().failed == "revoked"
    with world.database.reading() as session:
        assert session.scalars(select(QuarantineRow.code)).all() == ["device.revoked"]


def test_a_revoked_tablet_of_which_enough_is_set_aside_hears_its_orders_and_hands_in_on_a_file(
    world: World, work: Workplace, config: CountyConfig, resident: Resident, tmp_path: Path
) -> None:
    nobody_home(work, resident)
    device_id = device_of(world).id
    custody_office.revoke_tablet(config, device_id)
    with world.database.writing() as session:
        session.add(QuarantineRow(
            county_id=COUNTY_ID, op_id="much", device_id=device_id, code="device.revoked",
            values={}, envelope={"note": "A" * MOST_SIGNS_SET_ASIDE}, received_at=utc_now(),
        ))  # fmt: skip
    assert work.sync.run_now().failed == "revoked"
    assert work.sync.status().unsent == 1
    custody_office.wipe_tablet(config, device_id, regardless=False)
    work.sync.run_now()
    with work.store.transaction() as session:
        assert setting(session, WIPE) == WIPE_AFTER_HAND_IN

    file = tmp_path / "hand over"
    file.write_bytes(work.hand_over.export().content)
    assert custody_office.accept_file(config, file, KEY).count == 1
    work.sync.run_now()
    assert (work.store.is_open, device_of(world).state) == (False, "wiped")


def test_a_tablet_ordered_to_be_wiped_hands_in_first_and_says_so(
    world: World,
    work: Workplace,
    tablet: Tablet,
    config: CountyConfig,
    resident: Resident,
) -> None:
    nobody_home(work, resident)
    custody_office.wipe_tablet(config, device_of(world).id, regardless=False)
    work.sync.run_now()
    assert tablet.state() == "new"
    assert device_of(world).state == "wiped"
    with world.database.reading() as session:
        assert len(session.scalars(select(OperationRow)).all()) == 1


def test_a_hand_over_file_is_taken_in_once_and_known_again_over_the_air(
    world: World, work: Workplace, config: CountyConfig, resident: Resident, tmp_path: Path
) -> None:
    nobody_home(work, resident)
    made = work.hand_over.export()
    file = tmp_path / made.name
    file.write_bytes(made.content)
    assert resident.name.encode() not in made.content

    first = custody_office.accept_file(config, file, KEY)
    again = custody_office.accept_file(config, file, KEY)
    assert (first.count, first.receipts, first.resend_from) == (1, (), None)
    assert again == first
    result = work.sync.run_now()
    assert (result.failed, result.receipted) == (None, 1)
    with world.database.reading() as session:
        assert len(session.scalars(select(OperationRow)).all()) == 1


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json"])
def test_a_file_that_is_no_hand_over_is_refused(
    work: Workplace, config: CountyConfig, tmp_path: Path, damage: bytes
) -> None:
    file = tmp_path / "any.file"
    file.write_bytes(damage)
    with pytest.raises(Refused) as refused:
        custody_office.accept_file(config, file, KEY)
    assert codes(refused) == ["hand_over.not_one"]


def test_a_hand_over_file_that_was_changed_is_refused_whole(
    world: World, work: Workplace, config: CountyConfig, resident: Resident, tmp_path: Path
) -> None:
    nobody_home(work, resident)
    made = work.hand_over.export()
    told = json.loads(made.content)
    (batch,) = told["batches"]
    told["batches"] = [batch[:-8] + "AAAAAAA="]
    file = tmp_path / made.name
    file.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(Refused) as refused:
        custody_office.accept_file(config, file, KEY)
    assert codes(refused) == ["hand_over.cannot_open"]
    with world.database.reading() as session:
        assert session.scalars(select(OperationRow)).all() == []


def test_a_file_sealed_by_somebody_who_is_not_the_tablet_leaves_nothing_behind(
    world: World, work: Workplace, config: CountyConfig, resident: Resident, tmp_path: Path
) -> None:
    """Anybody has the county's public key, and may have seen a hash with its signature."""
    nobody_home(work, resident)
    assert work.sync.run_now().failed is None
    with world.database.reading() as session:
        (kept,) = session.scalars(select(OperationRow.envelope))
        escrow_key = session.scalars(select(CountyRow.escrow_public_key)).one()
    visit = a_follow_up(resident.id, author_id=kept["author_id"])
    bare = {name: value for name, value in kept.items() if name not in {"hash", "signature"}}
    forged = {
        **bare, "op_id": fresh_id(), "device_seq": 2, "previous_hash": kept["hash"],
        "record_id": visit.id, "body": body_of(visit),
    }  # fmt: skip
    proven = {**kept, "op_id": fresh_id(), "device_seq": 3}
    shifted = {**proven, "device_seq": 5}
    file = tmp_path / "forged.handover"
    for batch in ([forged], [forged, proven], [forged, shifted], [forged, kept]):
        plain = gzip.compress(canonical_bytes({"operations": batch}))
        sealed = seal(plain, bytes.fromhex(escrow_key), HAND_OVER, kept["device_id"])
        told = HandOver(
            county_id=COUNTY_ID, device_id=kept["device_id"], made_at=utc_now().isoformat(),
            operations=len(batch), batches=(base64.b64encode(sealed).decode(),),
        )  # fmt: skip
        file.write_bytes(HAND_OVERS.dump_json(told))
        with pytest.raises(Refused) as refused:
            custody_office.accept_file(config, file, KEY)
        assert codes(refused) == ["hand_over.not_the_tablets"]
    nobody_home(work, resident)
    assert work.sync.run_now().failed is None
    with world.database.reading() as session:
        assert session.scalars(select(QuarantineRow)).all() == []
        assert [row.outcome for row in session.scalars(select(OperationRow))] == ["accepted"] * 2


def test_a_backup_tells_the_tablet_what_is_safe(
    world: World, work: Workplace, config: CountyConfig, resident: Resident, tmp_path: Path
) -> None:
    nobody_home(work, resident)
    work.sync.run_now()
    assert backup_office.back_up(config, tmp_path / "copy.db") == 1
    assert device_of(world).durable_seq == 1
    work.sync.run_now()
    with work.store.transaction() as session:
        assert the_device(session).durable_seq == 1


def test_a_backup_made_by_other_means_covers_what_came_before_it_began(
    world: World, work: Workplace, config: CountyConfig, resident: Resident
) -> None:
    before = utc_now()
    nobody_home(work, resident)
    work.sync.run_now()
    backup_office.note_backup(config, before)
    assert device_of(world).durable_seq == 0
    backup_office.note_backup(config, utc_now())
    assert device_of(world).durable_seq == 1


@pytest.mark.parametrize("years", [1, 31])
def test_years_out_of_range_are_refused(work: Workplace, config: CountyConfig, years: int) -> None:
    with pytest.raises(Refused) as refused:
        custody_office.change_keep_years(config, years)
    assert codes(refused) == ["keep.range"]

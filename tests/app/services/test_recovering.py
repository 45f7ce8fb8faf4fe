"""Let in again with the county's code: a PIN forgotten, a secret or a ring gone, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.config import Config
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.custody import SEALED_KEY
from app.store.device_secret import FileDeviceSecret
from app.store.queries.device import set_setting, setting, the_device
from core.refusals import Refused
from core.wire.custody import RecoverRequest, RecoverResponse
from sealing.envelope import RECOVERY, seal
from sealing.recovery_code import code_name, lock_with_code, new_code, spelled
from tests.app.services.conftest import PIN
from tests.app.services.test_tablet import codes
from tests.fakes import FakeCounty

NEW_PIN = "840263"
MARK = "unsent.mark"


@pytest.fixture
def secret(tmp_path: Path) -> FileDeviceSecret:
    return FileDeviceSecret(tmp_path / "secret")


@pytest.fixture
def data_key(tablet: Tablet, work: Workplace, secret: FileDeviceSecret) -> bytes:
    """The tablet's own key, as the county would get it out of escrow; the tablet is locked."""
    from app.store.keyring import KeyRing

    with work.store.transaction() as session:
        set_setting(session, MARK, "still here")
    tablet.lock()
    now = tablet._clock.now()
    return KeyRing(tablet.config.ring_path).unlock(work.doctor.id, PIN, secret, now)


@pytest.fixture
def code(county: FakeCounty, data_key: bytes) -> str:
    """A code the county has issued for this tablet."""
    code = new_code()
    county.recovery = answering(code, data_key)
    return code


def answering(code: str, data_key: bytes) -> Callable[[RecoverRequest], RecoverResponse]:
    """A county that gives `data_key` to whoever names the code."""

    def answer(asked: RecoverRequest) -> RecoverResponse:
        assert asked.code_name == code_name(code)
        locked = lock_with_code(data_key, code, device_id=asked.device_id)
        sealed = seal(locked, bytes.fromhex(asked.public_key), RECOVERY, asked.device_id)
        return RecoverResponse(doctor_id="doctor-1", doctor_name="周大夫", sealed_key=sealed.hex())

    return answer


def mark_in(work: Workplace) -> str | None:
    with work.store.transaction() as session:
        return setting(session, MARK)


def recovered(tablet: Tablet, code: str) -> Workplace:
    return tablet.finish_recovery(tablet.recover(code), NEW_PIN)


def test_enrolling_lays_the_data_key_ready_for_the_county(work: Workplace) -> None:
    with work.store.transaction() as session:
        sealed = setting(session, SEALED_KEY)
        assert sealed is not None
        assert the_device(session).county_escrow_key not in sealed


def test_a_forgotten_pin_is_replaced_and_everything_is_there(tablet: Tablet, code: str) -> None:
    assert mark_in(recovered(tablet, code)) == "still here"
    tablet.lock()
    with pytest.raises(Refused) as refused:
        tablet.unlock("doctor-1", PIN)
    assert codes(refused) == ["unlock.wrong_pin"]
    tablet.unlock("doctor-1", NEW_PIN)


def test_a_lost_device_secret_is_replaced(
    tablet: Tablet, code: str, secret: FileDeviceSecret
) -> None:
    secret.erase()
    assert mark_in(recovered(tablet, code)) == "still here"
    tablet.lock()
    assert mark_in(tablet.unlock("doctor-1", NEW_PIN)) == "still here"


@pytest.mark.parametrize("content", [None, b"{}", b"not a ring"])
def test_a_ring_gone_or_damaged_is_made_anew(
    tablet: Tablet, code: str, config: Config, content: bytes | None
) -> None:
    config.ring_path.unlink()
    if content is not None:
        config.ring_path.write_bytes(content)
    assert mark_in(recovered(tablet, code)) == "still here"
    tablet.lock()
    tablet.unlock("doctor-1", NEW_PIN)


def test_a_tablet_that_lost_the_doctors_names_has_them_again(
    tablet: Tablet, code: str, config: Config
) -> None:
    config.names_path.unlink()
    recovered(tablet, code)
    assert [doctor.name for doctor in tablet.doctors()] == ["周大夫"]


def test_a_weak_pin_is_refused_and_the_same_recovery_goes_on(tablet: Tablet, code: str) -> None:
    pending = tablet.recover(code)
    with pytest.raises(Refused) as refused:
        tablet.finish_recovery(pending, "123456")
    assert codes(refused) == ["pin.sequence"]
    tablet.finish_recovery(pending, NEW_PIN)


def test_a_slip_of_the_finger_is_found_before_the_county_is_asked(
    tablet: Tablet, code: str, county: FakeCounty
) -> None:
    county.reachable = False
    slipped = ("A" if code[0] != "A" else "B") + code[1:]
    with pytest.raises(Refused) as refused:
        tablet.recover(slipped[:-1])
    assert codes(refused) == ["recovery.code_shape"]


def test_lower_case_spaces_and_letters_that_look_like_digits_are_read(
    tablet: Tablet, code: str
) -> None:
    typed = spelled(code.replace("-", "")).lower().replace("-", " ").replace("0", "o")
    tablet.recover(typed)


def test_another_tablets_key_opens_nothing_and_changes_nothing(
    tablet: Tablet, county: FakeCounty, code: str, config: Config
) -> None:
    county.recovery = answering(code, bytes(32))
    before = config.ring_path.read_bytes(), config.store_path.read_bytes()
    with pytest.raises(Refused) as refused:
        recovered(tablet, code)
    assert codes(refused) == ["recovery.cannot_open"]
    assert (config.ring_path.read_bytes(), config.store_path.read_bytes()) == before


def test_a_county_out_of_reach_leaves_the_tablet_locked(
    tablet: Tablet, code: str, county: FakeCounty
) -> None:
    county.reachable = False
    with pytest.raises(Refused) as refused:
        tablet.recover(code)
    assert codes(refused) == ["county.unreachable"]
    assert tablet.state() == "locked"


def test_a_recovery_that_cannot_be_written_down_leaves_the_store_closed_for_the_next_try(
    tablet: Tablet, code: str, config: Config
) -> None:
    pending = tablet.recover(code)
    config.names_path.unlink()
    config.names_path.mkdir()
    with pytest.raises(IsADirectoryError):
        tablet.finish_recovery(pending, NEW_PIN)
    config.names_path.rmdir()
    work = tablet.finish_recovery(pending, NEW_PIN)
    assert work.store.is_open

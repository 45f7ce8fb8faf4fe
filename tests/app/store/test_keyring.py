"""The key ring: PINs, device secret, lock-outs, and what it refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.store import keyring as keyring_module
from app.store.ciphers import AES_256_GCM, SM4_GCM, Cipher
from app.store.device_secret import FileDeviceSecret
from app.store.errors import (
    DeviceSecretMissing,
    LockedOut,
    RingDamaged,
    RingExists,
    RingTooNew,
    StoreError,
    UnknownDoctor,
    WeakPin,
    WrongKey,
    WrongPin,
)
from app.store.kdf import Argon2id, Scrypt
from app.store.keyring import KeyRing
from app.store.ring_file import _digest

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DATA_KEY = bytes(range(32))
LI, ZHOU = "doctor-li", "doctor-zhou"
PIN, OTHER_PIN, WRONG_PIN = "384756", "907245", "111119"
QUICK = Argon2id(memory_kib=8, passes=1, lanes=1)
QUICK_SCRYPT = Scrypt(cost=2, block=1)


class Tablet:
    """A ring, a device secret and a clock."""

    def __init__(self, folder: Path, cipher: Cipher = AES_256_GCM) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "ring.json"
        self.secret = FileDeviceSecret(folder / "secret")
        self.now = NOW
        self.ring = KeyRing.create(self.path, DATA_KEY, self.secret, cipher=cipher, kdf=QUICK)
        self.ring.add_doctor(LI, PIN, self.secret, data_key=DATA_KEY)

    def unlock(self, pin: str, doctor_id: str = LI) -> bytes:
        return self.ring.unlock(doctor_id, pin, self.secret, self.now)

    def restart(self) -> None:
        self.ring = KeyRing(self.path, kdf=QUICK)

    def fail(self, times: int) -> WrongPin:
        """So many wrong PINs, each after the wait the last one demanded."""
        for _ in range(times):
            self.now += timedelta(seconds=self.ring.wait_seconds(LI, self.now))
            with pytest.raises(WrongPin) as error:
                self.unlock(WRONG_PIN)
        return error.value


@pytest.fixture
def tablet(tmp_path: Path) -> Tablet:
    return Tablet(tmp_path / "tablet")


@pytest.mark.parametrize("cipher", [AES_256_GCM, SM4_GCM], ids=lambda cipher: cipher.name)
def test_the_right_pin_gives_the_data_key(tmp_path: Path, cipher: Cipher) -> None:
    tablet = Tablet(tmp_path / "tablet", cipher)
    tablet.restart()
    assert tablet.unlock(PIN) == DATA_KEY
    assert tablet.ring.cipher is cipher


def test_several_doctors_share_one_data_key(tablet: Tablet) -> None:
    tablet.ring.add_doctor(ZHOU, OTHER_PIN, tablet.secret, data_key=DATA_KEY)
    assert tablet.ring.doctor_ids() == [LI, ZHOU]
    assert tablet.unlock(PIN, LI) == tablet.unlock(OTHER_PIN, ZHOU) == DATA_KEY
    with pytest.raises(WrongPin):
        tablet.unlock(PIN, ZHOU)


def test_one_doctors_wrap_does_not_open_under_anothers_name(tablet: Tablet) -> None:
    rewrite(tablet.path, lambda ring: ring["doctors"].update({ZHOU: ring["doctors"][LI]}))
    with pytest.raises(WrongPin):
        tablet.unlock(PIN, ZHOU)


def test_neither_pin_nor_data_key_is_in_the_ring(tablet: Tablet) -> None:
    content = tablet.path.read_bytes()
    assert PIN.encode() not in content
    assert DATA_KEY.hex().encode() not in content
    assert tablet.path.stat().st_mode & 0o777 == 0o600


def test_a_doctor_without_a_pin_is_unknown(tablet: Tablet) -> None:
    with pytest.raises(UnknownDoctor):
        tablet.unlock(PIN, ZHOU)


def test_a_changed_pin_opens_and_the_old_one_does_not(tablet: Tablet) -> None:
    tablet.ring.change_pin(LI, PIN, OTHER_PIN, tablet.secret, tablet.now)
    assert tablet.unlock(OTHER_PIN) == DATA_KEY
    with pytest.raises(WrongPin):
        tablet.unlock(PIN)


def test_a_wrong_old_pin_changes_nothing_but_counts(tablet: Tablet) -> None:
    with pytest.raises(WrongPin):
        tablet.ring.change_pin(LI, WRONG_PIN, OTHER_PIN, tablet.secret, tablet.now)
    assert tablet.fail(1).tries_left == 8
    assert tablet.unlock(PIN) == DATA_KEY


def test_a_weak_new_pin_is_refused_before_the_old_one_is_tried(tablet: Tablet) -> None:
    before = tablet.path.read_bytes()
    with pytest.raises(WeakPin):
        tablet.ring.change_pin(LI, PIN, "123456", tablet.secret, tablet.now)
    assert tablet.path.read_bytes() == before


def test_a_ring_is_never_written_over(tablet: Tablet) -> None:
    with pytest.raises(RingExists):
        KeyRing.create(tablet.path, DATA_KEY, tablet.secret)
    assert tablet.unlock(PIN) == DATA_KEY


def test_a_doctor_is_not_added_with_a_foreign_data_key(tablet: Tablet) -> None:
    with pytest.raises(WrongKey):
        tablet.ring.add_doctor(ZHOU, OTHER_PIN, tablet.secret, data_key=bytes(32))


# Device secret


def test_without_the_device_secret_the_right_pin_opens_nothing(tablet: Tablet) -> None:
    tablet.secret.erase()
    before = tablet.path.read_bytes()
    with pytest.raises(DeviceSecretMissing):
        tablet.unlock(PIN)
    assert tablet.path.read_bytes() == before


def test_another_devices_secret_is_as_good_as_none_and_costs_no_try(tablet: Tablet) -> None:
    tablet.secret.write(bytes(32))
    before = tablet.path.read_bytes()
    with pytest.raises(DeviceSecretMissing):
        tablet.unlock(PIN)
    assert tablet.path.read_bytes() == before


def test_the_county_cures_a_lost_device_secret(tablet: Tablet) -> None:
    tablet.secret.erase()
    tablet.ring.replace_device_secret(tablet.secret, data_key=DATA_KEY)
    assert tablet.ring.doctor_ids() == []
    tablet.ring.add_doctor(LI, OTHER_PIN, tablet.secret, data_key=DATA_KEY)
    assert tablet.unlock(OTHER_PIN) == DATA_KEY


def test_a_foreign_data_key_does_not_replace_the_device_secret(tablet: Tablet) -> None:
    with pytest.raises(WrongKey):
        tablet.ring.replace_device_secret(tablet.secret, data_key=bytes(32))
    assert tablet.unlock(PIN) == DATA_KEY


def test_a_doctor_who_left_cannot_unlock(tablet: Tablet) -> None:
    tablet.ring.remove_doctor(LI)
    with pytest.raises(UnknownDoctor):
        tablet.unlock(PIN)


# Lock-outs


def test_five_tries_are_free_and_a_right_pin_forgets_them(tablet: Tablet) -> None:
    assert [tablet.fail(1).wait_seconds for _ in range(4)] == [0, 0, 0, 0]
    assert tablet.unlock(PIN) == DATA_KEY
    assert tablet.fail(1).tries_left == 9


def test_the_waits_double_from_thirty_seconds(tablet: Tablet) -> None:
    waits = [tablet.fail(1).wait_seconds for _ in range(9)]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480]


def test_a_try_in_the_wait_is_not_looked_at_and_not_counted(tablet: Tablet) -> None:
    tablet.fail(5)
    tablet.now += timedelta(seconds=12)
    for pin in (PIN, WRONG_PIN):
        with pytest.raises(LockedOut) as error:
            tablet.unlock(pin)
        assert error.value.seconds == 18
    tablet.now += timedelta(seconds=18)
    assert tablet.unlock(PIN) == DATA_KEY


def test_the_count_and_the_wait_survive_a_restart(tablet: Tablet) -> None:
    tablet.fail(5)
    tablet.restart()
    with pytest.raises(LockedOut):
        tablet.unlock(PIN)
    assert tablet.ring.wait_seconds(LI, tablet.now) == 30


def test_a_clock_set_back_shortens_no_wait_and_locks_nobody_out_for_ever(tablet: Tablet) -> None:
    tablet.fail(5)
    tablet.now -= timedelta(days=400)
    with pytest.raises(LockedOut) as error:
        tablet.unlock(PIN)
    assert error.value.seconds == 30
    tablet.now += timedelta(seconds=30)
    assert tablet.unlock(PIN) == DATA_KEY


def test_the_tenth_wrong_pin_erases_the_device_secret(tablet: Tablet) -> None:
    assert tablet.fail(9).tries_left == 1
    tablet.now += timedelta(hours=1)
    with pytest.raises(DeviceSecretMissing):
        tablet.unlock(WRONG_PIN)
    assert tablet.secret.read() is None
    with pytest.raises(DeviceSecretMissing):
        tablet.unlock(PIN)


def test_the_right_pin_as_the_tenth_try_still_opens(tablet: Tablet) -> None:
    tablet.fail(9)
    tablet.now += timedelta(hours=1)
    assert tablet.unlock(PIN) == DATA_KEY


def test_a_try_is_counted_even_if_the_app_is_killed_before_the_answer(
    tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """In place of kill -9."""

    def kill(*_args: object) -> bytes:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(keyring_module, "unwrap_data_key", kill)
        with pytest.raises(Killed):
            tablet.unlock(WRONG_PIN)
    tablet.restart()
    assert tablet.fail(1).tries_left == 8


def test_an_erasure_that_was_cut_short_is_made_up_for(tablet: Tablet) -> None:
    tablet.fail(9)
    rewrite(tablet.path, lambda ring: ring["doctors"][LI].update(failures=10))
    with pytest.raises(DeviceSecretMissing):
        tablet.unlock(PIN)
    assert tablet.secret.read() is None


def test_wrong_tries_of_one_doctor_do_not_delay_another(tablet: Tablet) -> None:
    tablet.ring.add_doctor(ZHOU, OTHER_PIN, tablet.secret, data_key=DATA_KEY)
    tablet.fail(5)
    assert tablet.unlock(OTHER_PIN, ZHOU) == DATA_KEY
    with pytest.raises(LockedOut):
        tablet.unlock(PIN)


def test_guessing_in_parallel_gives_no_extra_try(tablet: Tablet) -> None:
    answers: list[StoreError] = []

    def guess() -> None:
        try:
            tablet.unlock(WRONG_PIN)
        except StoreError as error:
            answers.append(error)

    guesses = [threading.Thread(target=guess) for _ in range(12)]
    for thread in guesses:
        thread.start()
    for thread in guesses:
        thread.join()
    assert sum(isinstance(answer, WrongPin) for answer in answers) == 5
    assert sum(isinstance(answer, LockedOut) for answer in answers) == 7


# Damage, age, agility


def rewrite(path: Path, change: Callable[[dict], object]) -> None:  # type: ignore[type-arg]  # plain JSON
    """Change the ring and make its digest fit again."""
    ring = json.loads(path.read_bytes())
    del ring["sha256"]
    change(ring)
    path.write_text(json.dumps(ring | {"sha256": _digest(ring)}))


def test_a_byte_changed_anywhere_is_damage_and_nothing_is_written(tablet: Tablet) -> None:
    whole = tablet.path.read_bytes()
    for offset in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[offset] ^= 4
        tablet.path.write_bytes(damaged)
        try:
            answer = tablet.unlock(PIN)
        except RingDamaged:
            assert tablet.path.read_bytes() == damaged
        else:
            assert answer == DATA_KEY  # only the white space of the JSON had changed
        tablet.path.write_bytes(whole)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b"\xff\xfe"])
def test_a_file_that_is_no_ring_is_damage(tablet: Tablet, content: bytes) -> None:
    tablet.path.write_bytes(content)
    with pytest.raises(RingDamaged):
        tablet.unlock(PIN)
    assert tablet.path.read_bytes() == content


def test_a_missing_ring_is_damage(tablet: Tablet) -> None:
    tablet.path.unlink()
    with pytest.raises(RingDamaged):
        tablet.ring.doctor_ids()


@pytest.mark.parametrize("change", [{"format": 2, "seal": "new"}, {"cipher": "AES-512"}])
def test_a_newer_ring_is_refused_and_not_touched(tablet: Tablet, change: dict[str, object]) -> None:
    rewrite(tablet.path, lambda ring: ring.update(change))
    before = tablet.path.read_bytes()
    with pytest.raises(RingTooNew):
        tablet.unlock(PIN)
    assert tablet.path.read_bytes() == before


def test_the_ring_says_how_each_pin_was_stretched(tmp_path: Path) -> None:
    tablet = Tablet(tmp_path / "tablet")
    other = KeyRing(tablet.path, kdf=QUICK_SCRYPT)
    other.add_doctor(ZHOU, OTHER_PIN, tablet.secret, data_key=DATA_KEY)
    doctors = json.loads(tablet.path.read_bytes())["doctors"]
    assert doctors[LI]["kdf"] == {"name": "argon2id", "memory_kib": 8, "passes": 1, "lanes": 1}
    assert doctors[ZHOU]["kdf"] == {"name": "scrypt", "cost": 2, "block": 1, "lanes": 1}
    assert tablet.unlock(OTHER_PIN, ZHOU) == DATA_KEY


def test_the_real_stretching_takes_well_under_a_second(tmp_path: Path) -> None:
    """And the ring says 64 MiB, three passes."""
    secret = FileDeviceSecret(tmp_path / "secret")
    ring = KeyRing.create(tmp_path / "ring.json", DATA_KEY, secret)
    ring.add_doctor(LI, PIN, secret, data_key=DATA_KEY)
    assert ring.unlock(LI, PIN, secret, NOW) == DATA_KEY
    kdf = json.loads((tmp_path / "ring.json").read_bytes())["doctors"][LI]["kdf"]
    assert (kdf["name"], kdf["memory_kib"], kdf["passes"]) == ("argon2id", 65_536, 3)

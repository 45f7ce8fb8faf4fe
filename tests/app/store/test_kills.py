"""`kill -9` at random moments: nothing acknowledged is lost, and everything opens again."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from app.store import outbox
from app.store.device_secret import FileDeviceSecret
from app.store.errors import WrongPin
from app.store.keyring import KeyRing
from app.store.opening import Store
from app.store.tables import OutboxRow, PersonRow, RecordRow
from tests.app.conftest import a_device
from tests.app.store.golden import RESIDENT_NAME
from tests.app.store.kill_worker import PINS, QUICK, record_id
from tests.app.store.vault import DATA_KEY
from tests.builders import DOCTOR_ID

REPOSITORY = Path(__file__).parents[3]
ROUNDS_IN_EVERY_TEST_RUN = 3
ROUNDS_IN_A_SOAK = 75
LONGEST_LIFE_SECONDS = 0.15


def killed(work: str, folder: Path, first: int, chance: random.Random) -> list[int]:
    """What a process acknowledged before it was killed, somewhere in its work."""
    command = [sys.executable, "-m", "tests.app.store.kill_worker", work, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as process:
        assert process.stdout is not None
        begun = process.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.random() * LONGEST_LIFE_SECONDS)
        process.kill()
        said = begun + process.stdout.read()
    told = [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
    assert told, "the process never came to work"
    return told


def kill_while_saving(folder: Path, rounds: int, seed: int) -> None:
    chance, path = random.Random(seed), folder / "store.db"
    store = Store.open(path, DATA_KEY)
    with store.transaction() as session:
        session.add(a_device())
    store.close()
    saved = 0
    for turn in range(rounds):
        told = killed("save", folder, saved + 1, chance)[-1]
        store = Store.open(path, DATA_KEY)
        saved = saved_in(store)
        store.close()
        assert saved in (told, told + 1), f"round {turn}: {saved} are there, {told} were told"


def saved_in(store: Store) -> int:
    """How many follow-ups are there, each with its link in the chain of the outbox."""
    with store.transaction() as session:
        records = session.exec(select(RecordRow.id).order_by(col(RecordRow.id))).all()
        queued = session.exec(
            select(OutboxRow.device_seq, OutboxRow.record_id).order_by(col(OutboxRow.device_seq))
        ).all()
    numbers = range(1, len(records) + 1)
    assert list(records) == [record_id(number) for number in numbers]
    assert [tuple(row) for row in queued] == [(number, record_id(number)) for number in numbers]
    return len(records)


def kill_while_changing_the_pin(folder: Path, rounds: int, seed: int) -> None:
    chance, secret = random.Random(seed), FileDeviceSecret(folder)
    ring = KeyRing.create(folder / "ring.json", DATA_KEY, secret, kdf=QUICK)
    ring.add_doctor(DOCTOR_ID, PINS[0], secret, data_key=DATA_KEY)
    holds = 0
    for turn in range(rounds):
        told = killed("pin", folder, holds, chance)
        told_pin = (told[-1] + 1) % 2
        holds = told_pin if opens(ring, secret, PINS[told_pin]) else 1 - told_pin
        assert opens(ring, secret, PINS[holds]), f"round {turn}: neither PIN opens"


def opens(ring: KeyRing, secret: FileDeviceSecret, pin: str) -> bool:
    try:
        return ring.unlock(DOCTOR_ID, pin, secret, datetime.now(UTC)) == DATA_KEY
    except WrongPin:
        return False


def kill_while_making_stores(folder: Path, rounds: int, seed: int) -> None:
    chance, first = random.Random(seed), 1
    for _ in range(rounds):
        told = killed("make", folder, first, chance)
        for number in range(first, told[-1] + 2):
            place = folder / str(number)
            place.mkdir(exist_ok=True)
            store = Store.open(place / "store.db", DATA_KEY)
            assert saved_in(store) == 0
            store.close()
        first = told[-1] + 2


def kill_while_migrating(folder: Path, rounds: int, seed: int) -> None:
    chance, first = random.Random(seed), 1
    for _ in range(rounds):
        last = killed("migrate", folder, first, chance)[-1] + 1
        for number in range(first, last + 1):
            path = folder / str(number) / "store.db"
            if path.exists():
                assert unsent_in_the_golden(path) == 1
        first = last + 1


def unsent_in_the_golden(path: Path) -> int:
    """How much waits to be sent in a golden store, whose resident must be there too."""
    store = Store.open(path, DATA_KEY)
    with store.transaction() as session:
        assert session.exec(select(PersonRow.name)).all() == [RESIDENT_NAME]
        unsent = outbox.summary(session).unsent
    store.close()
    return unsent


def test_a_kill_while_saving_loses_nothing(tmp_path: Path) -> None:
    kill_while_saving(tmp_path, ROUNDS_IN_EVERY_TEST_RUN, seed=1)


def test_a_kill_while_changing_the_pin_leaves_the_old_or_the_new_one(tmp_path: Path) -> None:
    kill_while_changing_the_pin(tmp_path, ROUNDS_IN_EVERY_TEST_RUN, seed=2)


def test_a_kill_while_the_tables_are_made_leaves_a_store_that_opens(tmp_path: Path) -> None:
    kill_while_making_stores(tmp_path, ROUNDS_IN_EVERY_TEST_RUN, seed=5)


def test_a_kill_while_an_old_store_is_migrated_loses_nothing(tmp_path: Path) -> None:
    kill_while_migrating(tmp_path, ROUNDS_IN_EVERY_TEST_RUN, seed=7)


@pytest.mark.soak
def test_many_kills_while_saving_lose_nothing(tmp_path: Path) -> None:
    kill_while_saving(tmp_path, ROUNDS_IN_A_SOAK, seed=3)


@pytest.mark.soak
def test_many_kills_while_changing_the_pin_leave_one_that_opens(tmp_path: Path) -> None:
    kill_while_changing_the_pin(tmp_path, ROUNDS_IN_A_SOAK, seed=4)


@pytest.mark.soak
def test_many_kills_while_the_tables_are_made_leave_stores_that_open(tmp_path: Path) -> None:
    kill_while_making_stores(tmp_path, ROUNDS_IN_A_SOAK, seed=6)


@pytest.mark.soak
def test_many_kills_while_old_stores_are_migrated_lose_nothing(tmp_path: Path) -> None:
    kill_while_migrating(tmp_path, ROUNDS_IN_A_SOAK, seed=8)

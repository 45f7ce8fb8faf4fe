"""Power cuts below the encryption: no acknowledged save is lost, no visit is half there.

A doctor's day is recorded once, then the power is cut at moments all over it; a seed is one cut.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.store.ciphers import AES_256_GCM, SM4_GCM, Cipher
from app.store.engine import close_store
from app.store.migrations import bring_up
from app.store.opening import Store
from app.store.tables import SettingRow
from tests.app.store.power_cut import FATES, Disk, DiskVFS
from tests.app.store.vault import DATA_KEY, Vault, make_tables, save_visit, visits

VISITS = 100
BALLAST = 8888
CUTS_IN_EVERY_TEST_RUN = 40
CUTS_IN_A_SOAK = 450
CUTS_WHILE_MIGRATING = 20


@dataclass(frozen=True, slots=True)
class Day:
    """A recorded day: the disk's history, and when each visit was begun and acknowledged."""

    disk: Disk
    begun: dict[int, int]
    acknowledged: dict[int, int]

    def must_be_there(self, moment: int) -> list[int]:
        """The visits the doctor was told are saved."""
        return [number for number, at in self.acknowledged.items() if at <= moment]

    def may_be_there(self, moment: int) -> list[int]:
        """Those and the one under way."""
        return [number for number, at in self.begun.items() if at < moment]


def live_through(engine: Engine, disk: Disk, numbers: range, day: Day) -> None:
    """Save visits; now and then undo one, change all of them, or let the file grow and shrink."""
    for number in numbers:
        day.begun[number] = disk.now()
        save_visit(engine, number, note="x" * (5000 if number % 7 == 0 else 300))
        day.acknowledged[number] = disk.now()
        if number % 10 == 0:
            with engine.connect() as connection:
                connection.exec_driver_sql("INSERT INTO visit VALUES (9999, 'undone', '')")
                connection.exec_driver_sql("UPDATE visit SET note = note || '.'")
                connection.rollback()
        if number % 17 == 0:
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE visit SET note = note || '!'")
        if number % 12 == 0:
            grow_and_shrink(engine)


def grow_and_shrink(engine: Engine) -> None:
    """Something large comes and goes; the pages it leaves behind are given back."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO visit VALUES ({BALLAST}, '', randomblob(60000))")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM visit WHERE id = {BALLAST}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA incremental_vacuum(10)")


def recorded_day(folder: Path, cipher: Cipher) -> Day:
    """Two sittings of one day, the log folded in every few saves, a small cache."""
    vault = Vault(folder, cipher)
    with vault.opened() as engine:
        make_tables(engine)
    disk = Disk()
    disk.load(vault.path)
    day = Day(disk, {}, {})
    name = f"power-cut-{cipher.name}"
    vfs = DiskVFS(name, disk)
    for numbers in (range(1, VISITS // 2 + 1), range(VISITS // 2 + 1, VISITS + 1)):
        engine = vault.engine(base_vfs=name)
        with engine.begin() as connection:
            for pragma in ("wal_autocheckpoint=12", "cache_size=8", "cache_spill=8"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        live_through(engine, disk, numbers, day)
        close_store(engine)
    vfs.unregister()
    return day


@pytest.fixture(scope="module", params=[AES_256_GCM, SM4_GCM], ids=lambda cipher: cipher.name)
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    return recorded_day(tmp_path_factory.mktemp("day") / "data", request.param)


def found_after(day: Day, moment: int, fate: str, seed: int, folder: Path) -> list[int]:
    """The visits a tablet finds that is switched on again after the cut."""
    chance = random.Random(seed)
    folder.mkdir()
    for name, content in day.disk.after_cut(moment, FATES[fate], chance).items():
        (folder / Path(name).name).write_bytes(content)
    vault = Vault(folder)
    with vault.opened() as engine:
        found = [number for number in visits(engine, ignoring=BALLAST) if number != BALLAST]
    with vault.opened() as engine:
        assert set(visits(engine, ignoring=BALLAST)) - {BALLAST} == set(found)
        save_visit(engine, 5000)
    return found


def test_the_recorded_day_lets_the_file_shrink(day: Day) -> None:
    store = [event for event in day.disk.history if event.file.endswith("store.db")]
    assert any(event.kind == "truncate" for event in store)


def check_cuts(day: Day, fate: str, seeds: range, folder: Path) -> None:
    for seed in seeds:
        moment = random.Random(seed).randrange(day.disk.now() + 1)
        found = found_after(day, moment, fate, seed, folder / str(seed))
        where = f"seed {seed}, cut at {moment}, unsynced writes {fate}"
        assert set(found) >= set(day.must_be_there(moment)), where
        assert set(found) <= set(day.may_be_there(moment)), where


@pytest.mark.parametrize("fate", FATES)
def test_a_power_cut_loses_no_acknowledged_visit(day: Day, fate: str, tmp_path: Path) -> None:
    check_cuts(day, fate, range(CUTS_IN_EVERY_TEST_RUN), tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("fate", FATES)
def test_thousands_of_power_cuts_lose_nothing(day: Day, fate: str, tmp_path: Path) -> None:
    check_cuts(day, fate, range(1000, 1000 + CUTS_IN_A_SOAK), tmp_path)


def test_the_recorded_day_has_folded_its_log_in_many_times(day: Day) -> None:
    """Else the cuts above would never meet a checkpoint."""
    folded = [
        event
        for event in day.disk.history
        if event.kind == "sync" and event.file.endswith("store.db")
    ]
    assert len(folded) > 15


@pytest.mark.parametrize("fate", FATES)
def test_a_power_cut_while_the_tables_are_made_leaves_a_store_that_opens(
    fate: str, tmp_path: Path
) -> None:
    vault, disk = Vault(tmp_path / "made"), Disk()
    with vault.opened():
        pass
    disk.load(vault.path)
    name = f"first-tables-{fate}"
    vfs = DiskVFS(name, disk)
    engine = vault.engine(base_vfs=name)
    bring_up(engine)
    close_store(engine)
    vfs.unregister()
    moments = range(0, disk.now() + 1, max(1, disk.now() // CUTS_WHILE_MIGRATING))
    for seed, moment in enumerate(moments):
        cut = Vault(tmp_path / str(seed))
        for file, content in disk.after_cut(moment, FATES[fate], random.Random(seed)).items():
            (cut.path.parent / Path(file).name).write_bytes(content)
        store = Store.open(cut.path, DATA_KEY)
        with store.transaction() as session:
            session.add(SettingRow(name="after the cut", value=str(moment)))
        store.close()

"""Changing the tables of a store in use: a copy first, all or nothing, every old version opens."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from app.store import migrations, opening
from app.store.engine import close_store, open_store
from app.store.errors import StoreFull, StoreTooNew
from app.store.migrations import Step, steps
from app.store.opening import Store
from app.store.outbox import sent_through, summary
from app.store.queries.device import set_setting, setting
from app.store.spare_copy import spare_copy_of
from app.store.tables import PersonRow
from tests.app.store.golden import DATA_KEY, RESIDENT_NAME

ROOT = Path(__file__).parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("store-*.db"))
NEXT = Step(number=steps()[-1].number + 1, sql="CREATE TABLE later (id INTEGER PRIMARY KEY)")
KILLED = """
import os, sys
from pathlib import Path
from app.store import migrations
from app.store.migrations import Step, steps
from app.store.opening import Store

known = steps()
half = Step(known[-1].number + 1, "CREATE TABLE later (id INTEGER); DELETE FROM setting")
migrations.steps = lambda: (*known, half)
real = migrations._take
def take(engine, step):
    with engine.connect() as connection:
        connection.exec_driver_sql(step.sql)
        os.kill(os.getpid(), 9)
migrations._take = take
Store.open(Path(sys.argv[1]), bytes(range(32)))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store in use, closed."""
    path = tmp_path / "store.db"
    store = Store.open(path, DATA_KEY)
    with store.transaction() as session:
        set_setting(session, "kept", "yes")
    store.close()
    return path


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that has one step more."""
    known = steps()
    monkeypatch.setattr(migrations, "steps", lambda: (*known, NEXT))


def kept(store: Store) -> str | None:
    with store.transaction() as session:
        return setting(session, "kept")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_there_is_a_golden_store_of_every_version() -> None:
    assert [golden.stem for golden in GOLDEN] == [f"store-{step.number}" for step in steps()]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_store_opens_with_everything_in_it(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(golden, path)
    store = Store.open(path, DATA_KEY)
    fresh = Store.open(tmp_path / "fresh.db", DATA_KEY)
    with store.transaction() as session:
        assert session.exec(select(PersonRow.name)).all() == [RESIDENT_NAME]
        assert summary(session).unsent == 1
        assert setting(session, "lock_minutes") == "3"
    assert tables(store) == tables(fresh)
    store.close()
    fresh.close()


def test_how_far_was_pushed_is_known_in_a_store_that_noted_it_by_row(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(ROOT / "tests" / "golden" / "store-3.db", path)
    engine = open_store(path, DATA_KEY)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET sent_at = '2026-11-22'")
    close_store(engine)
    store = Store.open(path, DATA_KEY)
    with store.transaction() as session:
        assert sent_through(session) == 1
    store.close()


def tables(store: Store) -> set[tuple[str, str]]:
    with store.transaction() as session:
        rows = session.execute(text("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
        return {(name, sql) for name, sql in rows}


def test_a_store_is_copied_before_its_tables_change(path: Path, newer: None) -> None:
    before = digest(path)
    Store.open(path, DATA_KEY).close()
    assert digest(spare_copy_of(path)) == before


def test_the_copy_goes_when_the_new_tables_have_opened_once(path: Path, newer: None) -> None:
    Store.open(path, DATA_KEY).close()
    again = Store.open(path, DATA_KEY)
    assert kept(again) == "yes"
    again.close()
    assert not spare_copy_of(path).exists()


def test_the_copy_opens_as_the_store_did(
    path: Path, newer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(path, DATA_KEY).close()
    spare_copy_of(path).replace(path)
    monkeypatch.undo()
    store = Store.open(path, DATA_KEY)
    assert kept(store) == "yes"
    store.close()


def test_a_new_store_and_one_up_to_date_are_not_copied(path: Path) -> None:
    Store.open(path, DATA_KEY).close()
    assert not spare_copy_of(path).exists()


def test_a_step_that_fails_leaves_the_store_and_its_copy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = steps()
    wrong = Step(number=known[-1].number + 1, sql="CREATE TABLE later (id); SELECT nothing")
    monkeypatch.setattr(migrations, "steps", lambda: (*known, wrong))
    with pytest.raises(Exception, match="nothing"):
        Store.open(path, DATA_KEY)
    assert spare_copy_of(path).exists()
    monkeypatch.undo()
    store = Store.open(path, DATA_KEY)
    assert kept(store) == "yes"
    store.close()


def test_without_room_for_a_copy_nothing_is_changed(
    path: Path, newer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(path)

    def full(_path: Path) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(opening, "keep_spare_copy", full)
    with pytest.raises(StoreFull):
        Store.open(path, DATA_KEY)
    assert digest(path) == before


def test_killed_in_the_middle_of_a_step_it_is_as_before(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    store = Store.open(path, DATA_KEY)
    assert kept(store) == "yes"
    assert "later" not in {name for name, _ in tables(store)}
    store.close()


def test_an_app_older_than_the_store_refuses_without_touching_it(
    path: Path, newer: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(path, DATA_KEY).close()
    before = digest(path)
    monkeypatch.undo()
    with pytest.raises(StoreTooNew):
        Store.open(path, DATA_KEY)
    assert digest(path) == before

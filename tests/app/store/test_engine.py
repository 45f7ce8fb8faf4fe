"""Opening, lending and closing the store."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.store import engine as engine_module
from app.store.engine import close_store
from app.store.errors import StoreClosed, StoreDamaged, StoreInUse
from tests.app.store.vault import Vault, make_tables, save_visit, visits

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "data")


def test_a_closed_store_has_no_log_and_no_way_back(vault: Vault) -> None:
    engine = vault.engine()
    make_tables(engine)
    close_store(engine)
    assert not vault.log.exists()
    with pytest.raises(StoreClosed):
        engine.connect()


def test_closing_waits_for_the_transaction_under_way(vault: Vault) -> None:
    engine = vault.engine()
    make_tables(engine)
    begun, closing = threading.Event(), threading.Event()

    def save_slowly() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO visit VALUES (1, 'a', 'b')")
            begun.set()
            closing.wait(5)
            connection.exec_driver_sql("INSERT INTO visit VALUES (2, 'a', 'b')")

    saver = threading.Thread(target=save_slowly)
    saver.start()
    begun.wait(5)
    closer = threading.Thread(target=close_store, args=(engine,))
    closer.start()
    closing.set()
    saver.join()
    closer.join()
    with vault.opened() as again, again.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM visit").scalar() == 2


def test_disposing_of_the_engine_undoes_what_was_under_way_and_frees_the_file(
    vault: Vault,
) -> None:
    engine = vault.engine()
    make_tables(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO visit VALUES (1, 'a', 'b')")
        engine.dispose()
        with pytest.raises(StoreClosed):
            connection.exec_driver_sql("SELECT 1")
    with vault.opened() as again:
        assert visits(again) == []


def test_a_second_session_inside_a_transaction_is_not_waited_for_for_ever(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LEND_SECONDS", 0.05)
    with vault.opened() as engine, engine.connect(), pytest.raises(Exception, match="QueuePool"):
        engine.connect()


def test_another_process_cannot_open_a_store_in_use(vault: Vault) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.app.store.vault import Vault\n"
        "from app.store.errors import StoreInUse\n"
        "try: Vault(Path(sys.argv[1])).engine()\n"
        "except StoreInUse: print('in use')\n"
    )
    with vault.opened() as engine:
        make_tables(engine)
        save_visit(engine, 1)
        command = [sys.executable, "-c", program, str(vault.path.parent)]
        told = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
        assert told.stdout.strip() == "in use"
        save_visit(engine, 2)
        assert visits(engine) == [1, 2]


def test_a_process_that_ends_without_closing_ends_cleanly(vault: Vault) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.app.store.vault import Vault, make_tables, save_visit\n"
        "engine = Vault(Path(sys.argv[1])).engine(); make_tables(engine); save_visit(engine, 1)\n"
        "connection = engine.connect(); connection.exec_driver_sql('DELETE FROM reading')\n"
    )
    command = [sys.executable, "-c", program, str(vault.path.parent)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    with vault.opened() as engine:
        assert visits(engine) == [1]


def test_a_store_whose_opening_fails_can_be_opened_later(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    whole = vault.path.read_bytes()
    vault.path.write_bytes(whole[:-4096])
    for _ in range(2):
        with pytest.raises(StoreDamaged):
            vault.engine()
    vault.path.write_bytes(whole)
    with vault.opened() as engine:
        assert visits(engine) == []


def test_opening_twice_in_one_process_is_refused_until_it_is_closed(vault: Vault) -> None:
    with vault.opened(), pytest.raises(StoreInUse):
        vault.engine()
    with vault.opened():
        pass

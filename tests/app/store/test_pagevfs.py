"""The seven rules of the page VFS, each with the test that fails without it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import apsw
import pytest

from app.store import dbapi
from app.store.ciphers import AES_256_GCM, SM4_GCM, Cipher
from app.store.empty_database import DATABASE_HEADER
from app.store.engine import close_store, open_store
from app.store.errors import StoreDamaged, StoreFull, StoreInUse, WrongKey
from app.store.file_header import HEADER_BYTES
from app.store.page_seal import (
    PAGE_BYTES,
    USABLE_BYTES,
    PageDamaged,
    StrayAccess,
    open_page,
    seal_page,
)
from app.store.sealed_log import FRAME_BYTES, FRAME_HEADER_BYTES, LOG_HEADER_BYTES, LogFile
from app.store.sealed_store import StoreFile, store_place
from tests.app.store.vault import (
    DATA_KEY,
    OTHER_KEY,
    Vault,
    flip_bit,
    keep_log,
    make_tables,
    save_visit,
    visits,
)

MAIN = [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0]
LOG = [apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, 0]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "data")


def store_file(vault: Vault) -> StoreFile:
    return StoreFile("", str(vault.path), list(MAIN), vault.keys())


def log_file(vault: Vault) -> LogFile:
    return LogFile("", str(vault.log), list(LOG), vault.keys())


# Rule 1: the key is proven before SQLite opens the file.


def test_a_wrong_key_leaves_committed_work_in_the_log_alone(vault: Vault, tmp_path: Path) -> None:
    crashed = vault.crashed(3, tmp_path / "crashed")
    before = crashed.fingerprint()
    with pytest.raises(WrongKey):
        open_store(crashed.path, OTHER_KEY)
    assert crashed.fingerprint() == before
    with crashed.opened() as engine:
        assert visits(engine) == [1, 2, 3]


# Rule 2: 32 reserved bytes, every page bound to its place, and only zeros are a hole.


def test_a_page_that_uses_the_reserved_bytes_is_not_written(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    before = vault.fingerprint()
    with pytest.raises(StoreDamaged, match="reserved"):
        store_file(vault).xWrite(bytes(PAGE_BYTES - 1) + b"\1", 0)
    assert vault.fingerprint() == before


def test_sealed_pages_open_at_their_own_place_only() -> None:
    aead = AES_256_GCM.aead(DATA_KEY)
    page = b"x" * USABLE_BYTES + bytes(32)
    sealed = seal_page(aead, page, store_place(2))
    assert open_page(aead, sealed, store_place(2)) == page
    assert open_page(aead, sealed, store_place(3)) is None


def test_the_same_page_never_looks_the_same_twice() -> None:
    aead = AES_256_GCM.aead(DATA_KEY)
    page = bytes(PAGE_BYTES)
    assert seal_page(aead, page, store_place(2)) != seal_page(aead, page, store_place(2))


@pytest.mark.parametrize("offset", [0, 2000, 4064, 4079, 4080, 4091, 4092, 4095])
def test_a_flipped_bit_anywhere_in_a_page_breaks_its_seal(offset: int) -> None:
    aead = AES_256_GCM.aead(DATA_KEY)
    sealed = bytearray(seal_page(aead, bytes(PAGE_BYTES), store_place(1)))
    sealed[offset] ^= 1
    assert open_page(aead, bytes(sealed), store_place(1)) is None


def test_a_page_of_zeros_is_a_hole_and_nothing_else_is(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    content = bytearray(vault.path.read_bytes())
    second = slice(HEADER_BYTES + PAGE_BYTES, HEADER_BYTES + 2 * PAGE_BYTES)
    content[second] = bytes(PAGE_BYTES)
    vault.path.write_bytes(content)
    assert store_file(vault).xRead(PAGE_BYTES, PAGE_BYTES) == bytes(PAGE_BYTES)
    content[second] = bytes(PAGE_BYTES - 1) + b"\1"
    vault.path.write_bytes(content)
    with pytest.raises(PageDamaged):
        store_file(vault).xRead(PAGE_BYTES, PAGE_BYTES)


# Rule 3: a broken seal in the store is an error; in the log it is a torn frame, while reading back.


def test_a_broken_seal_in_the_store_is_an_error_and_changes_nothing(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
        save_visit(engine, 1)
    flip_bit(vault.path, HEADER_BYTES + 2 * PAGE_BYTES + 100)
    before = vault.fingerprint()
    engine = vault.engine()
    with pytest.raises(StoreDamaged):
        visits(engine)
    engine.dispose()
    assert vault.fingerprint() == before


def test_a_frame_torn_by_a_power_cut_ends_the_log(vault: Vault, tmp_path: Path) -> None:
    crashed = vault.crashed(3, tmp_path / "crashed")
    content = bytearray(crashed.log.read_bytes())
    content[-512:] = bytes(512)
    crashed.log.write_bytes(content)
    with crashed.opened() as engine:
        assert visits(engine) == [1, 2]


def test_a_frame_damaged_while_the_store_is_open_is_an_error_not_zeros(vault: Vault) -> None:
    engine = vault.engine()
    make_tables(engine)
    keep_log(engine)
    save_visit(engine, 1)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA shrink_memory")
    with vault.log.open("r+b") as file:
        file.seek(LOG_HEADER_BYTES + FRAME_HEADER_BYTES + 7)
        file.write(b"damaged")
    log = log_file(vault)
    log.xRead(LOG_HEADER_BYTES, 0)
    with pytest.raises(PageDamaged):
        log.xRead(PAGE_BYTES, LOG_HEADER_BYTES + FRAME_HEADER_BYTES)
    engine.dispose()


# Rule 4: page 1 torn in a checkpoint; the log holds the good one.


def test_a_first_page_torn_in_a_checkpoint_is_healed_from_the_log(
    vault: Vault, tmp_path: Path
) -> None:
    with vault.opened() as engine:
        make_tables(engine)
        keep_log(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE later (x)")
        save_visit(engine, 1)
        crashed = Vault(tmp_path / "crashed")
        torn = bytearray(vault.path.read_bytes())
        torn[HEADER_BYTES + 512 : HEADER_BYTES + PAGE_BYTES] = bytes(PAGE_BYTES - 512)
        crashed.path.write_bytes(torn)
        crashed.log.write_bytes(vault.log.read_bytes())
    with crashed.opened() as engine:
        assert visits(engine) == [1]


def test_the_peek_at_a_torn_first_page_sees_the_fixed_header(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    flip_bit(vault.path, HEADER_BYTES + 50)
    assert store_file(vault).xRead(100, 0) == DATABASE_HEADER
    assert store_file(vault).xRead(16, 24) == bytes(16)


# Rule 5: exclusive locking, one connection, memory for what is temporary, every commit synced.


def test_the_store_is_opened_the_one_safe_way(vault: Vault) -> None:
    with vault.opened() as engine, engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "locking_mode", "synchronous", "temp_store")
        }
    full, memory = 2, 2
    assert settings == {
        "journal_mode": "wal",
        "locking_mode": "exclusive",
        "synchronous": full,
        "temp_store": memory,
    }


def test_a_second_opening_is_refused_and_does_not_loosen_the_first(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
        with pytest.raises(StoreInUse):
            vault.engine()
        save_visit(engine, 1)


def test_threads_take_turns_and_transactions_stay_whole(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)

        def work(first: int) -> None:
            for number in range(first, first + 10):
                save_visit(engine, number)

        threads = [threading.Thread(target=work, args=(100 * turn,)) for turn in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(visits(engine)) == 40


def test_sorting_and_temporary_tables_leave_no_file_behind(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
        for number in range(1, 40):
            save_visit(engine, number, note="x" * 3000)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TEMP TABLE scratch AS SELECT * FROM visit")
            connection.exec_driver_sql("SELECT * FROM scratch ORDER BY note, id DESC").all()
            names = {file.name for file in vault.path.parent.iterdir()}
    assert names == {vault.path.name, vault.log.name}


# Rule 6: a PEP 249 face over apsw.


def test_sqlalchemy_speaks_to_apsw_through_the_face(vault: Vault) -> None:
    with vault.opened() as engine:
        assert engine.dialect.loaded_dbapi is dbapi


# Rule 7: the cipher is one named constant in the header of the file.


@pytest.mark.parametrize("cipher", [AES_256_GCM, SM4_GCM], ids=lambda cipher: cipher.name)
def test_the_header_of_the_file_chooses_the_cipher(tmp_path: Path, cipher: Cipher) -> None:
    vault = Vault(tmp_path / "data", cipher)
    with vault.opened() as engine:
        make_tables(engine)
        save_visit(engine, 1)
    engine = open_store(vault.path, DATA_KEY)  # the default is another cipher; the file decides
    assert visits(engine) == [1]
    close_store(engine)
    assert vault.keys().cipher is cipher


# What lies on the disk


@pytest.mark.parametrize("cipher", [AES_256_GCM, SM4_GCM], ids=lambda cipher: cipher.name)
def test_no_byte_of_a_note_or_of_the_tables_is_on_the_disk(tmp_path: Path, cipher: Cipher) -> None:
    vault = Vault(tmp_path / "data", cipher)
    with vault.opened() as engine:
        make_tables(engine)
        for number in range(1, 30):
            save_visit(engine, number, note="王秀英 990101194903071234 血压偏高")
        on_disk = vault.path.read_bytes() + vault.log.read_bytes()
    on_disk += vault.path.read_bytes()
    for secret in ("王秀英", "99010119", "李医生", "CREATE", "visit", "SQLite", "systolic"):
        assert secret.encode() not in on_disk


def test_the_checksums_of_plain_pages_are_veiled_in_the_log(vault: Vault, tmp_path: Path) -> None:
    crashed = vault.crashed(2, tmp_path / "crashed")
    content = crashed.log.read_bytes()
    log = log_file(crashed)
    log.xRead(LOG_HEADER_BYTES, 0)
    shown = log.xRead(FRAME_HEADER_BYTES, LOG_HEADER_BYTES)
    hidden = content[LOG_HEADER_BYTES : LOG_HEADER_BYTES + FRAME_HEADER_BYTES]
    assert shown[:8] == hidden[:8]
    assert shown[8:16] == content[16:24]
    assert hidden[8:16] != content[16:24]
    assert log.xRead(8, LOG_HEADER_BYTES + 16) == shown[16:]


# Shapes the format does not have


@pytest.mark.parametrize(("amount", "offset"), [(PAGE_BYTES, 8), (50, 0), (100, 100)])
def test_a_stray_read_of_the_store_is_refused(vault: Vault, amount: int, offset: int) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    with pytest.raises(StrayAccess):
        store_file(vault).xRead(amount, offset)


@pytest.mark.parametrize(("size", "offset"), [(PAGE_BYTES, 8), (512, 0), (100, PAGE_BYTES)])
def test_a_stray_write_of_the_store_is_refused(vault: Vault, size: int, offset: int) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    before = vault.fingerprint()
    with pytest.raises(StrayAccess):
        store_file(vault).xWrite(bytes(size), offset)
    assert vault.fingerprint() == before


@pytest.mark.parametrize(("size", "offset"), [(512, LOG_HEADER_BYTES), (FRAME_BYTES, 32), (8, 0)])
def test_a_stray_write_of_the_log_is_refused(vault: Vault, size: int, offset: int) -> None:
    with vault.opened() as engine:
        make_tables(engine)
    with pytest.raises(StrayAccess):
        log_file(vault).xWrite(bytes(size), offset)


def test_a_stray_read_of_the_log_is_refused(vault: Vault, tmp_path: Path) -> None:
    crashed = vault.crashed(1, tmp_path / "crashed")
    with pytest.raises(StrayAccess):
        log_file(crashed).xRead(PAGE_BYTES, LOG_HEADER_BYTES + 1)


def test_no_other_file_is_opened_through_the_store(vault: Vault, tmp_path: Path) -> None:
    with vault.opened() as engine, engine.connect() as connection:
        with pytest.raises(StoreDamaged):
            connection.exec_driver_sql(f"ATTACH '{tmp_path / 'plain.db'}' AS plain")
        connection.rollback()
    assert not (tmp_path / "plain.db").exists()


def test_a_strangers_rollback_journal_is_not_looked_at(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
        save_visit(engine, 1)
    journal = vault.path.with_name(f"{vault.path.name}-journal")
    journal.write_bytes(os.urandom(5000))
    with vault.opened() as engine:
        assert visits(engine) == [1]


def test_a_transaction_larger_than_the_cache_survives_its_rewritten_frames(vault: Vault) -> None:
    with vault.opened() as engine:
        make_tables(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA cache_size=10")
            connection.exec_driver_sql("PRAGMA cache_spill=10")
        with engine.begin() as connection:
            for turn in range(3):
                for number in range(1, 200):
                    connection.exec_driver_sql(
                        "INSERT OR REPLACE INTO visit VALUES (?, ?, ?)", (number, "x" * 900, turn)
                    )
    with vault.opened() as engine, engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*), min(note) FROM visit").one()
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert found == (199, "2")


def test_a_full_disk_refuses_the_save_and_keeps_what_was_there(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: LogFile, _data: bytes, _offset: int) -> None:
        raise apsw.FullError("no space left")

    with vault.opened() as engine:
        make_tables(engine)
        save_visit(engine, 1)
        with monkeypatch.context() as patched:
            patched.setattr(LogFile, "xWrite", full)
            with pytest.raises(StoreFull):
                save_visit(engine, 2)
        assert visits(engine) == [1]
        save_visit(engine, 3)
        assert visits(engine) == [1, 3]

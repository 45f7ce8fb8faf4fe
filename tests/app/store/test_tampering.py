"""Somebody changes the files: a clear error, nothing changed on disk, no wrong data shown."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.store.engine import open_store
from app.store.errors import (
    NotAStore,
    StoreDamaged,
    StoreError,
    StoreTooNew,
    WrongKey,
)
from app.store.file_header import HEADER_BYTES
from app.store.page_seal import PAGE_BYTES
from tests.app.store.vault import (
    DATA_KEY,
    OTHER_KEY,
    Vault,
    flip_bit,
    make_tables,
    save_visit,
    visits,
)

NUMBERS = list(range(1, 41))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return filled(Vault(tmp_path / "data"))


def filled(vault: Vault) -> Vault:
    with vault.opened() as engine:
        make_tables(engine)
        for number in NUMBERS:
            save_visit(engine, number, note="y" * 900)
    return vault


def page_at(number: int) -> slice:
    start = HEADER_BYTES + (number - 1) * PAGE_BYTES
    return slice(start, start + PAGE_BYTES)


def refused(vault: Vault) -> StoreError:
    """The error that reading everything meets; the files must stay as they were."""
    before = vault.fingerprint()
    with pytest.raises(StoreError) as error:
        read_everything(vault)
    assert vault.fingerprint() == before
    return error.value


def read_everything(vault: Vault) -> None:
    engine = vault.engine()
    try:
        visits(engine)
    finally:
        engine.dispose()


def test_a_bit_flipped_anywhere_in_any_page_is_found(vault: Vault) -> None:
    whole = vault.path.read_bytes()
    chance = random.Random(7)
    for start in range(HEADER_BYTES, len(whole), PAGE_BYTES):
        flip_bit(vault.path, start + chance.randrange(PAGE_BYTES))
        with pytest.raises(StoreDamaged):
            raise refused(vault)
        vault.path.write_bytes(whole)


def test_a_bit_flipped_anywhere_in_the_header_is_found(vault: Vault) -> None:
    whole = vault.path.read_bytes()
    for offset in (*range(128), 128, 2000, HEADER_BYTES - 1):
        flip_bit(vault.path, offset)
        with pytest.raises((StoreDamaged, StoreTooNew)):
            raise refused(vault)
        vault.path.write_bytes(whole)


def test_two_pages_swapped_are_found(vault: Vault) -> None:
    content = bytearray(vault.path.read_bytes())
    content[page_at(4)], content[page_at(5)] = content[page_at(5)], content[page_at(4)]
    vault.path.write_bytes(content)
    assert isinstance(refused(vault), StoreDamaged)


def test_a_page_spliced_in_from_another_store_of_the_same_key_is_found(
    vault: Vault, tmp_path: Path
) -> None:
    other = filled(Vault(tmp_path / "other"))
    content = bytearray(vault.path.read_bytes())
    content[page_at(4)] = other.path.read_bytes()[page_at(4)]
    vault.path.write_bytes(content)
    assert isinstance(refused(vault), StoreDamaged)


def test_a_frame_of_the_log_is_no_page_of_the_store(vault: Vault, tmp_path: Path) -> None:
    crashed = Vault(tmp_path / "a").crashed(2, tmp_path / "b")
    content = bytearray(crashed.path.read_bytes())
    content[page_at(1)] = crashed.log.read_bytes()[-PAGE_BYTES:]
    crashed.path.write_bytes(content)
    crashed.log.unlink()
    assert isinstance(refused(crashed), StoreDamaged)


@pytest.mark.parametrize("kept_pages", [1, 3, 5])
def test_a_store_cut_short_is_found(vault: Vault, kept_pages: int) -> None:
    vault.path.write_bytes(vault.path.read_bytes()[: HEADER_BYTES + kept_pages * PAGE_BYTES])
    assert isinstance(refused(vault), StoreDamaged)


@pytest.mark.parametrize("kept_bytes", [0, 5, 100, HEADER_BYTES, HEADER_BYTES + 100])
def test_a_store_without_a_whole_page_is_refused_and_its_log_kept(
    tmp_path: Path, kept_bytes: int
) -> None:
    crashed = Vault(tmp_path / "a").crashed(2, tmp_path / "b")
    crashed.path.write_bytes(crashed.path.read_bytes()[:kept_bytes])
    assert isinstance(refused(crashed), StoreDamaged)
    assert crashed.log.stat().st_size > 0


def test_a_log_without_its_store_is_refused_and_kept(tmp_path: Path) -> None:
    crashed = Vault(tmp_path / "a").crashed(2, tmp_path / "b")
    crashed.path.unlink()
    assert isinstance(refused(crashed), StoreDamaged)


def test_a_plain_database_is_not_a_store(vault: Vault) -> None:
    vault.path.write_bytes(b"SQLite format 3\0".ljust(3 * PAGE_BYTES, b"\0"))
    assert isinstance(refused(vault), NotAStore)


def test_a_wrong_key_is_told_from_damage(vault: Vault) -> None:
    before = vault.fingerprint()
    with pytest.raises(WrongKey):
        open_store(vault.path, OTHER_KEY)
    assert vault.fingerprint() == before


def test_a_newer_format_is_told_from_damage(vault: Vault) -> None:
    content = bytearray(vault.path.read_bytes())
    content[13] = 2  # the format's version
    vault.path.write_bytes(content)
    assert isinstance(refused(vault), StoreTooNew)


def test_an_old_copy_of_the_file_opens_with_its_old_content(vault: Vault) -> None:
    """What the vault cannot tell, and docs/vault.md says so: the county's digest can."""
    old = vault.path.read_bytes()
    with vault.opened() as engine:
        save_visit(engine, 99)
    vault.path.write_bytes(old)
    with vault.opened() as engine:
        assert visits(engine) == NUMBERS


def test_a_data_key_has_32_bytes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32"):
        open_store(tmp_path / "store.db", DATA_KEY[:16])
    assert not list(tmp_path.iterdir())


def test_a_crashed_store_that_does_not_open_is_not_written_to_by_closing_it(
    tmp_path: Path,
) -> None:
    crashed = Vault(tmp_path / "a").crashed(1, tmp_path / "b")
    flip_bit(crashed.path, HEADER_BYTES + 77)
    assert isinstance(refused(crashed), StoreDamaged)

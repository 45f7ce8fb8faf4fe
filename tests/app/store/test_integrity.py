"""After a crash the store is looked over before anybody works with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.store import opening
from app.store.errors import StoreDamaged
from app.store.file_header import HEADER_BYTES
from app.store.integrity import check_integrity, was_closed_cleanly
from app.store.opening import Store
from app.store.page_seal import PAGE_BYTES
from tests.app.store.vault import DATA_KEY, Vault, make_tables, save_visit


def test_a_crash_is_told_from_a_proper_close(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "data")
    assert was_closed_cleanly(vault.path)
    crashed = vault.crashed(2, tmp_path / "crashed")
    assert was_closed_cleanly(vault.path)
    assert not was_closed_cleanly(crashed.path)
    with crashed.opened():
        pass
    assert was_closed_cleanly(crashed.path)


def test_a_sound_store_passes_its_check(tmp_path: Path) -> None:
    crashed = Vault(tmp_path / "data").crashed(3, tmp_path / "crashed")
    with crashed.opened() as engine:
        check_integrity(engine)


def test_a_page_that_was_blanked_does_not_pass(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "data")
    with vault.opened() as engine:
        make_tables(engine)
        for number in range(1, 60):
            save_visit(engine, number)
    content = bytearray(vault.path.read_bytes())
    content[-PAGE_BYTES:] = bytes(PAGE_BYTES)
    assert len(content) > HEADER_BYTES + 3 * PAGE_BYTES
    vault.path.write_bytes(content)
    engine = vault.engine()
    with pytest.raises(StoreDamaged):
        check_integrity(engine)
    engine.dispose()


def test_a_crashed_store_that_is_not_sound_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    crashed = Vault(tmp_path / "data").crashed(1, tmp_path / "crashed", folded=200)
    content = bytearray(crashed.path.read_bytes())
    fifth = slice(HEADER_BYTES + 4 * PAGE_BYTES, HEADER_BYTES + 5 * PAGE_BYTES)
    content[fifth] = bytes(PAGE_BYTES)
    crashed.path.write_bytes(content)
    before = crashed.fingerprint()
    with pytest.raises(StoreDamaged):
        Store.open(crashed.path, DATA_KEY)
    assert crashed.fingerprint() == before


def test_a_store_is_looked_over_at_the_opening_after_a_crash_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr(opening, "check_integrity", looked.append)
    crashed = Vault(tmp_path / "data").crashed(2, tmp_path / "crashed")
    Store.open(crashed.path, DATA_KEY).close()
    assert len(looked) == 1
    Store.open(crashed.path, DATA_KEY).close()
    assert len(looked) == 1

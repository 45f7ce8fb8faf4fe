"""A damaged log is refused, a torn one is not: which is which."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from app.store.errors import StoreDamaged
from app.store.log_check import check_log, checksum
from app.store.sealed_log import FRAME_BYTES, FRAME_HEADER_BYTES, LOG_HEADER_BYTES
from tests.app.store.vault import Vault, flip_bit, visits

VISITS = 4


@pytest.fixture
def crashed(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "data").crashed(VISITS, tmp_path / "crashed")


def frames(vault: Vault) -> int:
    return (vault.log.stat().st_size - LOG_HEADER_BYTES) // FRAME_BYTES


def place(frame: int, within: int) -> int:
    return LOG_HEADER_BYTES + frame * FRAME_BYTES + within


@pytest.mark.parametrize("within", [0, 5, 10, 20, FRAME_HEADER_BYTES, 2000, FRAME_BYTES - 1])
def test_a_flipped_bit_in_an_early_transaction_is_damage(crashed: Vault, within: int) -> None:
    flip_bit(crashed.log, place(0, within))
    before = crashed.fingerprint()
    with pytest.raises(StoreDamaged):
        crashed.engine()
    assert crashed.fingerprint() == before


def test_every_early_frame_is_watched(crashed: Vault) -> None:
    whole = crashed.log.read_bytes()
    last_transaction = 2  # frames of one visit
    for frame in range(frames(crashed) - last_transaction - 1):
        flip_bit(crashed.log, place(frame, 1000))
        with pytest.raises(StoreDamaged):
            check_log(crashed.log, crashed.keys())
        crashed.log.write_bytes(whole)


def test_a_damaged_log_header_is_damage(crashed: Vault) -> None:
    for offset in range(LOG_HEADER_BYTES):
        flip_bit(crashed.log, offset)
        with pytest.raises(StoreDamaged):
            check_log(crashed.log, crashed.keys())
        flip_bit(crashed.log, offset)
    check_log(crashed.log, crashed.keys())


def test_a_last_transaction_cut_anywhere_is_only_torn(crashed: Vault) -> None:
    whole = crashed.log.read_bytes()
    for missing in range(1, FRAME_BYTES + 600, 512):
        crashed.log.write_bytes(whole[:-missing])
        check_log(crashed.log, crashed.keys())
    with crashed.opened() as engine:
        assert visits(engine) == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"short", bytes(LOG_HEADER_BYTES), bytes(9000)])
def test_a_log_that_was_never_begun_is_empty(crashed: Vault, content: bytes) -> None:
    crashed.log.write_bytes(content)
    check_log(crashed.log, crashed.keys())


def test_an_older_frame_of_the_same_log_put_back_is_damage(crashed: Vault) -> None:
    content = bytearray(crashed.log.read_bytes())
    content[place(1, 0) : place(2, 0)] = content[place(0, 0) : place(1, 0)]
    crashed.log.write_bytes(content)
    with pytest.raises(StoreDamaged):
        crashed.engine()


def test_the_log_of_another_store_is_not_taken_in(crashed: Vault, tmp_path: Path) -> None:
    other = Vault(tmp_path / "other").crashed(2, tmp_path / "other-crashed")
    crashed.log.write_bytes(other.log.read_bytes())
    with crashed.opened() as engine:
        assert visits(engine) == []


def test_the_running_sum_is_sqlites(crashed: Vault) -> None:
    header = crashed.log.read_bytes()[:LOG_HEADER_BYTES]
    assert checksum(bytes(8), header[:24], "<") == header[24:]


def test_the_running_sum_reads_words_in_either_order() -> None:
    words = (1, 2, 3, 4)
    little, big = struct.pack("<4I", *words), struct.pack(">4I", *words)
    assert checksum(bytes(8), little, "<") == checksum(bytes(8), big, ">")

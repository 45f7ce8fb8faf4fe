"""Stretching PINs: known answers, and what happens without the library."""

from __future__ import annotations

import sys

import pytest
from pydantic import ValidationError

from app.store import kdf
from app.store.errors import KdfMissing
from app.store.kdf import Argon2id, Scrypt, strongest_kdf

SALT = b"sixteen bytes ok"


def test_scrypt_gives_its_known_answer() -> None:
    """RFC 7914, section 12, third vector, first 32 bytes."""
    stretched = Scrypt(cost=16_384, block=8, lanes=1).stretch("pleaseletmein", b"SodiumChloride")
    assert stretched.hex() == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"


def test_argon2id_depends_on_pin_salt_and_parameters() -> None:
    quick = Argon2id(memory_kib=8, passes=1, lanes=1)
    answers = {
        quick.stretch("384756", SALT),
        quick.stretch("384757", SALT),
        quick.stretch("384756", SALT[::-1]),
        Argon2id(memory_kib=16, passes=1, lanes=1).stretch("384756", SALT),
    }
    assert len(answers) == 4
    assert {len(answer) for answer in answers} == {32}


def test_the_strongest_is_argon2id_and_scrypt_where_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert strongest_kdf() == Argon2id(memory_kib=65_536, passes=3, lanes=4)
    monkeypatch.setattr(kdf, "find_spec", lambda _name: None)
    assert strongest_kdf() == Scrypt(cost=65_536, block=8, lanes=1)


def test_a_ring_made_with_argon2id_says_so_where_the_library_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    with pytest.raises(KdfMissing):
        Argon2id().stretch("384756", SALT)


def test_parameters_that_would_hang_the_tablet_are_refused() -> None:
    with pytest.raises(ValidationError):
        Argon2id(memory_kib=1 << 30)
    with pytest.raises(ValidationError):
        Scrypt(cost=1 << 30)

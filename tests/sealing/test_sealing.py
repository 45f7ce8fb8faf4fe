"""Sealing to a public key: the standard's answers, and everything that must not open."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given
from hypothesis import strategies as st

from sealing import hpke
from sealing.envelope import (
    HAND_OVER,
    RECOVERY,
    key_name,
    open_data_key,
    open_sealed,
    recipient_of,
    seal,
    seal_data_key,
)
from sealing.hpke import CannotOpen

DATA_KEY = bytes(range(32))
LIBRARY = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def key_pair() -> tuple[bytes, bytes]:
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


@given(plain=st.binary(max_size=300), info=st.binary(max_size=40))
def test_the_library_opens_what_is_sealed_here(plain: bytes, info: bytes) -> None:
    private = X25519PrivateKey.generate()
    sealed = hpke.encrypt(plain, private.public_key().public_bytes_raw(), info, b"")
    assert LIBRARY.decrypt(sealed, private, info) == plain


@given(plain=st.binary(max_size=300), info=st.binary(max_size=40))
def test_what_the_library_seals_opens_here(plain: bytes, info: bytes) -> None:
    private = X25519PrivateKey.generate()
    sealed = LIBRARY.encrypt(plain, private.public_key(), info)
    assert hpke.decrypt(sealed, private.private_bytes_raw(), info, b"") == plain


def test_only_the_county_opens_a_tablets_data_key() -> None:
    private, public = key_pair()
    sealed = seal_data_key(DATA_KEY, public, device_id="tablet-1")
    assert DATA_KEY not in sealed
    assert open_data_key(sealed, private, device_id="tablet-1") == DATA_KEY
    with pytest.raises(CannotOpen):
        open_data_key(sealed, key_pair()[0], device_id="tablet-1")


def test_a_data_key_does_not_open_as_another_tablets() -> None:
    private, public = key_pair()
    sealed = seal_data_key(DATA_KEY, public, device_id="tablet-1")
    with pytest.raises(CannotOpen):
        open_data_key(sealed, private, device_id="tablet-2")


def test_what_is_sealed_for_one_purpose_does_not_open_for_another() -> None:
    private, public = key_pair()
    sealed = seal(b"unsent", public, HAND_OVER, "tablet-1")
    assert open_sealed(sealed, private, HAND_OVER, "tablet-1") == b"unsent"
    with pytest.raises(CannotOpen):
        open_sealed(sealed, private, RECOVERY, "tablet-1")


def test_no_bit_can_be_changed() -> None:
    private, public = key_pair()
    sealed = seal_data_key(DATA_KEY, public, device_id="tablet-1")
    for offset in range(len(sealed)):
        changed = bytearray(sealed)
        changed[offset] ^= 0x10
        with pytest.raises(CannotOpen):
            open_data_key(bytes(changed), private, device_id="tablet-1")


@pytest.mark.parametrize("length", [0, 3, 11, 12, 43, 44, 59, 60])
def test_a_message_cut_short_does_not_open(length: int) -> None:
    private, public = key_pair()
    sealed = seal_data_key(DATA_KEY, public, device_id="tablet-1")
    with pytest.raises(CannotOpen):
        open_data_key(sealed[:length], private, device_id="tablet-1")


def test_a_county_with_rotated_keys_finds_the_one_that_opens() -> None:
    _, old = key_pair()
    _, new = key_pair()
    sealed = seal_data_key(DATA_KEY, old, device_id="tablet-1")
    assert recipient_of(sealed) == key_name(old) != key_name(new)


def test_the_same_key_never_looks_the_same_twice() -> None:
    _, public = key_pair()
    first, second = (seal_data_key(DATA_KEY, public, device_id="t") for _ in range(2))
    assert first != second


@pytest.mark.parametrize("public", [b"", b"short", bytes(32)])
def test_an_unusable_public_key_is_refused(public: bytes) -> None:
    with pytest.raises(ValueError, match=r"X25519|shared key"):
        seal_data_key(DATA_KEY, public, device_id="tablet-1")


@given(noise=st.binary(max_size=200))
def test_noise_does_not_open(noise: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_data_key(b"LYS1" + noise, os.urandom(32), device_id="tablet-1")

"""The ciphers give the standards' answers."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag

from app.store.ciphers import AES_256_GCM, CIPHERS, SM4_GCM, Cipher

# RFC 8998, appendix A.1
SM4_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
SM4_NONCE = bytes.fromhex("00001234567800000000abcd")
SM4_BOUND_TO = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
SM4_PLAIN = bytes.fromhex(
    "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
    "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
)
SM4_SEALED = bytes.fromhex(
    "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
    "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    "83de3541e4c2b58177e065a9bf7b62ec"
)
# The GCM specification of McGrew and Viega, test case 14
AES_SEALED = bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")

BOTH = pytest.mark.parametrize("cipher", CIPHERS.values(), ids=lambda cipher: cipher.name)


def test_sm4_gcm_gives_the_answer_of_rfc_8998() -> None:
    aead = SM4_GCM.aead(SM4_KEY)
    assert aead.encrypt(SM4_NONCE, SM4_PLAIN, SM4_BOUND_TO) == SM4_SEALED
    assert aead.decrypt(SM4_NONCE, SM4_SEALED, SM4_BOUND_TO) == SM4_PLAIN


def test_aes_gcm_gives_the_answer_of_its_specification() -> None:
    assert AES_256_GCM.aead(bytes(32)).encrypt(bytes(12), bytes(16), None) == AES_SEALED


@BOTH
def test_what_was_changed_or_cut_short_does_not_open(cipher: Cipher) -> None:
    aead = cipher.aead(bytes(cipher.key_bytes))
    sealed = aead.encrypt(bytes(12), b"a page", b"place")
    for broken in (b"", sealed[:10], sealed[:-1], b"\0" + sealed[1:]):
        with pytest.raises(InvalidTag):
            aead.decrypt(bytes(12), broken, b"place")
    with pytest.raises(InvalidTag):
        aead.decrypt(bytes(12), sealed, b"elsewhere")


@BOTH
def test_a_veiled_block_comes_back_and_blocks_do_not_lean_on_each_other(cipher: Cipher) -> None:
    veil = cipher.permutation(bytes(cipher.key_bytes))
    first, second = b"sixteen bytes 01", b"sixteen bytes 02"
    hidden = [veil.hide(first), veil.hide(second), veil.hide(first)]
    assert hidden[0] == hidden[2] != hidden[1]
    assert [veil.show(block) for block in hidden] == [first, second, first]


def test_sm4_and_aes_have_keys_of_their_own_length() -> None:
    assert {cipher.name: cipher.key_bytes for cipher in CIPHERS.values()} == {
        "AES-256-GCM": 32,
        "SM4-GCM": 16,
    }

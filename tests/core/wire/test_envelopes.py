"""Operations and answers as they travel: hashes, defaults, and what nobody knows yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.wire.canonical import sha256_hex
from core.wire.envelopes import (
    OPERATION_DEFAULTS,
    OPERATIONS,
    RESPONSES,
    Operation,
    SyncResponse,
    envelope_of,
    hashed,
    hashed_content,
    operation_hash,
)
from core.wire.receipts import Receipt, Taken, receipts_bytes

OPERATION = hashed(
    Operation(
        op_id="op-1",
        device_id="tablet-1",
        device_seq=1,
        kind="follow_up",
        record_id="record-1",
        revision=1,
        action="put",
        scope_id="village:1",
        author_id="doctor-1",
        occurred_at="2026-11-22T02:00:00.000+00:00",
        recorded_at="2026-11-22T02:00:00.000+00:00",
        policy_version="2026",
        body={"note": "头晕两天"},
        previous_hash="0" * 64,
    )
)


def test_the_hash_of_an_operation_is_fixed_for_ever() -> None:
    # Written down here: a tablet of any version must come to the same digits.
    assert OPERATION.hash == ("8204c3728c3db38abd67006adb6df05e462aebaac341498c78d5363d51bc4fb0")


def test_the_hash_covers_neither_itself_nor_the_signature() -> None:
    assert operation_hash(replace(OPERATION, hash="x", signature="y")) == OPERATION.hash


@pytest.mark.parametrize("name", sorted(set(OPERATION.__slots__) - {"hash", "signature"}))
def test_the_hash_covers_every_other_field(name: str) -> None:
    changed = {**envelope_of(OPERATION), name: "another"}
    assert sha256_hex(hashed_content(changed)) != OPERATION.hash


def test_defaults_count_whether_they_are_written_out_or_not() -> None:
    short = {
        name: value
        for name, value in envelope_of(OPERATION).items()
        if value != OPERATION_DEFAULTS.get(name, object())
    }
    assert "schema" not in short
    assert sha256_hex(hashed_content(short)) == OPERATION.hash


def test_a_field_of_a_later_version_counts_too_and_is_passed_over_when_read() -> None:
    later: dict[str, Any] = {**envelope_of(OPERATION), "invented_later": 1}
    assert sha256_hex(hashed_content(later)) != OPERATION.hash
    assert OPERATIONS.validate_python(later) == OPERATION


def test_receipts_are_signed_with_every_field_written_out() -> None:
    receipt = Receipt(
        op_id="op-1",
        device_seq=1,
        record_id="record-1",
        revision=1,
        outcome="accepted",
        received_at="2026-11-22T02:00:01+00:00",
    )
    run = Taken(first_seq=2, last_seq=9, hash="ab", received_at="2026-11-22T02:00:01+00:00")
    assert receipts_bytes((run,), (receipt,)) == (
        b'{"receipts":[{"code":null,"device_seq":1,"op_id":"op-1","outcome":"accepted",'
        b'"received_at":"2026-11-22T02:00:01+00:00","record_id":"record-1","revision":1,'
        b'"values":{}}],"taken":[{"first_seq":2,"hash":"ab","last_seq":9,'
        b'"received_at":"2026-11-22T02:00:01+00:00"}]}'
    )


def test_an_answer_with_fields_of_a_later_version_is_still_read() -> None:
    said = '{"server_time":"2026","county_version":"9","invented_later":{"a":1}}'
    assert RESPONSES.validate_json(said) == SyncResponse(server_time="2026", county_version="9")


def test_an_epoch_for_its_base_counts_only_where_it_is_said() -> None:
    # Operations were hashed, and are kept, that have no such field.
    said = {**envelope_of(OPERATION), "base_epoch": ""}
    without = {name: value for name, value in said.items() if name != "base_epoch"}
    assert sha256_hex(hashed_content(said)) == sha256_hex(hashed_content(without)) == OPERATION.hash
    for other in ("1a2b3c4d", None, 0, []):
        assert sha256_hex(hashed_content({**said, "base_epoch": other})) != OPERATION.hash

"""Both ends write a value as the same bytes, whatever library writes them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary import Kind
from core.wire.canonical import canonical_bytes

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def as_python_writes_it(value: Any) -> bytes:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


@given(VALUES.filter(lambda value: "\\ud" not in json.dumps(value)))
def test_any_value_is_written_as_python_writes_it(value: Any) -> None:
    assert canonical_bytes(value) == as_python_writes_it(value)


@pytest.mark.parametrize(
    "value",
    [0.0, -0.0, 5.6, 1e15, 1e16, 1.5e300, 0.0001, 0.00001234, -3e-7, 2**63, 2**64, -(2**70)],
)
def test_numbers_are_written_the_same_at_the_edges(value: float) -> None:
    assert canonical_bytes({"readings": [{"value": value}]}) == as_python_writes_it(
        {"readings": [{"value": value}]}
    )


def test_a_word_of_a_code_table_is_written_as_its_text() -> None:
    assert canonical_bytes({"kind": Kind.FOLLOW_UP}) == b'{"kind":"follow_up"}'


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (math.nan, "not JSON compliant"),
        (math.inf, "not JSON compliant"),
        ("half a pair \ud83d", "surrogates"),
    ],
)
def test_what_json_cannot_say_has_no_bytes(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        canonical_bytes({"body": [value]})

"""Both ends write a value as the same bytes, whatever library writes them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary import Kind, Symptom
from core.wire.canonical import canonical_bytes

WRITTEN = st.text(st.characters(exclude_categories=["Cs"]))
OF_ANY_SIZE = st.builds(
    lambda digits, power: float(f"{digits}e{power}"), st.integers(-99, 99), st.integers(-8, 20)
)
NUMBERS = (
    st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | OF_ANY_SIZE
)
LOOKING_LIKE_SOMETHING_ELSE = st.sampled_from(
    ["1e5", ":1e16,", ",0.00001]", "[null]", "NaN", "-0.0", '"', "\\", "\u2028", "\x00", "\x7f"]
)
SIMPLE = (
    st.none()
    | st.booleans()
    | NUMBERS
    | WRITTEN
    | LOOKING_LIKE_SOMETHING_ELSE
    | st.sampled_from([Kind.FOLLOW_UP, Symptom.NONE])
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists, tuples and objects of values."""
    names = WRITTEN | LOOKING_LIKE_SOMETHING_ELSE
    return st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(names, inner)


VALUES = st.recursive(SIMPLE, nested)
NOT_JSON = st.sampled_from([math.nan, math.inf, -math.inf])


def as_python_writes_it(value: Any) -> bytes:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


@given(VALUES)
def test_any_value_is_written_as_python_writes_it(value: Any) -> None:
    assert canonical_bytes(value) == as_python_writes_it(value)


@given(st.lists(OF_ANY_SIZE, min_size=1))
def test_numbers_of_any_size_are_written_as_python_writes_them(numbers: list[float]) -> None:
    for number in numbers:
        assert canonical_bytes({"value": number}) == as_python_writes_it({"value": number})


@given(VALUES, NOT_JSON, VALUES)
def test_what_is_no_number_is_found_wherever_it_stands(
    before: Any, no_number: Any, on: Any
) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_bytes({"before": before, "body": [{"on": on, "value": no_number}]})


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

"""Roots: the same on both sides whatever the order, different where one record differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.wire.digests import EMPTY_ROOT, body_hash, moved_root, record_digest, root_text

RECORDS = st.lists(
    st.tuples(st.text(min_size=1), st.integers(1, 9), st.text(min_size=1)), unique=True
)


@given(RECORDS, st.randoms())
def test_the_order_of_records_makes_no_difference(
    records: list[tuple[str, int, str]], random: object
) -> None:
    digests = [record_digest(*record) for record in records]
    root = EMPTY_ROOT
    for digest in sorted(digests):
        root = moved_root(root, gained=digest)
    assert root == root_text(sum(digests))


@given(RECORDS)
def test_what_came_and_went_leaves_the_root_as_it_was(
    records: list[tuple[str, int, str]],
) -> None:
    total = sum(record_digest(*record) for record in records)
    before = root_text(12345)
    assert moved_root(moved_root(before, gained=total), lost=total) == before


def test_another_revision_or_another_body_is_another_digest() -> None:
    first = record_digest("id", 1, body_hash({"a": 1}))
    assert first != record_digest("id", 2, body_hash({"a": 1}))
    assert first != record_digest("id", 1, body_hash({"a": 2}))


def test_a_root_is_always_sixteen_digits() -> None:
    assert root_text(0) == EMPTY_ROOT == "0" * 16
    assert root_text(-1) == "f" * 16

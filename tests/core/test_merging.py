"""Field merge: untouched fields are set, later clocks win, guarded fields wait for a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.merging import (
    GUARDED_FIELDS,
    NOTHING,
    Edit,
    FieldConflict,
    Merge,
    Stamp,
    Standing,
    changed_fields,
    merged,
)
from core.vocabulary import Kind
from core.wire.clocks import clock_text

KIND = Kind.RESIDENT


def at(ms: int, node: str = "tablet-a") -> str:
    return clock_text(ms, 0, node)


def standing(revision: int, clock: str, **body: Any) -> Standing:
    stamp = Stamp(clock=clock, revision=revision)
    return Standing(revision=revision, body=body, stamps=dict.fromkeys(body, stamp))


def edit(base_revision: int, clock: str, **fields: Any) -> Edit:
    return Edit(base_revision=base_revision, clock=clock, fields=fields)


def merge(before: Standing, made: Edit) -> Merge:
    return merged(KIND, before, made)


def test_a_new_record_takes_every_field_and_becomes_revision_one() -> None:
    result = merge(NOTHING, edit(0, at(1), name="王建国", phone="1"))
    assert (result.standing.revision, result.standing.body) == (1, {"name": "王建国", "phone": "1"})


def test_a_field_untouched_since_the_base_is_set_even_where_it_is_guarded() -> None:
    result = merge(standing(3, at(9, "office"), name="王建国"), edit(3, at(1), name="王建华"))
    assert result.standing.body == {"name": "王建华"}
    assert (result.conflicts, result.overruled) == ((), ())


def test_an_edit_on_a_revision_of_a_lost_history_has_not_seen_what_was_set_after_it() -> None:
    before = standing(4, at(9, "office"), name="王建国")
    result = merge(before, edit(7, at(5), name="王建华"))
    assert result.standing == before
    assert [conflict.field for conflict in result.conflicts] == ["name"]
    seen = merge(before, edit(7, at(10), name="王建华"))
    assert (seen.standing.body, seen.conflicts) == ({"name": "王建华"}, ())


def test_of_two_harmless_values_the_later_clock_wins() -> None:
    before = standing(2, at(5, "office"), phone="1")
    assert merge(before, edit(1, at(6), phone="2")).standing.body == {"phone": "2"}


def test_a_harmless_value_that_came_too_late_is_named_as_overruled() -> None:
    before = standing(2, at(5, "office"), phone="1")
    result = merge(before, edit(1, at(4), phone="2"))
    assert (result.standing, result.overruled) == (before, ("phone",))


def test_of_two_guarded_values_the_first_stands_and_the_second_is_kept_as_a_conflict() -> None:
    before = standing(2, at(5, "office"), name="王建华")
    result = merge(before, edit(1, at(9), name="王建中", phone="1"))
    assert result.standing.body == {"name": "王建华", "phone": "1"}
    assert result.conflicts == (FieldConflict(field="name", ours="王建华", theirs="王建中"),)


def test_the_same_value_from_both_sides_is_no_conflict() -> None:
    before = standing(2, at(5, "office"), name="王建华")
    assert merge(before, edit(1, at(9), name="王建华")) == Merge(standing=before)


def test_a_tablets_second_edit_is_no_rival_of_its_first() -> None:
    before = standing(7, at(5, "tablet-a"), name="王建华")
    result = merge(before, edit(4, at(6, "tablet-a"), name="王建中"))
    assert (result.standing.body, result.conflicts) == ({"name": "王建中"}, ())


def test_a_tablets_earlier_edit_that_comes_late_undoes_nothing_of_its_second() -> None:
    before = standing(7, at(6, "tablet-a"), name="王建华", phone="1")
    result = merge(before, edit(4, at(5, "tablet-a"), name="王建中", phone="2"))
    assert result.standing == before
    assert result.conflicts == (FieldConflict(field="name", ours="王建华", theirs="王建中"),)
    assert result.overruled == ("phone",)


def test_what_a_tablet_that_may_be_two_has_set_is_a_rival_of_what_it_sets_next() -> None:
    before = standing(7, at(5, "tablet-a"), name="王建华")
    apart = replace(edit(4, at(6, "tablet-a"), name="王建中"), may_be_two=True)
    assert [conflict.field for conflict in merge(before, apart).conflicts] == ["name"]
    seen = replace(apart, base_revision=7)
    assert merge(before, seen).standing.body == {"name": "王建中"}


def test_a_field_set_to_nothing_is_taken_away() -> None:
    result = merge(standing(1, at(1), phone="1", name="王"), edit(1, at(2), phone=None))
    assert result.standing.body == {"name": "王"}


def test_what_changed_between_two_bodies_names_fields_taken_away_too() -> None:
    assert changed_fields({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 4}) == {"b": 4, "c": None}


FIELDS = st.dictionaries(
    st.sampled_from(["name", "phone", "sex", "relation_to_head"]), st.integers(0, 3), max_size=4
)
EDITS = st.builds(
    Edit,
    base_revision=st.integers(0, 4),
    clock=st.builds(at, st.integers(0, 50), st.sampled_from(["tablet-a", "tablet-b"])),
    fields=FIELDS,
    may_be_two=st.booleans(),
)


@given(st.lists(EDITS, max_size=8))
def test_no_value_is_ever_dropped_in_silence(edits: list[Edit]) -> None:
    now = NOTHING
    for made in edits:
        result = merge(now, made)
        for name, value in made.fields.items():
            told = name in result.overruled or name in {c.field for c in result.conflicts}
            assert result.standing.body.get(name) == value or told
        now = result.standing


@given(st.lists(EDITS, max_size=8))
def test_a_revision_grows_exactly_when_a_value_changes(edits: list[Edit]) -> None:
    now = NOTHING
    for made in edits:
        after = merge(now, made).standing
        assert (after.revision == now.revision + 1) == (after.body != now.body)
        now = after


@given(st.lists(EDITS, max_size=8))
def test_a_guarded_value_is_never_overruled_by_a_clock(edits: list[Edit]) -> None:
    now = NOTHING
    for made in edits:
        result = merge(now, made)
        assert not set(result.overruled) & GUARDED_FIELDS[KIND]
        now = result.standing

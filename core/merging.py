"""Which value of a standing record stands, field by field, and what is kept of the other.

An edit names the revision it was made on. Fields nobody else touched since then are
simply set. Where both touched a field, the later clock wins if the field is harmless;
a field that says who someone is, what they suffer from or what they are owed keeps its
value, and the other is handed to a person as a conflict. Nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.vocabulary import Kind
from core.wire.clocks import node_of

GUARDED_FIELDS: Mapping[str, frozenset[str]] = {
    Kind.RESIDENT: frozenset(
        {"name", "id_type", "id_number", "birth_date", "sex", "conditions", "tags", "left",
         "left_on"}
    ),
    Kind.CONTRACT: frozenset({"state", "start_on", "end_on", "terminated_on", "items"}),
    Kind.HOUSEHOLD: frozenset({"listed_from", "listed_to"}),
}  # fmt: skip
"""Fields whose two different values a person settles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When a field was last set: the hybrid logical clock, and the revision that set it."""

    clock: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A standing record as it is known: its revision, its body, and a stamp per field."""

    revision: int
    body: Mapping[str, Any]
    stamps: Mapping[str, Stamp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """New values of some fields; a value of None takes the field away.

    What its node has set may be another's where that node `may_be_two`: a tablet and its copy.
    """

    base_revision: int
    clock: str
    fields: Mapping[str, Any]
    may_be_two: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConflict:
    """A guarded field with two values: `ours` stands until a person has settled it."""

    field: str
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What stands after an edit; `overruled` are harmless fields where the edit came too late."""

    standing: Standing
    overruled: tuple[str, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()


NOTHING = Standing(revision=0, body={}, stamps={})
"""What is known of a record before it exists."""


def merged(kind: str, standing: Standing, edit: Edit) -> Merge:
    """The standing record with the edit worked in; its revision grows only if a value changed."""
    taken: dict[str, Any] = {}
    overruled: list[str] = []
    conflicts: list[FieldConflict] = []
    for name, theirs in edit.fields.items():
        ours = standing.body.get(name)
        if ours == theirs:
            continue
        if not _touched_elsewhere(standing, name, edit):
            taken[name] = theirs
        elif name in GUARDED_FIELDS.get(kind, frozenset()):
            conflicts.append(FieldConflict(field=name, ours=ours, theirs=theirs))
        elif edit.clock > standing.stamps[name].clock:
            taken[name] = theirs
        else:
            overruled.append(name)
    return Merge(
        standing=_with(standing, taken, edit.clock),
        overruled=tuple(overruled),
        conflicts=tuple(conflicts),
    )


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose values differ, with their new values; None for those taken away."""
    names = before.keys() | after.keys()
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def _touched_elsewhere(standing: Standing, name: str, edit: Edit) -> bool:
    stamp = standing.stamps.get(name)
    if stamp is None:
        return False
    if node_of(stamp.clock) == node_of(edit.clock) and not edit.may_be_two:
        # A tablet's own earlier edit is no rival of its next one, whatever revision it became;
        # but one that was set aside meanwhile comes behind what its tablet has said since.
        return stamp.clock > edit.clock
    if edit.base_revision > standing.revision:
        # No history there is has given that number.
        return stamp.clock > edit.clock or stamp.revision > edit.base_revision
    return stamp.revision > edit.base_revision


def _with(standing: Standing, fields: Mapping[str, Any], clock: str) -> Standing:
    if not fields:
        return standing
    revision = standing.revision + 1
    body = {**standing.body, **fields}
    stamp = Stamp(clock=clock, revision=revision)
    return Standing(
        revision=revision,
        body={name: value for name, value in body.items() if value is not None},
        stamps={**standing.stamps, **dict.fromkeys(fields, stamp)},
    )

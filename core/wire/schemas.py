"""Bodies of older shapes brought to today's: one step for each number of a kind's schema.

A body is kept as it came, under its own hash; only what judges or reads it takes it through
here. A number this version does not know yet is left as it is, and read as far as it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Convert = Callable[[Mapping[str, Any]], Mapping[str, Any]]

CONVERTERS: dict[tuple[str, int], Convert] = {}
"""By kind and schema: what brings a body, or some changed fields of one, to the next schema.

Every kind is at 1 until its first step is entered here.
"""


def schema_of(kind: str) -> int:
    """The number of the shape in which this version writes bodies of a kind."""
    schema = 1
    while (kind, schema) in CONVERTERS:
        schema += 1
    return schema


def is_older(kind: str, schema: int) -> bool:
    """Whether there is a step from this shape to a later one."""
    return (kind, schema) in CONVERTERS


def todays(kind: str, schema: int, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body in today's shape; as it came where it is of today's or of a later one."""
    while (step := CONVERTERS.get((kind, schema))) is not None:
        body, schema = step(body), schema + 1
    return body

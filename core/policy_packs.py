"""Policy packs as JSON: read and checked down to the line that is wrong, written, described."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from typing import Any

from pydantic import ValidationError

from core.json_lines import NamedTwice, Path, line_numbers, line_of
from core.policy import Policy, PolicyBook, PressureLimit, default_policy
from core.refusals import Refusal, Refused


def parse_policy(text: str) -> Policy:
    """The policy a pack holds.

    Raises Refused: `policy.not_json`, `policy.named_twice`, one `policy.field` for each
    field that is missing, unknown or of the wrong kind, or one `policy.contradiction.*`
    for each thing the pack says against itself; `place` names the field and
    `values["line"]` the line.
    """
    try:
        lines = line_numbers(text)
    except NamedTwice as error:
        values = {"field": dotted(error.path), "line": error.lineno}
        raise Refused(
            Refusal(code="policy.named_twice", place=dotted(error.path), values=values)
        ) from error
    except JSONDecodeError as error:
        raise Refused(Refusal(code="policy.not_json", values={"line": error.lineno})) from error
    return policy_of(json.loads(text), lines)


def policy_of(pack: object, lines: Mapping[Path, int], within: Path = ()) -> Policy:
    """The policy of a pack that is read already, `within` the text whose lines are given.

    Raises Refused like `parse_policy`.
    """
    try:
        policy = Policy.model_validate(pack)
    except ValidationError as error:
        raise Refused(*(_field_refusal(item, lines, within) for item in error.errors())) from error
    wrong = [_refusal(code, (*within, *path), lines) for code, path in contradictions(policy)]
    if wrong:
        raise Refused(*wrong)
    return policy


def policy_book(*texts: str) -> PolicyBook:
    """The versions of several packs, each to be applied to its own time."""
    return PolicyBook([parse_policy(text) for text in texts] or [default_policy()])


def policy_text(policy: Policy) -> str:
    """The pack as the county issues it: JSON, every number written out."""
    return policy.model_dump_json(indent=2) + "\n"


def policy_schema() -> dict[str, Any]:
    """The JSON schema of a pack."""
    return Policy.model_json_schema()


def _field_refusal(item: Any, lines: Mapping[Path, int], within: Path) -> Refusal:
    path = (*within, *item["loc"])
    return Refusal(
        code="policy.field",
        place=dotted(path),
        values={"field": dotted(path), "line": line_of(lines, path), "why": item["msg"]},
    )


def _refusal(code: str, path: Path, lines: Mapping[Path, int]) -> Refusal:
    return Refusal(
        code=f"policy.contradiction.{code}",
        place=dotted(path),
        values={"field": dotted(path), "line": line_of(lines, path)},
    )


def dotted(path: Path) -> str:
    """The path of a field as a refusal names it: `control.assessment.1`."""
    return ".".join(str(part) for part in path)


Contradictions = Iterator[tuple[str, Path]]


def contradictions(policy: Policy) -> Contradictions:
    """Everything a pack says against itself: a code and the path of the field at fault."""
    yield from _contract_contradictions(policy)
    yield from _mode_contradictions(policy)
    yield from _control_contradictions(policy)
    yield from _emergency_contradictions(policy)
    yield from _bound_contradictions(policy)
    yield from _unsourced(policy)


def _contract_contradictions(policy: Policy) -> Contradictions:
    contract = policy.contract
    if contract.visits_per_year.key != 12:
        yield "visits_per_year", ("contract", "visits_per_year", "key")
    if contract.visits_per_year.general != 4:
        yield "visits_per_year", ("contract", "visits_per_year", "general")
    if contract.min_gap_days > 28:
        # Then a month after a late visit in the month before could not be filled at all.
        yield "gap_longer_than_month", ("contract", "min_gap_days")
    if len(set(contract.key_groups)) != len(contract.key_groups):
        yield "named_twice", ("contract", "key_groups")


def _mode_contradictions(policy: Policy) -> Contradictions:
    face_to_face = set(policy.face_to_face_modes)
    for name in ("htn", "t2dm", "smi", "elderly", "tb"):
        modes = set(getattr(policy.programmes, name).modes)
        if not modes <= face_to_face:
            yield "not_face_to_face", ("programmes", name, "modes")
    countable = set(policy.contract.countable_modes)
    if policy.contract.face_to_face_min and not countable & face_to_face:
        yield "face_to_face_uncounted", ("contract", "countable_modes")


def _control_contradictions(policy: Policy) -> Contradictions:
    for line in ("assessment", "clinical"):
        limits: tuple[PressureLimit, ...] = getattr(policy.control, line)
        ages = [limit.from_age for limit in limits]
        if ages != sorted(set(ages)) or ages[0] != 0:
            yield "age_bands", ("control", line)
        for place, limit in enumerate(limits):
            if limit.diastolic_lt >= limit.systolic_lt:
                yield "diastolic_above_systolic", ("control", line, place)
            if limit.systolic_lt > policy.emergency.systolic_ge:
                yield "controlled_emergency", ("control", line, place, "systolic_lt")
            if limit.diastolic_lt > policy.emergency.diastolic_ge:
                yield "controlled_emergency", ("control", line, place, "diastolic_lt")


def _emergency_contradictions(policy: Policy) -> Contradictions:
    emergency = policy.emergency
    if not emergency.glucose_le < policy.control.fasting_glucose_lt <= emergency.glucose_ge:
        yield "glucose_limits", ("control", "fasting_glucose_lt")
    if emergency.pregnant_systolic_ge > emergency.systolic_ge:
        yield "pregnant_laxer", ("emergency", "pregnant_systolic_ge")
    if emergency.pregnant_diastolic_ge > emergency.diastolic_ge:
        yield "pregnant_laxer", ("emergency", "pregnant_diastolic_ge")
    if policy.screening.high_risk.systolic_ge >= policy.screening.systolic_ge:
        yield "risk_above_high", ("screening", "high_risk", "systolic_ge")
    if policy.screening.high_risk.diastolic_ge >= policy.screening.diastolic_ge:
        yield "risk_above_high", ("screening", "high_risk", "diastolic_ge")
    if policy.evidence.pulse_pressure_lt >= policy.evidence.pulse_pressure_gt:
        yield "pulse_pressure", ("evidence", "pulse_pressure_lt")


def _bound_contradictions(policy: Policy) -> Contradictions:
    for name in type(policy.bounds).model_fields:
        bound = getattr(policy.bounds, name)
        if isinstance(bound, float):
            continue
        low = bound.hard_low if bound.soft_low is None else bound.soft_low
        high = bound.hard_high if bound.soft_high is None else bound.soft_high
        if not bound.hard_low <= low < high <= bound.hard_high:
            yield "bounds", ("bounds", name)


def _unsourced(policy: Policy) -> Contradictions:
    """Numbers without a source or a note, of their own or of the part they stand in."""
    rules = json.loads(policy.model_dump_json(exclude={"sources"}))
    for path in _numbers(rules, ()):
        if not any(dotted(path[:length]) in policy.sources for length in range(len(path), 0, -1)):
            yield "no_source", path


def _numbers(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _numbers(held, (*path, name))
    elif isinstance(value, list):
        for place, held in enumerate(value):
            yield from _numbers(held, (*path, place))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path

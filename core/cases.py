"""One case as a file: records, policy and day of one resident, read down to the wrong field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass, replace
from datetime import date
from json import JSONDecodeError
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from core.case_checks import case_refusals
from core.case_filling import OPTIONAL, completed
from core.contracts import Contract, Exemption, ExemptionDecision
from core.followups import FollowUp, Withdrawal
from core.history import History
from core.json_lines import NamedTwice, Path, line_numbers
from core.people import Resident, TagSpan
from core.policy import PolicyBook, default_policy
from core.policy_packs import dotted, policy_of, policy_schema
from core.referrals import Referral, ReferralOutcome
from core.refusals import Refusal, Refused
from core.reviews import PhoneCheck, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """What stands in a case file beside the policy; `tags` are added to the resident's own."""

    resident: Resident
    today: date
    year: int | None = None
    tags: tuple[TagSpan, ...] = ()
    contracts: tuple[Contract, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    reviews: tuple[Review, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    exemption_decisions: tuple[ExemptionDecision, ...] = ()
    referrals: tuple[Referral, ...] = ()
    referral_outcomes: tuple[ReferralOutcome, ...] = ()
    phone_checks: tuple[PhoneCheck, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case that can be reckoned."""

    rules: PolicyBook
    history: History
    today: date
    year: int | None


_FILE: TypeAdapter[CaseFile] = TypeAdapter(CaseFile)
RECORDS = (
    "contracts",
    "follow_ups",
    "withdrawals",
    "reviews",
    "exemptions",
    "exemption_decisions",
    "referrals",
    "referral_outcomes",
    "phone_checks",
)


def parse_case(text: str) -> Case:
    """The case a text holds.

    Raises Refused, each with the field: `case.not_json`, `case.field` (missing or of the
    wrong kind), `case.unknown_field`, the `policy.*` of its policy, and what the records
    say against each other (`core.case_checks`).
    """
    try:
        lines = line_numbers(text)
    except NamedTwice as error:
        raise Refused(_unreadable("named_twice", error.lineno)) from error
    except JSONDecodeError as error:
        raise Refused(_unreadable("not_json", error.lineno)) from error
    whole = json.loads(text)
    if not isinstance(whole, dict):
        raise Refused(_unreadable("not_json", 1))
    return _case(whole, lines)


def _unreadable(code: str, line: int) -> Refusal:
    return Refusal(code=f"case.{code}", values={"line": line})


def _case(whole: Mapping[str, Any], lines: Mapping[Path, int]) -> Case:
    rules = _rules(whole.get("policy", "default"), lines)
    body = {name: value for name, value in whole.items() if name != "policy"}
    unknown = [
        Refusal(code="case.unknown_field", place=dotted(path), values={"field": dotted(path)})
        for path in unknown_fields(CaseFile, body, ())
    ]
    if unknown:
        raise Refused(*unknown)
    try:
        found = _FILE.validate_python(completed(body))
    except ValidationError as error:
        raise Refused(*(_field_refusal(item) for item in error.errors())) from error
    history = _history(found)
    wrong = list(case_refusals(history, found.today))
    if wrong:
        raise Refused(*wrong)
    return Case(rules=rules, history=history, today=found.today, year=found.year)


def _field_refusal(item: Any) -> Refusal:
    place = dotted(tuple(item["loc"]))
    return Refusal(code="case.field", place=place, values={"field": place, "why": item["msg"]})


def _rules(policy: object, lines: Mapping[Path, int]) -> PolicyBook:
    """The policy of a case: "default", one pack, or several versions."""
    if policy == "default":
        return PolicyBook([default_policy()])
    if isinstance(policy, list) and policy:
        versions = [policy_of(pack, lines, ("policy", place)) for place, pack in enumerate(policy)]
        return PolicyBook(versions)
    return PolicyBook([policy_of(policy, lines, ("policy",))])


def unknown_fields(kind: Any, value: object, path: Path) -> Iterator[Path]:
    """The paths of fields a record type does not have, at any depth."""
    if is_dataclass(kind) and isinstance(value, dict):
        hints = get_type_hints(kind)
        for name, held in value.items():
            if name in hints:
                yield from unknown_fields(_record_type(hints[name]), held, (*path, name))
            elif not (kind is Exemption and name == "approved"):
                yield (*path, name)
    elif isinstance(value, list):
        for place, held in enumerate(value):
            yield from unknown_fields(kind, held, (*path, place))


def _record_type(hint: Any) -> Any:
    """The record type within an optional or a tuple."""
    if is_dataclass(hint):
        return hint
    return next((found for part in get_args(hint) if (found := _record_type(part))), None)


def _history(found: CaseFile) -> History:
    resident = replace(found.resident, tags=(*found.resident.tags, *found.tags))
    held = {name: getattr(found, name) for name in RECORDS}
    return History(resident=resident, **held)


def case_schema() -> dict[str, Any]:
    """The JSON schema of a case file."""
    schema = _FILE.json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    for definition in (schema, *definitions.values()):
        definition["additionalProperties"] = False
        required = set(definition.pop("required", ())) - OPTIONAL
        if required:
            definition["required"] = sorted(required)
    approved = {"anyOf": [{"type": "boolean"}, {"type": "null"}], "title": "Approved"}
    definitions["Exemption"]["properties"]["approved"] = approved
    policy = policy_schema()
    definitions |= policy.pop("$defs")
    definitions["Policy"] = policy
    one = {"$ref": "#/$defs/Policy"}
    several = {"type": "array", "items": one, "minItems": 1}
    schema["properties"]["policy"] = {
        "anyOf": [{"const": "default"}, one, several],
        "default": "default",
    }
    return schema | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Case"}

"""Records as JSON bodies and back; what this version does not know is kept in the body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from core.contracts import Contract, Exemption, ExemptionDecision
from core.education import Education
from core.followups import FollowUp, Withdrawal
from core.people import Household, Resident, SpecialProgramme, User, Village
from core.referrals import Referral, ReferralOutcome
from core.refusals import Refusal, Refused
from core.reviews import PhoneCheck, Review
from core.vocabulary import Kind
from core.wire.schemas import is_older, todays

Record = (
    Village
    | User
    | Household
    | Resident
    | Contract
    | SpecialProgramme
    | Exemption
    | ExemptionDecision
    | FollowUp
    | Withdrawal
    | Education
    | Referral
    | ReferralOutcome
    | Review
    | PhoneCheck
)

RECORD_TYPES: Mapping[str, type[Any]] = {
    Kind.VILLAGE: Village,
    Kind.USER: User,
    Kind.HOUSEHOLD: Household,
    Kind.RESIDENT: Resident,
    Kind.CONTRACT: Contract,
    Kind.SPECIAL_PROGRAMME: SpecialProgramme,
    Kind.EXEMPTION: Exemption,
    Kind.EXEMPTION_DECISION: ExemptionDecision,
    Kind.FOLLOW_UP: FollowUp,
    Kind.WITHDRAWAL: Withdrawal,
    Kind.EDUCATION: Education,
    Kind.REFERRAL: Referral,
    Kind.REFERRAL_OUTCOME: ReferralOutcome,
    Kind.REVIEW: Review,
    Kind.PHONE_CHECK: PhoneCheck,
}
"""Kinds whose bodies this version reads; bodies of other kinds are stored as they came."""

_DAY_TYPES = (date, date | None)
_KIND_OF_TYPE = {record_type: kind for kind, record_type in RECORD_TYPES.items()}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAYS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(name for name, said in get_type_hints(kept).items() if said in _DAY_TYPES)
    for kind, kept in RECORD_TYPES.items()
}
"""The fields of each kind that are days."""
_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    kind: TypeAdapter(record_type) for kind, record_type in RECORD_TYPES.items()
}


def kind_of(record: Record) -> str:
    """The kind under which a record travels."""
    return _KIND_OF_TYPE[type(record)]


def body_of(record: Record) -> dict[str, Any]:
    """The record as a JSON object: dates as ISO text, defaults left out."""
    body: dict[str, Any] = _ADAPTERS[kind_of(record)].dump_python(
        record, mode="json", exclude_defaults=True
    )
    return body


def record_of(kind: str, schema: int, body: Mapping[str, Any]) -> Any:
    """The record a body of this schema describes; fields unknown to this version are passed over.

    Raises Refused with code `body.unknown_kind` for a kind this version does not read,
    and with one `body.field` refusal for each field that is missing or of a wrong type.
    """
    try:
        return _validator(kind).validate_python(dict(todays(kind, schema, body)))
    except ValidationError as error:
        raise Refused(*(_refusal(item) for item in error.errors())) from error


def record_from_json(kind: str, schema: int, text: str) -> Any:
    """What `record_of` gives for the body written as JSON text, a third faster; raises the same."""
    if is_older(kind, schema):
        return record_of(kind, schema, json.loads(text))
    try:
        return _validator(kind).validate_json(text)
    except ValidationError as error:
        raise Refused(*(_refusal(item) for item in error.errors())) from error


def record_as_said(kind: str, schema: int, body: Mapping[str, Any], text: bytes) -> Any:
    """What `record_of` gives for a body that is handed in, of which `text` is the JSON.

    Raises `body.field` too for a value of another type that could be taken for what is meant, as
    a number in the place of a day: what others read in it would not be the same everywhere.
    """
    if is_older(kind, schema):
        return record_of(kind, schema, body)
    try:
        record = _validator(kind).validate_json(text, strict=True)
    except ValidationError as error:
        raise Refused(*(_refusal(item) for item in error.errors())) from error
    for name in _DAYS[kind]:
        said = body.get(name)
        if said is not None and not _DAY.fullmatch(said):
            why = "a day is written as 2026-11-29"
            raise Refused(
                Refusal(code="body.field", place=name, values={"field": name, "why": why})
            )
    return record


def _validator(kind: str) -> Any:
    adapter = _ADAPTERS.get(kind)
    if adapter is None:
        raise Refused(Refusal(code="body.unknown_kind", values={"kind": kind}))
    return adapter.validator


def _refusal(item: Any) -> Refusal:
    place = ".".join(str(part) for part in item["loc"])
    return Refusal(code="body.field", place=place, values={"field": place, "why": item["msg"]})

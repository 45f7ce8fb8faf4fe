"""What a case file may leave out: whose record it is, when it was recorded, a zone of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
"""The zone of a time that is written without one."""
UNSAID = "case"
"""Stands where a case need not name the scope, the author or the household."""
OPTIONAL = frozenset(
    {"scope_id", "author_id", "household_id", "resident_id", "recorded_at", "name", "sex"}
)
"""Fields a case may leave out though every record has them."""
OF_RESIDENT = ("contracts", "follow_ups", "exemptions", "referrals")
OF_FACTS = (
    "withdrawals",
    "reviews",
    "exemption_decisions",
    "referral_outcomes",
    "phone_checks",
)


def completed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The case with what it left out; what is of a wrong kind stays for the reader to refuse.

    An exemption may say `approved` itself, which is a decision recorded with it.
    """
    resident = body.get("resident")
    if not isinstance(resident, dict):
        return dict(body)
    person = {"scope_id": UNSAID, "household_id": UNSAID, "name": "", "sex": "unknown"}
    filled: dict[str, Any] = {**body, "resident": person | resident}
    _decide(filled)
    for name in (*OF_RESIDENT, *OF_FACTS):
        owner = {"resident_id": resident.get("id")} if name in OF_RESIDENT else {}
        if isinstance(filled.get(name), list):
            filled[name] = [_record(item, owner, body.get("today")) for item in filled[name]]
    return filled


def _record(item: object, owner: dict[str, object], today: object) -> object:
    """A record with an owner, an author and the noon of its day as the time of recording."""
    if not isinstance(item, dict):
        return item
    day = item.get("occurred_on", item.get("from_on", today))
    given = {"scope_id": UNSAID, "author_id": UNSAID, "recorded_at": _noon(day)}
    return {name: _zoned(name, value) for name, value in (given | owner | item).items()}


def _noon(day: object) -> object:
    return f"{day}T{time(12).isoformat()}" if isinstance(day, str) else day


def _zoned(name: str, value: object) -> object:
    """A time without a zone is China's."""
    if not name.endswith("_at") or not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).isoformat()


def _decide(filled: dict[str, Any]) -> None:
    """Makes decisions of the exemptions that say themselves whether they are approved."""
    exemptions = filled.get("exemptions")
    if not isinstance(exemptions, list):
        return
    decisions = list(_decisions(exemptions, filled.get("today")))
    filled["exemptions"] = [
        {name: value for name, value in item.items() if name != "approved"}
        if isinstance(item, dict)
        else item
        for item in exemptions
    ]
    if decisions:
        filled["exemption_decisions"] = [*filled.get("exemption_decisions", []), *decisions]


def _decisions(exemptions: list[Any], today: object) -> Iterator[dict[str, object]]:
    for item in exemptions:
        if isinstance(item, dict) and item.get("approved") is not None:
            yield {
                "id": f"{item.get('id')}-decision",
                "exemption_id": item.get("id"),
                "approved": item["approved"],
                "recorded_at": item.get("recorded_at", _noon(today)),
            }

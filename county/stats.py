"""The county in numbers, for scripts and for whoever watches over the server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.vocabulary import Kind
from county.desk.wording import label, local, share
from county.tables import (
    ConflictRow,
    CountyRow,
    DeviceRow,
    OperationRow,
    PersonAccountRow,
    QuarantineRow,
    RecordRow,
    RosterImportRow,
    TownshipRow,
    UserRow,
    VillageRow,
)
from words import language, say

COUNTED_KINDS = (
    Kind.HOUSEHOLD,
    Kind.RESIDENT,
    Kind.CONTRACT,
    Kind.FOLLOW_UP,
    Kind.EDUCATION,
    Kind.REFERRAL,
    Kind.REVIEW,
)


def county_stats(session: Session, county: CountyRow, today: date) -> dict[str, Any]:
    """Counts of places, people, records and tablets, what waits for a person, and completion.

    `completion` is filled ÷ owed over the year of `today`, None where nothing is owed.
    """
    county_id = county.county_id
    return {
        "county": {"id": county_id, "name": county.name},
        "places": {
            "townships": _count(session, TownshipRow, county_id),
            "villages": _count(session, VillageRow, county_id),
        },
        "users": _by(session, UserRow.role, UserRow.county_id == county_id, UserRow.active),
        "records": _records(session, county_id),
        "tablets": _by(session, DeviceRow.state, DeviceRow.county_id == county_id),
        "last_sync_at": _iso(_latest(session, DeviceRow.last_seen_at, county_id)),
        "operations": _count(session, OperationRow, county_id),
        "waiting": {
            "quarantined": _open(session, QuarantineRow, county_id),
            "conflicts": _open(session, ConflictRow, county_id),
        },
        "roster": {
            "imports": _count(session, RosterImportRow, county_id),
            "last_at": _iso(_latest(session, RosterImportRow.at, county_id)),
        },
        "year": _year(session, county_id, today.year),
    }


def _records(session: Session, county_id: str) -> dict[str, int]:
    found = _by(
        session, RecordRow.kind, RecordRow.county_id == county_id, RecordRow.removed.is_(False)
    )
    return {str(kind): found.get(kind, 0) for kind in COUNTED_KINDS}


def _year(session: Session, county_id: str, year: int) -> dict[str, Any]:
    query = select(
        func.count(),
        func.coalesce(func.sum(PersonAccountRow.owed), 0),
        func.coalesce(func.sum(PersonAccountRow.filled), 0),
        func.coalesce(func.sum(PersonAccountRow.missed), 0),
    ).where(PersonAccountRow.county_id == county_id, PersonAccountRow.year == year)
    persons, owed, filled, missed = session.execute(query).one()
    completion = round(filled / owed, 4) if owed else None
    return {
        "year": year,
        "persons": persons,
        "owed": int(owed),
        "filled": int(filled),
        "missed": int(missed),
        "completion": completion,
    }


def _count(session: Session, table: Any, county_id: str) -> int:
    query = select(func.count()).select_from(table).where(table.county_id == county_id)
    return session.scalar(query) or 0


def _open(session: Session, table: Any, county_id: str) -> int:
    query: Select[tuple[int]] = select(func.count()).select_from(table)
    return (
        session.scalar(query.where(table.county_id == county_id, table.settled_at.is_(None))) or 0
    )


def _by(session: Session, column: Any, *conditions: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column)
    return {str(value): count for value, count in session.execute(query.order_by(column))}


def _latest(session: Session, column: Any, county_id: str) -> datetime | None:
    query = select(func.max(column)).where(column.class_.county_id == county_id)
    latest: datetime | None = session.scalar(query)
    return latest


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def stats_text(stats: dict[str, Any], lang: str | None = None) -> str:
    """The numbers for a person, in words, times by the county's clock."""
    told = lang or language()
    year, waiting, roster = stats["year"], stats["waiting"], stats["roster"]
    lines = (
        ("county", {"name": stats["county"]["name"]}),
        ("places", stats["places"]),
        ("users", {"each": _each(stats["users"], "desk.role", told)}),
        ("records", {"each": _each(stats["records"], "desk.kind", told)}),
        ("tablets", {"each": _each(stats["tablets"], "desk.device_state", told)}),
        ("last_sync", {"at": _local(stats["last_sync_at"]), "operations": stats["operations"]}),
        ("waiting", waiting),
        ("roster", {"imports": roster["imports"], "at": _local(roster["last_at"])}),
        ("year", {**year, "completion": share(year["filled"], year["owed"])}),
    )
    return "\n".join(say(f"county.stats.{name}", told, **values) for name, values in lines)


def _each(counts: Mapping[str, int], table: str, lang: str) -> str:
    told = (
        say("county.stats.one", lang, name=label(table, name, lang), count=count)
        for name, count in counts.items()
    )
    return say("app.list_separator", lang).join(told) or "0"


def _local(moment: str | None) -> str:
    return local(datetime.fromisoformat(moment) if moment else None)

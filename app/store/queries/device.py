"""Who this tablet is, and the named values it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app.store.errors import NotEnrolled
from app.store.tables import DeviceRow, SettingRow
from app.store.upserts import upsert
from statements.made_once import run, run_many

LAST_SYNCED = "last_synced_at"
"""When both sides last went through to the end; ISO text."""
LAST_FAILURE = "last_failure"
"""The code of the failure the last synchronisation ended with, "" where it went through."""
HISTORY = "history"
"""The county's history as it last named it."""
PROOF = "proof"
"""`equal` or `different`, and when that was found: two words, a space between."""


class Device(NamedTuple):
    """The tablet's own row, as `DeviceRow` describes it."""

    device_id: str
    county_id: str
    county_name: str
    county_url: str
    doctor_id: str
    doctor_name: str
    scopes: str
    private_key: bytes
    county_public_key: str
    county_escrow_key: str
    last_seq: int
    durable_seq: int
    enrolled_at: str


# The columns by the fields' names, so that the two cannot come apart.
_DEVICE = select(*(getattr(DeviceRow, name) for name in Device._fields)).limit(1)
_SETTINGS = select(col(SettingRow.name), col(SettingRow.value)).where(
    col(SettingRow.name).in_(bindparam("names", expanding=True))
)
_KEEP = upsert(SettingRow)


def the_device(session: Session) -> Device:
    """The tablet's own row; an enrolled store always has it."""
    row = run(session, _DEVICE).first()
    if row is None:
        raise NotEnrolled
    return Device(*row)


def setting(session: Session, name: str) -> str | None:
    """A named value, None where it was never set."""
    return settings(session, (name,)).get(name)


def settings(session: Session, names: Iterable[str]) -> dict[str, str]:
    """The named values that were ever set."""
    found = run(session, _SETTINGS, names=list(names))
    return {row.name: row.value for row in found}


def set_setting(session: Session, name: str, value: str) -> None:
    """Keeps a named value."""
    set_settings(session, {name: value})


def set_settings(session: Session, values: Mapping[str, str]) -> None:
    """Keeps named values."""
    rows = [{"name": name, "value": value} for name, value in values.items()]
    run_many(session, _KEEP, rows)

"""Who this tablet is, and the named values it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.store.errors import NotEnrolled
from app.store.tables import DeviceRow, SettingRow
from app.store.upserts import upsert

LAST_SYNCED = "last_synced_at"
"""When both sides last went through to the end; ISO text."""
LAST_FAILURE = "last_failure"
"""The code of the failure the last synchronisation ended with, "" where it went through."""
PROOF = "proof"
"""`equal` or `different`, and when that was found: two words, a space between."""

_DEVICE = select(DeviceRow).limit(1)
_SETTINGS = select_columns(col(SettingRow.name), col(SettingRow.value)).where(
    col(SettingRow.name).in_(bindparam("names", expanding=True))
)
_KEEP = upsert(SettingRow)


def the_device(session: Session) -> DeviceRow:
    """The tablet's own row; an enrolled store always has it."""
    row = session.exec(_DEVICE).one_or_none()
    if row is None:
        raise NotEnrolled
    return row


def setting(session: Session, name: str) -> str | None:
    """A named value, None where it was never set."""
    return settings(session, (name,)).get(name)


def settings(session: Session, names: Iterable[str]) -> dict[str, str]:
    """The named values that were ever set."""
    found = session.connection().execute(_SETTINGS, {"names": list(names)})
    return {row.name: row.value for row in found}


def set_setting(session: Session, name: str, value: str) -> None:
    """Keeps a named value."""
    set_settings(session, {name: value})


def set_settings(session: Session, values: Mapping[str, str]) -> None:
    """Keeps named values."""
    rows = [{"name": name, "value": value} for name, value in values.items()]
    session.connection().execute(_KEEP, rows)

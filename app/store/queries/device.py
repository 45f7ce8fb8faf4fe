"""Who this tablet is, and the named values it keeps."""

from __future__ import annotations

from sqlmodel import Session, select

from app.store.errors import StoreDamaged
from app.store.tables import DeviceRow, SettingRow

LAST_SYNCED = "last_synced_at"
"""When both sides last went through to the end; ISO text."""
LAST_FAILURE = "last_failure"
"""The code of the failure the last synchronisation ended with, "" where it went through."""
PROOF = "proof"
"""`equal` or `different`, and when that was found: two words, a space between."""


def the_device(session: Session) -> DeviceRow:
    """The tablet's own row; an enrolled store always has it."""
    row = session.exec(select(DeviceRow).limit(1)).one_or_none()
    if row is None:
        raise StoreDamaged("the store does not say which tablet it belongs to")
    return row


def setting(session: Session, name: str) -> str | None:
    """A named value, None where it was never set."""
    row = session.get(SettingRow, name)
    return row.value if row else None


def set_setting(session: Session, name: str, value: str) -> None:
    """Keeps a named value."""
    session.merge(SettingRow(name=name, value=value))

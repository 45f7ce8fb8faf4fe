"""The audit trail: who saw or changed what, when; written once and never edited."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.ids import RANDOM_BYTES, uuid7
from county.tables import AuditRow

CONSOLE = "console"
"""Who the records name where somebody at the server's own console did something."""
BACKUP = "backup"
"""What is noted where a backup was announced to the tablets."""


def new_id(now: datetime) -> str:
    """A UUIDv7 made at a moment."""
    return uuid7(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))


def note_act(
    session: Session,
    county_id: str,
    user_id: str,
    action: str,
    object_kind: str,
    object_id: str,
    now: datetime,
    **detail: Any,
) -> None:
    """Write down that a user did something with an object; commits with the session."""
    session.add(
        AuditRow(
            county_id=county_id,
            id=new_id(now),
            at=now,
            user_id=user_id,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            detail=detail,
        )
    )

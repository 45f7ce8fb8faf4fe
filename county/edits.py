"""What an edit of a tablet may have seen of what stands: read from where and when it was made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.merging import Edit
from core.wire.clocks import not_after
from core.wire.envelopes import Operation
from core.wire.schemas import todays
from county.tables import DeviceRow


def edit_of(
    operation: Operation, came_at: datetime, heard_at: datetime | None, *, is_broken: bool
) -> Edit:
    """The edit an operation says, made no later than it came.

    `heard_at` is when its tablet was last told that the county has another history, and
    `is_broken` whether the tablet's chain has a break.
    """
    recorded_at = datetime.fromisoformat(operation.recorded_at)
    return Edit(
        base_revision=operation.base_revision or 0,
        clock=not_after(operation.clock or "", came_at, operation.device_seq),
        fields=todays(operation.kind, operation.schema, operation.body),
        is_of_lost_history=heard_at is not None and recorded_at < heard_at,
        may_be_two=is_broken,
    )


def begin_history(session: Session, now: datetime) -> None:
    """Note that no tablet has heard yet of the history a restore has begun."""
    session.execute(update(DeviceRow).values(heard_at=now))

"""Whether the store was closed properly, and whether it is sound if it was not."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from app.store.errors import StoreDamaged
from app.store.pagevfs import log_of


def was_closed_cleanly(path: Path) -> bool:
    """Whether the last user of the store folded its log in; ask before opening it."""
    log = log_of(path)
    return not log.exists() or log.stat().st_size == 0


def check_integrity(engine: Engine) -> None:
    """Read every page and every table; raise StoreDamaged at the first that is not sound.

    Takes about a second for 100 MB; changes nothing.
    """
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise StoreDamaged(str(found))

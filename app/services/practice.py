"""What every use case works with: the open store, the clock, and whose tablet it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.clock import Clock, new_id
from app.config import Config
from app.store.errors import StoreError
from app.store.opening import Store
from core.refusals import Refusal, Refused

ROOM_FOR_A_VISIT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One doctor at work on one unlocked tablet."""

    store: Store
    clock: Clock
    config: Config
    doctor_id: str
    doctor_name: str
    county_id: str
    county_name: str

    @property
    def today(self) -> date:
        """The day in China."""
        return self.clock.today()

    def new_id(self) -> str:
        """An id for a record made now."""
        return new_id(self.clock.now())

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """The store's transaction, with what the store refuses turned into Refused."""
        with worded(), self.store.transaction() as session:
            yield session

    def refuse_full_disk(self) -> None:
        """Raises Refused `disk.full` where a visit might not find room to be saved."""
        free = shutil.disk_usage(self.config.data_dir).free
        if free < ROOM_FOR_A_VISIT_BYTES:
            raise Refused(Refusal(code="disk.full", values={"free_mb": free // 1024**2}))


@contextmanager
def worded() -> Iterator[None]:
    """Turns what the store refuses into refusals the screens can word."""
    try:
        yield
    except StoreError as error:
        raise Refused(Refusal(code=error.code, values=error.values)) from error

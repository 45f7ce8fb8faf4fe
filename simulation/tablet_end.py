"""A tablet of a world: a real encrypted store and the real synchronisation, to be killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, bindparam, select
from sqlmodel import Session, col

from app.config import Config
from app.county_link import SyncResult
from app.services.practice import Practice
from app.services.recording import put_fact, set_fields
from app.store.chunks import chunks
from app.store.errors import StoreFull
from app.store.opening import Store
from app.store.queries import records
from app.store.queries.device import PROOF, setting, the_device
from app.store.tables import RecordRow
from app.sync.beside import Beside
from app.sync.first_load import Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace, Paces
from app.sync.transport import Transport
from core.wire.bodies import Record, body_of, kind_of
from core.wire.envelopes import Operation
from simulation.clocks import TabletClock
from simulation.founding import COUNTY_ID, DATA_KEY, Seat
from simulation.onlooker import Look
from statements.made_once import run

PORTIONS = Portions(piece=Pace(size=200, least=50, most=2_000), records=3)
"""Snapshots are small here: so are the portions they come in."""
FEW = Paces(up=Pace(size=2, least=2, most=4), down=Pace(size=2, least=1, most=4))
"""A day's work is a handful of records: on a slow link so few of them travel together."""


class PowerCut(BaseException):
    """The tablet lost its power; `committed` says whether its transaction was through."""

    def __init__(self, *, committed: bool) -> None:
        super().__init__()
        self.committed = committed


class MortalStore(Store):
    """A store whose tablet may die before, within or right after a transaction, or have no room
    for just this one.
    """

    die: Callable[[bool], None]
    moment: Callable[[], str]
    _first: Engine | None = None

    def __init__(self, engine: Engine) -> None:
        # Every engine would compile the same statements anew, which is most of a world's time.
        first = MortalStore._first = MortalStore._first or engine
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        super().__init__(engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """See Store; raises PowerCut where the tablet dies of it, StoreFull where it is `full`."""
        moment = self.moment()
        if moment == "before":
            self.die(False)
        with super().transaction() as session:
            yield session
            if moment == "within":
                session.flush()
                self.die(False)
            if moment == "full":
                raise StoreFull
        if moment == "after":
            self.die(True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a doctor was told is saved: a fact's whole body, or the fields of an edit.

    `shown` is the record as it stood on the screen before the edit.
    """

    kind: str
    record_id: str
    action: str
    body: Mapping[str, Any]
    shown: Mapping[str, Any] = field(default_factory=dict)
    device_seq: int = 0


@dataclass(kw_only=True)
class TabletEnd:
    """One tablet; `saved` is the doctor's own diary, which no power cut takes away."""

    seat: Seat
    folder: Path
    clock: TabletClock
    connect: Callable[[str], Transport]
    beside: Callable[[], Beside]
    portions: Portions | None
    paces: Paces
    saved: list[Saved] = field(default_factory=list)
    deaths: int = 0
    is_decayed: bool = False
    """Whether its store decayed since it was last found equal with the county."""
    was_copied: bool = False
    """Whether a copy of it has handed something in under its numbers."""
    doom: list[str] = field(default_factory=list)
    """What happens at the next transactions, the first one first: "" for nothing."""

    def __post_init__(self) -> None:
        for file, copy in zip(_files(self.seat.store_file), _files(self.path), strict=True):
            if file.exists():
                shutil.copyfile(file, copy)
        self.link = HttpCounty(self.clock, self.connect, self.portions, self.beside, self.paces)
        self._open()

    @property
    def name(self) -> str:
        """What it is called in a trace."""
        return self.seat.name

    @property
    def path(self) -> Path:
        """Where the store lies; each death leaves an image under the next name."""
        return self.folder / f"{self.seat.name}-{self.deaths}.db"

    def save(self, record: Record) -> None:
        """Save a fact as the services do."""
        kind, body = kind_of(record), body_of(record)
        saved = Saved(kind=kind, record_id=record.id, action="put", body=body)
        with self._noting(saved) as session:
            put_fact(session, self.practice, record)

    def those_here(self, record_ids: Iterable[str]) -> set[str]:
        """Which of these records are on this tablet."""
        with self.store.transaction() as session:
            return {
                record_id
                for some in chunks(record_ids)
                for record_id in run(session, _HERE, ids=some).scalars()
            }

    def edit(self, record_id: str, fields: Mapping[str, Any]) -> bool:
        """Change fields of a standing record; False where it is not on this tablet."""
        with self.store.transaction() as session:
            found = run(session, _STANDING, id=record_id).first()
        if found is None:
            return False
        kind, body = found
        saved = Saved(
            kind=kind, record_id=record_id, action="set", body=fields, shown=json.loads(body)
        )
        with self._noting(saved) as session:
            row = records.row(session, record_id)
            if row is not None:
                set_fields(session, self.practice, row, fields)
        return True

    def wrote(self, edit: Operation) -> bool:
        """Whether an edit of this tablet's number was made here, and not at a copy of it."""
        made = (edit.device_seq, edit.record_id, edit.body)
        return any((one.device_seq, one.record_id, one.body) == made for one in self.saved)

    def looks(self, edit: Operation, name: str) -> Iterator[Look]:
        """What stood on the screen before an edit, and before earlier ones of that field."""
        for one in reversed(self.saved):
            is_of_it = one.record_id == edit.record_id and name in one.body
            if is_of_it and one.action == "set" and one.device_seq <= edit.device_seq:
                yield Look(one.device_seq, one.shown.get(name), one.body[name])

    def synchronise(self) -> SyncResult:
        """One run of the real thing; PowerCut where the tablet dies of it."""
        result = self.link.synchronise(self.store, lambda _: None)
        if self.is_decayed and result.failed is None:
            self.doom.clear()  # it has come through, and this look is no part of it
            with self.store.transaction() as session:
                self.is_decayed = not (setting(session, PROOF) or "").startswith("equal")
        return result

    def fill_disk(self) -> None:
        """From now on the store may not grow."""
        with self.store.transaction() as session:
            pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
            session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}").all()

    def free_disk(self) -> None:
        """There is room again."""
        with self.store.transaction() as session:
            session.connection().exec_driver_sql(f"PRAGMA max_page_count={1 << 30}").all()

    def revive(self) -> None:
        """Switch on again: what lay on the disk at the moment of death is all there is."""
        self.store.close()
        dead = self.path
        self.deaths += 1
        for file in _files(dead):
            file.unlink(missing_ok=True)
        self.doom.clear()
        self._open()

    def close(self) -> None:
        """Put it away."""
        self.store.close()

    def _open(self) -> None:
        store = MortalStore.open(self.path, DATA_KEY)
        assert isinstance(store, MortalStore)
        store.die, store.moment = self._die, lambda: self.doom.pop(0) if self.doom else ""
        self.store = store
        self.practice = Practice(
            store=store,
            clock=self.clock,
            config=Config(data_dir=self.folder),
            doctor_id=self.seat.doctor_id,
            doctor_name=self.seat.doctor_id,
            county_id=COUNTY_ID,
            county_name=COUNTY_ID,
        )

    def _die(self, committed: bool) -> None:
        image = self.folder / f"{self.seat.name}-{self.deaths + 1}.db"
        for file, copy in zip(_files(self.path), _files(image), strict=True):
            if file.exists():
                shutil.copyfile(file, copy)
        raise PowerCut(committed=committed)

    @contextmanager
    def _noting(self, saved: Saved) -> Iterator[Session]:
        """A transaction that goes into the diary if, and only if, it was committed."""
        seq = 0
        try:
            with self.store.transaction() as session:
                yield session
                seq = the_device(session).last_seq
        except StoreFull:
            return
        except PowerCut as cut:
            if cut.committed:
                self.saved.append(replace(saved, device_seq=seq))
            raise
        self.saved.append(replace(saved, device_seq=seq))


_STANDING = select(col(RecordRow.kind), col(RecordRow.body)).where(
    col(RecordRow.id) == bindparam("id")
)
_HERE = select(col(RecordRow.id)).where(col(RecordRow.id).in_(bindparam("ids", expanding=True)))


def _files(path: Path) -> tuple[Path, Path]:
    return path, Path(f"{path}-wal")

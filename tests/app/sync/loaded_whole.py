"""Loading a village whole in small pieces, and looking at what is here of it then."""

from __future__ import annotations

from sqlmodel import select

from app.county_link import SyncProgress, SyncResult
from app.store.cursor import cursors
from app.store.opening import Store
from app.store.queries.device import PROOF, setting
from app.store.tables import RecordRow, SnapshotPieceRow, SnapshotRow
from app.sync.first_load import Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.envelopes import Cursor
from tests.app.sync.whole_county import WholeCounty, untouched
from tests.builders import SCOPE
from tests.fakes import FakeClock

PIECE = 150
SMALL = Portions(piece=Pace(size=PIECE, least=PIECE, most=PIECE), records=2)


def run(
    store: Store, clock: FakeClock, county: WholeCounty, portions: Portions | None = SMALL
) -> tuple[SyncResult, list[SyncProgress]]:
    told: list[SyncProgress] = []
    link = HttpCounty(clock, lambda _: county, portions)
    return link.synchronise(store, told.append), told


def ids(store: Store) -> set[str]:
    with store.transaction() as session:
        return set(session.exec(select(RecordRow.id)))


def loading(store: Store) -> tuple[int, int]:
    """How many snapshots are begun here, and how many pieces lie here."""
    with store.transaction() as session:
        begun = session.exec(select(SnapshotRow)).all()
        return len(begun), len(session.exec(select(SnapshotPieceRow.start)).all())


def cursor_of(store: Store) -> Cursor | None:
    with store.transaction() as session:
        return cursors(session).get(SCOPE)


def is_whole(store: Store, county: WholeCounty) -> None:
    """Everything is here, proven, and nothing is left of how it came."""
    assert {record.id for record in county.records} <= ids(store)
    assert cursor_of(store) == Cursor(epoch=county.epoch, seq=len(county.records))
    assert loading(store) == (0, 0)
    with store.transaction() as session:
        assert (setting(session, PROOF) or "").startswith("equal")


def offline() -> Answer:
    raise SyncTrouble(Trouble.OFFLINE)


def broken_off(store: Store, clock: FakeClock, county: WholeCounty) -> None:
    """A load of which the first piece came, and no more; the county itself is as before."""
    county.spoil = lambda _, answer: (county.gets[1:] and offline()) or answer()
    run(store, clock, county)
    county.spoil = untouched

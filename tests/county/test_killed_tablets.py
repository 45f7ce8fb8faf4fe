"""A tablet killed at any moment of a synchronisation, again and again, ends level all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import monotonic

import pytest
from sqlalchemy import select

from app.store.outbox import OutboxState
from county.config import utc_now
from county.tables import OperationRow, RecordRow
from simulation.proxy import Proxy, Way, proxy_before
from tests.builders import a_contract, a_follow_up, a_resident
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county.tablet_process import Run, TabletProcess, reopened
from tests.county_world import write_records
from tests.tablet_world import TabletHere

UP, DOWN, BATCH = 40, 60, 10
"""Records saved here and written there before each round, and how many travel together."""
LINK_BYTES_PER_S = 30_000


@dataclass
class Killed:
    """A county, and a tablet whose synchronisations are cut short by killing it."""

    world: World
    proxy: Proxy
    tablet: TabletHere
    saved: int = 0
    sent_down: list[str] = field(default_factory=list)

    @property
    def run(self) -> Run:
        return Run(store=self.world.folder / "tablet0.db", batch=BATCH)

    def prepare(self) -> None:
        """Give both sides something to say, and let the tablet's file go."""
        today = utc_now().date()
        self.tablet.save(*(a_follow_up(RESIDENT.id, today) for _ in range(UP)))
        self.saved += UP
        residents = [a_resident(household_id=HOUSEHOLD.id) for _ in range(DOWN)]
        write_records(self.world.database, utc_now(), *residents)
        self.sent_down += [resident.id for resident in residents]
        self.tablet.store.close()

    def look(self) -> None:
        """Open what the killed process left: nothing saved is gone, no receipt is untrue."""
        self.tablet = reopened(self.tablet, self.run.store)
        self.world.tablets.append(self.tablet)
        states = self.tablet.states()
        assert len(states) == self.saved
        assert set(states) <= {OutboxState.QUEUED, OutboxState.RECEIPTED}
        self.assert_receipts_are_true()

    def assert_receipts_are_true(self) -> None:
        with self.world.database.reading() as session:
            kept = {row.op_id: row for row in session.scalars(select(OperationRow))}
            records = {row.id: row for row in session.scalars(select(RecordRow))}
        for receipt in filter(None, self.tablet.receipts()):
            row = kept[receipt.op_id]
            assert (receipt.device_seq, receipt.record_id) == (row.device_seq, row.record_id)
            assert (receipt.revision, receipt.outcome) == (row.revision, row.outcome)
            assert datetime.fromisoformat(receipt.received_at) == row.received_at
            assert receipt.outcome == "accepted"
            assert records[receipt.record_id].body == self.tablet.body(receipt.record_id)

    def assert_level_after_calm(self) -> None:
        """One synchronisation that is left alone, and everything is there exactly once."""
        assert self.tablet.synchronise().failed is None
        assert self.tablet.is_level
        assert self.tablet.states() == [OutboxState.RECEIPTED] * self.saved
        self.assert_receipts_are_true()
        with self.world.database.reading() as session:
            answered = session.scalars(select(OperationRow.device_seq)).all()
            visits = select(RecordRow.id).where(RecordRow.kind == "follow_up")
            assert sorted(answered) == list(range(1, self.saved + 1))
            assert len(session.scalars(visits).all()) == self.saved
        assert all(self.tablet.body(resident_id) for resident_id in self.sent_down)


@pytest.fixture
def killed(world: World) -> Iterator[Killed]:
    with (
        served(world, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id)) as url,
        proxy_before(
            url, Way(bytes_per_s=LINK_BYTES_PER_S), Way(bytes_per_s=LINK_BYTES_PER_S)
        ) as proxy,
    ):
        yield Killed(world, proxy, world.level_tablet(proxy.url))


def after_bytes(way: Way, more: int) -> Callable[[], bool]:
    """Whether so many bytes more than now have passed one way."""
    passed = way.passed + more
    return lambda: way.passed >= passed


def after_seconds(seconds: float) -> Callable[[], bool]:
    until = monotonic() + seconds
    return lambda: monotonic() >= until


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.soak)])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_tablet_killed_after_any_byte_up_or_down_loses_and_doubles_nothing(
    killed: Killed, direction: str, rounds: int
) -> None:
    way, chance = getattr(killed.proxy, direction), Random(f"{direction} {rounds}")
    for _ in range(rounds):
        killed.prepare()
        process = TabletProcess(killed.run)
        assert process.killed_when(after_bytes(way, chance.randrange(1, 6_000)))
        killed.look()
    killed.assert_level_after_calm()


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.soak)])
def test_a_tablet_that_dies_after_any_number_of_requests_loses_and_doubles_nothing(
    killed: Killed, rounds: int
) -> None:
    for request in range(1, rounds + 1):
        killed.prepare()
        run = Run(store=killed.run.store, batch=BATCH, dies_at_step=1 + request % 6)
        assert TabletProcess(run).killed_when(lambda: False)
        killed.look()
    killed.assert_level_after_calm()


@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.soak)])
def test_a_tablet_killed_at_chance_moments_loses_and_doubles_nothing(
    killed: Killed, rounds: int
) -> None:
    chance = Random(rounds)
    for _ in range(rounds):
        killed.prepare()
        TabletProcess(killed.run).killed_when(after_seconds(chance.uniform(0, 1.5)))
        killed.look()
    killed.assert_level_after_calm()

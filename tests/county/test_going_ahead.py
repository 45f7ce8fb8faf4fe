"""What a tablet says ahead of storing an answer, held against what it would say with it stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.clock import SystemClock
from app.county_link import SyncProgress
from app.store import outbox
from app.store.cursor import cursors
from app.store.outbox import OutboxState
from app.sync.coding import plain
from app.sync.link import HttpCounty
from app.sync.pace import Pace, Paces
from app.sync.transport import Answer, HttpTransport
from core.wire.envelopes import Cursor
from county.config import utc_now
from tests.builders import a_contract, a_follow_up, a_resident
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county_world import write_records
from tests.tablet_world import TabletHere, enrolled_tablet

UP, DOWN = 47, 33
PACES = Paces(up=Pace(size=10, least=1, most=20), down=Pace(size=7, least=1, most=12))


@dataclass(frozen=True)
class Standpoint:
    """How far a tablet has read and been heard, and the first operation it has no answer to."""

    cursors: Mapping[str, Cursor]
    acknowledged_seq: int
    first_waiting: int


@dataclass
class Told:
    """The requests of a tablet, and what its store held whenever an answer had been stored."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    stored: list[Standpoint] = field(default_factory=list)

    def connect(self, url: str) -> HttpTransport:
        requests = self.requests

        class Watched(HttpTransport):
            def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
                if path == "/sync/v1":
                    requests.append(json.loads(plain(body, headers["Content-Encoding"])))
                return super().post(path, body, headers)

        return Watched(url)

    def note(self, tablet: TabletHere, _: SyncProgress) -> None:
        with tablet.store.transaction() as session:
            waiting = outbox.pending(session, 1)
            self.stored.append(
                Standpoint(
                    cursors(session),
                    outbox.acknowledged_seq(session),
                    waiting[0].device_seq if waiting else 0,
                )
            )


def said_in(request: Mapping[str, Any]) -> Standpoint:
    operations = request.get("operations", [])
    return Standpoint(
        {scope: Cursor(**cursor) for scope, cursor in request.get("cursors", {}).items()},
        request.get("acknowledged_seq", 0),
        operations[0]["device_seq"] if operations else 0,
    )


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with served(world, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id)) as address:
        yield address


def test_each_request_says_what_the_answer_before_it_once_stored_would_have_it_say(
    world: World, url: str
) -> None:
    told = Told()
    link = HttpCounty(SystemClock(), told.connect, None, paces=PACES)
    tablet = enrolled_tablet(world.folder, link, SystemClock(), url, world.invite(), "ahead")
    world.tablets.append(tablet)
    tablet.save(*(a_follow_up(RESIDENT.id, utc_now().date()) for _ in range(UP)))
    residents = [a_resident(household_id=HOUSEHOLD.id) for _ in range(DOWN)]
    write_records(world.database, utc_now(), *residents)
    result = link.synchronise(tablet.store, lambda progress: told.note(tablet, progress))
    assert (result.failed, result.sent, result.receipted) == (None, UP, UP)
    assert len(told.requests) > UP // PACES.up.most
    assert [said_in(request) for request in told.requests] == told.stored[: len(told.requests)]
    assert tablet.states() == [OutboxState.RECEIPTED] * UP
    assert all(tablet.body(resident.id) for resident in residents)
    assert tablet.is_level

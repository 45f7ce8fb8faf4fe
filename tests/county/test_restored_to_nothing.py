"""A county that has nothing of a village any more says so to a tablet that has read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from app.store.outbox import OutboxState
from core.ids import county_scope
from core.wire.digests import EMPTY_ROOT
from core.wire.envelopes import Cursor
from county.config import utc_now
from county.db import Database
from county.feed import Feed, Page
from county.numbering import history_of, open_scopes
from county.tables import RecordRow, ScopeHeadRow
from tests.builders import COUNTY_ID, SCOPE, a_contract, a_follow_up
from tests.county.conftest import HOUSEHOLD, NOW, RESIDENT
from tests.county.standing import Standing
from tests.county_world import running, write_records

SCOPES = (county_scope(COUNTY_ID), SCOPE)
RECORDS = (HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
READ = {SCOPE: Cursor(epoch="before", seq=7)}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Standing]:
    made = Standing(tmp_path)
    yield made
    made.close()


def page(county: Database, cursors: dict[str, Cursor], scopes: Sequence[str] = SCOPES) -> Page:
    with county.reading() as session:
        return Feed(session, COUNTY_ID, scopes).page(scopes, cursors, 100)


def begun(county: Database) -> set[str]:
    with county.reading() as session:
        return set(session.scalars(select(ScopeHeadRow.scope_id)))


@pytest.fixture
def history(county: Database) -> str:
    with county.writing() as session:
        return history_of(session, COUNTY_ID)


def test_a_village_that_never_had_a_record_is_not_spoken_of(county: Database, history: str) -> None:
    told = page(county, {SCOPES[0]: Cursor(epoch=history, seq=0)})
    assert (told.cursors, told.roots) == ({}, {SCOPES[0]: EMPTY_ROOT})


def test_who_has_read_a_scope_this_history_has_nothing_of_is_told_so_once(
    county: Database, history: str
) -> None:
    told = page(county, READ)
    assert told.cursors[SCOPE] == Cursor(epoch=history, seq=0)
    assert (told.roots[SCOPE], told.changes, told.has_more) == (EMPTY_ROOT, (), False)
    again = page(county, told.cursors)
    assert (again.cursors, again.roots) == ({}, told.roots)
    assert begun(county) == {SCOPES[0]}


def test_a_first_record_after_a_restore_begins_its_scope_for_those_who_knew_it_empty(
    county: Database, history: str
) -> None:
    told = page(county, READ)
    write_records(county, NOW, HOUSEHOLD)
    after = page(county, told.cursors)
    assert after.cursors[SCOPE].epoch != history
    assert [change.seq for change in after.changes] == [1]


def test_a_feed_without_the_countys_own_scope_passes_over_what_has_not_begun(
    county: Database,
) -> None:
    assert page(county, READ, (SCOPE,)) == Page()
    with county.writing() as session:
        open_scopes(session, COUNTY_ID, [SCOPE])
    assert page(county, READ, (SCOPE,)).roots == {SCOPE: EMPTY_ROOT}


def test_after_a_restore_to_before_its_first_record_a_village_is_empty_on_the_tablet_too(
    here: Standing, tmp_path: Path
) -> None:
    world = here.world
    with running(world.county_dir, port=here.port) as url:
        tablet = world.level_tablet(url)
    here.back_up(tmp_path / "b")
    visit = a_follow_up(RESIDENT.id, utc_now().date())
    with running(world.county_dir, port=here.port):
        write_records(world.database, utc_now(), *RECORDS)
        assert tablet.synchronise().failed is None
        tablet.save(visit)
        assert tablet.synchronise().failed is None
    here.restore(tmp_path / "b")
    with running(world.county_dir, port=here.port):
        assert tablet.synchronise().failed is None
        assert tablet.is_level
        # What the office had brought nobody has; what was made here waits for it.
        assert [tablet.body(record.id) for record in RECORDS] == [None, None, None]
        assert tablet.body(visit.id) is not None
        assert tablet.states() == [OutboxState.REFUSED]

        write_records(world.database, utc_now(), *RECORDS)
        assert tablet.synchronise().failed is None
        assert tablet.synchronise().failed is None
        assert tablet.is_level
        assert tablet.body(RESIDENT.id) is not None
        assert tablet.states() == [OutboxState.RECEIPTED]
    with world.database.reading() as session:
        assert session.get(RecordRow, (COUNTY_ID, visit.id)) is not None

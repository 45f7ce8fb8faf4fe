"""New tablets of a large village: real counties, real encrypted stores, real cuts and kills."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlmodel import select

from app.clock import SystemClock
from app.store import snapshots
from app.store.cursor import cursors
from app.store.opening import Store
from app.store.sums import roots
from app.store.tables import PersonRow, RecordRow, SnapshotPieceRow
from app.sync.first_load import PORTIONS, Portions
from app.sync.link import HttpCounty
from app.sync.pace import Pace
from app.sync.transport import Answer, HttpTransport
from app.sync.troubles import Trouble
from core.wire.bodies import Record
from county.config import utc_now
from county.snapshots import LEAST_NUMBERS
from county.tables import ScopeHeadRow, UserRow
from simulation.proxy import proxy_before
from tests.builders import COUNTY_ID, DOCTOR_ID, SCOPE, a_follow_up, a_household, a_resident
from tests.county.conftest import World
from tests.county.process import CountyProcess, free_port
from tests.county_world import OTHER_SCOPE, OTHER_VILLAGE_ID, running, write_records
from tests.postgres import Postgres
from tests.tablet_world import TabletHere

ROOT = Path(__file__).parents[2]
SMALL = Portions(piece=Pace(size=2_000, least=2_000, most=2_000), records=100)
HOUSEHOLDS = [a_household() for _ in range(LEAST_NUMBERS // 2)]
RESIDENTS = [a_resident(household_id=household.id) for household in HOUSEHOLDS]
VILLAGE: list[Record] = [*HOUSEHOLDS, *RESIDENTS]
LOADED = """
import sys
from pathlib import Path
from app.clock import SystemClock
from app.store.opening import Store
from app.sync.link import HttpCounty
from tests.county.test_first_load import SMALL

store = Store.open(Path(sys.argv[1]), bytes(range(32)))
def tell(now):
    print(now.stage, now.fetched, now.received, flush=True)
    sys.stdin.readline()
HttpCounty(SystemClock(), portions=SMALL).synchronise(store, tell)
"""


@pytest.fixture
def url(world: World) -> Iterator[str]:
    write_records(world.database, utc_now(), *VILLAGE)
    with running(world.county_dir) as address:
        yield address


@dataclass
class Watched:
    """A link of which each GET is noted, and may be spoilt."""

    asked: list[str] = field(default_factory=list)
    before_get: Callable[[int], None] = lambda _number: None

    def connect(self, url: str) -> HttpTransport:
        watch = self

        class Link(HttpTransport):
            def get(self, path: str, headers: Mapping[str, str]) -> Answer:
                watch.before_get(len(watch.asked))
                watch.asked.append(headers["Range"])
                return super().get(path, headers)

        return Link(url)


def watched(tablet: TabletHere, portions: Portions | None = SMALL) -> tuple[TabletHere, Watched]:
    watch = Watched()
    link = HttpCounty(SystemClock(), watch.connect, portions)
    return replace(tablet, link=link), watch


def is_level(world: World, tablet: TabletHere) -> bool:
    """Whether the tablet has the village as the county has it, and nothing left over."""
    with world.database.reading() as session:
        head = session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE))
    with tablet.store.transaction() as session:
        reached = cursors(session)[SCOPE]
        left = session.exec(select(SnapshotPieceRow.start)).all()
        root = roots(session)[SCOPE]
    proven = tablet.is_level
    return (
        proven
        and not left
        and (reached.epoch, reached.seq, root)
        == (
            head.epoch,
            head.head,
            head.root,
        )
    )


def contents(tablet: TabletHere) -> list[dict[str, object]]:
    with tablet.store.transaction() as session:
        records = session.exec(select(RecordRow).order_by(RecordRow.id)).all()
        people = session.exec(select(PersonRow).order_by(PersonRow.resident_id)).all()
        return [row.model_dump() for row in (*records, *people)]


def test_a_new_tablet_loads_its_village_whole_and_has_what_pages_would_have_brought(
    world: World, url: str
) -> None:
    whole, watch = watched(world.tablet(url), PORTIONS)
    paged, none = watched(world.tablet(url), None)
    assert whole.synchronise().received == paged.synchronise().received == len(VILLAGE)
    assert (len(watch.asked) > 0, none.asked) == (True, [])
    assert is_level(world, whole)
    assert is_level(world, paged)
    assert contents(whole) == contents(paged)


def test_what_is_saved_before_the_first_load_goes_up_first_and_stays(
    world: World, url: str
) -> None:
    tablet, watch = watched(world.tablet(url))
    visit = a_follow_up(RESIDENTS[0].id, utc_now().date())
    tablet.save(visit)
    result = tablet.synchronise()
    assert (result.failed, result.receipted) == (None, 1)
    assert watch.asked
    assert tablet.body(visit.id) is not None
    assert is_level(world, tablet)


def test_an_edit_between_two_portions_keeps_its_value_and_reaches_the_county(
    world: World, url: str
) -> None:
    tablet, _ = watched(world.tablet(url))
    assert (
        tablet.link.synchronise(
            tablet.store, lambda now: tablet.link.cancel() if now.received > 700 else None
        ).failed
        == Trouble.CANCELLED
    )
    with tablet.store.transaction() as session:
        here = session.exec(select(PersonRow.resident_id)).first()
    assert here is not None
    tablet.edit(here, phone="19900000007")
    assert tablet.synchronise().failed is None
    assert (tablet.body(here) or {})["phone"] == "19900000007"
    assert tablet.synchronise().failed is None
    assert (tablet.body(here) or {})["phone"] == "19900000007"
    assert is_level(world, tablet)


@pytest.mark.parametrize("cut_after", [1, 600])
def test_a_link_that_breaks_before_the_first_piece_leaves_nothing(
    world: World, url: str, cut_after: int
) -> None:
    with proxy_before(url) as proxy:
        tablet, _ = watched(world.tablet(proxy.url), PORTIONS)
        proxy.down.cut_after = cut_after
        assert tablet.synchronise().failed is not None
        assert contents(tablet) == []
        proxy.down.cut_after = None
        assert tablet.synchronise().failed is None
    assert is_level(world, tablet)


@pytest.mark.parametrize("cut_after", [1_500, 4_000, 9_000])
def test_where_every_connection_is_cut_each_piece_goes_on_behind_the_last(
    world: World, url: str, cut_after: int
) -> None:
    with proxy_before(url) as proxy:
        tablet, watch = watched(world.tablet(proxy.url), PORTIONS)
        proxy.down.cut_after = cut_after
        # The answer behind the last piece may be the one that is cut.
        ends = [tablet.synchronise().failed for _ in range(2)]
    assert ends[0] in {None, Trouble.OFFLINE}
    assert ends[1] is None
    starts = [int(asked.removeprefix("bytes=").partition("-")[0]) for asked in watch.asked]
    assert starts[0] == 0 < starts[1]
    assert sorted(set(starts)) == starts
    assert is_level(world, tablet)


@pytest.mark.parametrize("stage", ["downloading", "storing"])
def test_an_app_killed_in_the_middle_goes_on_where_it_was(
    world: World, url: str, stage: str
) -> None:
    tablet = world.tablet(url)
    tablet.store.close()
    path = world.folder / "tablet0.db"
    app = subprocess.Popen(
        [sys.executable, "-c", LOADED, str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert app.stdin is not None
    assert app.stdout is not None
    fetched = 0
    for line in app.stdout:
        fetched, received = (int(number) for number in line.split()[1:])
        if received > 300 or (stage == "downloading" and fetched > 5_000):
            break
        app.stdin.write("\n")
        app.stdin.flush()
    app.kill()
    app.communicate()
    again = replace(tablet, store=Store.open(path, bytes(range(32))))
    world.tablets[0] = again
    with again.store.transaction() as session:
        assert snapshots.fetched(session, SCOPE) == fetched > 0
    again, watch = watched(again)
    assert again.synchronise().failed is None
    assert watch.asked[:1] == (
        [f"bytes={fetched}-{fetched + 1_999}"] if stage == "downloading" else []
    )
    assert is_level(world, again)


def test_a_county_restored_in_the_middle_is_loaded_as_it_is_now(world: World, url: str) -> None:
    tablet, watch = watched(world.tablet(url))

    def restore(number: int) -> None:
        if number == 3:
            with world.database.writing() as session:
                session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE)).epoch = "restored-1"

    watch.before_get = restore
    assert tablet.synchronise().failed is None
    assert is_level(world, tablet)


@pytest.mark.parametrize("received", [0, 150])
def test_a_village_given_to_another_doctor_in_the_middle_leaves_nothing_of_itself(
    world: World, url: str, received: int
) -> None:
    tablet, _ = watched(world.tablet(url))
    cancel = tablet.link.cancel
    tablet.link.synchronise(
        tablet.store, lambda now: cancel() if now.fetched and now.received >= received else None
    )
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).village_ids = [OTHER_VILLAGE_ID]
    write_records(world.database, utc_now(), a_household(scope_id=OTHER_SCOPE))
    assert tablet.synchronise().failed is None
    assert {row.get("scope_id") for row in contents(tablet)} == {OTHER_SCOPE}
    with tablet.store.transaction() as session:
        assert session.exec(select(SnapshotPieceRow.start)).all() == []


def test_what_changes_while_it_loads_comes_by_the_cursor(world: World, url: str) -> None:
    tablet, watch = watched(world.tablet(url))
    moved, changed, fresh = RESIDENTS[0], RESIDENTS[1], a_household()

    def change(number: int) -> None:
        if number == 2:
            write_records(
                world.database,
                utc_now(),
                replace(moved, scope_id=OTHER_SCOPE),
                replace(changed, phone="19900000002"),
                fresh,
            )

    watch.before_get = change
    assert tablet.synchronise().failed is None
    assert tablet.body(moved.id) is None
    assert (tablet.body(changed.id) or {})["phone"] == "19900000002"
    assert tablet.body(fresh.id) is not None
    assert is_level(world, tablet)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_county_killed_in_mid_load_goes_on_where_it_broke_when_it_is_back(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    database_url = ""
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        database_url = server.empty_url()
    with closing(World(tmp_path, database_url)) as world:
        world.county_dir.mkdir(exist_ok=True)
        write_records(world.database, utc_now(), *VILLAGE)
        port = free_port()
        with closing(CountyProcess(world.county_dir, port, database_url)) as county:
            tablet, watch = watched(world.tablet(county.url))
            watch.before_get = lambda number: county.kill() if number == 3 else None
            assert tablet.synchronise().failed == Trouble.OFFLINE
        with closing(CountyProcess(world.county_dir, port, database_url)) as county:
            watch.before_get = lambda _number: None
            assert tablet.synchronise().failed is None
            assert watch.asked[3:5] == ["bytes=6000-7999", "bytes=6000-7999"]
            assert is_level(world, tablet)
            assert county.stop() == 0

"""Many writers at once: numbers stay dense, and a reader who follows them misses nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from core.ids import restricted_scope, village_of
from core.wire.digests import record_digest, root_text
from core.wire.envelopes import Change, Cursor
from county.checking import damages
from county.config import local_date
from county.db import Database
from county.envelopes import opened
from county.feed import Feed
from county.held import load
from county.ingest import take_in
from county.ledger import RecordWrite, write
from county.rollups import recount
from county.tables import DeviceRow
from tests.builders import (
    COUNTY_ID,
    SCOPE,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_review,
    a_special_programme,
)
from tests.county.conftest import NOW
from tests.county_world import OTHER_SCOPE, Enrolled, enrol_tablet, write_records
from tests.operations import Chain, outcomes, travelling

WRITERS = 8
ROUNDS = 8
RECORDS = 3
SCOPES = (SCOPE, OTHER_SCOPE)


def write_rounds(county: Database) -> None:
    for at in range(ROUNDS):
        scopes = SCOPES if at % 2 else tuple(reversed(SCOPES))
        households = (a_household(scope_id=scope) for scope in scopes for _ in range(RECORDS))
        write_records(county, NOW, *households)


def read_until(county: Database, over: Event) -> list[Change]:
    cursors: dict[str, Cursor] = {}
    seen: list[Change] = []
    last_look = False
    while True:
        with county.reading() as session:
            page = Feed(session, COUNTY_ID, SCOPES).page(SCOPES, cursors, 50)
        cursors.update(page.cursors)
        seen.extend(page.changes)
        if last_look and not page.has_more:
            return seen
        last_look = over.is_set()


def test_a_reader_beside_eight_writers_misses_nothing_and_sees_nothing_twice(
    county: Database,
) -> None:
    over = Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(read_until, county, over)
        for writing in [pool.submit(write_rounds, county) for _ in range(WRITERS)]:
            writing.result()
        over.set()
        seen = reading.result()
    expected = WRITERS * ROUNDS * RECORDS
    for scope in SCOPES:
        numbers = [change.seq for change in seen if change.scope_id == scope]
        assert numbers == list(range(1, expected + 1))
    assert len({change.record_id for change in seen}) == expected * len(SCOPES)


def test_accounts_are_right_after_tablets_and_reviewers_wrote_on_the_same_resident(
    county: Database,
) -> None:
    household = a_household()
    residents = [a_resident(household_id=household.id) for _ in range(3)]
    contracts = [a_contract(resident.id) for resident in residents]
    write_records(county, NOW, household, *residents, *contracts)

    def visit_and_review(tablet: Enrolled) -> None:
        chain = Chain(tablet, NOW)
        for at in range(ROUNDS):
            visit = a_follow_up(residents[at % 3].id)
            batch = opened(travelling(chain.put(visit)), tablet.device_id, tablet.public_key)
            with county.writing() as session:
                device = session.get_one(
                    DeviceRow, (COUNTY_ID, tablet.device_id), with_for_update=True
                )
                taken = take_in(session, device, batch, NOW)
            assert outcomes(taken) == ["accepted"]
            write_records(county, NOW, a_review(visit.id))

    tablets = [enrol_tablet(county, NOW) for _ in range(WRITERS // 2)]
    with ThreadPoolExecutor(WRITERS) as pool:
        for working in [pool.submit(visit_and_review, tablet) for tablet in tablets]:
            working.result()
    with county.reading() as session:
        assert recount(session, COUNTY_ID, local_date(NOW)) == ()


def test_what_is_restricted_is_beside_its_resident_whoever_writes_at_once(
    county: Database,
) -> None:
    resident = a_resident()
    special = a_special_programme(resident.id)
    write_records(county, NOW, resident, special)

    def move() -> None:
        for at in range(ROUNDS):
            write_records(county, NOW, replace(resident, scope_id=SCOPES[at % 2]))

    def edit(writer: int) -> None:
        for at in range(ROUNDS):
            with county.writing() as session:
                held = load(session, COUNTY_ID, [special.id])[special.id]
                tags = [{"tag": "tb", "reason": f"{writer} {at}"}]
                item = RecordWrite(
                    kind=held.kind,
                    record_id=held.record_id,
                    scope_id=held.scope_id,
                    body={**held.body, "tags": tags},
                    author_id="office",
                    recorded_at=NOW,
                )
                write(session, COUNTY_ID, [item], NOW)

    with ThreadPoolExecutor(WRITERS) as pool:
        moving = [pool.submit(move) for _ in range(WRITERS // 2)]
        editing = [pool.submit(edit, writer) for writer in range(WRITERS // 2)]
        for working in (*moving, *editing):
            working.result()
    with county.reading() as session:
        held = load(session, COUNTY_ID, [resident.id, special.id], lock=False)
        there = village_of(held[resident.id].scope_id)
        assert held[special.id].scope_id == restricted_scope(there)
        assert held[special.id].body["scope_id"] == restricted_scope(there)
        assert list(damages(session, COUNTY_ID, local_date(NOW))) == []


def test_the_root_is_right_after_many_writers(county: Database) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        for writing in [pool.submit(write_rounds, county) for _ in range(WRITERS)]:
            writing.result()
    with county.reading() as session:
        page = Feed(session, COUNTY_ID, (SCOPE,)).page((SCOPE,), {}, 5_000)
    total = sum(record_digest(c.record_id, c.revision, c.hash) for c in page.changes)
    assert page.roots == {SCOPE: root_text(total)}

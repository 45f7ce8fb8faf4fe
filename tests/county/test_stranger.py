"""The description of the wire is enough: a tablet written from it alone works with the county."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from county.config import utc_now
from county.snapshots import LEAST_NUMBERS
from tests.builders import (
    RESTRICTED_SCOPE,
    SCOPE,
    VILLAGE_ID,
    a_household,
    a_special_programme,
)
from tests.county import stranger
from tests.county.conftest import HOUSEHOLD, RESIDENT, World
from tests.county.stranger import Stranger
from tests.county_world import entrusted, running, write_records

VISITS = 20


def test_the_stranger_knows_nothing_of_our_code() -> None:
    tree = ast.parse(Path(stranger.__file__).read_text("utf-8"))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    rooms = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    assert rooms == {"cryptography", "zstandard"}


def test_a_tablet_written_from_the_page_enrols_hands_in_and_is_level(world: World) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    with running(world.county_dir) as url:
        tablet = Stranger(url, world.invite())
        tablet.level()
        visits = [tablet.visit(SCOPE, RESIDENT.id) for _ in range(VISITS)]
        answer = tablet.level(visits)
        assert [(run["first_seq"], run["last_seq"]) for run in answer["taken"]] == [(1, VISITS)]
        assert {visit["record_id"] for visit in visits} <= tablet.records[SCOPE].keys()
        again = tablet.exchange(visits)
        assert again["taken"] == answer["taken"]
        (refused,) = tablet.exchange([tablet.visit(SCOPE, "nobody")])["receipts"]
        assert (refused["outcome"], refused["values"]) == ("refused", {"record": "nobody"})


def test_a_tablet_written_from_the_page_loads_a_village_whole(world: World) -> None:
    write_records(world.database, utc_now(), *(a_household() for _ in range(LEAST_NUMBERS)))
    with running(world.county_dir) as url:
        tablet = Stranger(url, world.invite())
        offer = tablet.exchange(takes_snapshots=True)["snapshots"][SCOPE]
        tablet.load_whole(SCOPE, offer, piece=offer["bytes"] // 3)
        tablet.level(takes_snapshots=True)
        assert len(tablet.records[SCOPE]) >= LEAST_NUMBERS


def test_a_tablet_written_from_the_page_finds_what_differs(world: World) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    with running(world.county_dir) as url:
        tablet = Stranger(url, world.invite())
        tablet.level([])
        told = tablet.exchange(question={"scope_id": SCOPE})["told"]
        assert {(bucket["kind"], bucket["count"]) for bucket in told["buckets"]} >= {
            ("household", 1), ("resident", 1),
        }  # fmt: skip
        asked = {"scope_id": SCOPE, "buckets": [["resident", ""]]}
        assert list(tablet.exchange(question=asked)["told"]["digests"]) == [RESIDENT.id]
        asked = {"scope_id": SCOPE, "fetch": [RESIDENT.id, "nobody"]}
        answer = tablet.exchange(question=asked)
        assert [change["record_id"] for change in answer["repairs"]] == [RESIDENT.id]
        assert answer["told"]["unknown"] == ["nobody"]


def test_a_tablet_written_from_the_page_is_sent_what_is_restricted_while_it_may(
    world: World,
) -> None:
    special = a_special_programme(RESIDENT.id)
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, special)
    with running(world.county_dir) as url:
        tablet = Stranger(url, world.invite())
        tablet.level()
        assert RESTRICTED_SCOPE not in tablet.records
        entrusted(world.database, utc_now(), VILLAGE_ID)
        tablet.level()
        assert tablet.records[RESTRICTED_SCOPE].keys() == {special.id}
        entrusted(world.database, utc_now())
        assert tablet.exchange()["dropped_scopes"] == [RESTRICTED_SCOPE]

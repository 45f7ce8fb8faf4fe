"""Sums that differ are followed down to single records, and only those are sent again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlmodel import select as select_here

from app.store.outbox import OutboxState
from app.store.queries.device import PROOF
from app.store.retention import retire_some
from app.store.rows import RecordWrite, remove_records, store_records
from app.store.tables import CursorRow, RecordRow, RetiredRow
from app.sync.coding import plain
from app.sync.transport import Answer, HttpTransport
from core.wire.bodies import body_of
from core.wire.digests import body_hash
from county import tables
from county.config import utc_now
from county.repair import ROOT_SETTLED, settle_root
from tests.builders import (
    COUNTY_ID,
    SCOPE,
    a_contract,
    a_follow_up,
    a_household,
)
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county_world import OTHER_SCOPE, write_records
from tests.tablet_world import TabletHere

TODAY = utc_now().date()
VISITS = [
    a_follow_up(RESIDENT.id, date(2026, month, day)) for month in (3, 4, 5) for day in range(1, 11)
]


class Wire(HttpTransport):
    """A link that keeps what was said."""

    said: ClassVar[list[tuple[dict[str, Any], dict[str, Any]]]]

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = super().post(path, body, headers)
        type(self).said.append(
            (
                json.loads(plain(body, headers["Content-Encoding"])),
                json.loads(plain(answer.body, answer.headers.get("content-encoding", ""))),
            )
        )
        return answer


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with served(world, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id), *VISITS) as address:
        yield address


@pytest.fixture
def tablet(world: World, url: str) -> TabletHere:
    return world.level_tablet(url)


@pytest.fixture
def wire(tablet: TabletHere) -> type[Wire]:
    class Told(Wire):
        said: ClassVar[list[tuple[dict[str, Any], dict[str, Any]]]] = []

    tablet.link._connect = Told
    return Told


def drop(tablet: TabletHere, *ids: str) -> None:
    with tablet.store.transaction() as session:
        remove_records(session, ids)


def alter(tablet: TabletHere, record_id: str, **changed: Any) -> None:
    with tablet.store.transaction() as session:
        row = session.get_one(RecordRow, record_id)
        for name, value in changed.items():
            setattr(row, name, value)
        session.add(row)


def appear(tablet: TabletHere, record_id: str = "strange") -> None:
    body = {**body_of(VISITS[0]), "id": record_id}
    write = RecordWrite(
        id=record_id, kind="follow_up", scope_id=SCOPE, revision=1, author_id="nobody",
        body=body, hash=body_hash(body), received_at=utc_now().isoformat(),
    )  # fmt: skip
    with tablet.store.transaction() as session:
        store_records(session, [write])


def here(tablet: TabletHere) -> dict[str, tuple[str, int, str]]:
    with tablet.store.transaction() as session:
        return {
            row.id: (row.scope_id, row.revision, row.hash)
            for row in session.exec(select_here(RecordRow))
            if body_hash(json.loads(row.body)) == row.hash
        }


def there(world: World) -> dict[str, tuple[str, int, str]]:
    with world.database.reading() as session:
        rows = session.scalars(select(tables.RecordRow).where(~tables.RecordRow.removed))
        return {row.id: (row.scope_id, row.revision, row.hash) for row in rows}


ALTERED = {**body_of(VISITS[1]), "note": "ink that ran"}
ALTERED_TEXT = json.dumps(ALTERED, ensure_ascii=False)


@pytest.mark.parametrize(
    ("spoil", "fetched"),
    [
        (lambda tablet: drop(tablet, VISITS[1].id), 1),
        (lambda tablet: drop(tablet, VISITS[1].id, VISITS[12].id, RESIDENT.id), 3),
        (appear, 1),
        (lambda tablet: alter(tablet, VISITS[1].id, revision=7), 1),
        (
            lambda tablet: alter(tablet, VISITS[1].id, body=ALTERED_TEXT, hash=body_hash(ALTERED)),
            1,
        ),
        (lambda tablet: alter(tablet, VISITS[1].id, received_at=None), 1),
        (lambda tablet: alter(tablet, VISITS[1].id, scope_id="village:elsewhere"), 1),
    ],
    ids=[
        "lost",
        "lost in several",
        "strange",
        "stale",
        "altered",
        "unconfirmed",
        "astray",
    ],
)
def test_what_differs_is_found_and_put_right_and_nothing_else_is_sent(
    world: World,
    tablet: TabletHere,
    wire: type[Wire],
    spoil: Callable[[TabletHere], None],
    fetched: int,
) -> None:
    spoil(tablet)
    assert tablet.synchronise().failed is None
    assert tablet.is_level
    assert here(tablet) == there(world)
    asked = [id for said, _ in wire.said for id in (said.get("question") or {}).get("fetch", ())]
    assert len(asked) == fetched
    assert sum(len(answer.get("changes", ())) for _, answer in wire.said) == 0
    wire.said.clear()
    tablet.synchronise()
    assert len(wire.said) == 1


def test_a_body_that_is_not_what_its_hash_says_is_read_when_its_bucket_differs(
    world: World, tablet: TabletHere
) -> None:
    alter(tablet, VISITS[1].id, body=ALTERED_TEXT)
    drop(tablet, VISITS[2].id)
    tablet.synchronise()
    assert here(tablet) == there(world)


def test_nothing_unsent_is_touched_and_the_refused_stays(world: World, tablet: TabletHere) -> None:
    refused = a_follow_up("nobody-here", TODAY)
    tablet.save(refused)
    tablet.synchronise()
    drop(tablet, VISITS[0].id)
    tablet.synchronise()
    assert tablet.states() == [OutboxState.REFUSED]
    assert tablet.body(refused.id) == body_of(refused)
    assert tablet.body(VISITS[0].id) == body_of(VISITS[0])


def lose_at_the_county(world: World, record_id: str, *, operation: bool) -> None:
    with world.database.writing() as session:
        session.delete(session.get_one(tables.RecordRow, (COUNTY_ID, record_id)))
        if operation:
            row = session.scalars(
                select(tables.OperationRow).where(tables.OperationRow.record_id == record_id)
            ).one()
            session.delete(row)


def test_a_record_the_county_receipted_and_lost_is_offered_again_and_never_dropped(
    world: World, tablet: TabletHere, wire: type[Wire]
) -> None:
    mine = a_follow_up(RESIDENT.id, TODAY)
    tablet.save(mine)
    tablet.synchronise()
    lose_at_the_county(world, mine.id, operation=True)
    with world.database.writing() as session:
        settle_root(session, COUNTY_ID, SCOPE, utc_now())
    wire.said.clear()
    tablet.synchronise()
    sent = [item["record_id"] for said, _ in wire.said for item in said.get("operations", ())]
    assert sent == [mine.id]
    assert tablet.body(mine.id) == body_of(mine)


def test_a_wrong_sum_of_the_countys_own_is_noted_and_settled(
    world: World, tablet: TabletHere, wire: type[Wire]
) -> None:
    with world.database.writing() as session:
        session.execute(
            update(tables.ScopeHeadRow)
            .where(tables.ScopeHeadRow.scope_id == SCOPE)
            .values(root="00000000000000aa")
        )
    tablet.synchronise()
    assert tablet.is_level
    assert sum(len(answer.get("repairs", ())) for _, answer in wire.said) == 0
    with world.database.reading() as session:
        acts = session.scalars(
            select(tables.AuditRow).where(tables.AuditRow.action == ROOT_SETTLED)
        ).all()
        assert [act.object_id for act in acts] == [SCOPE]


def test_damage_at_the_county_does_not_spread_to_a_tablet(world: World, tablet: TabletHere) -> None:
    for damage in ({"body": ALTERED}, {"hash": body_hash(ALTERED), "body": body_of(VISITS[1])}):
        with world.database.writing() as session:
            session.execute(
                update(tables.RecordRow).where(tables.RecordRow.id == VISITS[1].id).values(damage)
            )
        drop(tablet, VISITS[2].id)
        tablet.synchronise()
        assert tablet.body(VISITS[1].id) == body_of(VISITS[1])
        assert tablet.body(VISITS[2].id) == body_of(VISITS[2])
    assert (tablet.setting(PROOF) or "").startswith("different")


def test_what_has_left_by_age_is_not_sent_again(
    world: World, tablet: TabletHere, wire: type[Wire]
) -> None:
    old = [a_follow_up(RESIDENT.id, date(2019, month, 5)) for month in (1, 2, 3)]
    write_records(world.database, utc_now(), *old)
    tablet.synchronise()
    with tablet.store.transaction() as session:
        retire_some(session, TODAY)
        assert set(session.exec(select_here(RetiredRow.record_id))) == {item.id for item in old}
    drop(tablet, VISITS[0].id)
    tablet.synchronise()
    assert tablet.is_level
    buckets = [said["question"].get("buckets") for said, _ in wire.said if "question" in said]
    assert [names for names in buckets if names] == [[["follow_up", "2026-03"]]]
    with tablet.store.transaction() as session:
        session.delete(session.get_one(RetiredRow, old[0].id))
        session.add(RetiredRow(record_id="never", scope_id=SCOPE, digest="17"))
    tablet.synchronise()
    assert tablet.is_level
    assert tablet.body(old[0].id) == body_of(old[0])
    assert tablet.body(old[1].id) is None


def test_a_tablet_is_told_nothing_of_a_scope_that_is_not_its_own(
    world: World, tablet: TabletHere, wire: type[Wire]
) -> None:
    with tablet.store.transaction() as session:
        session.add(CursorRow(scope_id="village:elsewhere", epoch="x", seq=0))
    tablet.synchronise()
    assert all("told" not in answer for _, answer in wire.said)


def test_a_record_that_stands_in_another_village_is_taken_away_and_not_described(
    world: World, tablet: TabletHere, wire: type[Wire]
) -> None:
    house = a_household(scope_id=OTHER_SCOPE)
    write_records(world.database, utc_now(), house)
    appear(tablet, house.id)
    tablet.synchronise()
    assert tablet.is_level
    assert tablet.body(house.id) is None
    (said,) = [said for _, answer in wire.said for said in answer.get("repairs", [])]
    assert {name: value for name, value in said.items() if value} == {
        "scope_id": SCOPE,
        "record_id": house.id,
        "action": "remove",
    }


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lost=st.sets(st.sampled_from(range(30)), max_size=12),
    altered=st.sets(st.sampled_from(range(30)), max_size=12),
    strange=st.integers(0, 5),
)
def test_any_differences_are_levelled(
    world: World, tablet: TabletHere, lost: set[int], altered: set[int], strange: int
) -> None:
    drop(tablet, *(VISITS[number].id for number in lost))
    for number in altered - lost:
        body = {**body_of(VISITS[number]), "note": "ink that ran"}
        text = json.dumps(body, ensure_ascii=False)
        alter(tablet, VISITS[number].id, body=text, hash=body_hash(body), revision=3)
    for number in range(strange):
        appear(tablet, f"strange-{number}")
    assert tablet.synchronise().failed is None
    assert tablet.is_level
    assert here(tablet) == there(world)

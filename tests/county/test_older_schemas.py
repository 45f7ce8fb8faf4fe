"""A shape that is changed: what older tablets hand in is still judged, counted and shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest

from app.store.outbox import OutboxState
from core.vocabulary import Kind
from core.wire.bodies import body_of, record_from_json, record_of
from core.wire.canonical import canonical_bytes
from core.wire.digests import body_hash
from core.wire.envelopes import Operation
from core.wire.schemas import CONVERTERS, schema_of, todays
from county.config import local_date, utc_now
from county.db import Database
from county.histories import histories_of
from county.rollups import recount
from county.tables import RecordRow
from tests.builders import (
    COUNTY_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
)
from tests.county.conftest import NOW, World
from tests.county.taking_in import count, outcomes_of, stored, take
from tests.county_world import enrol_tablet, running, write_records
from tests.operations import Chain, outcomes, travelling

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
FIRST_NAMES = {"resident_id": "person", "occurred_on": "day", "phone": "telephone"}
"""How three fields were called, we pretend, before schema 2."""


def renamed(body: Mapping[str, Any]) -> dict[str, Any]:
    todays_names = {first: name for name, first in FIRST_NAMES.items()}
    return {todays_names.get(name, name): value for name, value in body.items()}


def as_at_first(body: Mapping[str, Any]) -> dict[str, Any]:
    return {FIRST_NAMES.get(name, name): value for name, value in body.items()}


@pytest.fixture
def changed_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow-ups and residents are at schema 2."""
    for kind in (Kind.FOLLOW_UP, Kind.RESIDENT):
        monkeypatch.setitem(CONVERTERS, (kind, 1), renamed)


@pytest.fixture
def chain(county: Database, changed_shapes: None) -> Chain:
    write_records(county, NOW, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    return Chain(enrol_tablet(county, NOW), NOW)


def put(chain: Chain, record: Any, schema: int, body: Mapping[str, Any]) -> Operation:
    return chain.put(record, schema=schema, body=dict(body))


def test_every_kind_is_at_its_first_schema_today() -> None:
    assert {schema_of(kind) for kind in Kind} == {1}


def test_a_body_goes_through_every_step_from_its_schema_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(schema: int, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**body, "steps": [*body.get("steps", []), schema]}

    for schema in (1, 2):
        monkeypatch.setitem(CONVERTERS, ("song", schema), partial(step, schema))
    assert schema_of("song") == 3
    assert [todays("song", schema, {}) for schema in (1, 2, 3, 9)] == [
        {"steps": [1, 2]},
        {"steps": [2]},
        {},
        {},
    ]


def test_a_body_is_read_alike_as_an_object_and_as_text(changed_shapes: None) -> None:
    visit = a_follow_up(RESIDENT.id)
    for schema, body in ((1, as_at_first(body_of(visit))), (2, body_of(visit))):
        assert record_of(Kind.FOLLOW_UP, schema, body) == visit
        text = canonical_bytes(body).decode()
        assert record_from_json(Kind.FOLLOW_UP, schema, text) == visit


def test_an_older_fact_is_judged_and_counted_and_kept_as_it_came(
    county: Database, chain: Chain
) -> None:
    visit = a_follow_up(RESIDENT.id)
    body = as_at_first(body_of(visit))
    assert outcomes(take(county, chain.tablet, travelling(put(chain, visit, 1, body)))) == [
        "accepted"
    ]
    row = stored(county, visit.id)
    assert row is not None
    assert (row.body, row.schema, row.hash) == (body, 1, body_hash(body))
    assert (row.resident_id, row.occurred_on) == (RESIDENT.id, visit.occurred_on)
    with county.reading() as session:
        assert histories_of(session, COUNTY_ID, [RESIDENT.id])[RESIDENT.id].follow_ups == (visit,)
        assert recount(session, COUNTY_ID, local_date(NOW)) == ()


def test_an_older_fact_is_refused_for_what_todays_rules_say(county: Database, chain: Chain) -> None:
    late = a_follow_up(RESIDENT.id, date(2031, 1, 1))
    unknown = a_follow_up("nobody")
    operations = [put(chain, one, 1, as_at_first(body_of(one))) for one in (late, unknown)]
    told = outcomes(take(county, chain.tablet, travelling(*operations)))
    assert "accepted" not in told
    assert told[1] == "op.unknown_reference"


def test_an_older_edit_is_merged_into_todays_record(county: Database, chain: Chain) -> None:
    edit = chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"telephone": "13900000001"})
    assert outcomes(take(county, chain.tablet, travelling(edit))) == ["accepted"]
    row = stored(county, RESIDENT.id)
    assert row is not None
    assert (row.schema, row.body["phone"]) == (2, "13900000001")
    assert "telephone" not in row.body


def test_a_fact_of_a_later_schema_that_cannot_be_read_is_kept_raw(
    county: Database, chain: Chain
) -> None:
    visit = a_follow_up(RESIDENT.id)
    body = {**body_of(visit), "occurred_on": {"year": 2031}, "amends": [1], "readings": "none"}
    operation = put(chain, visit, 3, body)
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["accepted"]
    row = stored(county, visit.id)
    assert row is not None
    assert (row.body, row.schema, row.occurred_on) == (body, 3, None)
    with county.reading() as session:
        assert histories_of(session, COUNTY_ID, [RESIDENT.id])[RESIDENT.id].follow_ups == ()
        assert recount(session, COUNTY_ID, local_date(NOW)) == ()


def test_a_body_of_todays_schema_that_cannot_be_read_is_refused_as_ever(
    county: Database, chain: Chain
) -> None:
    visit = a_follow_up(RESIDENT.id)
    operation = put(chain, visit, 2, {**body_of(visit), "occurred_on": {"year": 2031}})
    assert outcomes(take(county, chain.tablet, travelling(operation))) == ["body.field"]
    assert count(county, RecordRow) == 3


def test_a_visit_to_a_resident_of_a_later_schema_is_taken(county: Database, chain: Chain) -> None:
    edit = chain.make(
        kind=Kind.RESIDENT,
        record_id=RESIDENT.id,
        action="set",
        scope_id=RESIDENT.scope_id,
        body={"birth_date": ["1955", "04"]},
        schema=3,
        revision=2,
        base_revision=1,
        clock=f"1999999999999-0000-{chain.tablet.device_id}",
    )
    visit = chain.put(a_follow_up(RESIDENT.id), schema=2)
    assert outcomes(take(county, chain.tablet, travelling(edit, visit))) == ["accepted", "accepted"]


def test_a_tablet_reads_what_came_in_an_older_or_unreadable_shape(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    other = Chain(enrol_tablet(world.database, utc_now()), utc_now())
    visit = a_follow_up(RESIDENT.id, utc_now().date())
    strange = a_follow_up(RESIDENT.id, utc_now().date())
    body = {**body_of(strange), "recorded_at": ["now"], "resident_id": RESIDENT.id}
    with running(world.county_dir) as url:
        tablet = world.tablet(url)
        outcomes_of(world.database, other, put(other, strange, 9, body), now=utc_now())
        assert tablet.synchronise().failed is None
        assert tablet.body(strange.id) == body
        tablet.save(visit)
        monkeypatch.setitem(CONVERTERS, (Kind.RESIDENT, 1), renamed)
        tablet.edit(RESIDENT.id, phone="13900000002")
        assert tablet.synchronise().failed is None
        assert set(tablet.states()) == {OutboxState.RECEIPTED}
        assert (tablet.body(RESIDENT.id) or {})["phone"] == "13900000002"

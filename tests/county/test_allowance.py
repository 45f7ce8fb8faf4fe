"""What a tablet without a place may have set aside: its doctor's work, and no flood."""

from __future__ import annotations

import pytest
import zstandard
from sqlalchemy import func, select

from app.store.outbox import queued
from core.refusals import Refused
from core.wire.envelopes import MOST_OPERATION_BYTES
from county import allowance
from county.config import utc_now
from county.db import Database
from county.enrolment import revoke
from county.envelopes import opened
from county.tables import OperationRow, QuarantineRow
from tests.builders import COUNTY_ID, a_follow_up
from tests.county.conftest import NOW, RESIDENT, World
from tests.county.signed_post import post, request_body, signed_headers
from tests.county.taking_in import outcomes_of
from tests.county_world import enrol_tablet, running
from tests.operations import Chain, travelling

MUCH = "A" * MOST_OPERATION_BYTES
NOT_ONES = {
    "body": {"body": {"note": MUCH}},
    "signature": {"signature": MUCH},
    "unsayable": {"body": {"note": f"\ud800{MUCH}"}},
}


@pytest.fixture
def thief(county: Database) -> Chain:
    """A tablet that was revoked."""
    chain = Chain(enrol_tablet(county, NOW), NOW)
    with county.writing() as session:
        revoke(session, COUNTY_ID, chain.tablet.device_id)
    return chain


def set_aside(county: Database, device_id: str, count: int, signs: int = 0) -> None:
    """So many operations of a tablet, of so many signs each."""
    row = {"county_id": COUNTY_ID, "device_id": device_id, "code": "device.revoked", "values": {},
           "envelope": {"note": "A" * signs}, "received_at": NOW}  # fmt: skip
    with county.writing() as session:
        rows = [{**row, "op_id": f"{device_id}-{number}"} for number in range(count)]
        session.execute(QuarantineRow.__table__.insert(), rows)


def kept(county: Database) -> int:
    """How many operations the county holds, one that was set aside twice."""
    with county.reading() as session:
        count = select(func.count())
        return sum(session.scalar(count.select_from(t)) or 0 for t in (OperationRow, QuarantineRow))


@pytest.mark.parametrize("said", NOT_ONES.values(), ids=NOT_ONES.keys())
def test_an_operation_that_weighs_more_than_a_tablet_lets_it_is_no_tablets(
    county: Database, thief: Chain, said: dict[str, object]
) -> None:
    envelopes = travelling(thief.put(a_follow_up(RESIDENT.id)), thief.put(a_follow_up(RESIDENT.id)))
    envelopes[0] |= said
    with pytest.raises(Refused) as refused:
        opened(envelopes, thief.tablet.device_id, thief.tablet.public_key)
    assert [refusal.code for refusal in refused.value.refusals] == ["wire.malformed"]


def test_what_weighs_as_much_as_a_tablet_lets_it_is_looked_at(thief: Chain) -> None:
    empty = queued(thief.make(kind="follow_up", body={"note": ""})).envelope
    chain = Chain(thief.tablet, NOW)
    fullest = chain.make(kind="follow_up", body={"note": MUCH[len(empty) :]})
    assert len(queued(fullest).envelope) == MOST_OPERATION_BYTES
    (item,) = opened(travelling(fullest), thief.tablet.device_id, thief.tablet.public_key)
    assert item.is_whole


@pytest.mark.parametrize(
    ("count", "signs"), [(allowance.MOST_SET_ASIDE - 1, 0), (1, allowance.MOST_SIGNS_SET_ASIDE)]
)
def test_a_tablet_without_a_place_that_has_had_enough_set_aside_keeps_what_it_still_has(
    county: Database, thief: Chain, count: int, signs: int
) -> None:
    set_aside(county, "another tablet", count, signs)
    first, second = thief.put(a_follow_up(RESIDENT.id)), thief.put(a_follow_up(RESIDENT.id))
    assert outcomes_of(county, thief, first) == ["device.revoked"]

    set_aside(county, thief.tablet.device_id, count, signs)
    before = kept(county)
    assert outcomes_of(county, thief, first, second) == ["device.revoked"]
    assert kept(county) == before
    assert outcomes_of(county, thief, first) == ["device.revoked"]
    assert outcomes_of(county, thief, first, second, by_hand=True) == ["device.revoked"] * 2


def test_a_revoked_tablet_fills_no_disk_by_what_packs_well(world: World) -> None:
    thief = enrol_tablet(world.database, utc_now())
    with world.database.writing() as session:
        revoke(session, COUNTY_ID, thief.device_id)
    chain = Chain(thief, utc_now())
    body = request_body(thief, *(chain.make(kind="x", body={"note": MUCH}) for _ in range(8)))
    packed = zstandard.ZstdCompressor().compress(body)
    headers = {**signed_headers(thief, packed), "Content-Encoding": "zstd"}
    with running(world.county_dir) as url:
        answer = post(url, packed, headers)
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")
    assert kept(world.database) == 0

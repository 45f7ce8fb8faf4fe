"""Tablets that call at once: each hears its own answer, in its turn, and none waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core.vocabulary import Kind
from core.wire.envelopes import SyncResponse
from county import exchange as exchanging
from county.config import utc_now
from county.db import Database
from county.exchange import exchange_together
from county.tables import ChangeRow, OperationRow
from tests.builders import DOCTOR_ID, SCOPE, a_follow_up, a_household, a_resident
from tests.county.asking import call_of
from tests.county.conftest import NOW, World, visit_of
from tests.county.signed_post import Answered, post, signed_headers
from tests.county_world import OTHER_DOCTOR_ID, OTHER_SCOPE, Enrolled, enrol_tablet, write_records
from tests.operations import Chain, outcomes

HOUSEHOLD = a_household()
RESIDENTS = [a_resident(household_id=HOUSEHOLD.id) for _ in range(3)]
STRANGER = a_resident(household_id=HOUSEHOLD.id, scope_id=OTHER_SCOPE)
STANDING_VISIT = a_follow_up(RESIDENTS[0].id)


def asked_at(url: str, tablet: Enrolled, body: bytes) -> Answered:
    return post(url, body, signed_headers(tablet, body))


def test_a_served_county_answers_a_crowd_each_with_its_own(world: World, url: str) -> None:
    tablets = [enrol_tablet(world.database, utc_now()) for _ in range(24)]
    bodies = [visit_of(tablet) for tablet in tablets]
    with ThreadPoolExecutor(len(tablets)) as pool:
        answers = list(pool.map(partial(asked_at, url), tablets, bodies))
    assert [outcomes(answer.said) for answer in answers] == [["accepted"]] * len(tablets)
    with world.database.reading() as session:
        taken = session.scalars(select(OperationRow.device_id)).all()
    assert sorted(taken) == sorted(tablet.device_id for tablet in tablets)


def test_a_refused_edit_is_given_back_as_the_record_stood_in_its_turn(county: Database) -> None:
    write_records(county, NOW, HOUSEHOLD, *RESIDENTS)
    first, second = (enrol_tablet(county, NOW) for _ in range(2))
    resident_id = RESIDENTS[0].id
    exchange_together(county, [call_of(first, [Chain(first, NOW).put(STANDING_VISIT)], 1, county)])
    taken = Chain(first, NOW).set(Kind.RESIDENT, resident_id, 1, {"phone": "13900000001"})
    sound = Chain(second, NOW).set(Kind.RESIDENT, resident_id, 1, {"phone": "13900000002"})
    exchange_together(
        county, [call_of(first, [taken], 2, county), call_of(second, [sound], 3, county)]
    )
    with county.reading() as session:
        query = select(ChangeRow.revision).where(ChangeRow.record_id == resident_id)
        assert session.scalars(query.order_by(ChangeRow.seq)).all() == [1, 1, 2]


def test_tablets_that_ask_what_differs_share_no_transaction_and_wait_in_no_circle(
    county: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL each turn would take one village's numbers and then lock the other's."""
    write_records(county, NOW, HOUSEHOLD, *RESIDENTS, STRANGER)
    tablets = [enrol_tablet(county, NOW, doctor) for doctor in (DOCTOR_ID, OTHER_DOCTOR_ID) * 2]
    visits = [
        Chain(tablets[0], NOW).put(a_follow_up(RESIDENTS[0].id)),
        Chain(tablets[3], NOW, author_id=OTHER_DOCTOR_ID).put(
            a_follow_up(STRANGER.id, scope_id=OTHER_SCOPE, author_id=OTHER_DOCTOR_ID)
        ),
    ]
    asked: list[dict[str, Any]] = [{}, {"scope_id": OTHER_SCOPE}, {"scope_id": SCOPE}, {}]
    calls = [
        call_of(tablet, operations, nonce, county, question)
        for nonce, (tablet, operations, question) in enumerate(
            zip(tablets, ([visits[0]], [], [], [visits[1]]), asked, strict=True), 1
        )
    ]
    failed: list[Exception] = []
    together = exchanging._exchanged

    def watched(*args: Any) -> list[SyncResponse]:
        try:
            return together(*args)
        except Exception as error:
            failed.append(error)
            raise

    monkeypatch.setattr(exchanging, "_exchanged", watched)
    with ThreadPoolExecutor(2) as pool:
        turns = [pool.submit(exchange_together, county, pair) for pair in (calls[:2], calls[2:])]
        answers = [answer for turn in turns for answer in turn.result(30)]
    assert all(isinstance(answer, SyncResponse) for answer in answers)
    assert failed == []

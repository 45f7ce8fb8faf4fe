"""What a record of a tablet refers to and how its values are written is looked at first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.vocabulary import Kind
from core.wire.bodies import body_of
from county.config import local_date
from county.db import Database
from county.rollups import recount
from county.tables import PersonAccountRow
from tests.builders import (
    COUNTY_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_referral,
    a_referral_outcome,
    a_resident,
    a_withdrawal,
    an_education,
    an_exemption,
)
from tests.county.conftest import NOW
from tests.county.taking_in import outcomes_of
from tests.county_world import enrol_tablet, is_sound, write_records
from tests.operations import Chain

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
OTHER = a_resident(household_id=HOUSEHOLD.id)
CONTRACT = a_contract(RESIDENT.id)
VISIT = a_follow_up(RESIDENT.id)
TODAY = local_date(NOW)


@pytest.fixture
def chain(county: Database) -> Chain:
    write_records(county, NOW, HOUSEHOLD, RESIDENT, OTHER, CONTRACT, VISIT)
    return Chain(enrol_tablet(county, NOW), NOW)


@pytest.mark.parametrize(
    "record",
    [
        a_follow_up(HOUSEHOLD.id),
        a_follow_up(RESIDENT.id, amends=RESIDENT.id),
        a_withdrawal(RESIDENT.id),
        a_withdrawal(CONTRACT.id),
        a_referral(HOUSEHOLD.id),
        a_referral_outcome(VISIT.id),
        an_exemption(HOUSEHOLD.id, TODAY, TODAY),
        an_education(amends=VISIT.id),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_fact_that_refers_to_a_record_of_another_kind_is_refused(
    county: Database, chain: Chain, record: Any
) -> None:
    assert outcomes_of(county, chain, chain.put(record)) == ["op.wrong_reference"]
    assert is_sound(county, NOW)


def test_an_edit_that_refers_to_a_record_of_another_kind_is_refused(
    county: Database, chain: Chain
) -> None:
    edits = (
        chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"household_id": OTHER.id}),
        chain.set(Kind.CONTRACT, CONTRACT.id, 1, {"resident_id": HOUSEHOLD.id}),
    )
    assert outcomes_of(county, chain, *edits) == ["op.wrong_reference"] * 2


def test_a_contract_that_is_given_to_somebody_else_renews_both_accounts(
    county: Database, chain: Chain
) -> None:
    edit = chain.set(Kind.CONTRACT, CONTRACT.id, 1, {"resident_id": OTHER.id})
    assert outcomes_of(county, chain, edit) == ["accepted"]
    with county.reading() as session:
        assert recount(session, COUNTY_ID, TODAY, [RESIDENT.id, OTHER.id]) == ()
        owed = select(PersonAccountRow.resident_id).where(PersonAccountRow.owed > 0)
        assert set(session.scalars(owed)) == {OTHER.id}


def said_otherwise(**fields: Any) -> dict[str, Any]:
    visit = a_follow_up(RESIDENT.id)
    return {"record_id": visit.id, "body": {**body_of(visit), **fields}}


@pytest.mark.parametrize(
    "fields",
    [
        {"occurred_on": 1764201600},
        {"occurred_on": "1764201600"},
        {"occurred_on": "2026-11-21T00:00:00"},
        {"next_on": "1796428800"},
        {"visit_class": "1"},
        {"adverse_reaction": "no"},
        {"recorded_at": 1795435200},
    ],
    ids=str,
)
def test_a_value_that_could_only_be_taken_for_what_is_meant_is_refused(
    county: Database, chain: Chain, fields: dict[str, Any]
) -> None:
    operation = chain.put(a_follow_up(RESIDENT.id), **said_otherwise(**fields))
    assert outcomes_of(county, chain, operation) == ["body.field"]


def test_requests_and_outcomes_are_held_to_what_the_tablet_asks_of_them(
    county: Database, chain: Chain
) -> None:
    referral = a_referral(RESIDENT.id)
    day = TODAY
    facts = (
        referral,
        an_exemption(RESIDENT.id, from_on=day, to_on=day - timedelta(days=1)),
        an_exemption(RESIDENT.id, from_on=day, to_on=day, reason="sun"),
        an_exemption(RESIDENT.id, from_on=day, to_on=day),
        a_referral_outcome(referral.id, outcome="flew"),
        a_referral_outcome(referral.id, occurred_on=TODAY + timedelta(days=2)),
        a_referral_outcome(referral.id),
    )
    assert outcomes_of(county, chain, *(chain.put(fact) for fact in facts)) == [
        "accepted",
        "exemption.days",
        "exemption.no_reason",
        "accepted",
        "outcome.unknown",
        "outcome.in_future",
        "accepted",
    ]

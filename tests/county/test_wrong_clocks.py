"""Edits of tablets whose clocks were wrong: they win nothing by it, on either database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.vocabulary import Kind
from core.wire.clocks import clock_at, clock_text
from core.wire.envelopes import Operation, hashed
from county.db import Database
from county.tables import RecordRow
from tests.builders import COUNTY_ID, a_household, a_resident
from tests.county.conftest import NOW
from tests.county.taking_in import outcomes_of
from tests.county_world import enrol_tablet, write_records
from tests.operations import Chain

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
IN_2099 = datetime(2099, 1, 1, tzinfo=UTC)
SOME_MS = int(NOW.timestamp() * 1000)


@pytest.fixture
def chain(county: Database) -> Chain:
    write_records(county, NOW, HOUSEHOLD, RESIDENT)
    return Chain(enrol_tablet(county, NOW), NOW)


def outcome_of(county: Database, chain: Chain, made: Operation) -> str:
    """What the county says, at the chain's time, to an edit signed anew after it was changed."""
    signed = chain.signed(hashed(made))
    chain.last_hash = signed.hash
    (said,) = outcomes_of(county, chain, signed, now=chain.now)
    return said


def edit(chain: Chain, clock: str, **fields: str) -> Operation:
    return replace(chain.set(Kind.RESIDENT, RESIDENT.id, 1, dict(fields)), clock=clock)


def body(county: Database) -> dict[str, object]:
    with county.reading() as session:
        return session.get_one(RecordRow, (COUNTY_ID, RESIDENT.id)).body


def test_a_tablet_whose_clock_once_stood_in_2099_does_not_win_for_ever(
    county: Database, chain: Chain
) -> None:
    ahead = edit(chain, clock_at(IN_2099, chain.tablet.device_id), phone="1")
    assert outcome_of(county, chain, ahead) == "accepted"
    later = NOW + timedelta(hours=1)
    other = Chain(enrol_tablet(county, NOW), later)
    behind = edit(other, clock_at(later, other.tablet.device_id), phone="2")
    assert outcome_of(county, other, behind) == "accepted"
    assert body(county)["phone"] == "2"


@pytest.mark.parametrize(
    "clock",
    [
        "",
        "zzz",
        clock_text(SOME_MS, 0, "county"),
        clock_text(SOME_MS, 0, "another tablet"),
        f"{SOME_MS}-0000-",
        f"{SOME_MS}-xxxx-ME",
        f"9{SOME_MS}-0000-ME",
    ],
)
def test_an_edit_under_a_clock_that_is_not_the_tablets_own_overwrites_nothing(
    county: Database, chain: Chain, clock: str
) -> None:
    write_records(county, NOW, replace(RESIDENT, name="王建华"))
    made = edit(chain, clock.replace("ME", chain.tablet.device_id), name="王建中")
    assert outcome_of(county, chain, made) == "op.malformed"
    assert body(county)["name"] == "王建华"

"""Damage at the county itself is found, and mended from what else is written down of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.store.queries.device import PROOF
from core.vocabulary import Kind
from core.wire.bodies import body_of
from county.check_office import check_county, checked_text
from county.config import CountyConfig, utc_now
from county.db import Database
from county.tables import AuditRow
from tests.builders import (
    COUNTY_ID,
    SCOPE,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_withdrawal,
)
from tests.county.conftest import NOW
from tests.county.standing import Standing
from tests.county.taking_in import take
from tests.county_world import enrol_tablet, write_records
from tests.operations import Chain, outcomes, travelling
from tests.tablet_world import TabletHere

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
NEWCOMER = a_resident(household_id=HOUSEHOLD.id)
TODAY = utc_now().date()
VISITS = [a_follow_up(RESIDENT.id, TODAY) for _ in range(3)]
WITHDRAWAL = a_withdrawal(VISITS[2].id, recorded_at=utc_now())


def spoil(database: Database, statement: str, **values: Any) -> None:
    """Do to the county's rows what no code of it does; only the values the statement names."""
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    with database.writing() as session:
        done = session.connection().execute(text(statement), named)
        assert done.rowcount > 0, "nothing was damaged"


def check(config: CountyConfig, *, mending: bool = False) -> tuple[list[str], list[str]]:
    """The codes of what is found, and of what is left."""
    checked = check_county(config, mending=mending)
    return (
        sorted({damage.code for damage in checked.found}),
        sorted({damage.code for damage in checked.left}),
    )


def check_level(tablet: TabletHere) -> None:
    """The tablet has every record as it was made, and knows itself level with the county."""
    assert tablet.synchronise().failed is None
    assert (tablet.setting(PROOF) or "").startswith("equal")
    for visit in VISITS:
        assert tablet.body(visit.id) == body_of(visit)
    assert tablet.body(NEWCOMER.id) == {**body_of(NEWCOMER), "phone": "13900000002"}


ALTERED = '{"id": "another", "note": "ink that ran"}'
BY_HAND = {
    "a fact's body": (
        "UPDATE record SET body = :body WHERE id = :visit",
        ["altered"],
    ),
    "a fact's body and its hash": (
        "UPDATE record SET body = :body, hash = :hash WHERE id = :visit",
        ["altered", "root"],
    ),
    "a fact's hash": (
        "UPDATE record SET hash = :hash WHERE id = :visit",
        ["altered", "root"],
    ),
    "a fact": ("DELETE FROM record WHERE id = :visit", ["account", "root", "vanished"]),
    "a fact's scope": (
        "UPDATE record SET scope_id = 'village:another' WHERE id = :visit",
        ["root", "unnumbered", "vanished"],
    ),
    "a standing record's body": (
        "UPDATE record SET body = :body WHERE id = :newcomer",
        ["altered"],
    ),
    "a standing record": ("DELETE FROM record WHERE id = :newcomer", ["root", "vanished"]),
    "a standing record's revision": (
        "UPDATE record SET revision = 9 WHERE id = :newcomer",
        ["altered", "root"],
    ),
    "the hash of what the office wrote": (
        "UPDATE record SET hash = :hash WHERE id = :household",
        ["altered", "root"],
    ),
    "a change": (
        "DELETE FROM change WHERE record_id = :visit",
        ["numbers", "unnumbered"],
    ),
    "the end of a scope": (
        "UPDATE scope_head SET head = 2 WHERE scope_id = :scope",
        ["numbers"],
    ),
    "a scope's head": (
        "DELETE FROM scope_head WHERE scope_id = :scope",
        ["numbers", "root"],
    ),
    "a sum": (
        "UPDATE scope_head SET root = '00000000000000aa' WHERE scope_id = :scope",
        ["root"],
    ),
    "an account": ("UPDATE person_account SET filled = 9 WHERE filled <> 9", ["account"]),
}


VALUES = {
    "body": ALTERED,
    "hash": "ab" * 32,
    "visit": VISITS[0].id,
    "newcomer": NEWCOMER.id,
    "household": HOUSEHOLD.id,
    "scope": SCOPE,
}


def test_what_a_hand_has_altered_is_found_and_mended_and_the_tablets_agree(
    standing: Standing,
) -> None:
    database = standing.world.database
    write_records(database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    url = standing.start()
    tablet = standing.world.tablet(url)
    tablet.enter(NEWCOMER)
    tablet.save(*VISITS, a_follow_up("nobody", TODAY), WITHDRAWAL)
    assert tablet.synchronise().failed is None
    tablet.edit(NEWCOMER.id, phone="13900000002")
    tablet.edit(RESIDENT.id, phone="13900000001")
    check_level(tablet)
    assert "sound" in standing.done("check")
    for what, (statement, codes) in BY_HAND.items():
        spoil(database, statement, **VALUES)
        found, left = check(standing.config)
        assert (what, found) == (what, left)
        assert set(codes) <= set(found), what
        assert (what, check(standing.config, mending=True)) == (what, (found, []))
        assert (what, check(standing.config)) == (what, ([], []))
        check_level(tablet)
    check_level(standing.world.tablet(url))
    spoil(database, "DELETE FROM record WHERE device_id IS NOT NULL AND id <> :id", id=RESIDENT.id)
    found_now = standing.luyue("check", "--json")
    assert found_now.returncode == 1
    lost = [one["id"] for one in json.loads(found_now.stdout)["left"] if one["code"] == "vanished"]
    assert set(lost) == {NEWCOMER.id, WITHDRAWAL.id, *(visit.id for visit in VISITS)}
    told = standing.done("check", "--mend")
    assert told.count("has vanished") == 5
    assert check(standing.config) == ([], [])
    check_level(tablet)
    check_level(standing.world.tablet(url))
    standing.stop()


@pytest.fixture
def chain(county: Database) -> Chain:
    """A tablet whose records are at the county."""
    now = utc_now()
    write_records(county, now, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    made = Chain(enrol_tablet(county, NOW), NOW)
    operations = [
        made.set(Kind.RESIDENT, NEWCOMER.id, 0, body_of(NEWCOMER)),
        *(made.put(fact) for fact in (*(a_follow_up(RESIDENT.id) for _ in range(2)),)),
    ]
    assert set(outcomes(take(county, made.tablet, travelling(*operations)))) == {"accepted"}
    return made


@pytest.fixture
def config(county: Database, tmp_path: Path) -> CountyConfig:
    """Where the county under test is."""
    url = county.engine.url.render_as_string(hide_password=False)
    return CountyConfig(data_dir=tmp_path, database_url=url)


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("UPDATE record SET body = :body WHERE kind = 'household'", {"altered"}),
        ("UPDATE record SET body = '{}' WHERE id = :resident", {"altered"}),
        ("DELETE FROM operation WHERE device_seq = 2", {"chain"}),
        ("UPDATE operation SET envelope = '{}' WHERE device_seq = 2", {"chain"}),
        ("UPDATE device SET last_seq = 9", {"chain"}),
    ],
)
def test_what_nothing_else_tells_of_is_left_for_a_person(
    county: Database, chain: Chain, config: CountyConfig, statement: str, codes: set[str]
) -> None:
    spoil(county, statement, resident=RESIDENT.id, body=ALTERED)
    found, left = check(config, mending=True)
    assert codes <= set(found)
    assert left == sorted(codes)


def test_a_fact_is_not_mended_from_an_operation_that_is_damaged_too(
    county: Database, chain: Chain, config: CountyConfig
) -> None:
    visit = chain.made[1].record_id
    spoil(county, "DELETE FROM record WHERE id = :id", id=visit)
    said = {**travelling(chain.made[1])[0]}
    said["body"] = {**said["body"], "note": "ink that ran"}
    spoil(
        county,
        "UPDATE operation SET envelope = :said WHERE record_id = :id",
        said=json.dumps(said),
        id=visit,
    )
    assert set(check(config, mending=True)[1]) >= {"chain", "vanished"}


def test_a_standing_record_the_office_had_a_hand_in_is_not_guessed_at(
    county: Database, chain: Chain, config: CountyConfig
) -> None:
    edit = chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"phone": "13900000001"})
    assert outcomes(take(county, chain.tablet, travelling(edit))) == ["accepted"]
    spoil(county, "DELETE FROM record WHERE id = :id", id=RESIDENT.id)
    assert "vanished" in check(config, mending=True)[1]


def test_the_audit_trail_says_what_was_mended_and_why(
    county: Database, chain: Chain, config: CountyConfig
) -> None:
    visit = chain.made[1].record_id
    spoil(county, "DELETE FROM record WHERE id = :id", id=visit)
    assert check(config, mending=True)[1] == []
    with county.reading() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "mended")).one()
    assert (row.county_id, row.user_id, row.object_kind) == (COUNTY_ID, "console", "follow_up")
    assert (row.object_id, row.detail) == (visit, {"was": "vanished"})


def test_bodies_that_are_no_json_any_more_are_found_and_those_of_tablets_mended(
    sqlite_database: Database, tmp_path: Path
) -> None:
    from tests.county_world import found as founded

    founded(sqlite_database, NOW)
    write_records(sqlite_database, utc_now(), HOUSEHOLD, RESIDENT)
    chain = Chain(enrol_tablet(sqlite_database, NOW), NOW)
    visit = a_follow_up(RESIDENT.id)
    operations = travelling(chain.put(visit), chain.put(a_withdrawal(visit.id)))
    assert outcomes(take(sqlite_database, chain.tablet, operations)) == ["accepted", "accepted"]
    # The withdrawal reaches its resident only by way of the follow-up, which is no better.
    spoil(sqlite_database, "UPDATE record SET body = '{\"id\": \"0' WHERE kind <> 'resident'")
    config = CountyConfig(data_dir=tmp_path)
    checked = check_county(config, mending=True)
    assert [damage.object_id for damage in checked.left] == [HOUSEHOLD.id]
    assert HOUSEHOLD.id in checked_text(checked)
    assert len(checked.found) >= 3

"""An issued policy pack rules the county's accounts and the desk from then on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import console
from core.policy import Policy, default_policy
from core.policy_packs import policy_text
from core.refusals import Refused
from core.vocabulary import GroupTag, Kind
from county.config import local_date
from county.db import Database
from county.issuing import put_policy
from county.policies import rules_of
from county.rollups import is_fresh, recount, refresh_day
from county.tables import RecordRow
from tests.builders import COUNTY_ID, a_follow_up
from tests.county.desk.desk_world import DeskWorld, founded


@pytest.fixture
def world(sqlite_database: Database) -> DeskWorld:
    """A freshly founded county with its desk."""
    return founded(sqlite_database)


@pytest.fixture
def either(database: Database) -> DeskWorld:
    """The same on each kind of database."""
    return founded(database)


def a_pack(version: str = "2.0.0", **contract: object) -> Policy:
    """The built-in pack with other rules of the contract."""
    policy = default_policy()
    changed = policy.contract.model_copy(update=contract)
    return policy.model_copy(update={"version": version, "contract": changed})


WITHOUT_HYPERTENSION = a_pack(
    key_groups=tuple(g for g in default_policy().contract.key_groups if g != GroupTag.HTN)
)


def issue(world: DeskWorld, policy: Policy) -> None:
    """Put a pack into the county's ledger; the accounts are renewed by whoever comes next."""
    with world.database.writing() as session:
        put_policy(session, COUNTY_ID, policy, world.clock())


def test_an_issued_pack_changes_the_rollup_at_the_next_refresh(either: DeskWorld) -> None:
    resident = either.person(GroupTag.HTN, birth_date=date(1980, 1, 1))
    today = local_date(either.clock())
    assert either.account(resident).owed == 12
    issue(either, WITHOUT_HYPERTENSION)
    with either.database.writing() as session:
        assert not is_fresh(session, COUNTY_ID, today)
        assert refresh_day(session, COUNTY_ID, today) == 1
        assert is_fresh(session, COUNTY_ID, today)
        assert recount(session, COUNTY_ID, today) == ()
    assert either.account(resident).owed == 4


def test_a_visit_after_the_pack_is_counted_by_the_pack(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, birth_date=date(1980, 1, 1))
    issue(world, WITHOUT_HYPERTENSION)
    world.visits(resident, a_follow_up(resident.id, date(2026, 10, 5)))
    row = world.account(resident)
    assert (row.owed, row.filled) == (4, 1)


def test_the_desk_renews_the_rows_and_judges_the_person_by_the_pack(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, birth_date=date(1980, 1, 1))
    browser = world.browser("county")
    address = f"/desk/people/{resident.id}?year=2026"
    assert browser.get(address).text.count('<tr id="slot-') == 12
    issue(world, WITHOUT_HYPERTENSION)
    assert browser.get(address).text.count('<tr id="slot-') == 4
    assert browser.get("/desk/overview").status_code == 200
    assert world.account(resident).owed == 4


def test_the_pack_travels_to_the_tablets_as_it_was_issued(world: DeskWorld) -> None:
    issue(world, WITHOUT_HYPERTENSION)
    with world.database.reading() as session:
        record = session.scalars(select(RecordRow).where(RecordRow.kind == Kind.POLICY_PACK)).one()
        assert record.scope_id == f"county:{COUNTY_ID}"
        assert Policy.model_validate(record.body) == WITHOUT_HYPERTENSION


def test_before_a_first_pack_that_begins_later_the_built_in_rules_hold(world: DeskWorld) -> None:
    begins = default_policy().effective_from + timedelta(days=180)
    later = WITHOUT_HYPERTENSION.model_copy(update={"effective_from": begins})
    issue(world, later)
    with world.database.reading() as session:
        rules = rules_of(session, COUNTY_ID)
    assert rules.on(begins - timedelta(days=1)) == default_policy()
    assert rules.on(begins) == later


def test_a_version_is_never_issued_with_other_contents(world: DeskWorld) -> None:
    issue(world, WITHOUT_HYPERTENSION)
    issue(world, WITHOUT_HYPERTENSION)
    with pytest.raises(Refused) as refused:
        issue(world, a_pack(late_entry_days=3))
    assert refused.value.refusals[0].code == "policy.issued_already"


def test_a_pack_is_issued_at_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LUYUE_DATABASE_URL", raising=False)
    data = ["--data", str(tmp_path / "county")]
    assert console.run(["county", "init", "青川县", *data]) == 0
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(policy_text(a_pack(min_gap_days=3)), "utf-8")
    bad.write_text(good.read_text("utf-8").replace('"min_gap_days": 3', '"min_gap_days": 30'))
    capsys.readouterr()
    assert console.run(["policy", "issue", str(good), *data, "--lang", "en"]) == 0
    assert "2.0.0 is issued" in capsys.readouterr().out
    assert console.run(["policy", "issue", str(bad), *data, "--lang", "zh"]) == 2
    line = good.read_text("utf-8").split('"min_gap_days"')[0].count("\n") + 1
    assert f"第 {line} 行" in capsys.readouterr().err

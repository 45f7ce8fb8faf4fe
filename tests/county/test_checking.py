"""Damage at the county itself is found, and mended from what else is written down of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from app.store.queries.device import PROOF
from core.wire.bodies import body_of
from county.check_office import check_county
from county.config import utc_now
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
from tests.county.standing import Standing
from tests.county_world import write_records
from tests.tablet_world import TabletHere

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)


@dataclass(kw_only=True)
class Damaged:
    """A county with a tablet's records in it, to be damaged behind its back."""

    standing: Standing
    url: str
    tablet: TabletHere
    visits: list[Any]
    newcomer: Any
    refused: Any

    def sql(self, statement: str, **values: Any) -> None:
        with self.standing.world.database.writing() as session:
            done = session.execute(text(statement), values)
            assert done.rowcount > 0, "nothing was damaged"  # type: ignore[attr-defined]

    def found(self, *, mending: bool = False) -> tuple[list[str], list[str]]:
        """The codes of what is found, and of what is left."""
        checked = check_county(self.standing.config, mending=mending)
        return (
            sorted({damage.code for damage in checked.found}),
            sorted({damage.code for damage in checked.left}),
        )

    def check_level(self, tablet: TabletHere) -> None:
        """The tablet has every record as it was made, and knows itself level with the county."""
        assert tablet.synchronise().failed is None
        assert (tablet.setting(PROOF) or "").startswith("equal")
        for visit in self.visits:
            assert tablet.body(visit.id) == body_of(visit)
        assert tablet.body(self.newcomer.id) == {**body_of(self.newcomer), "phone": "13900000002"}


@pytest.fixture
def damaged(standing: Standing) -> Iterator[Damaged]:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    url = standing.start()
    tablet = standing.world.tablet(url)
    today = utc_now().date()
    visits = [a_follow_up(RESIDENT.id, today) for _ in range(3)]
    newcomer = a_resident(household_id=HOUSEHOLD.id)
    refused = a_follow_up("nobody", today)
    tablet.enter(newcomer)
    tablet.save(*visits, refused, a_withdrawal(visits[2].id))
    assert tablet.synchronise().failed is None
    tablet.edit(newcomer.id, phone="13900000002")
    tablet.edit(RESIDENT.id, phone="13900000001")
    assert tablet.synchronise().failed is None
    yield Damaged(
        standing=standing,
        url=url,
        tablet=tablet,
        visits=visits,
        newcomer=newcomer,
        refused=refused,
    )
    standing.stop()


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


@pytest.mark.parametrize("what", BY_HAND)
def test_what_a_hand_has_altered_is_found_and_mended_and_the_tablets_agree(
    damaged: Damaged, what: str
) -> None:
    statement, codes = BY_HAND[what]
    values = {
        "body": ALTERED,
        "hash": "ab" * 32,
        "visit": damaged.visits[0].id,
        "newcomer": damaged.newcomer.id,
        "household": HOUSEHOLD.id,
        "scope": SCOPE,
    }
    damaged.sql(statement, **{name: values[name] for name in values if f":{name}" in statement})
    found, left = damaged.found()
    assert found == left
    assert set(codes) <= set(found)
    assert damaged.found(mending=True) == (found, [])
    assert damaged.found() == ([], [])
    damaged.check_level(damaged.tablet)
    damaged.check_level(damaged.standing.world.tablet(damaged.url))


def test_a_sound_county_is_told_to_be_sound(damaged: Damaged) -> None:
    assert "sound" in damaged.standing.done("check")
    assert damaged.found(mending=True) == ([], [])


def test_everything_a_tablet_has_handed_in_comes_back_at_once(damaged: Damaged) -> None:
    damaged.sql("DELETE FROM record WHERE device_id IS NOT NULL AND id <> :id", id=RESIDENT.id)
    found = damaged.standing.luyue("check", "--json")
    assert found.returncode == 1
    assert len([one for one in json.loads(found.stdout)["left"] if one["code"] == "vanished"]) == 5
    told = damaged.standing.done("check", "--mend")
    assert (told.count("has vanished"), told.count("Mended. ")) == (5, told.count("\n") - 1)
    assert damaged.found() == ([], [])
    damaged.check_level(damaged.tablet)
    with damaged.standing.world.database.reading() as session:
        acts = session.scalars(select(AuditRow.object_id).where(AuditRow.action == "mended"))
        assert {visit.id for visit in damaged.visits} <= set(acts)


def test_a_body_that_is_no_json_any_more_is_found_and_mended(
    tmp_path: Path,
) -> None:
    standing = Standing(tmp_path)
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    tablet = standing.world.tablet(standing.start())
    visit = a_follow_up(RESIDENT.id, utc_now().date())
    tablet.save(visit, a_withdrawal(visit.id))
    assert tablet.synchronise().failed is None
    with standing.world.database.writing() as session:
        # The withdrawal reaches its resident only by way of the follow-up, which is no better.
        session.execute(text("UPDATE record SET body = '{\"id\": \"0' WHERE kind <> 'resident'"))
    answer = standing.luyue("check", "--mend")
    assert answer.returncode == 1
    assert f"household {HOUSEHOLD.id}".lower() in answer.stdout.lower()
    assert answer.stdout.count("Mended. ") == 2
    assert tablet.body(visit.id) == body_of(visit)
    standing.stop()
    standing.close()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (f"UPDATE record SET body = '{ALTERED}' WHERE kind = 'household'", "altered"),
        ("UPDATE record SET body = '{}' WHERE id = :resident", "altered"),
        ("DELETE FROM operation WHERE device_seq = 2", "chain"),
        ("UPDATE operation SET envelope = '{}' WHERE device_seq = 2", "chain"),
        ("UPDATE device SET last_seq = 3", "chain"),
    ],
)
def test_what_nothing_else_tells_of_is_left_for_a_person(
    damaged: Damaged, statement: str, code: str
) -> None:
    values = {"resident": RESIDENT.id} if ":resident" in statement else {}
    damaged.sql(statement, **values)
    assert damaged.found(mending=True) == ([code], [code])


def test_a_fact_is_not_mended_from_an_operation_that_is_damaged_too(damaged: Damaged) -> None:
    visit = damaged.visits[0].id
    damaged.sql("DELETE FROM record WHERE id = :id", id=visit)
    with damaged.standing.world.database.writing() as session:
        row = session.execute(
            text("SELECT envelope FROM operation WHERE record_id = :id"), {"id": visit}
        ).scalar_one()
        envelope = row if isinstance(row, dict) else json.loads(row)
        envelope["body"]["note"] = "ink that ran"
        session.execute(
            text("UPDATE operation SET envelope = :said WHERE record_id = :id"),
            {"said": json.dumps(envelope), "id": visit},
        )
    assert set(damaged.found(mending=True)[1]) >= {"chain", "vanished"}


def test_the_audit_trail_belongs_to_the_county_that_was_mended(damaged: Damaged) -> None:
    damaged.sql("DELETE FROM record WHERE id = :id", id=damaged.visits[1].id)
    assert damaged.found(mending=True)[1] == []
    with damaged.standing.world.database.reading() as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "mended")).one()
        assert (row.county_id, row.user_id, row.object_kind) == (COUNTY_ID, "console", "follow_up")
        assert (row.object_id, row.detail) == (damaged.visits[1].id, {"was": "vanished"})

"""What is restricted travels by itself: to the doctors named for it, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.refusals import Refused
from core.vocabulary import GroupTag, Kind
from core.wire.bodies import body_of
from core.wire.digests import root_text
from county.db import Database
from county.ledger import RecordWrite, write
from county.people import act_of, set_villages
from county.tables import AuditRow, PersonAccountRow, RecordRow, ScopeHeadRow, UserRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    RESTRICTED_SCOPE,
    SCOPE,
    VILLAGE_ID,
    a_contract,
    a_resident,
    a_special_programme,
)
from tests.county.asking import ask
from tests.county.conftest import NOW
from tests.county.in_confidence import (
    HOUSEHOLD,
    RESIDENT,
    SPECIAL,
    a_tablet_beside,
    cursors_of,
    held,
    told,
)
from tests.county_world import (
    OTHER_RESTRICTED_SCOPE,
    OTHER_SCOPE,
    OTHER_VILLAGE_ID,
    Enrolled,
    entrusted,
    is_sound,
    write_records,
)
from tests.operations import Chain, outcomes


@pytest.fixture
def tablet(county: Database) -> Enrolled:
    return a_tablet_beside(county)


def test_a_tablet_is_sent_special_programmes_once_its_doctor_is_named_and_not_before(
    county: Database, tablet: Enrolled
) -> None:
    before = ask(county, tablet)
    assert SPECIAL.id not in told(before)
    assert RESTRICTED_SCOPE not in before.cursors
    entrusted(county, NOW, VILLAGE_ID)
    after = ask(county, tablet, cursors=cursors_of(before))
    assert told(after) == {SPECIAL.id}
    assert after.roots.keys() >= {SCOPE, RESTRICTED_SCOPE}


def test_whoever_is_not_named_any_more_drops_the_scope(county: Database, tablet: Enrolled) -> None:
    entrusted(county, NOW, VILLAGE_ID)
    before = ask(county, tablet)
    entrusted(county, NOW)
    after = ask(county, tablet, cursors=cursors_of(before))
    assert after.dropped_scopes == (RESTRICTED_SCOPE,)
    assert RESTRICTED_SCOPE not in after.roots


def test_a_naming_ends_with_the_village_and_does_not_come_back_with_it(county: Database) -> None:
    entrusted(county, NOW, VILLAGE_ID)
    for villages in ([OTHER_VILLAGE_ID], [VILLAGE_ID, OTHER_VILLAGE_ID]):
        with county.writing() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
            set_villages(session, act_of(COUNTY_ID, "office", NOW), doctor, villages)
            assert doctor.restricted_village_ids == []


def test_nobody_can_be_named_for_a_village_that_is_not_theirs(county: Database) -> None:
    with pytest.raises(Refused) as refused:
        entrusted(county, NOW, OTHER_VILLAGE_ID)
    assert refused.value.refusals[0].code == "entrust.not_their_village"


def test_whoever_is_named_and_until_when_is_in_the_audit_trail(county: Database) -> None:
    entrusted(county, NOW, VILLAGE_ID)
    entrusted(county, NOW, VILLAGE_ID)
    entrusted(county, NOW)
    with county.reading() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert sorted(row.action for row in rows) == ["entrust"] * 2 + ["entrust_no_more"] * 2
    assert {json.dumps(row.detail) for row in rows} == {json.dumps({"villages": [VILLAGE_ID]})}


def test_a_tablet_may_ask_what_differs_only_where_its_doctor_is_named(
    county: Database, tablet: Enrolled
) -> None:
    question = {"scope_id": RESTRICTED_SCOPE}
    assert ask(county, tablet, question=question).told is None
    entrusted(county, NOW, VILLAGE_ID)
    answer = ask(county, tablet, question=question).told
    assert answer is not None
    assert [bucket.kind for bucket in answer.buckets] == [Kind.SPECIAL_PROGRAMME]


def test_nobody_learns_by_its_id_that_there_is_a_special_programme(
    county: Database, tablet: Enrolled
) -> None:
    question = {"scope_id": SCOPE, "fetch": [SPECIAL.id, RESIDENT.id]}
    for named in ((), (VILLAGE_ID,)):
        entrusted(county, NOW, *named)
        answer = ask(county, tablet, question=question)
        assert answer.told is not None
        assert answer.told.unknown == (SPECIAL.id,)
        assert [change.record_id for change in answer.repairs] == [RESIDENT.id]
    own = ask(county, tablet, question={"scope_id": RESTRICTED_SCOPE, "fetch": [SPECIAL.id]})
    assert [(change.record_id, change.action) for change in own.repairs] == [(SPECIAL.id, "put")]


def test_a_restricted_scope_is_offered_whole_only_to_those_who_are_named(
    county: Database, tablet: Enrolled, tmp_path: Path
) -> None:
    offered = ask(county, tablet, folder=tmp_path / "kept", takes_snapshots=True).snapshots
    assert SCOPE in offered
    assert RESTRICTED_SCOPE not in offered
    entrusted(county, NOW, VILLAGE_ID)
    offered = ask(county, tablet, folder=tmp_path / "kept", takes_snapshots=True).snapshots
    assert RESTRICTED_SCOPE in offered


def test_a_special_programme_goes_where_its_resident_goes(
    county: Database, tablet: Enrolled
) -> None:
    write_records(county, NOW, replace(RESIDENT, scope_id=OTHER_SCOPE))
    row = held(county, SPECIAL.id)
    assert (row.scope_id, row.body["scope_id"]) == (OTHER_RESTRICTED_SCOPE,) * 2
    assert row.body == body_of(replace(SPECIAL, scope_id=OTHER_RESTRICTED_SCOPE))
    assert is_sound(county, NOW)


def test_a_doctor_who_moves_a_resident_moves_what_they_may_not_see(
    county: Database, tablet: Enrolled
) -> None:
    with county.writing() as session:
        doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
        doctor.village_ids = [VILLAGE_ID, OTHER_VILLAGE_ID]
    edit = Chain(tablet, NOW).set(Kind.RESIDENT, RESIDENT.id, 1, {"scope_id": OTHER_SCOPE})
    answer = ask(county, tablet, edit)
    assert outcomes(answer) == ["accepted"]
    assert SPECIAL.id not in told(answer)
    assert held(county, SPECIAL.id).scope_id == OTHER_RESTRICTED_SCOPE
    assert is_sound(county, NOW)


def test_a_special_programme_written_with_the_move_of_its_resident_is_written_once(
    county: Database, tablet: Enrolled
) -> None:
    more = a_special_programme(RESIDENT.id, GroupTag.TB, GroupTag.SMI, id=SPECIAL.id)
    moved = replace(more, scope_id=OTHER_RESTRICTED_SCOPE)
    write_records(county, NOW, replace(RESIDENT, scope_id=OTHER_SCOPE), moved)
    row = held(county, SPECIAL.id)
    assert (row.revision, row.body) == (2, body_of(moved))


def test_a_special_programme_is_taken_off_with_its_resident(
    county: Database, tablet: Enrolled
) -> None:
    entrusted(county, NOW, VILLAGE_ID)
    before = ask(county, tablet)
    removed = RecordWrite(
        kind=Kind.RESIDENT,
        record_id=RESIDENT.id,
        scope_id=SCOPE,
        body=body_of(RESIDENT),
        author_id="office",
        recorded_at=NOW,
        removed=True,
    )
    with county.writing() as session:
        write(session, COUNTY_ID, [removed], NOW)
    after = ask(county, tablet, cursors=cursors_of(before))
    assert {(change.record_id, change.action) for change in after.changes} == {
        (RESIDENT.id, "remove"),
        (SPECIAL.id, "remove"),
    }
    assert after.roots[RESTRICTED_SCOPE] == root_text(0)


def test_an_account_is_the_same_with_a_special_programme_and_without(
    county: Database, tablet: Enrolled
) -> None:
    other = a_resident(household_id=HOUSEHOLD.id, birth_date=RESIDENT.birth_date)
    write_records(county, NOW, other, a_contract(other.id))
    kept = [accounts_of(county, resident.id) for resident in (RESIDENT, other)]
    assert kept[0] == kept[1] != []
    assert is_sound(county, NOW)


def accounts_of(county: Database, resident_id: str) -> list[dict[str, Any]]:
    columns = PersonAccountRow.__table__.columns.keys()
    with county.reading() as session:
        rows: Sequence[PersonAccountRow] = session.scalars(
            select(PersonAccountRow)
            .where(PersonAccountRow.resident_id == resident_id)
            .order_by(PersonAccountRow.year)
        ).all()
        return [
            {name: getattr(row, name) for name in columns if name != "resident_id"} for row in rows
        ]


def test_the_desk_finds_nothing_restricted_by_a_village(county: Database, tablet: Enrolled) -> None:
    with county.reading() as session:
        rows = session.scalars(select(RecordRow).where(RecordRow.village_id == VILLAGE_ID))
        assert Kind.SPECIAL_PROGRAMME not in {row.kind for row in rows}
        assert session.get(ScopeHeadRow, (COUNTY_ID, RESTRICTED_SCOPE)) is not None


def test_a_special_programme_is_told_as_the_county_wrote_it(
    county: Database, tablet: Enrolled
) -> None:
    entrusted(county, NOW, VILLAGE_ID)
    (change,) = [each for each in ask(county, tablet).changes if each.record_id == SPECIAL.id]
    assert change.body == {
        "id": SPECIAL.id,
        "scope_id": RESTRICTED_SCOPE,
        "resident_id": RESIDENT.id,
        "tags": [{"tag": "tb", "from_on": date(2025, 3, 1).isoformat()}],
    }

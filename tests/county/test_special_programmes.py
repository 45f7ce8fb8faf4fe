"""What is restricted travels by itself: to the doctors named for it, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.people import TagSpan
from core.refusals import Refused
from core.vocabulary import RESTRICTED_TAGS, GroupTag, Kind
from core.wire.bodies import body_of
from core.wire.digests import root_text
from core.wire.envelopes import SyncResponse
from county.db import Database
from county.ledger import RecordWrite, write
from county.people import Act, act_of, set_villages
from county.special_programmes import end_programme, programmes
from county.tables import AuditRow, ConflictRow, PersonAccountRow, RecordRow, ScopeHeadRow, UserRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    RESTRICTED_SCOPE,
    SCOPE,
    VILLAGE_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_special_programme,
)
from tests.county.asking import ask
from tests.county.conftest import NOW
from tests.county_world import (
    OTHER_RESTRICTED_SCOPE,
    OTHER_SCOPE,
    OTHER_VILLAGE_ID,
    Enrolled,
    enrol_tablet,
    entrusted,
    is_sound,
    write_records,
)
from tests.operations import Chain, outcomes

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
SPECIAL = a_special_programme(RESIDENT.id)


@pytest.fixture
def tablet(county: Database) -> Enrolled:
    write_records(county, NOW, HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id), SPECIAL)
    return enrol_tablet(county, NOW)


def told(answer: SyncResponse) -> set[str]:
    return {change.record_id for change in answer.changes}


def held(county: Database, record_id: str) -> RecordRow:
    with county.reading() as session:
        return session.get_one(RecordRow, (COUNTY_ID, record_id))


def cursors_of(answer: SyncResponse) -> dict[str, Any]:
    return {scope: asdict(cursor) for scope, cursor in answer.cursors.items()}


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


@pytest.mark.parametrize("is_named", [False, True])
def test_no_tablet_writes_what_is_restricted(
    county: Database, tablet: Enrolled, is_named: bool
) -> None:
    if is_named:
        entrusted(county, NOW, VILLAGE_ID)
    chain = Chain(tablet, NOW)
    hidden = a_household(scope_id=RESTRICTED_SCOPE)
    tried = (
        chain.set(Kind.SPECIAL_PROGRAMME, SPECIAL.id, 1, {"tags": []}),
        chain.put(replace(a_follow_up(RESIDENT.id), scope_id=RESTRICTED_SCOPE)),
        chain.put(a_follow_up(SPECIAL.id)),
        replace(chain.set(Kind.HOUSEHOLD, hidden.id, 0, body_of(hidden))),
        chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"scope_id": RESTRICTED_SCOPE}),
    )
    answer = ask(county, tablet, *tried)
    assert outcomes(answer) == [
        "op.kind_not_yours",
        "scope.not_yours",
        "scope.not_yours",
        "op.body_disagrees",
        "op.body_disagrees",
    ]
    assert held(county, SPECIAL.id).revision == 1


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


@pytest.mark.parametrize("tag", sorted(RESTRICTED_TAGS))
@pytest.mark.parametrize("is_new", [False, True])
def test_no_tablet_says_in_an_open_record_what_is_told_in_confidence(
    county: Database, tablet: Enrolled, tag: str, is_new: bool
) -> None:
    said: tuple[dict[str, Any], ...] = ({"tags": [{"tag": tag}]}, {"conditions": [{"code": tag}]})
    chain, newcomer = Chain(tablet, NOW), a_resident(household_id=HOUSEHOLD.id)
    if is_new:
        said = tuple({**body_of(newcomer), **fields} for fields in said)
    record_id, revision = (newcomer.id, 0) if is_new else (RESIDENT.id, 1)
    answer = ask(county, tablet, *(chain.set(Kind.RESIDENT, record_id, revision, f) for f in said))
    assert outcomes(answer) == ["op.in_confidence"] * 2
    harmless = chain.set(Kind.RESIDENT, RESIDENT.id, 1, {"tags": [{"tag": "copd"}]})
    assert outcomes(ask(county, tablet, harmless)) == ["accepted"]


def test_not_even_in_an_edit_that_comes_too_late_to_stand(
    county: Database, tablet: Enrolled
) -> None:
    now = NOW + timedelta(hours=1)
    write_records(county, now, replace(RESIDENT, tags=(TagSpan(tag=GroupTag.HTN),)))
    late = Chain(tablet, NOW).set(Kind.RESIDENT, RESIDENT.id, 1, {"tags": [{"tag": "tb"}]})
    assert outcomes(ask(county, tablet, late)) == ["op.in_confidence"]
    with county.reading() as session:
        assert session.scalars(select(ConflictRow)).all() == []


@pytest.mark.parametrize(
    "said",
    [
        {"tags": "htn"},
        {"tags": ["htn", None]},
        {"tags": [{"tag": ["htn"]}]},
        {"conditions": {"a": 1}},
    ],
)
def test_what_is_no_list_of_groups_is_refused_as_that(
    county: Database, tablet: Enrolled, said: dict[str, Any]
) -> None:
    edit = Chain(tablet, NOW).set(Kind.RESIDENT, RESIDENT.id, 1, said)
    assert outcomes(ask(county, tablet, edit)) == ["body.field"]


def test_a_record_that_says_it_since_before_can_still_be_corrected(
    county: Database, tablet: Enrolled
) -> None:
    write_records(county, NOW, replace(RESIDENT, tags=(TagSpan(tag=GroupTag.TB),)))
    corrected = Chain(tablet, NOW).set(Kind.RESIDENT, RESIDENT.id, 2, {"phone": "19900001234"})
    assert outcomes(ask(county, tablet, corrected)) == ["accepted"]


def act() -> Act:
    return act_of(COUNTY_ID, "office", NOW)


def spans(county: Database) -> list[tuple[str, str | None]]:
    return [(span["tag"], span.get("to_on")) for span in held(county, SPECIAL.id).body["tags"]]


def test_a_special_programme_ends_at_the_office_and_so_for_the_named_doctor(
    county: Database, tablet: Enrolled
) -> None:
    both = a_special_programme(RESIDENT.id, GroupTag.TB, GroupTag.SMI, id=SPECIAL.id)
    write_records(county, NOW, both)
    entrusted(county, NOW, VILLAGE_ID)
    before = ask(county, tablet)
    with county.writing() as session:
        end_programme(session, act(), SPECIAL.id, GroupTag.TB, date(2026, 11, 20))
    assert spans(county) == [("tb", "2026-11-20"), ("smi", None)]
    (change,) = ask(county, tablet, cursors=cursors_of(before)).changes
    assert change.body is not None
    assert change.body["tags"][0]["to_on"] == "2026-11-20"
    with county.writing() as session:
        end_programme(session, act(), SPECIAL.id, None, date(2026, 11, 21))
    assert spans(county) == [("tb", "2026-11-20"), ("smi", "2026-11-21")]
    assert is_sound(county, NOW)


@pytest.mark.parametrize(
    ("record_id", "tag", "last_day", "code"),
    [
        (SPECIAL.id, GroupTag.SMI, date(2026, 11, 20), "special.not_open"),
        (SPECIAL.id, None, date(2025, 2, 28), "special.last_day"),
        (SPECIAL.id, None, date(2026, 11, 23), "special.ahead"),
        (SPECIAL.id, None, date(9999, 12, 31), "special.ahead"),
        (RESIDENT.id, None, date(2026, 11, 20), "special.unknown"),
        ("nothing", None, date(2026, 11, 20), "special.unknown"),
    ],
)
def test_what_is_not_there_to_be_ended_stays_as_it_is(
    county: Database,
    tablet: Enrolled,
    record_id: str,
    tag: GroupTag | None,
    last_day: date,
    code: str,
) -> None:
    with pytest.raises(Refused) as refused, county.writing() as session:
        end_programme(session, act(), record_id, tag, last_day)
    assert refused.value.refusals[0].code == code
    assert spans(county) == [("tb", None)]


def test_what_a_later_version_says_of_a_programme_stays_when_it_ends(county: Database) -> None:
    body = body_of(SPECIAL)
    later = {**body, "tags": [{**body["tags"][0], "sputum": "positive"}], "ward": 3}
    write_records(county, NOW, HOUSEHOLD, RESIDENT)
    item = RecordWrite(
        kind=Kind.SPECIAL_PROGRAMME,
        record_id=SPECIAL.id,
        scope_id=RESTRICTED_SCOPE,
        schema=7,
        body=later,
        author_id="office",
        recorded_at=NOW,
    )
    with county.writing() as session:
        write(session, COUNTY_ID, [item], NOW)
        end_programme(session, act(), SPECIAL.id, None, date(2026, 11, 20))
    row = held(county, SPECIAL.id)
    ended = {**later["tags"][0], "to_on": "2026-11-20"}
    assert (row.schema, row.body) == (7, {**later, "tags": [ended]})


def test_a_programme_that_was_to_end_on_a_day_to_come_is_open_still(county: Database) -> None:
    ahead = replace(SPECIAL.tags[0], to_on=date(9999, 12, 31))
    write_records(county, NOW, HOUSEHOLD, RESIDENT, replace(SPECIAL, tags=(ahead,)))
    with county.writing() as session:
        end_programme(session, act(), SPECIAL.id, None, date(2026, 11, 20))
    assert spans(county) == [("tb", "2026-11-20")]


def test_whoever_looks_at_the_list_or_ends_one_is_in_the_trail_which_names_no_disease(
    county: Database, tablet: Enrolled
) -> None:
    with county.writing() as session:
        (kept,) = programmes(session, act(), (VILLAGE_ID, OTHER_VILLAGE_ID))
        assert programmes(session, act(), (OTHER_VILLAGE_ID,)) == ()
        end_programme(session, act(), kept.record_id, None, date(2026, 11, 20))
        (ended,) = programmes(session, act(), (VILLAGE_ID,))
        acts = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
        trail = [(row.action, row.object_id, json.dumps(row.detail)) for row in acts]
    assert (kept.resident, kept.tag, kept.to_on) == (RESIDENT.name, "tb", None)
    assert ended.to_on == date(2026, 11, 20)
    assert sorted(action for action, _, _ in trail) == ["special_end"] + ["special_read"] * 3
    assert not [told for told in trail if "tb" in "".join(told) or RESIDENT.id in "".join(told)]

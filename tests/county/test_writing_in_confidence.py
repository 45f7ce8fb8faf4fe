"""What is restricted is written and ended at the office; no tablet says it, in no record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.people import TagSpan
from core.refusals import Refused
from core.vocabulary import RESTRICTED_TAGS, GroupTag, Kind
from core.wire.bodies import body_of
from county.db import Database
from county.ledger import RecordWrite, write
from county.people import Act, act_of
from county.special_programmes import end_programme, programmes
from county.tables import AuditRow, ConflictRow
from tests.builders import (
    COUNTY_ID,
    RESTRICTED_SCOPE,
    VILLAGE_ID,
    a_follow_up,
    a_household,
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
)
from tests.county_world import OTHER_VILLAGE_ID, Enrolled, entrusted, is_sound, write_records
from tests.operations import Chain, outcomes


@pytest.fixture
def tablet(county: Database) -> Enrolled:
    return a_tablet_beside(county)


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

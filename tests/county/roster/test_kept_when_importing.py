"""What a roster leaves as it is: what tablets and later versions said; and what it keeps apart."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.ids import restricted_scope, village_scope
from core.merging import Stamp
from core.vocabulary import RESTRICTED_TAGS, Kind
from county.db import Database
from county.held import load
from county.ledger import Posting, RecordWrite, write
from county.roster.answers import Outcome, report_json, report_text
from county.tables import RecordRow, RosterImportRow
from tests.builders import COUNTY_ID
from tests.county.conftest import NOW
from tests.county.roster.conftest import Import, bodies, codes, in_the_county, outcomes
from tests.county.roster.sheets_of import LI, a_row, an_id, the_wife


def test_what_a_tablet_has_set_since_is_kept_and_told(county: Database, take: Import) -> None:
    take(in_the_county(电话="19900001234"))
    (resident,) = bodies(county, Kind.RESIDENT)
    set_on_a_tablet(county, resident, phone="19900009999")
    report = take(in_the_county(电话="19900001234"))
    assert outcomes(report) == ["unchanged"]
    assert [(note.code, note.values) for note in report.answers[0].notes] == [
        ("tablet_kept", {"field": "phone"})
    ]
    assert bodies(county, Kind.RESIDENT)[0]["phone"] == "19900009999"


def set_on_a_tablet(database: Database, body: dict[str, Any], **fields: Any) -> None:
    with database.writing() as session:
        held = load(session, COUNTY_ID, [body["id"]])
        old = held[body["id"]]
        stamp = Stamp(clock="1790000000000-0000-tablet-1", revision=old.revision + 1)
        posting = Posting(COUNTY_ID, held, NOW)
        posting.add(
            RecordWrite(
                kind=Kind.RESIDENT,
                record_id=body["id"],
                scope_id=old.scope_id,
                body={**old.body, **fields},
                author_id="doctor-1",
                recorded_at=NOW,
                device_id="tablet-1",
                clocks={**old.stamps, **dict.fromkeys(fields, stamp)},
            )
        )
        posting.post(session)


@pytest.mark.parametrize(
    ("cells", "corrected"),
    [
        ({}, {"id_number": an_id("19500101", 3)}),
        ({}, {"id_number": an_id("19500201", 3), "birth_date": "1950-02-01"}),
        ({"身份证号": None, "出生日期": "1950-01-01", "性别": "男"}, {"birth_date": "1950-02-01"}),
        ({"身份证号": None, "出生日期": "1950-01-01", "性别": "男"}, {"name": "张大川"}),
    ],
)
def test_whoever_a_doctor_has_corrected_is_known_again(
    county: Database, take: Import, cells: dict[str, Any], corrected: dict[str, Any]
) -> None:
    row = in_the_county(人群="肺结核", **cells)
    take(row)
    (resident,) = bodies(county, Kind.RESIDENT)
    set_on_a_tablet(county, resident, **corrected)
    report = take(row, now=NOW + timedelta(days=1))
    assert (outcomes(report), report.leavers) == (["unchanged"], ())
    (after,) = bodies(county, Kind.RESIDENT)
    assert after == {**resident, **corrected}
    assert len(bodies(county, Kind.SPECIAL_PROGRAMME)) == 1


def test_whom_a_doctor_has_put_into_another_household_stays_in_its_village(
    county: Database, take: Import
) -> None:
    li = {"户编号": "H002", "户主": "李四", "姓名": "李四", "身份证号": an_id("19600101", 1)}
    take(in_the_county(), in_the_county(**li))
    by_name = {body["name"]: body for body in bodies(county, Kind.RESIDENT)}
    household_id = by_name["李四"]["household_id"]
    set_on_a_tablet(county, by_name["张大山"], household_id=household_id)
    take(a_row(乡镇="云岭镇", 村="柳树村"), now=NOW + timedelta(days=1))
    moved = {body["name"]: body for body in bodies(county, Kind.RESIDENT)}["张大山"]
    assert (moved["household_id"], moved["scope_id"]) == (household_id, village_scope("village-1"))


def test_a_record_of_a_later_version_stops_no_roster_and_keeps_what_it_says(
    county: Database, take: Import
) -> None:
    take(in_the_county(人群="肺结核"))
    (special,) = bodies(county, Kind.SPECIAL_PROGRAMME)
    later = {**special, "tags": [{**special["tags"][0], "sputum": "positive"}], "ward": 3}
    scope = village_scope("village-1")
    unreadable = {"id": "later", "scope_id": scope, "names": ["李"], "id_number": LI}
    items = [
        RecordWrite(
            kind=kind,
            record_id=body["id"],
            scope_id=body["scope_id"],
            schema=7,
            body=body,
            author_id="office",
            recorded_at=NOW,
        )
        for kind, body in ((Kind.SPECIAL_PROGRAMME, later), (Kind.RESIDENT, unreadable))
    ]
    with county.writing() as session:
        write(session, COUNTY_ID, items, NOW)
    report = take(in_the_county(人群="肺结核、重性精神病"), the_wife(乡镇="云岭镇", 村="石门村"))
    assert codes(report) == ["roster.later_version"]
    assert unreadable in bodies(county, Kind.RESIDENT)
    assert len(bodies(county, Kind.RESIDENT)) == 2
    (after,) = bodies(county, Kind.SPECIAL_PROGRAMME)
    assert (after["ward"], after["tags"][0]) == (3, later["tags"][0])
    assert [span["tag"] for span in after["tags"]] == ["tb", "smi"]


def test_fields_of_a_newer_version_survive_a_change(county: Database, take: Import) -> None:
    take(in_the_county())
    (resident,) = bodies(county, Kind.RESIDENT)
    set_on_a_tablet(county, resident, blood_type="AB")
    take(in_the_county(电话="19900001234"))
    (resident,) = bodies(county, Kind.RESIDENT)
    assert (resident["blood_type"], resident["phone"]) == ("AB", "19900001234")


@pytest.mark.parametrize("column", ["人群", "疾病"])
@pytest.mark.parametrize("wording", ["艾滋病", "梅毒"])
def test_what_no_record_may_hold_reaches_neither_records_nor_answers(
    county: Database, take: Import, column: str, wording: str
) -> None:
    report = take(in_the_county(**{column: f"高血压、{wording}"}))
    assert [note.code for note in report.answers[0].notes] == ["left_out"]
    written = everything_kept(county)
    assert wording not in written
    assert not [tag for tag in RESTRICTED_TAGS if f'"{tag}"' in written]


@pytest.mark.parametrize("column", ["人群", "疾病"])
@pytest.mark.parametrize(("wording", "tag"), [("肺结核", "tb"), ("严重精神障碍", "smi")])
def test_what_is_cared_for_in_confidence_is_kept_apart_and_named_in_no_answer(
    county: Database, take: Import, column: str, wording: str, tag: str
) -> None:
    report = take(in_the_county(**{column: f"高血压、{wording}"}))
    assert [note.code for note in report.answers[0].notes] == ["kept_apart"]
    (resident,) = bodies(county, Kind.RESIDENT)
    (special,) = bodies(county, Kind.SPECIAL_PROGRAMME)
    assert special["resident_id"] == resident["id"]
    assert special["scope_id"] == restricted_scope("village-1")
    assert special["tags"] == [{"tag": tag}]
    assert everything_kept(county).count(f'"{tag}"') == 1
    said = [report_text(report, notes=True), json.dumps(report_json(report), ensure_ascii=False)]
    assert not [text for text in said if wording in text or tag in text]


def everything_kept(county: Database) -> str:
    with county.reading() as session:
        kept = [
            *session.scalars(select(RecordRow.body)),
            *session.scalars(select(RosterImportRow.rows)),
        ]
    return json.dumps(kept, ensure_ascii=False)


def test_what_is_cared_for_in_confidence_is_added_to_once_and_never_taken_away(
    county: Database, take: Import
) -> None:
    take(in_the_county(人群="高血压"))
    added = take(in_the_county(人群="高血压、肺结核"))
    assert [answer.changed for answer in added.answers] == [("special_programme",)]
    (first,) = bodies(county, Kind.SPECIAL_PROGRAMME)
    assert first["tags"] == [{"tag": "tb", "from_on": "2026-11-22"}]
    assert outcomes(take(in_the_county(人群="高血压、肺结核"))) == ["unchanged"]
    assert outcomes(take(in_the_county(人群="高血压"))) == ["unchanged"]
    later = take(in_the_county(人群="重精", 疾病=""), now=NOW + timedelta(days=1))
    assert outcomes(later) == ["changed"]
    (second,) = bodies(county, Kind.SPECIAL_PROGRAMME)
    assert second["id"] == first["id"]
    assert second["tags"] == [*first["tags"], {"tag": "smi", "from_on": "2026-11-23"}]


def test_what_is_cared_for_in_confidence_moves_with_the_person(
    county: Database, take: Import
) -> None:
    take(in_the_county(人群="肺结核"))
    take(a_row(乡镇="云岭镇", 村="柳树村", 人群="肺结核、重精"))
    (special,) = bodies(county, Kind.SPECIAL_PROGRAMME)
    assert special["scope_id"] == restricted_scope("village-2")
    assert [span["tag"] for span in special["tags"]] == ["tb", "smi"]


def test_a_person_recorded_as_died_is_told_and_stays_so(county: Database, take: Import) -> None:
    take(in_the_county())
    (resident,) = bodies(county, Kind.RESIDENT)
    set_on_a_tablet(county, resident, left="died", left_on=date(2026, 5, 1).isoformat())
    report = take(in_the_county())
    assert [note.code for note in report.answers[0].notes] == ["recorded_as_died"]
    assert report.answers[0].outcome == Outcome.UNCHANGED

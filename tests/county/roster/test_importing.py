"""Rosters taken in: every row answered, a second time without effect, nothing ever lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from openpyxl import Workbook
from sqlalchemy import select

from core.ids import village_scope
from core.vocabulary import Kind
from county.db import Database
from county.people import townships_of, villages_of
from county.roster.importing import RosterOptions, import_roster
from county.tables import ChangeRow, PersonAccountRow, RosterImportRow, UserRow
from tests.builders import COUNTY_ID
from tests.county.conftest import NOW
from tests.county.roster.conftest import Import, act, bodies, codes, in_the_county, outcomes
from tests.county.roster.sheets_of import ZHANG, a_roster, a_row, an_id, the_wife, write_sheet
from tests.county_world import ESCROW_KEY


def test_a_person_comes_in_with_household_contract_and_account(
    county: Database, take: Import
) -> None:
    report = take(in_the_county(电话="19900001234", 组="3", 门牌="12"))
    assert outcomes(report) == ["new"]
    (household,) = bodies(county, Kind.HOUSEHOLD)
    (resident,) = bodies(county, Kind.RESIDENT)
    (contract,) = bodies(county, Kind.CONTRACT)
    assert (household["number"], household["head_name"]) == ("H001", "张大山")
    assert (household["group_no"], household["house_no"]) == ("3组", "12")
    assert (resident["name"], resident["id_number"]) == ("张大山", ZHANG)
    assert (resident["birth_date"], resident["sex"]) == ("1950-01-01", "male")
    assert [span["tag"] for span in resident["tags"]] == ["htn"]
    assert (contract["start_on"], contract["end_on"]) == ("2026-01-05", "2026-12-31")
    with county.reading() as session:
        accounts = session.scalars(select(PersonAccountRow)).all()
    assert [account.resident_id for account in accounts] == [resident["id"]]


def test_the_same_file_a_second_time_changes_nothing(county: Database, take: Import) -> None:
    rows = (
        in_the_county(电话="19900001234"),
        in_the_county(姓名="李 秀英", 身份证号=an_id("19520607", 2)),
    )
    take(*rows)
    with county.reading() as session:
        changes = len(session.scalars(select(ChangeRow)).all())
    second = take(*rows, now=NOW + timedelta(days=1))
    assert outcomes(second) == ["unchanged", "unchanged"]
    assert second.counts["corrected"] == 1
    with county.reading() as session:
        assert len(session.scalars(select(ChangeRow)).all()) == changes
        assert len(session.scalars(select(RosterImportRow)).all()) == 2


def test_only_what_the_file_says_anew_is_changed(county: Database, take: Import) -> None:
    take(in_the_county(电话="19900001234", 民族="畲族"))
    report = take(in_the_county(电话="19900005678", 人群="高血压、糖尿病"))
    assert outcomes(report) == ["changed"]
    assert set(report.answers[0].changed) == {"phone", "tags", "conditions"}
    (resident,) = bodies(county, Kind.RESIDENT)
    assert resident["ethnic_group"] == "22"
    assert resident["tags"] == [{"tag": "htn"}, {"tag": "t2dm", "from_on": "2026-11-22"}]


def test_someone_without_a_number_is_found_again_by_name_and_birth_date(
    county: Database, take: Import
) -> None:
    newborn = {"姓名": "张小山", "与户主关系": "孙子", "性别": "男", "出生日期": "2025.3.4"}
    take(in_the_county(**newborn, 身份证号=None))
    report = take(in_the_county(**newborn, 身份证号=an_id("20250304", 3)))
    assert outcomes(report) == ["changed"]
    (resident,) = bodies(county, Kind.RESIDENT)
    assert resident["id_number"] == an_id("20250304", 3)


def test_two_people_of_one_name_and_birth_date_stay_two(county: Database, take: Import) -> None:
    take(in_the_county(), in_the_county(身份证号=an_id("19500101", 3)))
    assert len(bodies(county, Kind.RESIDENT)) == 2


def test_a_person_twice_in_the_file_is_taken_once(county: Database, take: Import) -> None:
    report = take(in_the_county(), in_the_county(户编号="H009"))
    assert outcomes(report) == ["new", "refused"]
    assert report.answers[1].refusals[0].values["row"] == 2
    assert len(bodies(county, Kind.RESIDENT)) == 1


def test_rows_of_a_household_that_disagree_are_told_and_stay_quiet_the_next_time(
    county: Database, take: Import
) -> None:
    wife = {"姓名": "李秀英", "身份证号": an_id("19520607", 2)}
    rows = (in_the_county(门牌="12"), in_the_county(门牌="13", **wife))
    first = take(*rows)
    assert [note.code for note in first.answers[1].notes] == ["household_differs"]
    assert bodies(county, Kind.HOUSEHOLD)[0]["house_no"] == "12"
    assert outcomes(take(*rows)) == ["unchanged", "unchanged"]


def test_a_renewal_is_a_new_contract_and_a_corrected_end_is_not(
    county: Database, take: Import
) -> None:
    take(in_the_county())
    report = take(in_the_county(到期日期="2027-01-04"))
    assert report.answers[0].changed == ("end_on",)
    take(in_the_county(签约日期="2027-01-05", 到期日期="2028-01-04"))
    contracts = sorted(bodies(county, Kind.CONTRACT), key=lambda body: body["start_on"])
    assert [(item["start_on"], item["end_on"], item.get("state")) for item in contracts] == [
        ("2026-01-05", "2027-01-04", None),
        ("2027-01-05", "2028-01-04", "renewed"),
    ]


def test_people_no_longer_listed_are_told_and_never_deleted(county: Database, take: Import) -> None:
    wife = {"姓名": "李秀英", "身份证号": an_id("19520607", 2)}
    take(in_the_county(), in_the_county(**wife))
    report = take(in_the_county())
    assert [(leaver.name, leaver.village) for leaver in report.leavers] == [("李秀英", "石门村")]
    assert len(bodies(county, Kind.RESIDENT)) == 2


def test_a_refused_row_does_not_make_its_person_a_leaver(county: Database, take: Import) -> None:
    take(in_the_county())
    report = take(in_the_county(身份证号=ZHANG[:-1]))
    assert outcomes(report) == ["refused"]
    assert report.leavers == ()


def test_a_person_who_moved_takes_the_contract_along(county: Database, take: Import) -> None:
    take(in_the_county())
    report = take(a_row(乡镇="云岭镇", 村="柳树村", 户编号="H777"))
    assert "household_id" in report.answers[0].changed
    (resident,) = bodies(county, Kind.RESIDENT)
    (contract,) = bodies(county, Kind.CONTRACT)
    assert resident["scope_id"] == contract["scope_id"] == village_scope("village-2")


def test_a_dry_run_answers_everything_and_changes_nothing(county: Database, take: Import) -> None:
    report = take(in_the_county(), dry_run=True)
    assert (outcomes(report), report.dry_run) == (["new"], True)
    assert bodies(county, Kind.RESIDENT) == []
    with county.reading() as session:
        assert session.scalars(select(RosterImportRow)).all() == []


def test_an_unknown_village_is_refused_with_the_nearest_name(take: Import) -> None:
    report = take(a_row(乡镇="云岭镇", 村="石闩村"))
    assert codes(report) == ["roster.unknown_village"]
    refusal = report.answers[0].refusals[0]
    assert (refusal.place, refusal.values["nearest"]) == ("B2", "石门村")


def test_an_unknown_township_is_refused_with_those_there_are(take: Import) -> None:
    report = take(a_row(乡镇="风岭镇", 村="石门村"))
    assert codes(report) == ["roster.unknown_township"]
    assert report.answers[0].refusals[0].values["known"] == "云岭镇"


def test_villages_are_added_when_the_office_says_so(county: Database, take: Import) -> None:
    report = take(a_row(乡镇="云岭镇", 村="新安村", 签约医生="陈远"), create_villages=True)
    assert report.new_villages == ("新安村",)
    with county.reading() as session:
        names = {row.name: row.township_id for row in villages_of(session, COUNTY_ID)}
        doctor = session.scalars(select(UserRow).where(UserRow.name == "陈远")).one()
    assert names["新安村"] == "township-1"
    assert (doctor.role, doctor.login) == ("doctor", "chenyuan")
    (contract,) = bodies(county, Kind.CONTRACT)
    assert contract["doctor_id"] == doctor.id


def test_the_contract_goes_to_the_villages_only_doctor_where_none_is_named(
    county: Database, take: Import
) -> None:
    take(in_the_county())
    assert bodies(county, Kind.CONTRACT)[0]["doctor_id"] == "doctor-1"


def test_an_unknown_doctor_is_told(county: Database, take: Import) -> None:
    report = take(in_the_county(签约医生="某某某"))
    assert [note.code for note in report.answers[0].notes] == ["doctor_unknown"]
    assert "doctor_id" not in bodies(county, Kind.CONTRACT)[0]


def test_the_first_roster_of_an_empty_county_brings_its_map(
    sqlite_database: Database, tmp_path: Path
) -> None:
    from county.keys import found_county

    with sqlite_database.writing() as session:
        found_county(session, COUNTY_ID, "青川县", NOW, ESCROW_KEY)
    workbook = Workbook()
    write_sheet(workbook.worksheets[0], [a_row(签约医生="陈远"), the_wife(签约医生="陈远")])
    write_sheet(
        workbook.create_sheet("二"),
        [a_row(乡镇="青山乡", 村="下河村", 身份证号=an_id("19600101"), 签约医生="陈远")],
    )
    workbook.save(tmp_path / "roster.xlsx")
    report = import_roster(sqlite_database, act(), tmp_path / "roster.xlsx")
    assert outcomes(report) == ["new", "new", "new"]
    assert report.created == {"townships": 2, "villages": 2, "doctors": 2, "households": 2}
    with sqlite_database.reading() as session:
        assert {row.name for row in townships_of(session, COUNTY_ID)} == {"石桥镇", "青山乡"}


def test_two_townships_of_one_name_and_two_endings_are_two(
    sqlite_database: Database, tmp_path: Path
) -> None:
    rows = [
        a_row(乡镇=township, 村="新民村", 户编号="H001", 身份证号=an_id("19500101", 2 * number + 1))
        for number, township in enumerate(("和平镇", "和平乡", "和平镇人民政府", "和平乡"))
    ]
    report = import_roster(sqlite_database, act(), a_roster(tmp_path / "r.xlsx", *rows))
    assert (report.created["townships"], report.created["villages"]) == (2, 2)
    again = import_roster(sqlite_database, act(), a_roster(tmp_path / "r.xlsx", *rows))
    assert set(outcomes(again)) == {"unchanged"}


def test_a_new_village_needs_its_township(sqlite_database: Database, tmp_path: Path) -> None:
    from county.keys import found_county

    with sqlite_database.writing() as session:
        found_county(session, COUNTY_ID, "青川县", NOW, ESCROW_KEY)
    path = a_roster(tmp_path / "r.xlsx", a_row(乡镇=None))
    assert codes(import_roster(sqlite_database, act(), path)) == ["roster.no_township"]
    told = RosterOptions(township="石桥镇")
    assert outcomes(import_roster(sqlite_database, act(), path, told)) == ["new"]

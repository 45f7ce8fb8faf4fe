"""What a reviewer sees of a record that was set aside: whose it is, and what it says."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from core.vocabulary import GroupTag, Kind
from county.audit import note_act
from county.db import Database
from county.desk.quarantine import SHOWN
from county.tables import DeviceRow, QuarantineRow, UserRow
from tests.builders import COUNTY_ID, a_follow_up
from tests.county.desk.desk_world import NOW, DeskWorld, csrf_in, founded

PATH = "/desk/quarantine"


@pytest.fixture
def world(database: Database) -> DeskWorld:
    return founded(database)


def set_aside(
    world: DeskWorld,
    envelope: dict[str, Any],
    village_id: str | None = "village-1",
    doctor_id: str = "doctor-1",
    code: str = "device.revoked",
    op_id: str = "",
) -> str:
    """An operation as the county keeps it that could not be taken; returns its id."""
    tablet_id, op_id = f"tablet of {doctor_id}", op_id or f"op of {doctor_id} in {village_id}"
    with world.database.writing() as session:
        session.merge(DeviceRow(
            county_id=COUNTY_ID, id=tablet_id, doctor_id=doctor_id, name=tablet_id, public_key="",
            enrolled_at=NOW, last_hash="",
        ))  # fmt: skip
        session.merge(QuarantineRow(
            county_id=COUNTY_ID, op_id=op_id, device_id=tablet_id, village_id=village_id,
            code=code, values={}, envelope=envelope, received_at=NOW,
        ))  # fmt: skip
    return op_id


def edit(record_id: str, body: dict[str, Any], kind: str = Kind.RESIDENT) -> dict[str, Any]:
    return {
        "kind": kind, "record_id": record_id, "action": "set", "base_revision": 1, "body": body,
    }  # fmt: skip


def test_an_edit_is_shown_with_the_person_and_what_it_sets(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="王守田")
    number = "990101199001011234"
    set_aside(world, edit(resident.id, {"phone": "19900001234", "id_number": number}))
    page = world.browser().get(PATH).text
    assert "王守田" in page
    assert f"people/{resident.id}" in page
    assert "电话：19900001234；身份证号：990***********1234" in page
    assert number not in page


def test_a_withdrawal_is_shown_with_the_person_and_the_day_it_withdraws(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN, name="王守田")
    visit = a_follow_up(resident.id, date(2026, 11, 3))
    world.visits(resident, visit)
    body = {"id": "w", "voids": visit.id, "reason": "记错了人"}
    set_aside(world, {"kind": "withdrawal", "record_id": "w", "action": "put", "body": body})
    page = world.browser().get(PATH).text
    assert "王守田" in page
    assert "2026-11-03" in page


def test_a_household_is_shown_with_its_head_and_a_newcomer_with_the_name_they_came_with(
    world: DeskWorld,
) -> None:
    resident = world.person(GroupTag.HTN)
    said = {"house_no": "12", "medicine_box": True, "head_name": "赵后来"}
    set_aside(world, edit(resident.household_id, said, Kind.HOUSEHOLD))
    newcomer = {**edit("new", {"id": "new", "name": "赵新来"}), "base_revision": 0}
    set_aside(world, newcomer, None)
    page = world.browser().get(PATH).text
    assert "户 · 王建国" in page
    assert "门牌：12；小药箱：是；户主：赵后来" in page
    assert "· 赵新来" in page


def test_it_is_the_villages_reviewer_who_sees_it_wherever_its_doctor_works_now(
    world: DeskWorld,
) -> None:
    here = set_aside(world, {"kind": "follow_up"}, "village-1", "doctor-3")
    nowhere = set_aside(world, {"kind": "follow_up"}, None, "doctor-3")
    seen = {
        login: {name for name in (here, nowhere) if name in world.browser(login).get(PATH).text}
        for login in ("yunling", "qingshui", "county", "auditor")
    }
    assert seen == {
        "yunling": {here}, "qingshui": {nowhere}, "county": {here, nowhere},
        "auditor": {here, nowhere},
    }  # fmt: skip


def test_what_names_no_village_from_a_doctor_without_any_is_the_countys_to_decide(
    world: DeskWorld,
) -> None:
    op_id = set_aside(world, {"kind": "follow_up"}, None)
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, "doctor-1")).village_ids = []
    browser = world.browser("county")
    form = {"csrf": csrf_in(browser.get(PATH).text), "choice": "leave"}
    assert browser.post(f"{PATH}/{op_id}", form).status_code == 303


@pytest.mark.parametrize("code", ["device.revoked", "scope.not_yours", "op.in_confidence"])
@pytest.mark.parametrize(
    "said", [{"tags": [{"tag": " TB"}]}, {"conditions": [{"code": "other", "name": "肺结核"}]}]
)
def test_whoever_is_said_to_be_cared_for_in_confidence_is_named_for_no_reason(
    world: DeskWorld, code: str, said: dict[str, Any]
) -> None:
    resident = world.person(GroupTag.HTN, name="王守田")
    body = {**said, "name": "王守田", "phone": "19900001234"}
    op_id = set_aside(world, edit(resident.id, body), code=code)
    page = world.browser().get(PATH).text
    assert op_id in page
    told = ("王守田", resident.id, "结核", "TB", "19900001234")
    assert not [word for word in told if word in page.replace(csrf_in(page), "")]


@pytest.mark.parametrize(
    "said",
    [{"special_programme": [{"tag": "tb"}]}, {"note": "肺结核"}, {"tags": {"tb": {"from_on": 1}}}],
)
def test_no_field_of_an_edit_tells_it_beside_the_name(
    world: DeskWorld, said: dict[str, Any]
) -> None:
    resident = world.person(GroupTag.HTN, name="王守田")
    set_aside(world, edit(resident.id, said))
    assert "王守田" not in world.browser().get(PATH).text


def test_a_visit_that_assesses_a_mental_disorder_is_shown_without_the_person(
    world: DeskWorld,
) -> None:
    resident = world.person(GroupTag.HTN, name="王守田")
    body = {"resident_id": resident.id, "smi": {"risk_level": "none"}}
    set_aside(world, {"kind": "follow_up", "action": "put", "body": body})
    assert "王守田" not in world.browser().get(PATH).text


def test_the_trail_hides_whom_an_earlier_version_wrote_beside_the_reason(world: DeskWorld) -> None:
    op_id = set_aside(world, edit("r", {"tags": [{"tag": "tb"}]}))
    with world.database.writing() as session:
        for code in ("op.in_confidence", "scope.not_yours"):
            note_act(
                session, COUNTY_ID, "reviewer-1", "aside_leave", Kind.RESIDENT, f"of {code}", NOW,
                op_id="op", code=code,
            )  # fmt: skip
        note_act(
            session, COUNTY_ID, "reviewer-1", "aside_leave", Kind.RESIDENT, "of a revoked", NOW,
            op_id=op_id, code="device.revoked",
        )  # fmt: skip
    page = world.browser("county").get("/desk/audit").text
    assert "of op.in_confidence" not in page
    assert "of a revoked" not in page
    assert "of scope.not_yours" in page


STRANGE = ("\ud800", "x" * 5_000, 7, None, ["a"], {"a": 1})
OUTER = ("kind", "record_id", "schema", "body", "base_revision", "action")
INNER = ("resident_id", "voids", "occurred_on", "name", "phone", "tags")


def test_the_page_comes_up_whatever_tablets_have_handed_in(world: DeskWorld) -> None:
    plain = edit("r", {"resident_id": "p", "phone": "1"})
    envelopes = [{**plain, field: strange} for field in OUTER for strange in STRANGE]
    envelopes += [
        {**plain, "action": action, "body": {**plain["body"], field: strange}}
        for action in ("set", "put")
        for field in INNER
        for strange in STRANGE
    ]
    op_ids = [
        set_aside(world, envelope, op_id=f"strange-{number}")
        for number, envelope in enumerate(envelopes)
    ]
    browser = world.browser()
    page = browser.get(PATH)
    assert page.status_code == 200
    assert all(op_id in page.text for op_id in op_ids)
    form = {"csrf": csrf_in(page.text), "choice": "leave"}
    assert {browser.post(f"{PATH}/{op_id}", form).status_code for op_id in op_ids} == {303}
    assert browser.get("/desk/quarantine").status_code == 200
    assert world.browser("county").get("/desk/audit").status_code == 200


def a_flood(world: DeskWorld, record_id: str) -> None:
    """As much of another doctor's tablet as a page holds, later than anything else."""
    set_aside(world, edit(record_id, {"phone": "1"}), doctor_id="doctor-2", op_id="junk-0")
    row = {
        "county_id": COUNTY_ID, "device_id": "tablet of doctor-2", "village_id": "village-1",
        "code": "device.revoked", "values": {}, "envelope": edit(record_id, {"phone": "1"}),
        "received_at": NOW + timedelta(minutes=1),
    }  # fmt: skip
    with world.database.writing() as session:
        rows = [{**row, "op_id": f"junk-{number}"} for number in range(1, SHOWN)]
        session.execute(QuarantineRow.__table__.insert(), rows)


def test_whatever_a_tablet_hands_in_what_came_before_it_stands_before_it(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    first = set_aside(world, edit(resident.id, {"phone": "2"}), op_id="z-first")
    a_flood(world, resident.id)
    browser = world.browser()
    page = browser.get(PATH).text
    assert f"quarantine/{first}" in page
    assert "/desk/quarantine?page=2" in page
    last = browser.get(f"{PATH}?page=2").text
    assert "quarantine/junk-" in last
    assert f"quarantine/{first}" not in last


def test_what_another_doctors_tablet_brought_behind_it_is_found_by_the_doctor(
    world: DeskWorld,
) -> None:
    resident = world.person(GroupTag.HTN)
    a_flood(world, resident.id)
    late = set_aside(world, edit(resident.id, {"phone": "2"}), op_id="late")
    with world.database.writing() as session:
        row = session.get_one(QuarantineRow, (COUNTY_ID, late))
        row.received_at = NOW + timedelta(minutes=2)
    browser = world.browser()
    page = browser.get(PATH).text
    assert f"quarantine/{late}" not in page
    assert '<option value="doctor-1">' in page
    assert f"quarantine/{late}" in browser.get(f"{PATH}?doctor=doctor-1").text


def test_whoever_decides_on_a_later_page_comes_back_to_it(world: DeskWorld) -> None:
    resident = world.person(GroupTag.HTN)
    set_aside(world, edit(resident.id, {"phone": "2"}), op_id="first")
    a_flood(world, resident.id)
    browser = world.browser()
    page = browser.get(f"{PATH}?page=2").text
    (action,) = re.findall(r'action="(/desk/quarantine/[^"]*)"', page)
    answer = browser.post(action, {"csrf": csrf_in(page), "choice": "leave"})
    assert (answer.status_code, answer.headers["location"]) == (
        303, f"{PATH}?page=2&done=aside_leave",
    )  # fmt: skip
    assert "junk-" in browser.get(f"{PATH}?page=2").text  # settled: behind those that are open

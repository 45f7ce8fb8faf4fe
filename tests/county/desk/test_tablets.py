"""Tablets, records set aside and the audit trail, each as a page to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from county.desk.quarantine import SHOWN
from county.tables import DeviceRow, QuarantineRow, UserRow
from tests.builders import COUNTY_ID
from tests.county.desk.desk_world import NOW, DeskWorld, csrf_in
from words import say

COUNTY = Path(__file__).parents[3] / "county"


def a_tablet(world: DeskWorld, doctor_id: str = "doctor-1", silent_days: int = 0) -> str:
    """A tablet of a doctor, last heard of so many days ago; returns its id."""
    tablet_id = f"tablet-of-{doctor_id}"
    with world.database.writing() as session:
        session.add(
            DeviceRow(
                county_id=COUNTY_ID, id=tablet_id, doctor_id=doctor_id, name=f"{doctor_id} 的平板",
                public_key="00", state="active", enrolled_at=NOW - timedelta(days=60),
                last_seen_at=NOW - timedelta(days=silent_days), last_seq=12, last_hash="0" * 64,
                durable_seq=10, app_version="0.1.0",
            )
        )  # fmt: skip
    return tablet_id


def set_aside(world: DeskWorld, tablet_id: str) -> None:
    """A follow-up of tomorrow, as a tablet with a wrong clock would send it."""
    with world.database.writing() as session:
        session.add(
            QuarantineRow(
                county_id=COUNTY_ID, op_id=f"op-{tablet_id}", device_id=tablet_id,
                code="desk.nothing_picked", values={}, envelope={"kind": "follow_up"},
                received_at=NOW, settled_at=None, settled_by=None,
            )
        )  # fmt: skip


def test_a_tablet_silent_for_over_a_week_is_marked(world: DeskWorld) -> None:
    a_tablet(world, "doctor-1", silent_days=0)
    a_tablet(world, "doctor-2", silent_days=9)
    page = world.browser().get("/desk/tablets").text
    assert "9 天没有联系" in page
    assert page.count("天没有联系</span>") == 1


def test_a_tablet_is_shown_with_the_id_by_which_it_is_revoked(world: DeskWorld) -> None:
    tablet_id = a_tablet(world, "doctor-1")
    page = world.browser().get("/desk/tablets").text
    assert f'<span class="hash">{tablet_id}</span>' in page


def test_a_township_sees_its_own_doctors_tablets_and_records_set_aside(world: DeskWorld) -> None:
    for doctor_id in ("doctor-1", "doctor-3"):
        set_aside(world, a_tablet(world, doctor_id))
    browser = world.browser()
    for path in ("/desk/tablets", "/desk/quarantine"):
        page = browser.get(path).text
        assert "doctor-1 的平板" in page
        assert "doctor-3 的平板" not in page
    assert "doctor-3 的平板" in world.browser("county").get("/desk/quarantine").text


def test_a_townships_record_set_aside_is_found_behind_any_number_of_others(
    world: DeskWorld,
) -> None:
    set_aside(world, a_tablet(world, "doctor-1"))
    theirs = a_tablet(world, "doctor-3")
    with world.database.writing() as session:
        for number in range(SHOWN):
            session.add(
                QuarantineRow(
                    county_id=COUNTY_ID, op_id=f"op-{number}", device_id=theirs,
                    code="desk.nothing_picked", values={}, envelope={"kind": "follow_up"},
                    received_at=NOW + timedelta(minutes=1), settled_at=None, settled_by=None,
                )
            )  # fmt: skip
    assert "doctor-1 的平板" in world.browser().get("/desk/quarantine").text


def test_the_county_sees_the_tablet_of_a_doctor_who_has_no_village_left(world: DeskWorld) -> None:
    set_aside(world, a_tablet(world, "doctor-1"))
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, "doctor-1")).village_ids = []
    for path in ("/desk/tablets", "/desk/quarantine"):
        assert "doctor-1 的平板" in world.browser("county").get(path).text
        assert "doctor-1 的平板" not in world.browser().get(path).text


def test_a_record_set_aside_is_shown_with_its_reason_in_words(world: DeskWorld) -> None:
    set_aside(world, a_tablet(world))
    page = world.browser().get("/desk/quarantine").text
    assert "请先勾选要审核的随访" in page
    assert ">收下</button>" in page
    assert "待处理" in world.browser("auditor").get("/desk/quarantine").text


def test_a_record_set_aside_is_left_or_taken_in_by_a_form(world: DeskWorld) -> None:
    set_aside(world, a_tablet(world))
    browser = world.browser()
    path = "/desk/quarantine/op-tablet-of-doctor-1"
    form = {"csrf": csrf_in(browser.get("/desk/quarantine").text)}
    # Nothing but its kind is there of it: it cannot be taken in, and the page says so.
    answer = browser.post(path, {**form, "choice": "take"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert browser.post(path, {**form, "choice": "leave"}).status_code == 303
    page = browser.get("/desk/quarantine?done=aside_leave").text
    assert "已定为不收" in page
    assert "不收 2026-11-22 10:00" in page
    assert [act.user_id for act in world.acts("aside_leave")] != []
    assert world.browser("auditor").post(path, form).status_code == 403


def test_the_audit_trail_narrows_down_to_a_user_and_an_act(world: DeskWorld) -> None:
    world.browser("yunling")
    county = world.browser("county")
    everything = county.get("/desk/audit").text
    assert everything.count('<th scope="row"') == 2
    narrowed = county.get("/desk/audit?user=reviewer-1&act=sign_in").text
    assert narrowed.count('<th scope="row"') == 1
    assert county.get("/desk/audit?act=export").text.count('<th scope="row"') == 0


def test_every_act_that_is_written_down_has_its_words(world: DeskWorld) -> None:
    written = {act for path in COUNTY.rglob("*.py") for act in acts_in(path)}
    assert {"sign_in", "import_roster", "close_user", "wiped"} <= written
    page = world.browser("county").get("/desk/audit").text
    for act in sorted(written):
        assert f'<option value="{act}">{say(f"desk.act.{act}")}</option>' in page


def acts_in(path: Path) -> Iterator[str]:
    """The acts a module writes down by name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "note_act":
            act = node.args[3]
            if isinstance(act, ast.Constant):
                yield str(act.value)
            elif isinstance(act, ast.Name):
                named = getattr(import_module(_module_of(path)), act.id, None)
                yield from [named] if isinstance(named, str) else []


def _module_of(path: Path) -> str:
    return ".".join(path.relative_to(COUNTY.parent).with_suffix("").parts)

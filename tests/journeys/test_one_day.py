"""One real day, from the roster to the ledger, with the network cut and the tablet killed."""

from __future__ import annotations

import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Browser

from tests.journeys.desk_page import DeskPage
from tests.journeys.harness import TabletPage
from tests.journeys.steps import answer_the_rest, enrol, find, go_to, unlock
from tests.journeys.world import (
    ALONE,
    DIABETIC,
    HYPERTENSIVE,
    PASSWORD,
    REVIEWER_LOGIN,
    WIFE,
    World,
)
from words import say

MOST_TAPS = 6
MONTHS = 12
NOTE = "舒张压请复核"
NAME = 4
"""The column of the ledger that holds the resident's name."""


def visit_the_first_household(tablet: TabletPage) -> None:
    """Both members in one sitting; the second is not at home."""
    tablet.tap(f"{HYPERTENSIVE}家")
    tablet.tap(say("household.start"))
    tablet.sees(say("follow_up.heading", name=HYPERTENSIVE))
    tablet.screenshot("follow-up")
    before = tablet.taps
    tablet.digits("13684726.1")
    tablet.tap(say("timing.fasting"))
    answer_the_rest(tablet)
    tablet.screenshot("follow-up-filled")
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees(say("saved.kept"))
    assert tablet.taps - before <= MOST_TAPS
    tablet.screenshot("saved")
    tablet.tap(say("saved.next"))
    tablet.sees(say("follow_up.heading", name=WIFE))
    tablet.tap(say("follow_up.not_met"))
    tablet.tap(say("not_met.not_at_home"))
    tablet.sees(say("saved.not_met"))
    tablet.screenshot("not-met")
    tablet.tap(say("saved.finish"))
    tablet.sees(say("household.members"))


def refer_the_emergency(tablet: TabletPage) -> None:
    """A pressure of 186/112 takes the screen; the resident is referred."""
    find(tablet, "zxy", DIABETIC)
    tablet.tap(say("resident.begin"))
    tablet.sees(say("follow_up.heading", name=DIABETIC))
    tablet.digits("186112")
    tablet.sees(say("emergency.heading"))
    tablet.screenshot("emergency")
    tablet.tap(say("emergency.go_on"))
    tablet.digits("988.2")
    tablet.tap(say("timing.fasting"))
    answer_the_rest(tablet)
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.tap(say("follow_up.confirm_yes"))
    tablet.sees(say("saved.kept"))
    tablet.tap(say("saved.refer"))
    tablet.tap(say("referral_reason.emergency"))
    tablet.tap(say("facility.county_hospital"))
    tablet.tap(say("referral.urgent"))
    tablet.screenshot("referral")
    tablet.tap(say("referral.save"))
    tablet.sees("转诊单已保存")
    tablet.sees(say("saved.referral_made"))
    tablet.tap(say("saved.finish"))
    tablet.sees(say("resident.account"))
    tablet.screenshot("resident")


def teach(tablet: TabletPage) -> None:
    """A health-education visit at the first household."""
    find(tablet, "wst", HYPERTENSIVE)
    tablet.tap(say("resident.household"))
    tablet.tap(say("household.teach"))
    tablet.tap(say("topic.salt_oil_sugar"))
    tablet.tap(say("material.salt_spoon"))
    tablet.screenshot("education")
    tablet.tap(say("education.save"), exact=True)
    tablet.sees(say("education.saved"))


def tells_the_same_account(tablet: TabletPage, desk: DeskPage) -> None:
    """Tablet and desk show the same slots in the same states for the same person."""
    find(tablet, "wst", HYPERTENSIVE)
    tablet.sees(say("resident.timeline"))
    on_tablet = re.findall(r"第(\d+)次（.*?）：(\w+)", tablet.words())
    desk.open("people")
    desk.follow(HYPERTENSIVE)
    desk.screenshot("person")
    rows = desk.page.locator("#why tbody tr")
    numbers = rows.locator("th").all_inner_texts()
    states = [cell.split()[-1] for cell in rows.locator("td:nth-of-type(3)").all_inner_texts()]
    assert len(numbers) == MONTHS
    assert sorted(set(on_tablet)) == sorted(zip(numbers, states, strict=True))


def tells_nothing_at_rest(world: World) -> None:
    """No file of the tablet holds a name, an ID number or a reading that was typed."""
    told = [HYPERTENSIVE, WIFE, DIABETIC, ALONE, "990100", "186/112", NOTE]
    for path in (world.folder / "tablet").rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        assert not [word for word in told if word.encode() in held], path


def lose_power_in_mid_form(world: World, tablet: TabletPage) -> None:
    """The tablet is killed between two numbers; reopened, it goes on where it was."""
    find(tablet, "cgs", ALONE)
    tablet.tap(say("resident.begin"))
    tablet.digits("12878")
    tablet.find("低压 78")
    assert tablet.shows(say("follow_up.heading", name=ALONE))
    world.tablet.kill()
    world.tablet.start()
    tablet.load(world.tablet.url)
    unlock(tablet)
    find(tablet, "cgs", ALONE)
    tablet.tap(say("resident.resume"))
    tablet.sees(say("follow_up.resumed"))
    tablet.find("低压 78")
    tablet.digits("705.6")
    tablet.tap(say("timing.fasting"))
    answer_the_rest(tablet)
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees(say("saved.kept"))


def hand_in(world: World, tablet: TabletPage) -> None:
    """The network returns; every record gets its receipt."""
    go_to(tablet, "sync")
    tablet.sees(say("delivery.on_tablet"))
    world.county.start()
    tablet.tap(say("sync.run"))
    tablet.sees(say("delivery.county_has_it"))
    tablet.screenshot("sync")


def open_in_review(desk: DeskPage, pressure: str) -> None:
    """The hypertensive resident's follow-up, there exactly once."""
    desk.open("review")
    assert desk.table().count(HYPERTENSIVE) == 1
    desk.screenshot("review")
    desk.page.get_by_role("row", name=HYPERTENSIVE).get_by_role("link").first.click()
    desk.sees(pressure)
    desk.screenshot("follow-up")


def send_back(desk: DeskPage) -> None:
    """The township returns the follow-up with a reason and a word."""
    open_in_review(desk, "136/84")
    desk.page.get_by_label(say("desk.review.reason")).select_option("implausible_reading")
    desk.page.get_by_label(say("desk.review.note")).fill(NOTE)
    desk.press(say("desk.review.return"))


def amend(tablet: TabletPage) -> None:
    """The doctor sees why it came back, corrects one number and hands it in."""
    tablet.tap(say("sync.run"))
    tablet.sees(say("sync.troubles"))
    tablet.sees(NOTE)
    tablet.screenshot("sync-returned")
    tablet.tap(say("record.amend"))
    tablet.sees(say("follow_up.heading", name=HYPERTENSIVE))
    tablet.tap("低压")
    tablet.digits("86")
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees(say("saved.kept"))
    go_to(tablet, "sync")
    tablet.tap(say("sync.run"))
    tablet.sees(say("sync.level"))


def accept(desk: DeskPage, tablet: TabletPage) -> None:
    """The township accepts the amendment, and the tablet learns of it."""
    open_in_review(desk, "136/86")
    desk.press(say("desk.review.accept"))
    tablet.tap(say("sync.run"))
    tablet.sees(say("delivery.accepted"))


def close_the_month(desk: DeskPage, path: Path) -> None:
    """The ledger comes out as XLSX with the visit in its row."""
    desk.open("ledger")
    desk.screenshot("ledger")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="XLSX").first.click()
    download.value.save_as(path)
    sheet = load_workbook(path).active
    assert sheet is not None
    rows = [[str(cell) for cell in row] for row in sheet.values]
    (mine,) = [row for row in rows if len(row) > NAME and row[NAME] == HYPERTENSIVE]
    assert any("136/86" in cell for cell in mine)


def test_a_day_from_the_roster_to_the_ledger(
    world: World, browser: Browser, tmp_path: Path
) -> None:
    tablet = TabletPage.open(browser, world.tablet.url)
    enrol(tablet, world.invite())
    tablet.screenshot("today")

    world.county.stop()
    visit_the_first_household(tablet)
    refer_the_emergency(tablet)
    teach(tablet)
    lose_power_in_mid_form(world, tablet)
    hand_in(world, tablet)

    desk = DeskPage.sign_in(browser, world.county.url, REVIEWER_LOGIN, PASSWORD)
    desk.screenshot("overview")
    send_back(desk)
    amend(tablet)
    accept(desk, tablet)
    close_the_month(desk, tmp_path / "ledger.xlsx")

    tells_the_same_account(tablet, desk)
    tells_nothing_at_rest(world)

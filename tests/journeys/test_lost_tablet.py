"""A tablet that was lost and found again: what it hands in is decided on a reviewer's telephone."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.journeys.desk_page import DeskPage
from tests.journeys.harness import PHONE, TALL, TabletPage
from tests.journeys.steps import answer_the_rest, enrol, find, go_to
from tests.journeys.world import HYPERTENSIVE, PASSWORD, REVIEWER_LOGIN, World
from words import say

PRESSURE = "136/84"


def test_a_visit_of_a_lost_tablet_is_taken_in_on_a_telephone(
    world: World, browser: Browser
) -> None:
    tablet = TabletPage.open(browser, world.tablet.url)
    enrol(tablet, world.invite())
    desk = DeskPage.sign_in(browser, world.county.url, REVIEWER_LOGIN, PASSWORD, PHONE)
    desk.open("tablets")
    tablet_id = desk.page.locator("tbody th .hash").inner_text()
    world.county.stop()
    visit(tablet)
    world.luyue("county", "revoke", tablet_id)
    world.county.start()
    go_to(tablet, "sync")
    tablet.tap(say("sync.run"))
    tablet.sees(say("delivery.refused"))
    desk.open("quarantine")
    desk.sees(HYPERTENSIVE)
    for size in (TALL, PHONE):
        desk.resize(size)
        desk.has_in_sight(say("desk.quarantine.take"))
        desk.has_in_sight(say("desk.quarantine.leave"))
        desk.screenshot("quarantine-open")
    desk.press(say("desk.quarantine.take"))
    desk.sees(say("desk.done.aside_take"))
    expect(desk.page.locator("tbody form")).to_have_count(0)
    desk.open("review")
    assert desk.table().count(PRESSURE) == 1


def visit(tablet: TabletPage) -> None:
    """One follow-up, as it is done most often."""
    find(tablet, "wst", HYPERTENSIVE)
    tablet.tap(say("resident.begin"))
    tablet.digits("13684726.1")
    tablet.tap(say("timing.fasting"))
    answer_the_rest(tablet)
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees(say("saved.kept"))

"""Who is cared for in confidence: one neutral line for the doctor who is named, opened by a tap."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.journeys.harness import PHONE, WIDE, TabletPage
from tests.journeys.steps import enrol, find, go_to
from tests.journeys.world import DIABETIC, DOCTOR, VILLAGE, World
from words import say

ILLNESS = "肺结核"


def test_the_line_comes_with_the_naming_opens_by_a_tap_and_goes_with_its_end(
    world: World, browser: Browser
) -> None:
    tablet = TabletPage.open(browser, world.tablet.url)
    enrol(tablet, world.invite())
    find(tablet, "zxy", DIABETIC)
    assert not tablet.shows(say("resident.special"))
    world.luyue("county", "entrust", DOCTOR, "--village", VILLAGE)
    synchronise(tablet, received=1)
    find(tablet, "zxy", DIABETIC)
    keep(tablet, "special-closed")
    assert ILLNESS not in tablet.words()
    tablet.tap(say("resident.special"))
    tablet.sees(ILLNESS)
    keep(tablet, "special-open")
    tablet.tap(ILLNESS)
    tablet.sees_not(ILLNESS)
    world.luyue("county", "entrust", DOCTOR, "--village", VILLAGE, "--end")
    synchronise(tablet, received=0)
    find(tablet, "zxy", DIABETIC)
    assert not tablet.shows(say("resident.special"))


def synchronise(tablet: TabletPage, received: int) -> None:
    go_to(tablet, "sync")
    tablet.tap(say("sync.run"))
    tablet.sees(say("sync.done", sent=0, received=received))


def keep(tablet: TabletPage, name: str) -> None:
    """A picture lying and one on a telephone, where the line is in sight."""
    for size in (PHONE, WIDE):
        tablet.resize(size)
        tablet.find(say("resident.special")).scroll_into_view_if_needed()
        tablet.screenshot(name)

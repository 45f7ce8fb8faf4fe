"""Every screen at every size, kept as pictures under var/screens for people to look at."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.journeys.desk_page import DeskPage
from tests.journeys.harness import PHONE, TALL, WIDE, TabletPage
from tests.journeys.steps import enrol, find, go_to, unlock
from tests.journeys.world import HYPERTENSIVE, PASSWORD, World
from words import say

SIZES = (WIDE, TALL, PHONE)
NO_WORDS = "⟦"
DESK_PAGES = (
    "overview",
    "people",
    "review",
    "phone-check",
    "exemptions",
    "ledger",
    "quarantine",
    "conflicts",
    "tablets",
    "audit",
)


def keep(tablet: TabletPage, name: str) -> None:
    """A picture at each size; nothing on the page may lack its words."""
    for size in SIZES:
        tablet.resize(size)
        tablet.screenshot(name)
        assert NO_WORDS not in tablet.words()
    tablet.resize(WIDE)


def test_every_screen_of_the_tablet_is_in_chinese_at_every_size(
    world: World, browser: Browser
) -> None:
    tablet = TabletPage.open(browser, world.tablet.url)
    tablet.sees(say("enrol.heading"))
    keep(tablet, "enrol")
    enrol(tablet, world.invite())
    keep(tablet, "today")
    tablet.tap(f"{HYPERTENSIVE}家")
    tablet.sees(say("household.members"))
    keep(tablet, "household")
    find(tablet, "wst", HYPERTENSIVE)
    tablet.sees(say("resident.timeline"))
    keep(tablet, "resident")
    tablet.tap(say("resident.begin"))
    tablet.sees(say("follow_up.heading", name=HYPERTENSIVE))
    keep(tablet, "follow-up")
    tablet.tap(say("app.back"))
    tablet.sees(say("resident.timeline"))
    tablet.tap(say("resident.refer"))
    tablet.sees(say("referral.reason"))
    keep(tablet, "referral")
    for place, seen in (
        ("education", "education.topics"),
        ("month", "place.month"),
        ("sync", "sync.run"),
        ("settings", "place.settings"),
    ):
        go_to(tablet, place)
        tablet.sees(say(seen))
        keep(tablet, place)
    tablet.load(world.tablet.url)
    tablet.sees(say("unlock.enter_pin"))
    keep(tablet, "unlock")
    unlock(tablet)


def test_every_page_of_the_desk_is_in_chinese_at_every_size(world: World, browser: Browser) -> None:
    desk = DeskPage.sign_in(browser, world.county.url, "admin", PASSWORD)
    for page in DESK_PAGES:
        desk.open(page)
        for size in SIZES:
            desk.resize(size)
            desk.screenshot(page)
        assert NO_WORDS not in desk.page.locator("body").inner_text()
        assert "Internal" not in desk.page.title()

"""What a doctor can get wrong is answered in a sentence, at its place, and nothing is lost."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.journeys.harness import PHONE, TabletPage
from tests.journeys.steps import answer_the_rest, enrol, find, unlock
from tests.journeys.world import ALONE, HYPERTENSIVE, World
from words import say

WRONG_PIN = "615283"


def test_wrong_codes_and_pins_are_told_and_a_second_tab_is_locked(
    world: World, browser: Browser
) -> None:
    tablet = TabletPage.open(browser, world.tablet.url, PHONE)
    tablet.type_into(say("enrol.code"), "22222-22222")
    tablet.tap(say("enrol.send"), exact=True)
    tablet.sees(say("refusal.enrol.code_unknown"))
    code = world.invite()
    enrol(tablet, code)

    used = world.another_tablet("second")
    used.start()
    try:
        second = TabletPage.open(browser, used.url, PHONE)
        second.type_into(say("enrol.code"), code)
        second.tap(say("enrol.send"), exact=True)
        second.sees(say("refusal.enrol.code_used"))
    finally:
        used.stop()

    other_tab = TabletPage.open(browser, world.tablet.url, PHONE)
    other_tab.sees(say("unlock.enter_pin"))
    other_tab.digits(WRONG_PIN)
    other_tab.sees(say("refusal.unlock.wrong_pin", tries=9))
    unlock(other_tab)
    tablet.sees(say("unlock.enter_pin"))


def test_impossible_numbers_are_refused_and_stay_on_the_form(
    world: World, browser: Browser
) -> None:
    tablet = TabletPage.open(browser, world.tablet.url)
    enrol(tablet, world.invite())
    find(tablet, "wst", HYPERTENSIVE)
    tablet.tap(say("resident.begin"))
    tablet.sees(say("follow_up.heading", name=HYPERTENSIVE))
    tablet.digits("10010572126")
    tablet.tap(say("timing.fasting"))
    answer_the_rest(tablet)
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees("mg/dL")
    tablet.sees("舒张压")
    tablet.screenshot("refused")
    tablet.tap("血糖 126")
    tablet.digits("6.1")
    tablet.tap("低压 105")
    tablet.digits("70")
    tablet.tap(say("follow_up.change_class"))
    tablet.tap(say("class.2"))
    tablet.type_into(say("follow_up.override_reason"), "家里没人照看")
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees(say("saved.kept"))
    tablet.sees(say("class.2"))


def test_a_visit_by_telephone_measures_nothing(world: World, browser: Browser) -> None:
    tablet = TabletPage.open(browser, world.tablet.url)
    enrol(tablet, world.invite())
    find(tablet, "cgs", ALONE)
    tablet.tap(say("resident.begin"))
    tablet.sees(say("follow_up.heading", name=ALONE))
    tablet.tap(say("mode.phone"))
    tablet.sees(say("follow_up.reported_only"))
    tablet.digits("12876")
    answer_the_rest(tablet)
    tablet.screenshot("telephone")
    tablet.tap(say("follow_up.save"), exact=True)
    tablet.sees(say("saved.kept"))

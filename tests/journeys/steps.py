"""What a doctor does again and again on the tablet, in the words of its screens."""

from __future__ import annotations

from tests.journeys.harness import TabletPage
from tests.journeys.world import HYPERTENSIVE, PIN
from words import say


def enrol(tablet: TabletPage, code: str) -> None:
    """From the code to today's list."""
    tablet.type_into(say("enrol.code"), code)
    tablet.tap(say("enrol.send"), exact=True)
    tablet.sees(say("enrol.choose_pin"))
    tablet.digits(PIN)
    tablet.sees(say("enrol.repeat_pin"))
    tablet.digits(PIN)
    tablet.sees(f"{HYPERTENSIVE}家")


def unlock(tablet: TabletPage) -> None:
    """From the lock screen to today's list."""
    tablet.sees(say("unlock.enter_pin"))
    tablet.digits(PIN)
    tablet.sees(say("place.month"))


def answer_the_rest(tablet: TabletPage) -> None:
    """Everything of an ordinary follow-up that is not a number."""
    tablet.tap(say("symptom.none"))
    tablet.tap(say("follow_up.all_taken"))
    tablet.tap(say("follow_up.usual_guidance"))


def go_to(tablet: TabletPage, place: str) -> None:
    """Back out of wherever one is, then to one of the places."""
    tablet.back_out_to(say("place.month"), say("app.back"))
    tablet.tap(say(f"place.{place}"), exact=True)


def find(tablet: TabletPage, initials: str, name: str) -> None:
    """Search by the initials of the name and open the person."""
    go_to(tablet, "today")
    tablet.type_into(say("today.search"), initials)
    tablet.sees("身份证尾号")
    tablet.tap(name)
    tablet.sees(say("resident.account"))

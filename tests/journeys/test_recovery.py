"""A forgotten PIN and a lost device secret, both cured by the county with all unsent work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.journeys.harness import START_MS, Process, TabletPage
from tests.journeys.world import DOCTOR, HYPERTENSIVE, PIN, World
from words import say

NEW_PIN = "840263"
WRONG_PIN = "515263"
PASSPHRASE = "a passphrase for a journey"


@dataclass
class Tablet:
    """A tablet's process, its folder and its page."""

    process: Process
    data: Path
    page: TabletPage

    @property
    def device_id(self) -> str:
        origin: dict[str, Any] = json.loads((self.data / "origin.json").read_text("utf-8"))
        return str(origin["device_id"])

    @property
    def secret(self) -> Path:
        return self.data.parent / "data.secret" / "device.secret"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A county whose escrow passphrase is known."""
    monkeypatch.setenv("LUYUE_ESCROW_PASSPHRASE", PASSPHRASE)
    made = World(tmp_path)
    made.found()
    made.county.start()
    made.tablet.start()
    yield made
    made.end()


def enrolled(world: World, browser: Browser, process: Process, name: str) -> Tablet:
    """A tablet enrolled and level with the county, so that its key is in escrow."""
    page = TabletPage.open(browser, process.url)
    page.type_into(say("enrol.code"), world.invite())
    page.tap(say("enrol.send"), exact=True)
    page.sees(say("enrol.choose_pin"))
    page.digits(PIN)
    page.sees(say("enrol.repeat_pin"))
    page.digits(PIN)
    page.sees(f"{HYPERTENSIVE}家")
    return Tablet(process=process, data=world.folder / name / "data", page=page)


def save_one_visit(page: TabletPage) -> None:
    """Nobody was at home: one record, which stays on the tablet."""
    page.tap(f"{HYPERTENSIVE}家")
    page.tap(say("household.start"))
    page.tap(say("follow_up.not_met"))
    page.tap(say("not_met.not_at_home"))
    page.sees(say("saved.kept"))


def restart(tablet: Tablet) -> None:
    """Killed and started again: locked, with its record unsent."""
    tablet.process.kill()
    tablet.process.start()
    tablet.page.load(tablet.process.url)
    tablet.page.sees(say("unlock.enter_pin"), within_ms=START_MS)


def recover(world: World, tablet: Tablet) -> None:
    """From the lock screen to today's list with the county's code and a new PIN."""
    told = world.luyue("county", "recover", DOCTOR, "--tablet", tablet.device_id, "--json")
    page = tablet.page
    page.tap(say("unlock.forgot"))
    page.tap(say("recovery.enter"))
    page.screenshot("recovery")
    page.type_into(say("recovery.field"), json.loads(told)["code"].lower())
    page.tap(say("recovery.send"), exact=True)
    page.sees(say("recovery.welcome", doctor=DOCTOR))
    page.digits(NEW_PIN)
    page.sees(say("enrol.repeat_pin"))
    page.digits(NEW_PIN)
    page.sees(say("place.month"))


def synchronise(page: TabletPage) -> None:
    """Send what waits, and see that nothing waits any more."""
    page.tap(say("place.sync"))
    page.tap(say("sync.run"))
    page.sees(say("sync.level"))


def operations(world: World) -> int:
    """How many records of tablets the county has taken in."""
    told: dict[str, Any] = json.loads(world.luyue("county", "stats", "--json"))
    return int(told["operations"])


@pytest.fixture
def tablet(world: World, browser: Browser) -> Tablet:
    """A tablet, locked, with one record the county has not got."""
    made = enrolled(world, browser, world.tablet, "tablet")
    world.county.stop()
    save_one_visit(made.page)
    restart(made)
    world.county.start()
    return made


def test_a_forgotten_pin_is_cured_with_unsent_work_intact(world: World, tablet: Tablet) -> None:
    tablet.page.digits(WRONG_PIN)
    tablet.page.sees(say("refusal.unlock.wrong_pin", tries=9, seconds=0)[:4])
    assert operations(world) == 0
    recover(world, tablet)
    synchronise(tablet.page)
    assert operations(world) == 1


def test_a_lost_device_secret_is_cured_with_unsent_work_intact(
    world: World, tablet: Tablet
) -> None:
    tablet.secret.unlink()
    tablet.page.digits(PIN)
    tablet.page.sees(say("refusal.unlock.device_secret_missing"))
    assert operations(world) == 0
    recover(world, tablet)
    synchronise(tablet.page)
    assert operations(world) == 1
    restart(tablet)
    tablet.page.digits(NEW_PIN)
    tablet.page.sees(say("place.month"))

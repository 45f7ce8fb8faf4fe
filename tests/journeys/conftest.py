"""The browser and the county that journeys share."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from tests.journeys.harness import ROOT, chromium
from tests.journeys.world import World

FAILED = ROOT / "var" / "failed"


@pytest.fixture(scope="session")
def machine_browser() -> Iterator[Browser]:
    """The machine's Chromium, once for all journeys."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def browser(machine_browser: Browser) -> Iterator[Browser]:
    """The browser with no page open; what a journey opens is closed behind it."""
    yield machine_browser
    for context in machine_browser.contexts:
        context.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A county with its roster imported, its server and one new tablet running."""
    made = World(tmp_path)
    made.found()
    made.county.start()
    made.tablet.start()
    yield made
    made.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a picture of every open page of a journey that failed."""
    report = yield
    browser = item.funcargs.get("browser") if isinstance(item, pytest.Function) else None
    if report.failed and call.when == "call" and isinstance(browser, Browser):
        FAILED.mkdir(parents=True, exist_ok=True)
        pages = [page for context in browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            # A page that no longer draws must not hide why the journey failed.
            with suppress(PlaywrightError):
                page.screenshot(path=str(FAILED / f"{item.name}-{number}.png"))
    return report

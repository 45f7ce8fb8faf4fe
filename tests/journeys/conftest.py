"""The browser and the county that journeys share."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from tests.journeys.harness import ROOT, chromium
from tests.journeys.world import World

FAILED = ROOT / "var" / "failed"

OPENED = pytest.StashKey[Browser]()
STANDS_STILL = pytest.StashKey[bool]()


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The machine's Chromium, started anew for each journey: it draws worse the longer it runs."""
    with chromium() as opened:
        request.node.stash[OPENED] = opened
        yield opened


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
    """Keep a picture of every open page of a journey that failed, while it was set up included."""
    report = yield
    browser = item.stash.get(OPENED, None)
    if report.failed and call.when != "teardown" and browser is not None:
        FAILED.mkdir(parents=True, exist_ok=True)
        pages = [page for context in browser.contexts for page in context.pages]
        for number, page in enumerate(pages):
            try:
                page.screenshot(path=str(FAILED / f"{item.name}-{number}.png"))
                said = page.locator("body").aria_snapshot()
            except PlaywrightError as error:
                item.stash[STANDS_STILL] = True
                said = str(error)
            report.sections.append((f"page {number} said", said))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a journey once more where Chromium itself stood still, and only there.

    A browser of which no picture can be taken has stopped drawing altogether; what the product
    gets wrong, a frozen page of its own included, can be seen on one and fails at once.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if item.stash.get(STANDS_STILL, False) and isinstance(item, pytest.Function):
        item._initrequest()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True

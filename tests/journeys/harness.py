"""Drives the real tablet and desk in a real browser: starts processes, taps, types, reads.

The tablet draws on a canvas; what the tests touch is the tree Flutter keeps for screen
readers, so whatever a journey can do, somebody who cannot see the screen can do too.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.journeys.browser_finder import find_chromium

ROOT = Path(__file__).parent.parent.parent
SCREENS = ROOT / "var" / "screens"

WIDE = (1280, 800)
TALL = (800, 1280)
PHONE = (412, 915)

START_MS = 90_000
PATIENCE_MS = 30_000
FOCUS_MS = 400
REST_MS = 800
POLL_MS = 50
TOUCH_MS = 2_000
SECONDS_TO_START = 90
SECONDS_TO_STOP = 15

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a small /dev/shm freezes pages
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@dataclass
class Process:
    """A server started for a journey; `stop` and `kill` end only this one."""

    arguments: Sequence[str]
    url: str
    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; fails with its log when it does not."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, *self.arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        limit = time.monotonic() + SECONDS_TO_START
        while not self.answers():
            if self.running.poll() is not None or time.monotonic() > limit:
                raise AssertionError(f"{self.url} did not start:\n{self.log.read_text('utf-8')}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it answers HTTP at all."""
        try:
            with urllib.request.urlopen(self.url, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        """End it as a service manager would, and wait for it."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        if self.running is None:
            return
        if kill:
            self.running.kill()
        else:
            self.running.terminate()
        try:
            self.running.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait(SECONDS_TO_STOP)
        self.running = None


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, headless; several pages may be opened in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_chromium()), args=list(_FLAGS)
        )
        yield browser
        browser.close()


class TabletPage:
    """The tablet in a browser page, touched by the words on it; `taps` counts every touch."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    @classmethod
    def open(cls, browser: Browser, url: str, size: tuple[int, int] = WIDE) -> TabletPage:
        """Open the tablet at a size and wait until its words can be read."""
        width, height = size
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        opened = cls(page)
        opened.load(url)
        return opened

    def load(self, url: str) -> None:
        """Load, or load again, and switch on the tree for screen readers."""
        self.page.goto(url)
        switch = self.page.locator("flt-semantics-placeholder")
        switch.wait_for(state="attached", timeout=START_MS)
        switch.evaluate("element => element.click()")
        self.page.locator("flt-semantics").first.wait_for(state="attached", timeout=START_MS)

    def find(self, words: str, *, exact: bool = False) -> Locator:
        """What bears the words: a button or chip before a field, a field before mere text.

        Words that are exactly those asked for come before words that only contain them.
        """
        limit = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < limit:
            for candidate in self._candidates(words, exact=exact):
                if candidate.count():
                    return candidate.first
            self.page.wait_for_timeout(POLL_MS)
        raise AssertionError(f"nothing on the page bears {words!r}")

    def _candidates(self, words: str, *, exact: bool) -> Iterator[Locator]:
        for precisely in (True,) if exact else (True, False):
            yield self.page.get_by_role("button", name=words, exact=precisely)
            yield self.page.get_by_role("checkbox", name=words, exact=precisely)
            yield self.page.get_by_label(words, exact=precisely)
            yield self.page.get_by_text(words, exact=precisely)

    def tap(self, words: str, *, exact: bool = False) -> None:
        """Touch what bears the words, scrolling to it where it is out of sight."""
        limit = time.monotonic() + PATIENCE_MS / 1000
        while True:
            target = self.find(words, exact=exact)
            try:
                target.scroll_into_view_if_needed(timeout=TOUCH_MS)
                target.click(timeout=TOUCH_MS)
                break
            except PlaywrightError:
                # Flutter builds its tree anew at every frame; what was found may be gone.
                if time.monotonic() > limit:
                    raise
        self.taps += 1

    def digits(self, digits: str) -> None:
        """Touch the keypad's keys; digits are not counted as taps."""
        for digit in digits:
            self.page.get_by_role("button", name=digit, exact=True).last.click()

    def type_into(self, label: str, text: str) -> None:
        """Type into a field in place of what stands there, until it has taken the text."""
        named = self.page.get_by_role("textbox", name=label, exact=True)
        field = named.or_(self.page.get_by_role("textbox", name=label)).first
        field.wait_for(state="attached")
        self.taps += 1
        limit = time.monotonic() + PATIENCE_MS / 1000
        while not self._typed(field, text):
            assert time.monotonic() < limit, f"the field {label!r} does not take {text!r}"

    def _typed(self, field: Locator, text: str) -> bool:
        """Flutter takes text only once the field has had focus a while, and may move it away."""
        try:
            field.scroll_into_view_if_needed(timeout=TOUCH_MS)
            field.click(timeout=TOUCH_MS)
            self.page.wait_for_timeout(FOCUS_MS)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(text)
            self.page.wait_for_timeout(POLL_MS)
            return field.input_value(timeout=TOUCH_MS) == text
        except PlaywrightError:
            return False

    def sees(self, words: str, *, within_ms: int = PATIENCE_MS) -> None:
        """Wait until the words are on the page; fails when they do not come."""
        pattern = re.compile(re.escape(words))
        expect(self.page.locator("flt-semantics-host")).to_be_attached()
        self.find_words(pattern).first.wait_for(state="attached", timeout=within_ms)

    def find_words(self, pattern: re.Pattern[str]) -> Locator:
        """Everything whose words or label match."""
        return self.page.get_by_text(pattern).or_(self.page.get_by_label(pattern))

    def words(self) -> str:
        """Everything that can be read on the page, as a screen reader comes by it."""
        labels = self.page.locator("flt-semantics-host [aria-label]").evaluate_all(
            "nodes => nodes.map(node => node.getAttribute('aria-label'))"
        )
        return "\n".join([self.page.locator("flt-semantics-host").inner_text(), *labels])

    def shows(self, words: str) -> bool:
        """Whether the words are on the page now, once it has come to rest."""
        self.page.wait_for_timeout(REST_MS)
        return self.find_words(re.compile(re.escape(words))).count() > 0

    def back_out_to(self, words: str, back: str) -> None:
        """Touch *back* for as long as it takes to see the words."""
        limit = time.monotonic() + PATIENCE_MS / 1000
        while not self.shows(words):
            if time.monotonic() > limit:
                raise AssertionError(f"no way back to {words!r}; see {self.screenshot('lost')}")
            there = [found for found in self._candidates(back, exact=True) if found.count()]
            # It may be gone by now: the way back is then being taken already.
            with suppress(PlaywrightError):
                if there:
                    there[0].first.click(timeout=TOUCH_MS)

    def sees_not(self, words: str) -> None:
        """Wait until the words are gone."""
        expect(self.find_words(re.compile(re.escape(words)))).to_have_count(0)

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page as var/screens/<name>-<width>x<height>.png."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size or {"width": 0, "height": 0}
        path = SCREENS / f"{name}-{size['width']}x{size['height']}.png"
        self.page.wait_for_timeout(300)  # the canvas is painted a frame after its tree
        self.page.screenshot(path=str(path))
        return path

    def resize(self, size: tuple[int, int]) -> None:
        """Turn or change the tablet, and wait until it has laid itself out anew."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.wait_for_timeout(REST_MS)

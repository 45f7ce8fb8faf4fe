"""The desk in a browser page, read and clicked as a reviewer would."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.journeys.harness import PATIENCE_MS, SCREENS, WIDE
from words import say


class DeskPage:
    """One signed-in browser at the desk."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    @classmethod
    def sign_in(
        cls, browser: Browser, url: str, login: str, password: str, size: tuple[int, int] = WIDE
    ) -> DeskPage:
        """Sign in and arrive at the overview."""
        width, height = size
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{url}/desk/sign-in")
        page.get_by_label(say("desk.sign_in.login")).fill(login)
        page.get_by_label(say("desk.sign_in.password")).fill(password)
        page.get_by_role("button", name=say("desk.sign_in.enter")).click()
        expect(page).to_have_url(f"{url}/desk/overview")
        return cls(page, url)

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window another size."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def open(self, path: str) -> None:
        """Go to a page of the desk by its path."""
        self.page.goto(f"{self._url}/desk/{path}")

    def follow(self, words: str) -> None:
        """Click the first link that bears the words."""
        self.page.get_by_role("link", name=words).first.click()

    def press(self, words: str) -> None:
        """Press the button that bears the words."""
        self.page.get_by_role("button", name=words).first.click()

    def has_in_sight(self, words: str) -> None:
        """The button that bears the words is within the window's width, with nothing over it."""
        button = self.page.get_by_role("button", name=words).first
        button.scroll_into_view_if_needed()
        box, size = button.bounding_box(), self.page.viewport_size
        assert box is not None
        assert size is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert self.page.evaluate("() => scrollX") == 0
        button.click(trial=True)

    def sees(self, words: str) -> None:
        """The page shows the words."""
        expect(self.page.get_by_text(words).first).to_be_visible()

    def table(self) -> str:
        """What the page's tables say."""
        return "\n".join(self.page.locator("main table").all_inner_texts())

    def screenshot(self, name: str) -> None:
        """Keep a picture of the whole page as var/screens/desk-<name>-<width>x<height>.png."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size or {"width": 0, "height": 0}
        self.page.evaluate("document.fonts.ready")
        path = SCREENS / f"desk-{name}-{size['width']}x{size['height']}.png"
        self.page.screenshot(path=str(path), full_page=True)

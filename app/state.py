"""What one open page remembers: who is at work, where one is, and what to say in passing.

Every page has its own: a second tab begins locked and shares nothing unlocked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import flet as ft

from app import routes, theme
from app.routes import Place

if TYPE_CHECKING:
    from app.clock import Clock
    from app.services.followups import Saved
    from app.services.tablet import Tablet
    from app.services.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence shown in passing at the foot of the page; `number` tells two alike apart."""

    text: str
    tone: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What happens outside the page when work begins and ends on it, and when it saves."""

    begin: Callable[[Workplace], None] = lambda _: None
    end: Callable[[Workplace], None] = lambda work: work.lock()
    changed: Callable[[], None] = lambda: None


@ft.observable
@dataclass
class AppState:
    """The state of one page; setting a field shows it."""

    tablet: Tablet
    clock: Clock
    hooks: Hooks = field(default_factory=Hooks)
    workplace: Workplace | None = None
    stack: tuple[Place, ...] = (routes.TODAY,)
    visit: tuple[str, ...] = ()
    saved: Saved | None = None
    width: float = 1280
    height: float = 800
    font_scale: float = 1.0
    language: str = "zh_CN"
    notice: Notice | None = None
    pulse: int = 0
    _shift: Workplace | None = field(default=None, init=False, repr=False)

    @property
    def work(self) -> Workplace:
        """The workplace last opened on this page; raises LookupError before the first.

        Locking redraws a page's components in no order: a screen may be drawn once more
        before it is taken away. It still gets its workplace, whose services refuse.
        """
        if self._shift is None:
            raise LookupError("nobody has been at work on this page")
        return self._shift

    def now(self) -> datetime:
        """The instant, aware and in UTC."""
        return self.clock.now()

    @property
    def place(self) -> Place:
        """Where one is."""
        return self.stack[-1]

    @property
    def is_compact(self) -> bool:
        """A phone: one column, bars above and below."""
        return self.width < theme.COMPACT_BELOW

    @property
    def is_wide(self) -> bool:
        """Room for two columns side by side and a rail of places."""
        return self.width >= theme.WIDE_FROM

    def has_room_for(self, width: float) -> bool:
        """Whether the page is at least so wide, measured in type of the ordinary size."""
        return self.width / self.font_scale >= width

    def open(self, workplace: Workplace) -> None:
        """Begin work: the store is open and today is shown."""
        self.stack = (routes.TODAY,)
        self.workplace = self._shift = workplace
        self.hooks.begin(workplace)

    def close(self) -> None:
        """End work on this page: keys are dropped and the lock screen shown."""
        leaving, self.workplace = self.workplace, None
        self.visit, self.saved = (), None
        self.stack = (routes.TODAY,)
        if leaving is not None:
            self.hooks.end(leaving)

    def touch(self) -> None:
        """Somebody is at work: the idle time begins anew."""
        if self.workplace is not None:
            self.workplace.touch()

    def go(self, place: Place) -> None:
        """Step on to a place; the one left stays below it."""
        self.touch()
        if place != self.place:
            self.stack = (*self.stack, place)

    def replace(self, place: Place) -> None:
        """Go to a place without a way back to the one left."""
        self.stack = (*self.stack[:-1], place)

    def back(self) -> None:
        """Step back to the place below; at the bottom nothing happens."""
        if len(self.stack) > 1:
            self.stack = self.stack[:-1]

    def root(self, place: Place) -> None:
        """Go to one of the main places, with nothing below it."""
        self.stack = (place,)

    def tell(self, text: str, tone: str = "plain") -> None:
        """Show a sentence in passing."""
        number = self.notice.number + 1 if self.notice else 1
        self.notice = Notice(text, tone, number)

    def refresh(self) -> None:
        """The store may have changed: every screen reads again."""
        self.pulse += 1

    def changed(self) -> None:
        """The doctor saved something: every screen reads again, and it travels when it can."""
        self.refresh()
        self.hooks.changed()

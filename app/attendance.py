"""Who is at work: at most one page unlocked, and synchronisation running while one is."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING

import flet as ft

from app.clock import Clock
from app.sync.link import HttpCounty
from app.sync.worker import SyncWorker

if TYPE_CHECKING:
    from app.county_link import SyncResult
    from app.services.workplace import Workplace
    from app.state import AppState


class Attendance:
    """Begins and ends work on a page; a second page that unlocks sends the first to its lock."""

    def __init__(self, county: HttpCounty, clock: Clock) -> None:
        self._county = county
        self._clock = clock
        self._page: ft.Page | None = None
        self._app: AppState | None = None
        self._worker: SyncWorker | None = None

    def begin(self, page: ft.Page, app: AppState, work: Workplace) -> None:
        """Work was unlocked on a page: any other is sent to its lock screen, and records travel."""
        former_page, former = self._page, self._app
        self._page, self._app = page, app
        if former_page is not None and former is not None and former is not app:
            _on(former_page, former.close)
        self._stop()
        self._worker = SyncWorker(
            lambda: self._synchronised(page, app, work),
            self._county.cancel,
            self._clock,
            random.random,
        )
        self._worker.start()

    def end(self, app: AppState, work: Workplace) -> None:
        """Work is over on a page: the store is closed behind it, without holding up the screen."""
        if self._app is app:
            self._page = self._app = None
            self._stop()
        Thread(target=work.lock, name="lock").start()

    def changed(self) -> None:
        """Something was saved that ought to travel."""
        if self._worker is not None:
            self._worker.nudge()

    def _stop(self) -> None:
        leaving, self._worker = self._worker, None
        if leaving is not None:
            Thread(target=leaving.stop, name="stop-sync", daemon=True).start()

    def _synchronised(self, page: ft.Page, app: AppState, work: Workplace) -> SyncResult:
        result = work.sync.run_now()
        if self._app is app and result.failed is None:
            _on(page, app.refresh)
        return result


def _on(page: ft.Page, deed: Callable[[], None]) -> None:
    """Do something to a page's state from outside its event loop, and show it."""

    async def do() -> None:
        deed()
        page.update()

    # Flet notes the page in the caller's context, which may be another page's.
    copy_context().run(page.run_task, do)

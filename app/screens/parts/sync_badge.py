"""The synchronisation badge: one glance says whether anything has not reached the county."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import flet as ft

from app import theme
from app.screens.parts import texts, wording
from app.screens.parts.handlers import Bound
from words import say

if TYPE_CHECKING:
    from app.services.today import SyncBadge

_TONES = {
    "level": "good",
    "not_fetched": "info",
    "unsent": "info",
    "refused": "emergency",
    "returned": "warn",
}
_ICONS = {
    "level": ft.Icons.CLOUD_DONE_OUTLINED,
    "not_fetched": ft.Icons.CLOUD_DOWNLOAD_OUTLINED,
    "unsent": ft.Icons.CLOUD_UPLOAD_OUTLINED,
    "refused": ft.Icons.REPORT_OUTLINED,
    "returned": ft.Icons.ASSIGNMENT_RETURN_OUTLINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeView:
    """The badge in words, with its tone and symbol."""

    state: str
    words: str
    detail: str
    tone: str


def present_badge(badge: SyncBadge, now: datetime) -> BadgeView:
    """The badge: what is not level comes before when it was last level.

    Nothing to send is no good news before the first list has come.
    """
    counts = {"unsent": badge.unsent, "refused": badge.refused, "returned": badge.returned}
    synced = badge.last_synced_at
    when = wording.ago(synced, now) if synced else say("sync_badge.never")
    state = "not_fetched" if badge.state == "level" and synced is None else badge.state
    return BadgeView(
        state=state,
        words=say(f"sync_badge.{state}", count=counts.get(state, 0)),
        detail=say("sync_badge.last", when=when) if synced else when,
        tone=_TONES.get(state, "plain"),
    )


def sync_badge(view: BadgeView, on_click: Bound, *, with_detail: bool) -> ft.Container:
    """The badge, opening the synchronisation page when pressed."""
    tone = theme.tone(view.tone)
    lines: list[ft.Control] = [texts.strong(view.words, color=tone.ink)]
    if with_detail:
        lines.append(texts.body(view.detail, color=tone.ink))
    symbol = _ICONS.get(view.state, ft.Icons.CLOUD_OUTLINED)
    return ft.Container(
        content=ft.Row(
            [
                ft.Icon(symbol, color=tone.ink, size=26),
                ft.Column(lines, spacing=0, tight=True),
            ],
            spacing=10,
            tight=True,
        ),
        key="sync-badge",
        on_click=on_click,
        ink=True,
        bgcolor=tone.ground,
        border_radius=theme.RADIUS,
        height=None if with_detail else theme.TARGET,
        padding=ft.Padding.symmetric(horizontal=16, vertical=8),
    )

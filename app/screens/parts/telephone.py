"""Calling somebody with the tablet's own telephone."""

from __future__ import annotations

import flet as ft

EMERGENCY_NUMBER = "120"


async def call(number: str) -> None:
    """Hand a number to the telephone; where there is none, nothing happens."""
    await ft.UrlLauncher().launch_url(f"tel:{number}")

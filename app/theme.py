"""How everything looks: colours with their contrast, sizes, spacing and the Flet theme of them.

Made for a doctor of 58 with reading glasses in a dim kitchen: text of at least 18 px,
numbers of at least 32, targets of at least 56, and every ink at least 7:1 on its ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

FONT_FAMILY = "LuyueSans"
FONTS = {FONT_FAMILY: "fonts/NotoSansSC_400Regular.ttf"}

GROUND = "#EFF3F1"
CARD = "#FFFFFF"
INK = "#16211D"
INK_SOFT = "#3C4A45"
LINE = "#CFD8D4"
BRAND = "#0A5244"
BRAND_PALE = "#DDEFE9"
ON_BRAND = "#FFFFFF"
SCRIM = "#8016211D"

GAP = 8
PAD = 16
PAGE_PAD = 24
RADIUS = 16
TARGET = 56
KEY_HEIGHT = 72
SMALLEST = 18
"""The smallest type there is, in pixels."""
RAIL_WIDTH = 128
READING_WIDTH = 1080
"""Widest a column of cards grows before it stops being easy to read."""

COMPACT_BELOW = 600
WIDE_FROM = 1100


@dataclass(frozen=True, slots=True)
class Tone:
    """An ink and its pale ground, told apart by an icon as well, never by colour alone."""

    ink: str
    ground: str
    icon: ft.IconData


TONES = {
    "emergency": Tone("#86101B", "#FDEBEA", ft.Icons.EMERGENCY),
    "refer": Tone("#7A2205", "#FDEEE4", ft.Icons.LOCAL_HOSPITAL),
    "warn": Tone("#614000", "#FFF3D6", ft.Icons.WARNING_AMBER_ROUNDED),
    "good": Tone("#0A5138", "#E0F3E8", ft.Icons.CHECK_CIRCLE),
    "info": Tone("#0B4470", "#E4F0FA", ft.Icons.INFO_OUTLINE),
    "plain": Tone("#3C4A45", "#E9EEEC", ft.Icons.CIRCLE_OUTLINED),
}


def tone(name: str) -> Tone:
    """The tone of a name; an unknown one is plain."""
    return TONES.get(name, TONES["plain"])


def contrast(ink: str, ground: str) -> float:
    """Contrast ratio of two #RRGGBB colours as WCAG 2.2 reckons it, from 1 to 21."""
    brighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def build(scale: float = 1.0) -> ft.Theme:
    """The Flet theme with all text `scale` times its ordinary size."""
    return ft.Theme(
        font_family=FONT_FAMILY,
        color_scheme=_colours(),
        text_theme=_text_theme(scale),
        visual_density=ft.VisualDensity.STANDARD,
        page_transitions=_still_pages(),
        scaffold_bgcolor=GROUND,
    )


def _colours() -> ft.ColorScheme:
    return ft.ColorScheme(
        primary=BRAND,
        on_primary=ON_BRAND,
        primary_container=BRAND_PALE,
        on_primary_container=BRAND,
        secondary_container=BRAND_PALE,
        on_secondary_container=BRAND,
        surface=CARD,
        on_surface=INK,
        on_surface_variant=INK_SOFT,
        outline="#6B7A74",
        outline_variant=LINE,
        error=TONES["emergency"].ink,
        surface_tint=CARD,
    )


def _still_pages() -> ft.PageTransitionsTheme:
    """No page transitions: on a slow tablet they cost a third of a second a tap."""
    still = ft.PageTransitionTheme.NONE
    return ft.PageTransitionsTheme(
        android=still, ios=still, linux=still, macos=still, windows=still
    )


def _text_theme(scale: float) -> ft.TextTheme:
    bold, medium = ft.FontWeight.W_700, ft.FontWeight.W_600

    def style(size: float, weight: ft.FontWeight | None = None, line: float = 1.4) -> ft.TextStyle:
        # Flet gives a style of its own no family, not even the theme's.
        return ft.TextStyle(
            font_family=FONT_FAMILY, size=round(size * scale), weight=weight, height=line, color=INK
        )

    return ft.TextTheme(
        display_large=style(52, bold, 1.1),
        display_medium=style(40, bold, 1.1),
        display_small=style(32, bold, 1.15),
        headline_large=style(30, bold, 1.3),
        headline_medium=style(26, bold, 1.3),
        headline_small=style(24, bold, 1.3),
        title_large=style(22, bold),
        title_medium=style(20, medium),
        title_small=style(18, medium),
        body_large=style(20),
        body_medium=style(18),
        body_small=style(18),
        label_large=style(20, medium, 1.2),
        label_medium=style(18, medium, 1.2),
        label_small=style(18, None, 1.2),
    )

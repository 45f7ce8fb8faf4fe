"""A person as a line: who, which groups, why due, and the year's dots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flet as ft

from app import theme
from app.screens.parts import slots, surfaces, texts
from app.screens.parts.handlers import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One person of a list, all in words; `tone` colours the reason."""

    resident_id: str
    name: str
    about: str
    tags: tuple[str, ...] = ()
    reason: str = ""
    tone: str = "plain"
    dots: tuple[str, ...] = ()
    detail: str = ""
    has_draft: str = ""


def person_line(
    person: PersonLine, on_open: Bound, *, trailing: Sequence[ft.Control] = ()
) -> ft.Container:
    """The line, opening the person when pressed; `trailing` stands at its right end."""
    main = ft.Column(_rows(person), spacing=4, tight=True, expand=True)
    return ft.Container(
        content=ft.Row([main, *trailing], spacing=12),
        key=f"person-{person.resident_id}",
        on_click=on_open,
        ink=True,
        padding=ft.Padding.symmetric(horizontal=20, vertical=14),
    )


def _rows(person: PersonLine) -> list[ft.Control]:
    name: list[ft.Control] = [texts.title(person.name), texts.soft(person.about)]
    name += [surfaces.pill(tag, "info") for tag in person.tags]
    if person.has_draft:
        name.append(surfaces.pill(person.has_draft, "warn"))
    rows: list[ft.Control] = [ft.Row(name, spacing=10, run_spacing=4, wrap=True)]
    if person.reason:
        rows.append(texts.strong(person.reason, color=theme.tone(person.tone).ink))
    if person.detail:
        rows.append(texts.soft(person.detail))
    if person.dots:
        rows.append(slots.dots(person.dots))
    return rows

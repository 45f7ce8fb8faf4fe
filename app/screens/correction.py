"""Putting right what is written about a resident: name, ID number, telephone, relation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import flet as ft

from app.screens.hooks import use_made
from app.screens.parts import buttons, fields, frame
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import ask, use_answer
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from core.people import Resident

FIELDS = ("name", "id_number", "phone", "relation_to_head")
HIDDEN = frozenset({"id_number"})
"""Fields whose present value is never shown whole: a new one is typed anew."""


@ft.observable
@dataclass
class Form:
    """What has been typed; a field left alone is not in `typed`."""

    typed: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    trouble: str = ""

    def type(self, name: str, text: str) -> None:
        """Take a field's new text."""
        self.typed = {**self.typed, name: text}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The fields as they stand, and whether anything would change."""

    heading: str
    values: tuple[tuple[str, str], ...]
    can_save: bool


def present(resident: Resident, form: Form) -> View:
    """The form over what is written now; the ID number starts empty, not masked."""
    return View(
        heading=say("correction.heading", name=resident.name),
        values=tuple((name, form.typed.get(name, written(resident, name))) for name in FIELDS),
        can_save=bool(changes(resident, form)),
    )


def written(resident: Resident, name: str) -> str:
    """What a field shows before it is touched."""
    return "" if name in HIDDEN else str(getattr(resident, name))


def changes(resident: Resident, form: Form) -> dict[str, object]:
    """The fields whose text differs from what is written."""
    return {
        name: text
        for name, text in form.typed.items()
        if text.strip() != written(resident, name).strip()
    }


@ft.component
@kept_up
def Screen(app: AppState, resident_id: str) -> ft.Control:
    """The form; saving goes back to the resident."""
    work = app.work
    form = use_made(Form)
    found = use_answer(lambda: work.residents.get(resident_id))
    if found.value is None:
        return frame.page(app, say("correction.title"), frame.waiting(found))
    resident = found.value.resident

    async def save() -> None:
        changed, reason = changes(resident, form), form.reason
        answer = await ask(lambda: work.residents.correct(resident_id, changed, reason))
        form.trouble = answer.why_not
        if not answer.refusals:
            app.tell(say("correction.saved"), "good")
            app.changed()
            app.back()

    view = present(resident, form)
    step = buttons.primary(
        say("correction.save"), on(save), key="save-correction", disabled=not view.can_save
    )
    return frame.page(
        app,
        view.heading,
        *_blocks(view, form),
        note=found.value.masked_id_number,
        foot=[step],
        trouble=form.trouble,
    )


def _blocks(view: View, form: Form) -> list[ft.Control]:
    blocks: list[ft.Control] = [_field(form, name, value) for name, value in view.values]
    blocks.append(
        fields.text_field(
            say("correction.reason"),
            form.reason,
            lambda text: setattr(form, "reason", text),
            key="reason",
            lines=2,
        )
    )
    return blocks


def _field(form: Form, name: str, value: str) -> ft.Control:
    return fields.text_field(
        say(f"correction.{name}"),
        value,
        lambda text: form.type(name, text),
        key=f"field-{name}",
        digits_only=name == "phone",
    )

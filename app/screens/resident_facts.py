"""Who a resident is: numbers, contract, medicines; and what is told in confidence, once tapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import theme
from app.screens.parts import surfaces, texts, wording
from app.screens.parts.handlers import on
from core.confidence import open_conditions
from words import say

if TYPE_CHECKING:
    from app.services.residents import ResidentView
    from core.people import TagSpan

Pairs = tuple[tuple[str, str], ...]
"""Labels and values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the card of a resident shows; `special` only once somebody has asked for it."""

    tags: tuple[str, ...]
    facts: Pairs
    contract: Pairs
    medicines: tuple[str, ...]
    special: tuple[str, ...]


def present(found: ResidentView) -> View:
    """The card in words."""
    spans = found.resident.tags
    return View(
        tags=wording.tags(dict.fromkeys(span.tag for span in spans if not span.to_on)),
        facts=_facts(found),
        contract=_contract(found),
        medicines=tuple(
            " ".join(part for part in (medicine.name, medicine.dose) if part)
            for medicine in found.medicines
        ),
        special=tuple(_special(span) for span in found.special),
    )


def _facts(found: ResidentView) -> Pairs:
    resident = found.resident
    conditions = wording.listed(
        condition.name or wording.coded("tag", condition.code)
        for condition in open_conditions(resident)
    )
    return (
        (say("resident.id_number"), found.masked_id_number),
        (say("resident.birth_date"), wording.full_day(resident.birth_date)),
        (say("resident.phone"), resident.phone or say("app.none")),
        (say("resident.relation"), resident.relation_to_head or say("app.none")),
        (say("resident.conditions"), conditions or say("app.none")),
    )


def _contract(found: ResidentView) -> Pairs:
    contract = found.contract
    if contract is None:
        return ((say("resident.contract"), say("resident.no_contract")),)
    span = f"{wording.full_day(contract.start_on)} – {wording.full_day(contract.last_day)}"
    items = wording.listed(wording.coded("service", item.service) for item in contract.items)
    return (
        (say("resident.contract"), wording.coded("contract_state", found.contract_state)),
        (say("resident.contract_span"), span),
        (say("resident.contract_items"), items or say("app.none")),
    )


def _special(span: TagSpan) -> str:
    what = wording.coded("tag", span.tag)
    if span.from_on is None:
        return what
    return say("resident.special_since", what=what, day=wording.full_day(span.from_on))


def card(view: View, *, is_open: bool, set_open: Callable[[bool], None]) -> ft.Control:
    """The card; what is told in confidence is one neutral line until it is tapped."""
    rows: list[ft.Control] = []
    if view.tags:
        rows.append(surfaces.pills([(tag, "info") for tag in view.tags]))
    rows += [surfaces.fact(*pair) for pair in (*view.facts, *view.contract)]
    if view.medicines:
        rows.append(surfaces.fact(say("resident.medicines"), wording.listed(view.medicines)))
    if view.special:
        rows.append(_special_row(view.special, is_open, set_open))
    return surfaces.card(*rows)


def _special_row(told: tuple[str, ...], is_open: bool, set_open: Callable[[bool], None]) -> ft.Row:
    words = "\n".join(told) if is_open else say("resident.special_closed")
    label = say("resident.special")
    line = ft.Row(
        [
            ft.Container(texts.soft(label), width=132),
            ft.Container(texts.body(words), expand=True),
            ft.Icon(ft.Icons.EXPAND_LESS if is_open else ft.Icons.EXPAND_MORE, size=28),
        ],
        spacing=theme.GAP,
    )
    pressed = ft.Container(
        line,
        key="special",
        on_click=on(set_open, not is_open),
        ink=True,
        border_radius=12,
        padding=ft.Padding.symmetric(vertical=14),
    )
    spoken = f"{label} {words}"
    return ft.Row([ft.Semantics(content=pressed, button=True, label=spoken, expand=True)])

"""What older eyes need, held as numbers: contrast, sizes, and a shape beside every colour."""

from __future__ import annotations

from dataclasses import fields

import pytest

from app import theme
from app.screens.parts import fields as fields_to_type_in
from app.screens.parts import slots
from core.slots import SlotState
from words import say

ENOUGH = 7.0


@pytest.mark.parametrize("name", theme.TONES)
def test_every_tone_is_readable_on_its_ground_and_on_white(name: str) -> None:
    tone = theme.tone(name)
    assert theme.contrast(tone.ink, tone.ground) >= ENOUGH
    assert theme.contrast(tone.ink, theme.CARD) >= ENOUGH


@pytest.mark.parametrize("ink", [theme.INK, theme.INK_SOFT, theme.BRAND])
@pytest.mark.parametrize("ground", [theme.GROUND, theme.CARD, theme.BRAND_PALE])
def test_every_ink_is_readable_on_every_ground(ink: str, ground: str) -> None:
    assert theme.contrast(ink, ground) >= ENOUGH


def test_white_on_the_brand_colour_is_readable() -> None:
    assert theme.contrast(theme.ON_BRAND, theme.BRAND) >= ENOUGH


def test_black_on_white_has_the_contrast_the_standard_says() -> None:
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)


def test_tones_are_told_apart_without_their_colour() -> None:
    assert len({theme.tone(name).icon for name in theme.TONES}) == len(theme.TONES)


def test_no_text_is_smaller_than_eighteen_and_no_number_than_thirty_two() -> None:
    styles = theme.build().text_theme
    assert styles is not None
    names = [field.name for field in fields(styles) if getattr(styles, field.name) is not None]
    sizes = {name: getattr(styles, name).size for name in names}
    assert len(sizes) == 15
    assert min(sizes.values()) >= 18
    assert min(size for name, size in sizes.items() if name.startswith("display")) >= 32


def test_a_larger_font_setting_enlarges_every_style() -> None:
    styles = theme.build(1.5).text_theme
    assert styles is not None
    assert styles.body_medium is not None
    assert styles.body_medium.size == 27


def test_what_is_typed_is_as_large_as_the_setting_says() -> None:
    field = fields_to_type_in.text_field("备注", "", lambda _: None, key="note")
    assert field.text_size is None


def test_a_target_is_large_enough_for_a_thumb() -> None:
    assert min(theme.TARGET, theme.KEY_HEIGHT) >= 56


@pytest.mark.parametrize("state", SlotState)
def test_every_slot_state_has_a_shape_and_words_of_its_own(state: SlotState) -> None:
    others = {slots.dot(other).icon for other in SlotState if other != state}
    assert slots.dot(state).icon not in others
    assert say(f"slot_state.{state}")


def test_a_state_a_newer_county_invents_is_still_drawn() -> None:
    assert slots.dot("dreamt_up").icon


def test_filled_slots_are_counted_in_words() -> None:
    assert slots.filled_words(["met", "met_late_entry", "missed", "open"]) == "今年 2/4"

"""Which PINs are refused, and why."""

from __future__ import annotations

import pytest

from app.store.errors import WeakPin
from app.store.pins import refuse_weak_pin


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        ("", "shape"),
        ("12345", "shape"),
        ("1234567", "shape"),
        ("12a456", "shape"),
        ("３８４７５６", "shape"),
        ("000000", "repeated"),
        ("777777", "repeated"),
        ("121212", "repeated"),
        ("123123", "repeated"),
        ("111222", "repeated"),
        ("123456", "sequence"),
        ("234567", "sequence"),
        ("567890", "sequence"),
        ("654321", "sequence"),
        ("098765", "sequence"),
        ("901234", "sequence"),
        ("520131", "common"),
        ("147258", "common"),
    ],
)
def test_a_weak_pin_is_refused_with_its_reason(pin: str, reason: str) -> None:
    with pytest.raises(WeakPin) as error:
        refuse_weak_pin(pin)
    assert error.value.reason == reason
    assert error.value.code == f"pin.{reason}"


@pytest.mark.parametrize("pin", ["384756", "907245", "710424", "102938", "246813"])
def test_an_ordinary_pin_passes(pin: str) -> None:
    refuse_weak_pin(pin)

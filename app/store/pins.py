"""Which PINs are refused because a finder of the tablet would try them first."""

from __future__ import annotations

from app.store.errors import WeakPin

PIN_DIGITS = 6

# Dates of love, neighbours on the pad and other favourites of published PIN lists.
COMMON_PINS = frozenset(
    """
    520131 521131 520520 521521 131420 520000 147258 147852 258369 369258 159357 159753
    147369 963852 321654 456123 789456 134679 142536 168168 888168 666888 888666 100200
    112233 223344 332211 102030
    """.split()  # noqa: SIM905 - a block of words reads better than thirty quoted ones
)
_RINGS = ("0123456789" * 2, "9876543210" * 2)


def refuse_weak_pin(pin: str) -> None:
    """Raise WeakPin where `pin` is not six digits, or is one that others would try first."""
    for reason, holds in (
        ("shape", not _is_six_digits(pin)),
        ("repeated", _repeats(pin)),
        ("sequence", any(pin in ring for ring in _RINGS)),
        ("common", pin in COMMON_PINS),
    ):
        if holds:
            raise WeakPin(reason)


def _is_six_digits(pin: str) -> bool:
    return len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit()


def _repeats(pin: str) -> bool:
    """One, two or three digits over and over (777777, 121212, 123123), or 111222."""
    shortest = (pin + pin).find(pin, 1)
    return shortest < PIN_DIGITS or len(set(pin[:3])) == len(set(pin[3:])) == 1

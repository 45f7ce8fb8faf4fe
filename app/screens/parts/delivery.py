"""How far a record has got, as a tone, and the township's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.screens.parts import wording
from words import say

if TYPE_CHECKING:
    from app.services.views import NotTaken, ReturnedView

DELIVERY_TONES = {
    "on_tablet": "info",
    "sent": "info",
    "county_has_it": "good",
    "overruled": "info",
    "undecided": "info",
    "accepted": "good",
    "returned": "warn",
    "questioned": "warn",
    "refused": "emergency",
}


def not_taken_words(kept: NotTaken) -> str:
    """Which fields of an edit kept the county's value, and why; "" where none did."""
    told = {"delivery.kept_later": kept.overruled, "delivery.kept_open": kept.undecided}
    return "\n".join(
        say(key, fields=wording.listed(wording.coded("field", name) for name in fields))
        for key, fields in told.items()
        if fields
    )


def returned_words(returned: ReturnedView) -> str:
    """Why the township sent a follow-up back or questions it, with the reviewer's own words."""
    reason = wording.coded("return_reason", returned.reason or "other")
    return say(f"follow_up.{returned.decision}", reason=reason, note=returned.note).rstrip()

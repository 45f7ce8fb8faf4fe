"""How far a record has got, as a tone, and the township's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.screens.parts import wording
from words import say

if TYPE_CHECKING:
    from app.services.views import ReturnedView

DELIVERY_TONES = {
    "on_tablet": "info",
    "sent": "info",
    "county_has_it": "good",
    "accepted": "good",
    "returned": "warn",
    "questioned": "warn",
    "refused": "emergency",
}


def returned_words(returned: ReturnedView) -> str:
    """Why the township sent a follow-up back or questions it, with the reviewer's own words."""
    reason = wording.coded("return_reason", returned.reason or "other")
    return say(f"follow_up.{returned.decision}", reason=reason, note=returned.note).rstrip()

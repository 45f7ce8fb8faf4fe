"""A refusal: why something cannot be taken, as a value both ends word for their user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an input is refused: `code` names the sentence, `place` the field, `values` its gaps.

    The sentence stands in the catalogue under `refusal.<code>`. `soft` refusals ask the
    user to confirm (a glucose of 34 may be mg/dL); hard ones cannot be passed.
    """

    code: str
    place: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    soft: bool = False


class Refused(Exception):
    """Raised by services and ingest where an input cannot be taken; carries every reason."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__(", ".join(refusal.code for refusal in refusals))
        self.refusals = refusals

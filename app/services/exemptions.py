"""Asking the township to excuse days on which a resident cannot be followed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.services.deliveries import deliveries
from app.services.double_tap import OnlyOnce
from app.services.looking_up import demand_history
from app.services.practice import Practice
from app.services.recording import put_fact
from app.services.views import Delivery
from core.contracts import Exemption, ExemptionDecision
from core.history import latest_by
from core.refusals import Refused
from core.validation import check_exemption


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionRow:
    """A request and the township's answer; None while it is not decided."""

    exemption: Exemption
    decision: ExemptionDecision | None
    delivery: Delivery


class ExemptionService:
    """Requests that days be excused."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._once = OnlyOnce(practice.clock)

    def request(
        self, resident_id: str, from_on: date, to_on: date, reason: str, note: str = ""
    ) -> Exemption:
        """Signs the request into the outbox.

        `reason` is one of `core.vocabulary.NotMet`. Raises Refused: `resident.unknown`,
        `exemption.no_reason`, `exemption.days` where the end lies before the beginning.
        """
        asked = (resident_id, from_on, to_on, reason, note)
        return self._once.do(asked, lambda: self._request(*asked))

    def _request(
        self, resident_id: str, from_on: date, to_on: date, reason: str, note: str
    ) -> Exemption:
        with self._practice.transaction() as session:
            resident = demand_history(session, resident_id).resident
            exemption = Exemption(
                id=self._practice.new_id(),
                scope_id=resident.scope_id,
                resident_id=resident_id,
                author_id=self._practice.doctor_id,
                from_on=from_on,
                to_on=to_on,
                reason=reason,
                recorded_at=self._practice.clock.now(),
                note=note,
            )
            if refusals := check_exemption(exemption):
                raise Refused(*refusals)
            put_fact(session, self._practice, exemption)
        return exemption

    def of_resident(self, resident_id: str) -> tuple[ExemptionRow, ...]:
        """The resident's requests, newest first."""
        with self._practice.transaction() as session:
            history = demand_history(session, resident_id)
            asked = sorted(history.exemptions, key=lambda e: (e.recorded_at, e.id), reverse=True)
            states = deliveries(session, [exemption.id for exemption in asked])
            decided = latest_by(history.exemption_decisions, lambda d: d.exemption_id)
            return tuple(
                ExemptionRow(
                    exemption=exemption,
                    decision=decided.get(exemption.id),
                    delivery=states[exemption.id],
                )
                for exemption in asked
            )

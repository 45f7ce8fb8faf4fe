"""Agreed services against delivered ones (签约一项，履约一项)."""

from __future__ import annotations

from collections import Counter
from datetime import date

from core.accounts import ItemLine
from core.calendar import Span, clipped, year_span
from core.history import History


def item_lines(history: History, year: int, today: date) -> tuple[ItemLine, ...]:
    """The items of the year's last contract, delivered within its days up to today."""
    until = min(today, year_span(year).to_on)
    begun = [
        piece
        for piece in history.coverage.pieces
        if piece.actual and clipped((piece.actual,), Span(year_span(year).from_on, until))
    ]
    if not begun or not begun[-1].contract.items:
        return ()
    contract, _, actual = begun[-1]
    delivered = Counter(
        service
        for follow_up in history.settled.between(actual or year_span(year), until)
        if follow_up.not_met is None
        for service in dict.fromkeys(follow_up.services)
    )
    return tuple(
        ItemLine(
            contract_id=contract.id,
            service=item.service,
            agreed=item.agreed_count,
            delivered=delivered[item.service],
        )
        for item in contract.items
    )

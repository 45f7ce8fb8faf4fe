"""Agreed services against delivered ones (签约一项，履约一项)."""

from __future__ import annotations

from datetime import date

from core.accounts import ItemLine
from core.calendar import Span, clipped, year_span
from core.history import History


def item_lines(history: History, year: int, today: date) -> tuple[ItemLine, ...]:
    """The items of the year's last contract, delivered within its days up to today."""
    whole = year_span(year)
    so_far = Span(whole.from_on, min(today, whole.to_on))
    begun = [
        (piece.contract, piece.actual)
        for piece in history.coverage.pieces
        if piece.actual and clipped((piece.actual,), so_far)
    ]
    if not begun or not begun[-1][0].items:
        return ()
    contract, covered = begun[-1]
    met = [f for f in history.settled.between(covered, so_far.to_on) if f.not_met is None]
    return tuple(
        ItemLine(
            contract_id=contract.id,
            service=item.service,
            agreed=item.agreed_count,
            delivered=[item.service in follow_up.services for follow_up in met].count(True),
        )
        for item in contract.items
    )

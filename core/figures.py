"""Figures of one account or of many: counts that add up, and the shares drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.slots import Programme, Slot, SlotState

if TYPE_CHECKING:  # an account holds figures, so figures cannot import it at run time
    from core.accounts import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of slots, persons and agreed items; every count of a sum is the sum of the counts.

    `owed` leaves out excused and void slots; `due` are those of `owed` that are filled,
    missed or disputed. `filled` is capped slot by slot: what was done beyond a slot is
    `extra`. `longest_gap_days` of a sum is the longest of all.
    """

    owed: int = 0
    due: int = 0
    filled: int = 0
    on_time: int = 0
    late_entry: int = 0
    missed: int = 0
    disputed: int = 0
    excused: int = 0
    excuse_pending: int = 0
    void: int = 0
    open: int = 0
    upcoming: int = 0
    face_to_face: int = 0
    measured: int = 0
    extra: int = 0
    persons: int = 0
    persons_fully_served: int = 0
    items_agreed: int = 0
    items_delivered: int = 0
    longest_gap_days: int | None = None

    @property
    def completion(self) -> float | None:
        """Filled of owed; None where nothing is owed."""
        return share(self.filled, self.owed)

    @property
    def completion_to_date(self) -> float | None:
        """Filled of those already due; None where nothing is due yet."""
        return share(self.filled, self.due)

    @property
    def on_time_share(self) -> float | None:
        """Filled without late entry, of those due."""
        return share(self.on_time, self.due)

    @property
    def face_to_face_share(self) -> float | None:
        """Filled face to face, of those filled."""
        return share(self.face_to_face, self.filled)

    @property
    def measured_share(self) -> float | None:
        """Filled face to face with the readings measured, of those filled face to face."""
        return share(self.measured, self.face_to_face)

    @property
    def fully_served_share(self) -> float | None:
        """Persons whose every owed slot is filled, of persons who are owed any."""
        return share(self.persons_fully_served, self.persons)

    @property
    def items_rate(self) -> float | None:
        """Agreed items delivered as often as agreed, of agreed items (签约一项履约一项)."""
        return share(self.items_delivered, self.items_agreed)


COUNTS = tuple(name for name in Figures.__slots__ if name != "longest_gap_days")
NOTHING_OWED = "—"
"""What stands in print where a share has nothing beneath the line."""


def share(part: int, whole: int) -> float | None:
    """Part of whole, None where there is no whole: never 100 % of nothing."""
    return part / whole if whole else None


def percent(value: float | None) -> str:
    """A share as whole percent, rounded down so that 100 % means all; "—" for None."""
    return NOTHING_OWED if value is None else f"{int(value * 100 + 1e-9)} %"


def slot_figures(
    slots: Iterable[Slot],
    *,
    extra: int = 0,
    items_agreed: int = 0,
    items_delivered: int = 0,
    longest_gap_days: int | None = None,
) -> Figures:
    """The figures of one person's slots of one programme."""
    held = tuple(slots)
    states = [slot.state for slot in held]
    filled = [slot for slot in held if slot.filled_by is not None]
    missed, disputed = states.count(SlotState.MISSED), states.count(SlotState.DISPUTED)
    excused, void = states.count(SlotState.EXCUSED), states.count(SlotState.VOID)
    owed = len(held) - excused - void
    return Figures(
        owed=owed,
        due=len(filled) + missed + disputed,
        filled=len(filled),
        on_time=states.count(SlotState.MET),
        late_entry=states.count(SlotState.MET_LATE_ENTRY),
        missed=missed,
        disputed=disputed,
        excused=excused,
        excuse_pending=states.count(SlotState.EXCUSE_PENDING),
        void=void,
        open=states.count(SlotState.OPEN),
        upcoming=states.count(SlotState.UPCOMING),
        face_to_face=[slot.filled_face_to_face for slot in filled].count(True),
        measured=[slot.filled_measured for slot in filled].count(True),
        extra=extra,
        persons=int(owed > 0),
        persons_fully_served=int(0 < owed == len(filled)),
        items_agreed=items_agreed,
        items_delivered=items_delivered,
        longest_gap_days=longest_gap_days,
    )


def figures_of(account: Account, programme: Programme = Programme.CONTRACT) -> Figures:
    """The figures of one programme of an account; the contract's with its agreed items."""
    if programme == Programme.CONTRACT:
        return account.figures
    gaps = (gap.days for gap in account.gaps if gap.programme == programme)
    return slot_figures(account.of(programme), longest_gap_days=max(gaps, default=None))


def merged(figures: Iterable[Figures]) -> Figures:
    """The figures of several persons together: of a household, doctor, village, county."""
    held = tuple(figures)
    gaps = [f.longest_gap_days for f in held if f.longest_gap_days is not None]
    return Figures(
        **{name: sum(getattr(f, name) for f in held) for name in COUNTS},
        longest_gap_days=max(gaps, default=None),
    )


def merged_by(pairs: Iterable[tuple[str, Figures]]) -> dict[str, Figures]:
    """The figures of each group, in order of the groups' ids."""
    groups: dict[str, list[Figures]] = {}
    for group, figures in pairs:
        groups.setdefault(group, []).append(figures)
    return {group: merged(groups[group]) for group in sorted(groups)}

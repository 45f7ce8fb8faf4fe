"""A tablet's data in two places: a copy of its disk, made one day and used on another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.sync.pace import Paces
from core.wire.envelopes import Operation
from simulation.clocks import TabletClock
from simulation.faults import Fault
from simulation.link import InTurn, Link
from simulation.tablet_end import TabletEnd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulation.world import World

MOST_TASKS = 5
LAID_ASIDE = 0.5
"""How often it is not used before another day."""
EDITS = 0.3
"""How much of what is done then is an edit."""
AGAIN = 0.3
"""How often a fresh copy takes the place of the one there is."""


class Copies:
    """The copies of a world's tablets, one of each at most; their links are good."""

    def __init__(
        self,
        world: World,
        folder: Path,
        visit: Callable[[TabletEnd], None],
        edit: Callable[[TabletEnd, str], None],
    ) -> None:
        self.at_work = False
        """Whether it is a copy that is calling the county."""
        self._world = world
        self._folder = folder
        self._visit, self._edit = visit, edit
        self._made: dict[str, TabletEnd] = {}
        self._every: list[TabletEnd] = []

    def use(self, tablet: TabletEnd) -> None:
        """Make a copy, or work on the tablet and on the copy there is, and hand that one in."""
        copy = self._made.get(tablet.name)
        if copy is None or self._world.chance.random() < AGAIN:
            copy = self._make(tablet)
            if self._world.chance.random() < LAID_ASIDE:
                return
        self._world.met[Fault.COPIED] += 1
        tablet.was_copied = True
        for _ in range(self._world.chance.randint(0, MOST_TASKS)):
            self._work(tablet, tablet)
        for _ in range(self._world.chance.randint(1, MOST_TASKS)):
            self._work(copy, tablet)
        self.at_work = True
        result = copy.synchronise()
        self.at_work = False
        self._world.note(
            f"{copy.name} syncs: sent {result.sent}, refused {result.refused}, {result.failed}"
        )

    def _work(self, at: TabletEnd, tablet: TabletEnd) -> None:
        """A visit, or an edit of somebody the tablet itself may just have changed."""
        if self._world.chance.random() < EDITS:
            self._edit(at, self._world.edited_or_any(tablet))
        else:
            self._visit(at)

    def writer_of(self, edit: Operation, tablet: TabletEnd) -> TabletEnd:
        """Where an edit of a tablet's number was made: there, or at which copy of it."""
        copies = (copy for copy in self._every if copy.seat.device_id == edit.device_id)
        return next((one for one in (tablet, *copies) if one.wrote(edit)), tablet)

    def close(self) -> None:
        """Put all copies away."""
        for copy in self._made.values():
            copy.close()

    def _make(self, tablet: TabletEnd) -> TabletEnd:
        world, before = self._world, self._made.pop(tablet.name, None)
        if before is not None:
            before.close()
        name = f"{tablet.name} copied {world.clock.now:%m-%d %H-%M-%S}"
        world.note(f"{tablet.name}'s disk is copied")
        copy = TabletEnd(
            seat=replace(tablet.seat, name=name, store_file=tablet.path),
            folder=self._folder,
            clock=TabletClock(world.clock),
            connect=lambda _: Link(world.net, lambda: None, lambda: None),
            beside=lambda: InTurn(world.chance),
            portions=None,
            paces=Paces(),
            saved=list(tablet.saved),
        )
        self._made[tablet.name] = copy
        self._every.append(copy)
        return copy

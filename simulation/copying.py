"""A tablet's data in two places: a copy of its disk, made one day and used on another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.sync.pace import Paces
from simulation.clocks import TabletClock
from simulation.faults import Fault
from simulation.link import InTurn, Link
from simulation.tablet_end import TabletEnd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulation.world import World

MOST_VISITS = 5
AGAIN = 0.3
"""How often a fresh copy takes the place of the one there is."""


class Copies:
    """The copies of a world's tablets, one of each at most; their links are good."""

    def __init__(self, world: World, folder: Path, visit: Callable[[TabletEnd], None]) -> None:
        self.at_work = False
        """Whether it is a copy that is calling the county."""
        self._world = world
        self._folder = folder
        self._visit = visit
        self._made: dict[str, TabletEnd] = {}

    def use(self, tablet: TabletEnd) -> None:
        """Make a copy, or work on the one there is and hand that in."""
        copy = self._made.get(tablet.name)
        if copy is None or self._world.chance.random() < AGAIN:
            self._make(tablet)
            return
        self._world.met[Fault.COPIED] += 1
        tablet.was_copied = True
        for _ in range(self._world.chance.randint(1, MOST_VISITS)):
            self._visit(copy)
        self.at_work = True
        result = copy.synchronise()
        self.at_work = False
        self._world.note(
            f"{copy.name} syncs: sent {result.sent}, refused {result.refused}, {result.failed}"
        )

    def close(self) -> None:
        """Put all copies away."""
        for copy in self._made.values():
            copy.close()

    def _make(self, tablet: TabletEnd) -> None:
        world, before = self._world, self._made.pop(tablet.name, None)
        if before is not None:
            before.close()
        name = f"{tablet.name} copied {world.clock.now:%m-%d %H-%M-%S}"
        world.note(f"{tablet.name}'s disk is copied")
        self._made[tablet.name] = TabletEnd(
            seat=replace(tablet.seat, name=name, store_file=tablet.path),
            folder=self._folder,
            clock=TabletClock(world.clock),
            connect=lambda _: Link(world.net, lambda: None, lambda: None),
            beside=lambda: InTurn(world.chance),
            portions=None,
            paces=Paces(),
        )

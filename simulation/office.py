"""What the county's office does to a world: it edits, moves, gives villages, and names doctors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.ids import restricted_scope, village_scope
from core.vocabulary import SPECIAL_TAGS
from county.ledger import RecordWrite
from county.quarantine import LEAVE, TAKE
from simulation.faults import Fault
from simulation.founding import OFFICE, special_of
from simulation.tablet_end import TabletEnd

if TYPE_CHECKING:
    from simulation.world import World

SPECIAL = 0.3
"""How many of the office's edits are of what is told in confidence."""


class Office:
    """The county's office in a world; each act begins with the tablet it is about."""

    def __init__(self, world: World) -> None:
        self._world = world

    def edit(self, tablet: TabletEnd) -> None:
        """Change somebody the tablet may be changing too, or what they are cared for apart."""
        chance = self._world.chance
        resident = self._world.edited_or_any(tablet)
        if chance.random() < SPECIAL:
            self._set(special_of(resident), {"tags": self._some_tags()})
        else:
            self._set(resident, self._world.new_fields())

    def _some_tags(self) -> list[dict[str, str]]:
        chosen = [tag for tag in sorted(SPECIAL_TAGS) if self._world.chance.random() < 0.5]
        return [{"tag": str(tag), "from_on": "2026-01-01"} for tag in chosen]

    def move(self, tablet: TabletEnd) -> None:
        """Let somebody move to another village, or to the same."""
        self._world.met[Fault.MOVED] += 1
        village = self._world.chance.choice(tuple(self._world.founded.residents))
        self._set(self._world.resident(tablet), {"scope_id": village_scope(village)})

    def newer_kind(self, tablet: TabletEnd) -> None:
        """Write a kind this version does not know, for everybody or for the named."""
        world = self._world
        world.met[Fault.NEWER_KIND] += 1
        world.note("office writes a kind of a later version")
        scope = world.chance.choice((village_scope, restricted_scope))(tablet.seat.village_id)
        self._write("song", world.new_id(), scope, {"id": "song", "verses": [1, {"la": None}]}, 9)

    def reassign(self, tablet: TabletEnd) -> None:
        """Give a doctor other villages, and name them for some of these."""
        world = self._world
        world.met[Fault.REASSIGNED] += 1
        every = tuple(world.founded.residents)
        villages = world.chance.sample(every, world.chance.randint(1, len(every)))
        world.note(f"{tablet.name} now has {villages}")
        world.county.give_villages(tablet.seat.doctor_id, villages, world.clock.now)
        self.name(tablet)

    def name(self, tablet: TabletEnd) -> None:
        """Name a doctor for what is restricted in some of their villages, and in no others."""
        world = self._world
        villages = world.county.villages_of(tablet.seat.doctor_id)
        named = [village for village in villages if world.chance.random() < 0.5]
        world.note(f"{tablet.name} is named for {named}")
        world.county.entrust(tablet.seat.doctor_id, named, world.clock.now)

    def revoke(self, tablet: TabletEnd) -> None:
        """Take a tablet's place away."""
        self._world.met[Fault.REVOKED] += 1
        self._world.note(f"{tablet.name} is revoked")
        self._world.county.set_state(tablet.seat.device_id, "revoked")

    def decide(self, tablet: TabletEnd) -> None:
        """Take in something of what was set aside from a tablet, or leave it at that."""
        op_ids = self._world.county.set_aside(tablet.seat.device_id)
        if not op_ids:
            return
        op_id, choice = self._world.chance.choice(op_ids), self._world.chance.choice((TAKE, LEAVE))
        self._world.met[Fault.DECIDED] += 1
        villages = tuple(self._world.founded.residents)
        refusal = self._world.county.decide(op_id, choice, villages, self._world.clock.now)
        self._world.note(f"office decides on {tablet.name} {op_id[-6:]}: {choice} {refusal}")

    def _set(self, record_id: str, fields: Mapping[str, Any]) -> None:
        held = self._world.county.held(record_id)
        if held is None:
            return
        self._world.met[Fault.RIVALS] += 1
        self._world.note(f"office edits {record_id} {fields}")
        body = {**held.body, **fields}
        self._write(held.kind, record_id, str(body["scope_id"]), body)

    def _write(
        self,
        kind: str,
        record_id: str,
        scope_id: str,
        body: Mapping[str, Any],
        schema: int | None = None,
    ) -> None:
        now = self._world.clock.now
        item = RecordWrite(
            kind=kind,
            record_id=record_id,
            scope_id=scope_id,
            body=body,
            author_id=OFFICE,
            recorded_at=now,
            schema=schema,
        )
        self._world.county.write([item], now)

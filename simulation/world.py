"""One world from one seed: days of work and mishap, then calm."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

from app.sync.pace import Paces
from core.followups import FollowUp, Withdrawal
from core.ids import RANDOM_BYTES, uuid7
from core.vocabulary import Kind
from core.wire.envelopes import Operation
from simulation.clocks import BEGIN, TabletClock, WorldClock
from simulation.copying import Copies
from simulation.county_end import CountyEnd
from simulation.decay import decay
from simulation.faults import ON_THE_WAY, Fault
from simulation.founding import Founded
from simulation.link import InTurn, Link, Net
from simulation.office import Office
from simulation.onlooker import Look
from simulation.tablet_end import FEW, PORTIONS, PowerCut, Saved, TabletEnd
from simulation.visits import follow_up

STEPS = 4
"""Things that happen to each tablet on a day."""
SPOILT = 0.35
"""How many requests have something happen to them while the world is faulty."""
WHOLE = 0.6
"""How many tablets load their scopes whole at first; the others are of an older version."""
SLOW = 0.8
"""How many tablets have a slow link; what the others say mostly fits into one round trip."""
CALM_ROUNDS = 6
LONG_AGO, FAR_AHEAD = datetime(1970, 1, 2, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What decides a world, and nothing else does."""

    tablets: int
    days: int
    seed: int
    faults: frozenset[Fault]


class World:
    """The county, its tablets, their doctors and their bad luck."""

    def __init__(self, plan: Plan, founded: Founded, folder: Path) -> None:
        self.plan = plan
        self.founded = founded
        self.chance = Random(f"world {plan.seed}")
        self.clock = WorldClock()
        self.trace: list[str] = []
        self.met: Counter[str] = Counter()
        self.restored = False
        self.unprovoked: list[str] = []
        """Tablets that had to ask what differs though their stores had not decayed."""
        self._calm = False
        shutil.copyfile(founded.county_file, folder / "county.db")
        self.county = CountyEnd(folder / "county.db")
        self.net = Net(county=self.county, clock=self.clock, chance=self.chance)
        self.tablets = [self._tablet(folder, number) for number in range(plan.tablets)]
        self._by_device = {tablet.seat.device_id: tablet for tablet in self.tablets}
        self.county.on_question = self._hear_question
        self.county.looks = self._looks
        self.office = Office(self)
        self.copies = Copies(self, folder, self._visit, self._edit_one)
        self._events = self._drawn_events()

    def run(self) -> None:
        """All days, then calm; afterwards both ends have to agree."""
        for day in range(self.plan.days):
            self.clock.until(BEGIN + timedelta(days=day))
            self._day()
        self._calm_down()

    def close(self) -> None:
        """Put everything away."""
        for tablet in self.tablets:
            tablet.close()
        self.copies.close()
        self.county.close()

    def note(self, text: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.clock.now:%m-%d %H:%M:%S} {text}")

    def _tablet(self, folder: Path, number: int) -> TabletEnd:
        tablet: TabletEnd

        def connect(_url: str) -> Link:
            return Link(
                self.net, partial(self._next_fault, tablet), partial(self._meanwhile, tablet)
            )

        tablet = TabletEnd(
            seat=self.founded.seats[number],
            folder=folder,
            clock=TabletClock(self.clock),
            connect=connect,
            beside=partial(InTurn, self.chance),
            portions=PORTIONS if self.chance.random() < WHOLE else None,
            paces=replace(FEW) if self.chance.random() < SLOW else Paces(),
        )
        return tablet

    def _drawn_events(self) -> list[tuple[float, Callable[[TabletEnd], None]]]:
        faulty: tuple[tuple[Fault, float, Callable[[TabletEnd], None]], ...] = (
            (Fault.TABLET_KILLED, 8, self._mortal_work),
            (Fault.WRONG_CLOCK, 2, self._wrong_clock),
            (Fault.FULL_DISK, 4, self._full_disk),
            (Fault.POISON, 3, self._poison),
            (Fault.RIVALS, 6, self.office.edit),
            (Fault.MOVED, 1, self.office.move),
            (Fault.NEWER_KIND, 2, self.office.newer_kind),
            (Fault.REASSIGNED, 1.5, self._reassign),
            (Fault.REASSIGNED, 2, self.office.name),
            (Fault.REVOKED, 0.5, self.office.revoke),
            (Fault.RESTORED, 4, self._restore),
            (Fault.SNAPSHOTS_LOST, 2, self._lose_snapshots),
            (Fault.DECAYED, 3, self._decay),
            (Fault.ANOTHERS_VISIT, 4, self._withdraw_anothers),
            (Fault.DECIDED, 4, self.office.decide),
            (Fault.COPIED, 4, self.copies.use),
        )
        return [
            (30, self._visit),
            (10, self._edit),
            (4, self._withdraw),
            (40, self._synchronise),
            *((weight, event) for fault, weight, event in faulty if fault in self.plan.faults),
        ]

    def _day(self) -> None:
        weights = [weight for weight, _ in self._events]
        for _ in range(STEPS * len(self.tablets)):
            self.clock.forward(self.chance.choice((0.0, 60.0, 1800.0)))
            tablet = self.chance.choice(self.tablets)
            ((_, event),) = self.chance.choices(self._events, weights)
            try:
                event(tablet)
            except PowerCut as cut:
                self.note(f"{tablet.name} dies, committed={cut.committed}")
                self.met[Fault.TABLET_KILLED] += 1
                tablet.revive()
        self.county.back_up()

    def _next_fault(self, tablet: TabletEnd) -> Fault | None:
        loose = [fault for fault in ON_THE_WAY if fault in self.plan.faults]
        if self._calm or not loose or self.chance.random() > SPOILT:
            return None
        fault = self.chance.choice(loose)
        self.met[fault] += 1
        self.note(f"{tablet.name} {fault}")
        return fault

    def _hear_question(self, device_id: str) -> None:
        tablet = self._by_device[device_id]
        if not (tablet.is_decayed or self.net.is_late or self.copies.at_work):
            self.note(f"{tablet.name} asks what differs")
            self.unprovoked.append(tablet.name)

    def _looks(self, edit: Operation, name: str) -> Iterable[Look]:
        tablet = self._by_device[edit.device_id]
        return self.copies.writer_of(edit, tablet).looks(edit, name)

    # What doctors do.

    def _visit(self, tablet: TabletEnd) -> None:
        resident = self.resident(tablet)
        visit = self._follow_up(tablet, resident, systolic=self.chance.randrange(110, 180))
        self.note(f"{tablet.name} visits {resident}")
        tablet.save(visit)

    def _follow_up(self, tablet: TabletEnd, resident: str, systolic: int) -> FollowUp:
        return follow_up(
            self.new_id(),
            tablet.seat.doctor_id,
            tablet.clock.now(),
            resident,
            systolic_mmhg=systolic,
        )

    def _edit(self, tablet: TabletEnd) -> None:
        self._edit_one(tablet, self.resident(tablet))

    def _edit_one(self, tablet: TabletEnd, resident: str) -> None:
        for _ in range(self.chance.choice((1, 1, 2))):
            fields = self.new_fields()
            self.note(f"{tablet.name} edits {resident} {fields}")
            tablet.edit(resident, fields)

    def new_fields(self) -> dict[str, str]:
        """Something about a resident that is set anew."""
        digits = f"{self.chance.randrange(10**4):04d}"
        return self.chance.choice(
            (
                {"phone": f"1990000{digits}"},
                {"name": f"王{digits}"},
                {"health_record_number": digits},
            )
        )

    def _withdraw(self, tablet: TabletEnd) -> None:
        self._withdraw_one_of(tablet, tablet.saved)

    def _withdraw_one_of(self, tablet: TabletEnd, saved: Iterable[Saved]) -> None:
        visits = [item for item in saved if item.kind == Kind.FOLLOW_UP]
        if not visits:
            return
        voided = self.chance.choice(visits)
        self.note(f"{tablet.name} withdraws {voided.record_id[-6:]}")
        tablet.save(
            Withdrawal(
                id=self.new_id(),
                scope_id=str(voided.body["scope_id"]),
                voids=voided.record_id,
                author_id=tablet.seat.doctor_id,
                reason="wrong person",
                recorded_at=tablet.clock.now(),
            )
        )

    def _synchronise(self, tablet: TabletEnd) -> None:
        result = tablet.synchronise()
        self.note(
            f"{tablet.name} syncs: sent {result.sent}, receipted {result.receipted}, "
            f"refused {result.refused}, received {result.received}, failed {result.failed}"
        )

    def _meanwhile(self, tablet: TabletEnd) -> None:
        events = [self._visit, self._edit]
        if Fault.RIVALS in self.plan.faults:
            events.append(self.office.edit)
        self.chance.choice(events)(tablet)

    # What goes wrong.

    def _mortal_work(self, tablet: TabletEnd) -> None:
        moment = self.chance.choice(("before", "within", "after"))
        tablet.doom[:] = [""] * self._spared() + [moment]
        self._synchronise(tablet) if self.chance.random() < 0.7 else self._visit(tablet)
        tablet.doom.clear()

    def _spared(self) -> int:
        """How many transactions go well before one does not: a first load has many."""
        return self.chance.randrange(self.chance.choice((6, 24)))

    def _wrong_clock(self, tablet: TabletEnd) -> None:
        self.met[Fault.WRONG_CLOCK] += 1
        skew = timedelta(seconds=self.chance.choice((-900, -200, 200, 900, 90_000)))
        wrong = self.chance.choice((LONG_AGO, FAR_AHEAD, self.clock.now + skew))
        tablet.clock.set_to(wrong)
        self.note(f"{tablet.name} believes in {wrong:%Y-%m-%d %H:%M}")
        self.chance.choice((self._visit, self._edit))(tablet)
        self._synchronise(tablet)
        if self.chance.random() < 0.7:
            tablet.clock.put_right()

    def _full_disk(self, tablet: TabletEnd) -> None:
        self.met[Fault.FULL_DISK] += 1
        if self.chance.random() < 0.5:
            self._full_for_a_moment(tablet)
            return
        self.note(f"{tablet.name} has a full disk")
        tablet.fill_disk()
        try:
            for _ in range(3):
                self.chance.choice((self._visit, self._edit, self._synchronise))(tablet)
        finally:
            tablet.free_disk()

    def _full_for_a_moment(self, tablet: TabletEnd) -> None:
        """One of the transactions that store what another tablet has entered finds no room."""
        other = self._other_than(tablet)
        for _ in range(4):
            self._visit(other)
        self._synchronise(other)
        self.note(f"{tablet.name} has a full disk for a moment")
        tablet.doom[:] = [""] * (2 + self._spared()) + ["full"]
        self._synchronise(tablet)
        tablet.doom.clear()

    def _poison(self, tablet: TabletEnd) -> None:
        self.met[Fault.POISON] += 1
        resident = self.resident(tablet)
        poison = self._follow_up(tablet, resident, systolic=900)
        if self.chance.random() < 0.5:
            poison = self._follow_up(tablet, "village-of-nobody-person-0", systolic=120)
        self.note(f"{tablet.name} records poison")
        tablet.save(poison)

    def _reassign(self, tablet: TabletEnd) -> None:
        self.office.reassign(tablet)
        if Fault.TABLET_KILLED in self.plan.faults and self.chance.random() < 0.5:
            self._mortal_work(tablet)

    def _restore(self, tablet: TabletEnd) -> None:
        if not self.county.has_backup:
            return
        self.met[Fault.RESTORED] += 1
        self.restored = True
        self.note("the county is restored from last night")
        self.county.restore(self.clock.now)

    def _lose_snapshots(self, tablet: TabletEnd) -> None:
        self.met[Fault.SNAPSHOTS_LOST] += 1
        self.note("the county's snapshots are cleared away")
        self.county.lose_snapshots()

    def _decay(self, tablet: TabletEnd) -> None:
        self.met[Fault.DECAYED] += 1
        tablet.is_decayed = True
        self.note(f"{tablet.name} decays: {decay(tablet.store, self.chance, self.new_id())}")

    def _withdraw_anothers(self, tablet: TabletEnd) -> None:
        """A visit is withdrawn elsewhere; the county may have lost it when it hears of that."""
        self.met[Fault.ANOTHERS_VISIT] += 1
        other = self._other_than(tablet)
        self._visit(other)
        self._synchronise(other)
        self._synchronise(tablet)
        here = tablet.those_here({one.record_id for one in other.saved})
        last = [one for one in other.saved if one.record_id in here][-1:]
        self._withdraw_one_of(tablet, last)
        if Fault.RESTORED in self.plan.faults and self.chance.random() < 0.5:
            self._restore(tablet)
        self._synchronise(tablet)

    # Calm.

    def _calm_down(self) -> None:
        self._calm = True
        self.note("calm")
        self.net.deliver(everything=True)
        for tablet in self.tablets:
            tablet.clock.put_right()
        for _ in range(CALM_ROUNDS):
            before = len(self.trace)
            for tablet in self.tablets:
                self._synchronise(tablet)
            if all("sent 0" in line and "received 0" in line for line in self.trace[before:]):
                return

    def _other_than(self, tablet: TabletEnd) -> TabletEnd:
        return self.chance.choice([one for one in self.tablets if one is not tablet] or [tablet])

    def resident(self, tablet: TabletEnd) -> str:
        """One of those the tablet's doctor may be at work on."""
        villages = self.county.villages_of(tablet.seat.doctor_id)
        village = self.chance.choice([*villages, tablet.seat.village_id])
        return self.chance.choice(self.founded.residents[village])

    def edited_or_any(self, tablet: TabletEnd) -> str:
        """Somebody the tablet has changed just now, or any of its doctor's residents."""
        edited = [one.record_id for one in tablet.saved[-3:] if one.action == "set"]
        return self.chance.choice([*edited, self.resident(tablet)])

    def new_id(self) -> str:
        """An id made now."""
        at_ms = int(self.clock.now.timestamp() * 1000)
        return uuid7(at_ms, self.chance.randbytes(RANDOM_BYTES))

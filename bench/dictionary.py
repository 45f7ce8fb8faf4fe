"""Trains the dictionary both ends compress with, on invented traffic: `python -m bench.dictionary`.

A dictionary that has ever been shipped is never made anew under its number; a better one gets the
next number and stands beside it. Number 1 was trained before answers spoke of runs. The same
seed and the same zstandard give the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import zstandard

from app.store.outbox import queued
from app.sync.push import Batch
from app.sync.trip import Outgoing
from core.contracts import Contract
from core.ids import RANDOM_BYTES, county_scope, uuid7, village_scope
from core.people import Condition, Household, Resident, TagSpan
from core.policy import default_policy
from core.vocabulary import GroupTag
from core.wire.bodies import Record, body_of, kind_of
from core.wire.digests import body_hash
from core.wire.envelopes import (
    RESPONSES,
    Change,
    Cursor,
    Numbered,
    Operation,
    SyncResponse,
    hashed,
)
from core.wire.receipts import Taken
from county.config import VERSION
from county.roster.invented import InventedCounty, InventedHousehold
from demo.bedside import Habits
from demo.practice_year import Case, PracticeYear

SEED, NUMBER, BYTES = 20_261_128, 2, 16 << 10
SEGMENT, WINDOW = 2_048, 8
NOW = datetime(2026, 11, 27, 2, 15, tzinfo=UTC)
PEOPLE, BATCHES = 300, (1, 1, 2, 5, 12)
HABITS = Habits(diligence=0.95, phone_share=0.2)


class InventedTraffic:
    """Requests and answers as they travel, of an invented county; one seed, one traffic."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._year = PracticeYear(self._chance, default_policy(), NOW)
        self._seq = 0
        self._hash = ""

    def bodies(self, people: int, sizes: Sequence[int]) -> Iterator[bytes]:
        """Plain request and answer bodies of batches of these sizes, in turn."""
        invented = InventedCounty(self._chance.randrange(1 << 30), NOW.date())
        homes = invented.households(invented.places(4, 12, 8), people, people // 3)
        for number, home in enumerate(homes):
            standing, facts = self._written(home, number)
            size = sizes[number % len(sizes)]
            for start in range(0, len(facts), size):
                yield from self._round_trip(facts[start : start + size])
            yield self._answer((), standing)
        yield from self._nothing()

    def _id(self) -> str:
        at = NOW - timedelta(seconds=self._chance.randrange(300 * 86_400))
        return uuid7(int(at.timestamp() * 1000), self._chance.randbytes(RANDOM_BYTES))

    def _written(self, home: InventedHousehold, number: int) -> tuple[list[Record], list[Record]]:
        """A household's standing records, and the facts recorded of its members."""
        village, doctor = self._id(), self._id()
        scope = village_scope(village)
        household = Household(
            id=self._id(), scope_id=scope, village_id=village, number=home.number,
            head_name=home.head_name, group_no=str(home.group_no), house_no=str(number),
        )  # fmt: skip
        standing: list[Record] = [household]
        facts: list[Record] = [self._year.lesson(household, doctor, date(2026, 5, 3))]
        for member in home.members:
            tags = self._chance.sample((GroupTag.HTN, GroupTag.T2DM, GroupTag.ELDERLY65), 2)
            resident = Resident(
                id=self._id(), scope_id=scope, household_id=household.id, name=member.name,
                sex=member.sex, birth_date=member.birth_date, id_number=member.id_number,
                phone=f"1990000{self._chance.randrange(10_000):04d}",
                tags=tuple(TagSpan(tag=tag, from_on=date(2026, 1, 1)) for tag in tags),
                conditions=tuple(Condition(code=tag) for tag in tags),
            )  # fmt: skip
            contract = Contract(
                id=self._id(), scope_id=scope, resident_id=resident.id,
                start_on=date(2026, 1, 1), end_on=date(2026, 12, 31),
            )  # fmt: skip
            case = Case(resident=resident, contract=contract, doctor_id=doctor)
            standing += resident, contract
            facts += self._year.facts_of(case, HABITS)
        return standing, facts

    def _round_trip(self, facts: Sequence[Record]) -> Iterator[bytes]:
        operations = [self._operation(fact) for fact in facts]
        yield self._request(operations)
        yield self._answer(operations, ())
        yield self._answer((), facts)

    def _nothing(self) -> Iterator[bytes]:
        for _ in range(100):
            yield self._request(())
            yield self._answer((), ())

    def _operation(self, fact: Record) -> Operation:
        body = body_of(fact)
        self._seq += 1
        at = str(body["recorded_at"])
        operation = hashed(
            Operation(
                op_id=self._id(), device_id="device", device_seq=self._seq, kind=kind_of(fact),
                record_id=fact.id, revision=1, action="put", scope_id=str(body["scope_id"]),
                author_id=str(body["author_id"]), occurred_at=at, recorded_at=at,
                policy_version=default_policy().version, body=body, previous_hash=self._hash,
            )
        )  # fmt: skip
        self._hash = operation.hash
        return replace(operation, signature=self._chance.randbytes(64).hex())

    def _cursors(self) -> Mapping[str, Cursor]:
        scopes = (county_scope(self._id()), village_scope(self._id()))
        return {
            scope: Cursor(
                epoch=self._chance.randbytes(4).hex(), seq=self._chance.randrange(100_000)
            )
            for scope in scopes
        }

    def _request(self, operations: Sequence[Operation]) -> bytes:
        device = self._id()
        sent = [queued(replace(item, device_id=device)) for item in operations]
        return Outgoing(
            device_id=device,
            batch=Batch.of(sent, len(sent)),
            cursors=dict(self._cursors()),
            acknowledged_seq=self._chance.randrange(10_000),
            takes_snapshots=True,
        ).content(self._chance.choice((500, 750, 1125)))

    def _answer(self, operations: Sequence[Operation], records: Sequence[Record]) -> bytes:
        cursors = self._cursors()
        answer = SyncResponse(
            server_time=self._moment(),
            county_version=VERSION,
            taken=(_taken(operations),) if operations else (),
            receipts_signature=self._chance.randbytes(64).hex() if operations else "",
            durable_seq=self._chance.randrange(10_000),
            changes=tuple(self._change(number, item) for number, item in enumerate(records)),
            numbered=(_numbered(operations),) if operations else (),
            cursors=dict(cursors) if records or operations else {},
            roots={scope: self._chance.randbytes(8).hex() for scope in cursors},
        )
        return RESPONSES.dump_json(answer, exclude_defaults=True)

    def _change(self, number: int, record: Record) -> Change:
        body = body_of(record)
        return Change(
            scope_id=str(body["scope_id"]), seq=number + 1, kind=kind_of(record),
            record_id=record.id, revision=1, action="put", schema=1, hash=body_hash(body),
            author_id=str(body.get("author_id", "roster")), received_at=self._moment(),
            body=body,
        )  # fmt: skip

    def _moment(self) -> str:
        return (NOW + timedelta(microseconds=self._chance.randrange(10**12))).isoformat()


def _taken(operations: Sequence[Operation]) -> Taken:
    first, last = operations[0], operations[-1]
    return Taken(
        first_seq=first.device_seq,
        last_seq=last.device_seq,
        hash=last.hash,
        received_at=last.recorded_at,
    )


def _numbered(operations: Sequence[Operation]) -> Numbered:
    first = operations[0]
    return Numbered(
        scope_id=first.scope_id,
        seq=first.device_seq,
        device_seq=first.device_seq,
        count=len(operations),
        received_at=first.recorded_at,
    )


def trained(seed: int = SEED, number: int = NUMBER) -> bytes:
    """The dictionary of a number: most of all for small batches, which cost the most a record."""
    samples: list[Any] = list(InventedTraffic(seed).bodies(PEOPLE, BATCHES))
    dictionary = zstandard.train_dictionary(
        BYTES, samples, k=SEGMENT, d=WINDOW, dict_id=number, level=9
    )
    return dictionary.as_bytes()


def main() -> None:
    """Write the dictionary to the file named on the command line."""
    Path(sys.argv[1]).write_bytes(trained())


if __name__ == "__main__":
    main()

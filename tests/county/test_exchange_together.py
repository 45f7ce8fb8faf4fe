"""What several tablets ask in one transaction comes to the same as one after the other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.vocabulary import Kind
from core.wire.bodies import body_of
from core.wire.envelopes import GENESIS, RESPONSES, Operation, SyncResponse
from county import exchange as exchanging
from county.config import CountyConfig
from county.db import Database
from county.device_auth import NotProven
from county.exchange import exchange_together
from county.ingest import Delivery, Intake
from county.tables import DeviceRow, Table
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
    a_withdrawal,
)
from tests.county.asking import call_of
from tests.county.conftest import NOW
from tests.county_world import OTHER_SCOPE, Enrolled, found, write_records
from tests.operations import Chain, outcomes
from tests.postgres import fresh_database

HOUSEHOLD = a_household()
RESIDENTS = [a_resident(household_id=HOUSEHOLD.id) for _ in range(3)]
STRANGER = a_resident(household_id=HOUSEHOLD.id, scope_id=OTHER_SCOPE)
NEWCOMER = a_resident(household_id=HOUSEHOLD.id)
STANDING_VISIT = a_follow_up(RESIDENTS[0].id)
TABLETS = [
    Enrolled(device_id=f"tablet-{number}", private_key=Ed25519PrivateKey.generate())
    for number in range(5)
]
REVOKED = TABLETS[4]
RANDOM = {"conflict": {"id"}, "scope_head": {"epoch"}}
"""What is drawn anew in each county."""


def founded(database: Database) -> None:
    """The same county each time, with its five tablets."""
    found(database, NOW)
    write_records(database, NOW, HOUSEHOLD, *RESIDENTS, STRANGER)
    write_records(database, NOW, *(a_contract(each.id, id=f"c-{each.id}") for each in RESIDENTS))
    write_records(database, NOW, STANDING_VISIT)
    with database.writing() as session:
        for tablet in TABLETS:
            session.add(
                DeviceRow(
                    county_id=COUNTY_ID,
                    id=tablet.device_id,
                    doctor_id=DOCTOR_ID,
                    name=tablet.device_id,
                    public_key=tablet.public_key,
                    state="revoked" if tablet is REVOKED else "active",
                    enrolled_at=NOW,
                    last_hash=GENESIS,
                )
            )


def contents(database: Database) -> dict[str, list[str]]:
    """Every row of every table but the county's own, which has fresh keys."""
    held: dict[str, list[str]] = {}
    with database.reading() as session:
        for table in Table.metadata.sorted_tables:
            if table.name in {"county", "user_account"}:
                continue
            left_out = RANDOM.get(table.name, set())
            rows = session.execute(select(table)).mappings()
            held[table.name] = sorted(
                repr({name: value for name, value in row.items() if name not in left_out})
                for row in rows
            )
    return held


def heard(answer: SyncResponse | Exception) -> Any:
    """What a tablet hears of its own operations."""
    if isinstance(answer, NotProven):
        return answer.code
    assert not isinstance(answer, Exception), answer
    said = RESPONSES.dump_python(answer, mode="json")
    return {name: said[name] for name in ("taken", "receipts", "resend_from", "revoked")}


def level(database: Database) -> dict[str, Any]:
    """What each tablet would be told from the beginning on."""
    calls = [call_of(tablet, (), 10_000, database) for tablet in TABLETS]
    told: dict[str, Any] = {}
    for call, answer in zip(calls, exchange_together(database, calls), strict=True):
        assert isinstance(answer, SyncResponse)
        said = RESPONSES.dump_python(answer, mode="json")
        told[call.sender.device_id] = (said["changes"], said["roots"])
    return told


Make = Callable[[Chain, int], Operation]
Rounds = Sequence[Sequence[tuple[int, Sequence[tuple[str, int]], str]]]
"""Which tablet does what, and whether it says what it said last once more."""
DOINGS: dict[str, Make] = {
    "visits": lambda chain, n: chain.put(a_follow_up(RESIDENTS[n % 3].id)),
    "visits a stranger": lambda chain, _: chain.put(a_follow_up(STRANGER.id)),
    "enters the newcomer": lambda chain, _: chain.set(
        Kind.RESIDENT, NEWCOMER.id, 0, body_of(NEWCOMER)
    ),
    "visits the newcomer": lambda chain, _: chain.put(a_follow_up(NEWCOMER.id)),
    "edits": lambda chain, n: chain.set(
        Kind.RESIDENT, RESIDENTS[n % 3].id, 1, {"phone": f"1990000{n:04d}"}
    ),
    "withdraws": lambda chain, _: chain.put(a_withdrawal(STANDING_VISIT.id)),
    "poisons": lambda chain, n: chain.put(
        a_follow_up(RESIDENTS[0].id),
        body={**body_of(a_follow_up(RESIDENTS[0].id, id=f"poison-{n}")), "occurred_on": "no day"},
        record_id=f"poison-{n}",
    ),
    "breaks its chain": lambda chain, _: chain.signed(
        replace(chain.put(a_follow_up(RESIDENTS[0].id)), previous_hash="0" * 64)
    ),
    "leaves a hole": lambda chain, _: [chain.put(a_follow_up(RESIDENTS[0].id)) for _ in range(2)][
        1
    ],
}
ROUND = st.lists(
    st.tuples(
        st.integers(0, len(TABLETS) - 1),
        st.lists(st.tuples(st.sampled_from(sorted(DOINGS)), st.integers(0, 9_999)), max_size=4),
        st.sampled_from(["", "again", "replayed"]),
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda each: each[0],
)


@dataclass
class Asked:
    """The calls of a round, as operations."""

    tablet: Enrolled
    operations: Sequence[Operation]
    nonce: int


def drawn(rounds: Rounds) -> list[list[Asked]]:
    """The rounds with their operations made, once for both counties."""
    chains = [Chain(tablet, NOW) for tablet in TABLETS]
    last: dict[int, Asked] = {}
    made = []
    for number, each in enumerate(rounds, start=1):
        for tablet, doings, how in each:
            operations = [DOINGS[name](chains[tablet], n) for name, n in doings]
            nonce, before = number, last.get(tablet)
            if before is not None and how:
                operations = [*before.operations, *operations]
                nonce = before.nonce if how == "replayed" else number
            last[tablet] = Asked(tablet=TABLETS[tablet], operations=operations, nonce=nonce)
        made.append([last[tablet] for tablet, _, _ in each])
    return made


def played(database: Database, rounds: Sequence[Sequence[Asked]], *, together: bool) -> list[Any]:
    """What the tablets hear in these rounds."""
    told = []
    for each in rounds:
        calls = [call_of(one.tablet, one.operations, one.nonce, database) for one in each]
        turns = [calls] if together else [[call] for call in calls]
        answers = [answer for turn in turns for answer in exchange_together(database, turn)]
        told.append([heard(answer) for answer in answers])
    return told


@contextmanager
def counties(template: Path) -> Iterator[tuple[Database, Database]]:
    """Two embedded counties that are the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        urls = []
        for kind in ("one", "many"):
            (folder / kind).mkdir()
            shutil.copy(template, folder / kind / "county.db")
            urls.append(CountyConfig(data_dir=folder / kind).url)
        with fresh_database(urls[0]) as one, fresh_database(urls[1]) as many:
            yield one, many


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded county, to be copied."""
    folder = tmp_path_factory.mktemp("founded")
    shutil.copy(sqlite_template, folder / "county.db")
    with fresh_database(CountyConfig(data_dir=folder).url) as database:
        founded(database)
    return folder / "county.db"


@settings(max_examples=40, deadline=None)
@given(rounds=st.lists(ROUND, min_size=1, max_size=3))
def test_whatever_tablets_hand_in_at_once_ends_as_if_they_had_come_one_by_one(
    template: Path, rounds: Rounds
) -> None:
    asked = drawn(rounds)
    with counties(template) as (one, many):
        assert played(many, asked, together=True) == played(one, asked, together=False)
        assert contents(many) == contents(one)
        assert level(many) == level(one)


def test_a_crowd_goes_through_in_one_transaction_and_hears_what_each_has_to(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Visits to one resident, an edit and its rival, a poisoned record and a revoked tablet."""
    founded(database)
    asked = drawn(
        [
            [
                (0, [("visits", 0), ("edits", 0)], ""),
                (1, [("visits", 0), ("edits", 3), ("poisons", 1)], ""),
                (2, [("enters the newcomer", 0), ("visits the newcomer", 0)], ""),
                (3, [("visits the newcomer", 0), ("visits a stranger", 0)], ""),
                (4, [("visits", 1)], ""),
            ]
        ]
    )
    monkeypatch.setattr(exchanging, "_alone", None)  # nobody is to be taken alone
    ((first, rival, newcomer, fourth, revoked),) = played(database, asked, together=True)
    assert outcomes(first) == ["accepted", "accepted"]
    assert outcomes(rival) == ["accepted", "accepted", "body.field"]
    assert outcomes(newcomer) == ["accepted", "accepted"]
    assert outcomes(fourth) == ["accepted", "scope.not_yours"]
    assert outcomes(revoked) == ["device.revoked"]
    told = level(database)
    assert told["tablet-0"] == told["tablet-1"]
    assert told["tablet-0"][0]


def test_who_needs_what_a_later_one_brings_waits_for_it(database: Database) -> None:
    founded(database)
    asked = drawn([[(0, [("visits the newcomer", 0)], ""), (1, [("enters the newcomer", 0)], "")]])
    ((needs, brings),) = played(database, asked, together=True)
    assert (outcomes(needs), outcomes(brings)) == (["op.unknown_reference"], ["accepted"])
    changes, _ = level(database)["tablet-0"]
    assert [change["kind"] for change in changes].count("follow_up") == 2


def test_what_was_set_aside_stands_directly_behind_the_tablet_that_brings_what_it_lacked(
    template: Path,
) -> None:
    asked = drawn(
        [
            [(2, [("visits the newcomer", 0)], "")],
            [(0, [("enters the newcomer", 0)], ""), (1, [("visits", 0)], "")],
        ]
    )
    with counties(template) as (one, many):
        played(many, asked, together=True)
        played(one, asked, together=False)
        assert contents(many) == contents(one)


def test_a_request_that_was_taken_before_costs_the_others_nothing(database: Database) -> None:
    founded(database)
    asked = drawn([[(0, [("visits", 0)], "")], [(0, [], "replayed"), (1, [("visits", 0)], "")]])
    _, (replayed, other) = played(database, asked, together=True)
    assert (replayed, outcomes(other)) == ("auth.replayed", ["accepted"])


def test_where_the_database_stops_a_crowd_each_is_taken_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    founded(database)
    asked = drawn([[(number, [("visits", number)], "") for number in range(3)]])
    ordinary = exchanging.take_in_together

    def taken(session: Session, deliveries: Sequence[Delivery], now: datetime) -> list[Intake]:
        intakes = ordinary(session, deliveries, now)
        if len(deliveries) > 1:
            session.execute(text("SELECT nothing FROM nowhere"))
        return intakes

    monkeypatch.setattr(exchanging, "take_in_together", taken)
    (told,) = played(database, asked, together=True)
    assert [outcomes(each) for each in told] == [["accepted"]] * 3

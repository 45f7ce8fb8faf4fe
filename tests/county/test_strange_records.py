"""Operations no tablet of ours would make: each is taken or refused alone, the same every time.

Whatever one of them holds, the answer lost on its way is given again, the next visit goes
through, and the other tablets of the village read on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import select as select_here

from app.store.tables import RecordRow as RecordHere
from core.wire.bodies import body_of
from core.wire.digests import body_hash
from core.wire.envelopes import Operation, envelope_of
from county.checking import damages
from county.config import local_date, utc_now
from county.exchange import MOST_DEPTH as MOST_DEPTH_OF_ALL
from county.tables import ScopeHeadRow
from tests.builders import COUNTY_ID, a_follow_up
from tests.county.conftest import HOUSEHOLD, RESIDENT, World
from tests.county.signed_post import Answered, post, signed_headers
from tests.county_world import Enrolled, enrol_tablet, running, write_records
from tests.operations import Chain, outcomes
from tests.postgres import Postgres

CANNOT_BE_STORED = "op.cannot_be_stored"


@dataclass(kw_only=True)
class Stand:
    """A served county, and how far its scopes were when this test began."""

    world: World
    url: str
    cursors: dict[str, Any] = field(default_factory=dict)

    def begin(self) -> None:
        with self.world.database.reading() as session:
            heads = session.scalars(select(ScopeHeadRow)).all()
        self.cursors = {head.scope_id: {"epoch": head.epoch, "seq": head.head} for head in heads}

    def tablet(self) -> Enrolled:
        return enrol_tablet(self.world.database, utc_now())

    def say(self, tablet: Enrolled, *operations: str) -> Answered:
        """Hand in operations that are JSON already."""
        said = json.dumps(
            {"device_id": tablet.device_id, "app_version": "1", "cursors": self.cursors}
        )
        body = f'{said[:-1]}, "operations": [{",".join(operations)}]}}'.encode()
        return post(self.url, body, signed_headers(tablet, body))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_url()
    with closing(World(tmp_path_factory.mktemp("strange"), url)) as world:
        write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
        with running(world.county_dir, url) as address:
            yield Stand(world=world, url=address)


@pytest.fixture
def stand(served: Stand) -> Stand:
    served.begin()
    return served


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


Make = Callable[[Chain], str]


def a_visit(chain: Chain, body: dict[str, Any] | None = None, **changed: Any) -> Operation:
    visit = a_follow_up(RESIDENT.id, chain.now.date())
    return chain.put(visit, body={**body_of(visit), **(body or {})}, **changed)


def with_body(**fields: Any) -> Make:
    """A visit whose body has these fields beside its own, rightly hashed and signed."""
    return lambda chain: json.dumps(envelope_of(a_visit(chain, fields)))


def with_envelope(**fields: Any) -> Make:
    """A visit whose operation has these fields, rightly hashed and signed."""
    return lambda chain: json.dumps(envelope_of(a_visit(chain, **fields)))


def claiming(**fields: Any) -> Make:
    """A visit of which something else is claimed than was signed."""
    return lambda chain: json.dumps({**envelope_of(a_visit(chain)), **fields})


def written(text: str) -> Make:
    """A visit with something in its body that no JSON of ours has."""
    return lambda chain: json.dumps(envelope_of(a_visit(chain))).replace(
        '"body": {', f'"body": {{{text}, ', 1
    )


STRANGE: dict[str, tuple[Make, str]] = {
    # numbers
    "the largest number": (with_body(later=1e308), "accepted"),
    "less than nothing": (with_body(later=-0.0), "accepted"),
    "the least number": (with_body(later=5e-324), "accepted"),
    "an exponent": (with_body(later=1e22), "accepted"),
    "64 bits": (with_body(later=2**63), "accepted"),
    "4,000 digits": (with_body(later=10**3_999), "accepted"),
    "no number": (written('"later": NaN'), "op.malformed"),
    "more than the largest": (written('"later": 1e999'), "op.malformed"),
    "without bounds": (written('"later": -Infinity, "half": "\\ud800"'), "op.malformed"),
    # text
    "strange signs": (with_body(later="\u2028\ufeff\U0001f9d1\u200d\u0301\x7f\x1b"), "accepted"),
    "a text of 100 kB": (with_body(note="x" * 100_000), "accepted"),
    "a text that says NUL": (with_body(note="\\u0000 \\\\u0000"), "accepted"),
    "NUL": (with_body(note="a\x00b"), CANNOT_BE_STORED),
    "NUL behind a backslash": (with_body(note="\\\x00"), CANNOT_BE_STORED),
    "a name with NUL": (with_body(**{"a\x00": 1}), CANNOT_BE_STORED),
    "rules with NUL": (with_envelope(policy_version="\x00"), CANNOT_BE_STORED),
    "half a pair": (written('"later": "\\ud800"'), "op.malformed"),
    "a name of half a pair": (written('"\\ud800": 1'), "op.malformed"),
    # shape
    "nested deep": (with_body(later=nested(196)), "accepted"),
    "nested too deep": (with_body(later=nested(197)), CANNOT_BE_STORED),
    "nested beyond what is read fast": (with_body(later=nested(300)), CANNOT_BE_STORED),
    "a name twice": (written('"later": 1, "later": 2'), "op.hash"),
    "a body that is none": (claiming(body=[1]), "op.hash"),
    # proof
    "a hash that is an object": (claiming(hash={"a": 1}), "op.hash"),
    "a hash that is a number": (claiming(hash=5), "op.hash"),
    "a hash with NUL": (claiming(hash="a\x00b"), "op.hash"),
    "a hash of 5,000 signs": (claiming(hash="x" * 5_000), "op.hash"),
    "a signature that is an object": (claiming(signature={"a": 1}), "op.signature"),
    # what it refers to, and when
    "a resident of 10,000 signs": (with_body(resident_id="王" * 10_000), "op.malformed"),
    "it amends nothing that could be": (with_body(amends="a b"), "op.malformed"),
    "saved at the end of time": (
        with_envelope(recorded_at="9999-12-31T23:59:59-23:00"), "op.clock_far_off",
    ),
    "saved at the beginning of time": (
        with_envelope(recorded_at="0001-01-01T00:00:00+14:00"), "op.clock_far_off",
    ),
    "saved in no zone": (with_envelope(recorded_at="2026-11-28T00:00:00"), "op.malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "outcome"), STRANGE.values(), ids=STRANGE)
def test_a_strange_operation_is_answered_alike_every_time_and_stands_in_nobodys_way(
    stand: Stand, make: Make, outcome: str
) -> None:
    tablet = stand.tablet()
    chain = Chain(tablet, utc_now())
    batch = (json.dumps(envelope_of(a_visit(chain))), make(chain))
    for _ in range(2):  # as where the first answer was lost
        answer = stand.say(tablet, *batch)
        assert (answer.status, outcomes(answer.said)) == (200, ["accepted", outcome])
    following = stand.say(tablet, json.dumps(envelope_of(a_visit(chain))))
    assert (following.status, outcomes(following.said)) == (200, ["accepted"])
    read = stand.say(stand.tablet())
    assert (read.status, len(read.said["changes"])) == (200, 3 if outcome == "accepted" else 2)


def test_what_was_taken_has_the_same_hash_on_a_tablet_that_reads_it(stand: Stand) -> None:
    tablet = stand.tablet()
    chain = Chain(tablet, utc_now())
    taken = [make(chain) for make, outcome in STRANGE.values() if outcome == "accepted"]
    assert outcomes(stand.say(tablet, *taken).said) == ["accepted"] * len(taken)
    reader = stand.world.level_tablet(stand.url)
    with reader.store.transaction() as session:
        rows = session.exec(select_here(RecordHere)).all()
        assert [row.id for row in rows if body_hash(json.loads(row.body)) != row.hash] == []
    assert len(rows) > len(taken)


def test_after_all_of_them_the_county_is_found_sound(stand: Stand) -> None:
    tablet = stand.tablet()
    chain = Chain(tablet, utc_now())
    batch = [make(chain) for make, _ in STRANGE.values()]
    assert stand.say(tablet, *batch).status == 200
    with stand.world.database.writing() as session:
        assert list(damages(session, COUNTY_ID, local_date(utc_now()))) == []


def test_a_request_nested_beyond_all_bounds_is_malformed(stand: Stand) -> None:
    tablet = stand.tablet()
    deep = "[" * MOST_DEPTH_OF_ALL + "1" + "]" * MOST_DEPTH_OF_ALL
    answer = stand.say(tablet, written(f'"later": {deep}')(Chain(tablet, utc_now())))
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")


def test_two_operations_under_one_id_are_no_request(stand: Stand) -> None:
    tablet, other = stand.tablet(), stand.tablet()
    chain = Chain(tablet, utc_now())
    first = a_visit(chain)
    twice = (first, a_visit(chain, op_id=first.op_id))
    answer = stand.say(tablet, *(json.dumps(envelope_of(each)) for each in twice))
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")
    assert stand.say(tablet, json.dumps(envelope_of(first))).status == 200
    anothers = a_visit(Chain(other, utc_now()), op_id=first.op_id)
    answer = stand.say(other, json.dumps(envelope_of(anothers)))
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")


def test_a_version_with_nul_is_malformed(stand: Stand) -> None:
    tablet = stand.tablet()
    body = json.dumps({"device_id": tablet.device_id, "app_version": "1\x00"}).encode()
    answer = post(stand.url, body, signed_headers(tablet, body))
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")

"""What a served county says to requests and records that are wrong in every way we know of.

Read the two tables below: each line is what is sent, and what comes of it. For every line there
is a sentence in both languages, one line in the log with the code and nobody's name, one more in
the counts, and nothing stored but what lies in quarantine.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import zstandard
from sqlalchemy import func, select

import words
from county.coding import MOST_PLAIN_BYTES, MOST_SENT_BYTES
from county.config import utc_now
from county.exchange import MOST_OPERATIONS
from county.tables import NonceRow, OperationRow, QuarantineRow, RecordRow
from packing import dictionary
from tests.builders import a_follow_up, a_household, a_resident
from tests.county.conftest import HOUSEHOLD, RESIDENT, World
from tests.county.process import CountyProcess, free_port
from tests.county.reading import Counts, events
from tests.county.signed_post import PATH, Answered, post, request_body, signed_headers
from tests.county_world import OTHER_SCOPE, OTHER_VILLAGE_ID, Enrolled, enrol_tablet, write_records
from tests.operations import Chain, outcomes

LOOPBACK = "127.0.0.1"
IN_2099 = datetime(2099, 1, 1, tzinfo=UTC)
OTHER_HOUSEHOLD = a_household(scope_id=OTHER_SCOPE, village_id=OTHER_VILLAGE_ID)
STRANGER = a_resident(household_id=OTHER_HOUSEHOLD.id, scope_id=OTHER_SCOPE)
NAMED = f'"name": "{RESIDENT.name}", "id_number": "{RESIDENT.id_number}"'
PERSONAL = (RESIDENT.name, RESIDENT.id_number, RESIDENT.name.encode("unicode_escape").decode())


@dataclass(frozen=True)
class Stand:
    """The county of this module, and how to ask it."""

    world: World
    process: CountyProcess

    def tablet(self) -> Enrolled:
        return enrol_tablet(self.world.database, utc_now())

    def kept(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        tables = (OperationRow, QuarantineRow, RecordRow, NonceRow)
        with self.world.database.reading() as session:
            return {
                table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
                for table in tables
            }

    def log(self) -> list[dict[str, Any]]:
        text = (self.world.county_dir / "county.log").read_text("utf-8")
        assert [secret for secret in PERSONAL if secret in text] == []
        assert "Traceback" not in text
        return events(self.world.county_dir)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with closing(World(tmp_path_factory.mktemp("bad-input"))) as world:
        write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT, OTHER_HOUSEHOLD, STRANGER)
        with closing(CountyProcess(world.county_dir, free_port())) as process:
            yield Stand(world, process)


def plain(body: bytes, **headers: str) -> Callable[[Stand], Answered]:
    """A body, signed as it should be."""

    def ask(stand: Stand) -> Answered:
        tablet = stand.tablet()
        said = body.replace(b'"ME"', json.dumps(tablet.device_id).encode())
        return post(stand.process.url, said, signed_headers(tablet, said) | headers)

    return ask


def coded(coding: str, body: bytes) -> Callable[[Stand], Answered]:
    return plain(body, **{"Content-Encoding": coding})


def visit(tablet: Enrolled) -> bytes:
    chain = Chain(tablet, utc_now())
    return request_body(tablet, chain.put(a_follow_up(RESIDENT.id, utc_now().date())))


def proven_by(
    headers_of: Callable[[Stand, Enrolled, bytes], dict[str, str]],
) -> Callable[[Stand], Answered]:
    """A good body, with a proof that is none."""

    def ask(stand: Stand) -> Answered:
        tablet = stand.tablet()
        body = visit(tablet)
        return post(stand.process.url, body, headers_of(stand, tablet, body))

    return ask


def _with_anothers_key(stand: Stand, tablet: Enrolled, body: bytes) -> Any:
    return signed_headers(replace(tablet, private_key=stand.tablet().private_key), body)


def _as_nobody(_stand: Stand, tablet: Enrolled, body: bytes) -> Any:
    return signed_headers(replace(tablet, device_id="nobody"), body)


def _of_another_body(_stand: Stand, tablet: Enrolled, body: bytes) -> Any:
    return signed_headers(tablet, body + b" ")


def _for_another_path(_stand: Stand, tablet: Enrolled, body: bytes) -> Any:
    return signed_headers(tablet, body, path="/escrow/v1")


def _in(moment: datetime) -> Callable[[Stand, Enrolled, bytes], Any]:
    def headers(_stand: Stand, tablet: Enrolled, body: bytes) -> Any:
        return signed_headers(tablet, body, skew_s=(moment - utc_now()).total_seconds())

    return headers


BOMB = bytes(MOST_PLAIN_BYTES + 1)
MANY = b'{"device_id": "ME", "app_version": "1", "operations": [' + b"0," * MOST_OPERATIONS + b"0]}"

REQUESTS: dict[str, tuple[Callable[[Stand], Answered], int, str]] = {
    # malformed
    "nothing": (plain(b""), 400, "wire.malformed"),
    "a page": (plain(b"<html>", **{"Content-Type": "text/html"}), 400, "wire.malformed"),
    "no UTF-8": (plain(b"\xff\xfe"), 400, "wire.malformed"),
    "half of an object": (plain(f"{{{NAMED}".encode()), 400, "wire.malformed"),
    "another object": (plain(f"{{{NAMED}}}".encode()), 400, "wire.malformed"),
    "a name in GB 18030": (plain(f"{{{NAMED}}}".encode("gb18030")), 400, "wire.malformed"),
    "not a number": (plain(b'{"operations": [NaN]}'), 400, "wire.malformed"),
    "a number of 5,000 digits": (plain(b'{"want": ' + b"9" * 5_000 + b"}"), 400, "wire.malformed"),
    "half a pair": (plain(b'{"device_id": "\\ud800"}'), 400, "wire.malformed"),
    "depth without end": (plain(b'{"operations": ' + b"[" * 50_000), 400, "wire.malformed"),
    "another tablet's name": (
        plain(b'{"device_id": "other", "app_version": "1"}'), 400, "wire.malformed",
    ),
    "a protocol of a later day": (
        plain(b'{"device_id": "ME", "app_version": "9", "protocol": 2}'), 400, "wire.too_new",
    ),
    # oversized
    "more than a mebibyte": (plain(os.urandom(MOST_SENT_BYTES + 1)), 413, "wire.too_large"),
    "too many operations": (plain(MANY), 400, "wire.malformed"),
    # bombs
    "a zstd bomb": (coded("zstd", zstandard.compress(BOMB)), 413, "wire.too_large"),
    "a gzip bomb": (coded("gzip", gzip.compress(BOMB)), 413, "wire.too_large"),
    "a bomb by the dictionary": (
        coded(dictionary.CODING, dictionary.compressed(BOMB)), 413, "wire.too_large",
    ),
    # codings
    "plain bytes as zstd": (coded("zstd", b"plain"), 415, "wire.bad_coding"),
    "plain bytes as gzip": (coded("gzip", b"plain"), 415, "wire.bad_coding"),
    "plain bytes by the dictionary": (coded(dictionary.CODING, b"plain"), 415, "wire.bad_coding"),
    "a gzip body cut off": (coded("gzip", gzip.compress(b"{}" * 500)[:-9]), 415, "wire.bad_coding"),
    "a coding nobody reads": (coded("br", b"plain"), 415, "wire.bad_coding"),
    # who is speaking
    "no signature": (proven_by(lambda *_: {}), 401, "auth.missing"),
    "another tablet's signature": (proven_by(_with_anothers_key), 401, "auth.signature"),
    "another body's signature": (proven_by(_of_another_body), 401, "auth.signature"),
    "another path's signature": (proven_by(_for_another_path), 401, "auth.signature"),
    "a tablet nobody enrolled": (proven_by(_as_nobody), 401, "auth.device_unknown"),
    "a clock in 2099": (proven_by(_in(IN_2099)), 401, "auth.clock"),
    "a clock in 1971": (proven_by(_in(datetime(1971, 1, 1, tzinfo=UTC))), 401, "auth.clock"),
}  # fmt: skip


def assert_is_told(code: str, values: dict[str, Any] | None = None) -> str:
    """The English sentence of a code, of which there is a Chinese one too."""
    english = words.say(f"refusal.{code}", "en", **(values or {}))
    assert english
    assert words.say(f"refusal.{code}", "zh_CN", **(values or {})) not in ("", english)
    return english


def assert_is_refused_once(
    stand: Stand, ask: Callable[[Stand], Answered], status: int, code: str
) -> None:
    before, logged, kept = Counts(stand.process.url), len(stand.log()), stand.kept()
    answer = ask(stand)
    assert (answer.status, answer.said["code"]) == (status, code)
    assert answer.said["message"] == assert_is_told(code)
    assert answer.said.keys() - {"server_time"} == {"code", "message"}
    if status == 401:
        assert datetime.fromisoformat(answer.said["server_time"]).year < IN_2099.year
    assert stand.kept() == kept
    (line,) = stand.log()[logged:]
    assert (line["event"], line["status"], line["code"]) == ("refused", status, code)
    after = Counts(stand.process.url)
    name = "luyue_refused_requests_total"
    assert after.total(name) - before.total(name) == 1
    labels = {"status": str(status), "code": code}
    assert (after.of(name, **labels) or 0) - (before.of(name, **labels) or 0) == 1
    assert after.total("luyue_operations_total") == before.total("luyue_operations_total")


@pytest.mark.parametrize(("ask", "status", "code"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_is_wrong_is_refused_by_its_code_and_leaves_nothing(
    stand: Stand, ask: Callable[[Stand], Answered], status: int, code: str
) -> None:
    assert_is_refused_once(stand, ask, status, code)


def test_a_request_sent_a_second_time_is_refused_as_replayed(stand: Stand) -> None:
    tablet = stand.tablet()
    body = visit(tablet)
    headers = signed_headers(tablet, body)
    assert post(stand.process.url, body, headers).status == 200
    assert_is_refused_once(
        stand, lambda _: post(stand.process.url, body, headers), 401, "auth.replayed"
    )


OPERATIONS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown kind": ({"kind": "horoscope"}, "op.kind_not_yours"),
    "a kind of the county's": ({"kind": "policy_pack"}, "op.kind_not_yours"),
    "an action that is not the kind's": ({"action": "set"}, "op.wrong_action"),
    "another village": ({"scope_id": OTHER_SCOPE}, "scope.not_yours"),
    "another doctor": ({"author_id": "doctor-2"}, "op.not_the_author"),
    "a record dated 2099": ({"recorded_at": IN_2099.isoformat()}, "op.clock_far_off"),
    "a body of another record": ({"body": {"id": "other"}}, "op.body_disagrees"),
    "a number beyond all bounds": ({"body": {"weight": 10**40}}, "op.body_disagrees"),
    "another tablet's operation": ({"device_id": "other"}, "op.other_device"),
    "an operation without a sign": ({"revision": "first"}, "op.malformed"),
}


def handed_in(stand: Stand, make_bad: Callable[[Chain], Any]) -> tuple[Answered, Answered]:
    """What comes of a good visit and a bad one, in requests of their own."""
    tablet = stand.tablet()
    chain = Chain(tablet, utc_now())
    good = request_body(tablet, chain.put(a_follow_up(RESIDENT.id, utc_now().date())))
    first = post(stand.process.url, good, signed_headers(tablet, good))
    bad = request_body(tablet, make_bad(chain))
    return first, post(stand.process.url, bad, signed_headers(tablet, bad))


def assert_is_set_aside(stand: Stand, make_bad: Callable[[Chain], Any], code: str) -> None:
    before, logged, kept = Counts(stand.process.url), len(stand.log()), stand.kept()
    first, second = handed_in(stand, make_bad)
    assert outcomes(first.said) == ["accepted"]
    (receipt,) = second.said["receipts"]
    assert (second.status, receipt["outcome"], receipt["code"]) == (200, "refused", code)
    assert_is_told(code, receipt.get("values"))
    grown = {name: count - kept[name] for name, count in stand.kept().items()}
    assert grown == {"operation": 2, "quarantine": 1, "record": 1, "nonce": 2}
    good_line, line = stand.log()[logged:]
    assert (good_line["event"], good_line["codes"]) == ("synced", [])
    assert (line["event"], line["refused"], line["codes"]) == ("synced", 1, [code])
    after = Counts(stand.process.url)
    labels = {"outcome": "refused", "code": code}
    name = "luyue_operations_total"
    assert (after.of(name, **labels) or 0) - (before.of(name, **labels) or 0) == 1
    assert after.total(name) - before.total(name) == 2


@pytest.mark.parametrize(("changed", "code"), OPERATIONS.values(), ids=OPERATIONS)
def test_a_record_that_cannot_be_is_set_aside_by_its_code(
    stand: Stand, changed: dict[str, Any], code: str
) -> None:
    visited = a_follow_up(RESIDENT.id, utc_now().date())
    assert_is_set_aside(stand, lambda chain: chain.put(visited, **changed), code)


@pytest.mark.parametrize(
    ("resident_id", "code"),
    [(STRANGER.id, "scope.not_yours"), ("nobody", "op.unknown_reference")],
    ids=["of another village", "nobody knows"],
)
def test_a_visit_to_a_resident_the_tablet_does_not_have_is_set_aside(
    stand: Stand, resident_id: str, code: str
) -> None:
    visited = a_follow_up(resident_id, utc_now().date())
    assert_is_set_aside(stand, lambda chain: chain.put(visited), code)


def test_a_visit_made_in_2099_is_set_aside(stand: Stand) -> None:
    visited = a_follow_up(RESIDENT.id, IN_2099.date())
    assert_is_set_aside(stand, lambda chain: chain.put(visited), "follow_up.in_future")


def test_an_operation_that_is_not_signed_by_its_tablet_is_set_aside(stand: Stand) -> None:
    def forged(chain: Chain) -> Any:
        made = chain.put(a_follow_up(RESIDENT.id, utc_now().date()))
        return replace(made, signature="00" * 64)

    assert_is_set_aside(stand, forged, "op.signature")


def test_an_operation_changed_on_its_way_is_set_aside(stand: Stand) -> None:
    def changed(chain: Chain) -> Any:
        made = chain.put(a_follow_up(RESIDENT.id, utc_now().date()))
        return replace(made, body={**made.body, "note": "changed"})

    assert_is_set_aside(stand, changed, "op.hash")


def test_an_operation_that_does_not_follow_the_one_before_is_set_aside(stand: Stand) -> None:
    def unchained(chain: Chain) -> Any:
        chain.last_hash = "ab" * 32
        return chain.put(a_follow_up(RESIDENT.id, utc_now().date()))

    assert_is_set_aside(stand, unchained, "op.chain")


def test_a_body_in_pieces_without_a_length_is_bounded_all_the_same(stand: Stand) -> None:
    kept = stand.kept()
    address = urlsplit(stand.process.url)
    proof = {**signed_headers(stand.tablet(), b""), "Host": LOOPBACK}
    proof["Transfer-Encoding"] = "chunked"
    head = "".join(f"{name}: {value}\r\n" for name, value in proof.items())
    with socket.create_connection((LOOPBACK, address.port or 0), timeout=30) as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode())
        # The county may close while the rest is still being sent: that is a refusal as well.
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                line.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
            line.sendall(b"0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert line.recv(64).split(b" ")[1:2] in ([], [b"413"])
    assert stand.kept() == kept
    assert requests.get(f"{stand.process.url}/ready", timeout=30).status_code == 200

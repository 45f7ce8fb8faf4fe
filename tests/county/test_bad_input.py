"""What a served county says to requests that are wrong in every way we know of."""

from __future__ import annotations

import contextlib
import gzip
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import func, select

from county.config import utc_now
from county.tables import OperationRow, QuarantineRow
from tests.builders import a_follow_up, a_household, a_resident
from tests.county.conftest import World
from tests.county.process import CountyProcess, free_port
from tests.county.signed_post import PATH, post, request_body, signed_headers
from tests.county_world import OTHER_SCOPE, Enrolled, enrol_tablet, write_records
from tests.operations import Chain, outcomes

HOUSEHOLD = a_household()
LOOPBACK = "127.0.0.1"
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
IN_2099 = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def county(world: World) -> Iterator[CountyProcess]:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    process = CountyProcess(world.county_dir, free_port())
    yield process
    process.stop()


@pytest.fixture
def tablet(world: World) -> Enrolled:
    return enrol_tablet(world.database, utc_now())


def kept(world: World) -> tuple[int, int]:
    """How many operations have a receipt, and how many lie in quarantine."""
    with world.database.reading() as session:
        count = [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (OperationRow, QuarantineRow)
        ]
    return count[0], count[1]


def assert_log_is_clean(world: World) -> None:
    log = (world.county_dir / "county.log").read_text()
    assert "Traceback" not in log
    assert RESIDENT.name not in log


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b'{"operations": [NaN]}', {}, 400, "wire.malformed"),
        (b'{"want": ' + b"9" * 5_000 + b"}", {}, 400, "wire.malformed"),
        (b'{"device_id": "\\ud800"}', {}, 400, "wire.malformed"),
        (b'{"operations": ' + b"[" * 50_000, {}, 400, "wire.malformed"),
        (b"<html>", {"Content-Type": "text/html"}, 400, "wire.malformed"),
        (gzip.compress(b"{}" * 500)[:-9], {"Content-Encoding": "gzip"}, 415, "wire.bad_coding"),
    ],
    ids=["nan", "huge-number", "half-a-pair", "deep", "html", "cut-gzip"],
)
def test_a_signed_body_that_is_no_request_is_refused_and_leaves_nothing(
    world: World,
    county: CountyProcess,
    tablet: Enrolled,
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = post(county.url, body, signed_headers(tablet, body) | headers)
    assert (answer.status, answer.said["code"]) == (status, code)
    assert answer.said["message"]
    assert kept(world) == (0, 0)
    assert_log_is_clean(world)


def test_a_clock_in_2099_is_told_the_time_and_nothing_is_kept(
    world: World, county: CountyProcess, tablet: Enrolled
) -> None:
    body = request_body(tablet)
    skew_s = (IN_2099 - utc_now()).total_seconds()
    answer = post(county.url, body, signed_headers(tablet, body, skew_s=skew_s))
    assert (answer.status, answer.said["code"]) == (401, "auth.clock")
    assert datetime.fromisoformat(answer.said["server_time"]).year < IN_2099.year
    assert kept(world) == (0, 0)


def test_a_body_in_pieces_without_a_length_is_bounded_all_the_same(
    world: World, county: CountyProcess, tablet: Enrolled
) -> None:
    address = urlsplit(county.url)
    proof = {**signed_headers(tablet, b""), "Host": LOOPBACK, "Transfer-Encoding": "chunked"}
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
    assert kept(world) == (0, 0)
    assert requests.get(f"{county.url}/ready", timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "horoscope"}, "op.kind_not_yours"),
        ({"scope_id": OTHER_SCOPE}, "scope.not_yours"),
        ({"recorded_at": IN_2099.isoformat()}, "op.clock_far_off"),
        ({"body": {"weight": 10**40}}, "op.body_disagrees"),
    ],
    ids=["unknown-kind", "another-village", "dated-2099", "huge-number"],
)
def test_a_record_that_cannot_be_is_set_aside_and_its_neighbour_is_taken(
    world: World, county: CountyProcess, tablet: Enrolled, changed: dict[str, Any], code: str
) -> None:
    chain = Chain(tablet, utc_now())
    good = chain.put(a_follow_up(RESIDENT.id, utc_now().date()))
    bad = chain.put(a_follow_up(RESIDENT.id, utc_now().date()), **changed)
    body = request_body(tablet, good, bad)
    answer = post(county.url, body, signed_headers(tablet, body))
    assert outcomes(answer.said) == ["accepted", code]
    assert kept(world) == (2, 1)
    assert_log_is_clean(world)

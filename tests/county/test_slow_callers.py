"""Callers that send byte by byte, or without end, are let go; tablets are answered meanwhile."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from county.coding import MOST_SENT_BYTES
from county.config import utc_now
from county.slow_callers import MOST_HEAD_BYTES
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, visit_of
from tests.county.process import CountyProcess, free_port
from tests.county.reading import Counts
from tests.county.signed_post import PATH, post, signed_headers
from tests.county_world import Enrolled, running, write_records
from tests.operations import outcomes

SHORT_S = 0.5
"""How long these counties are patient; a real one is for as long as `CountyConfig` says."""
PATIENCE_S = 30.0
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: county\r\n".encode()
WITH_BODY = HEAD + b"Content-Length: 5000\r\n\r\n"
IN_PIECES = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
AT_THE_DOOR = WITH_BODY.replace(PATH.encode(), b"/desk/sign-in").replace(
    b"Host", b"Content-Type: application/x-www-form-urlencoded\r\nHost"
)


@contextmanager
def calling(url: str) -> Iterator[socket.socket]:
    """A bare connection to a county."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as line:
        yield line


def let_go(line: socket.socket, sent: Callable[[], bytes] = bytes) -> bytes:
    """What the county says until it closes the connection, while `sent` goes on being sent."""
    said, began = b"", time.monotonic()
    line.settimeout(0.1)
    while time.monotonic() - began < PATIENCE_S:
        try:
            line.sendall(sent())
            part = line.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionError:
            return said
        if not part:
            return said
        said += part
    raise AssertionError("the county does not let go")


def assert_is_too_slow(said: bytes) -> None:
    head, _, content = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(content)["code"] == "wire.too_slow"
    assert json.loads(content)["message"]


@pytest.fixture
def hasty(world: World) -> Iterator[str]:
    """The address of a county that has little patience."""
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    with running(world.county_dir, head_s=SHORT_S, body_s=SHORT_S) as address:
        yield address


@pytest.mark.parametrize(
    ("begun", "then"),
    [
        (b"", b""),
        (b"", b"\r\n"),
        (HEAD[:9], b""),
        (HEAD, b""),
        (HEAD + b"Padding: ", b"x"),
    ],
    ids=["nothing", "empty lines", "half a line", "half a head", "a head byte by byte"],
)
def test_a_head_that_does_not_become_whole_ends_the_connection(
    hasty: str, begun: bytes, then: bytes
) -> None:
    with calling(hasty) as line:
        line.sendall(begun)
        assert let_go(line, lambda: then) == b""
    assert requests.get(f"{hasty}/ready", timeout=PATIENCE_S).status_code == 200


def test_a_head_without_end_is_not_kept(world: World) -> None:
    with running(world.county_dir) as url, calling(url) as line:
        line.sendall(HEAD + b"Padding: ")
        assert let_go(line, lambda: b"x" * (MOST_HEAD_BYTES // 4)) == b""


def test_a_second_head_on_a_kept_connection_is_bounded_as_the_first_is(hasty: str) -> None:
    with calling(hasty) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: county\r\n\r\n")
        assert line.recv(65_536).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /hea")
        assert let_go(line) == b""


@pytest.mark.parametrize(
    ("begun", "then"),
    [(WITH_BODY, b""), (WITH_BODY, b"x"), (IN_PIECES, b""), (IN_PIECES, b"1\r\nx\r\n")],
    ids=["head alone", "byte by byte", "head alone, in pieces", "without end, in pieces"],
)
def test_a_body_that_does_not_become_whole_is_refused_by_a_code_and_let_go(
    hasty: str, begun: bytes, then: bytes
) -> None:
    with calling(hasty) as line:
        line.sendall(begun)
        assert_is_too_slow(let_go(line, lambda: then))
    told = Counts(hasty)
    assert told.of("luyue_refused_requests_total", status="408", code="wire.too_slow") == 1
    assert told.of("luyue_requests_total", route=PATH, method="POST", status="500") is None


def test_a_form_of_the_desk_that_comes_byte_by_byte_is_let_go(hasty: str) -> None:
    with calling(hasty) as line:
        line.sendall(AT_THE_DOOR)
        assert let_go(line, lambda: b"x").startswith(b"HTTP/1.1 400")


def test_a_form_of_the_desk_without_end_is_not_kept(hasty: str) -> None:
    head = AT_THE_DOOR.replace(b"Content-Length: 5000", b"Transfer-Encoding: chunked")
    with calling(hasty) as line:
        line.sendall(head)
        said = let_go(line, lambda: b"10000\r\n" + b"x" * 65_536 + b"\r\n")
    assert said[:12] in (b"", b"HTTP/1.1 400")
    assert (Counts(hasty).of("luyue_received_bytes_total") or 0) < 2 * MOST_SENT_BYTES


def test_an_upload_that_breaks_off_is_no_fault_of_the_countys(hasty: str) -> None:
    with calling(hasty) as line:
        line.sendall(WITH_BODY + b"x")
    began, told = time.monotonic(), Counts(hasty)
    while told.of("luyue_refused_requests_total", status="400", code="wire.cut_off") != 1:
        assert time.monotonic() - began < PATIENCE_S
        told = Counts(hasty)
    assert told.of("luyue_requests_total", route=PATH, method="POST", status="500") is None


def test_many_slow_callers_keep_no_tablet_waiting(world: World, tablet: Enrolled) -> None:
    write_records(world.database, utc_now(), HOUSEHOLD, RESIDENT)
    with closing(CountyProcess(world.county_dir, free_port())) as county:
        with ExitStack() as lines:
            for begun in (b"", HEAD, WITH_BODY, IN_PIECES, AT_THE_DOOR) * 40:
                lines.enter_context(calling(county.url)).sendall(begun)
            body = visit_of(tablet)
            answer = post(county.url, body, signed_headers(tablet, body))
            assert outcomes(answer.said) == ["accepted"]
        assert county.stop() == 0
    assert "Traceback" not in Path(world.county_dir / "county.log").read_text()

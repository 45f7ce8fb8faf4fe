"""A county told to stop finishes what is under way, takes nothing new, and ends with 0."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select

from county.config import utc_now
from county.tables import OperationRow
from tests.builders import a_follow_up
from tests.county.conftest import HOUSEHOLD, RESIDENT
from tests.county.signed_post import PATH, request_body, signed_headers
from tests.county.standing import Standing
from tests.county_world import enrol_tablet, write_records
from tests.operations import Chain, outcomes

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def begun(address: tuple[str, int], body: bytes, headers: dict[str, str]) -> socket.socket:
    """A request whose head the county has read and whose body it now waits for."""
    link = socket.create_connection(address, timeout=30)
    told = {**headers, "Host": "county", "Content-Length": str(len(body)), "Expect": "100-continue"}
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    link.sendall("\r\n".join([*lines, "", ""]).encode())
    assert link.recv(len(CONTINUE), socket.MSG_WAITALL) == CONTINUE
    return link


def wait_until_closed(address: tuple[str, int]) -> None:
    """Wait until the county takes no new connection."""
    try:
        while True:
            socket.create_connection(address, timeout=30).close()
    except ConnectionError:
        return


def test_a_request_under_way_when_the_county_is_stopped_is_finished(standing: Standing) -> None:
    database = standing.world.database
    write_records(database, utc_now(), HOUSEHOLD, RESIDENT)
    tablet = enrol_tablet(database, utc_now())
    visit = Chain(tablet, utc_now()).put(a_follow_up(RESIDENT.id, utc_now().date()))
    body = request_body(tablet, visit)
    parts = urlsplit(standing.start())
    address = (str(parts.hostname), int(parts.port or 0))
    with begun(address, body, signed_headers(tablet, body)) as link:
        link.sendall(body[:100])
        process = standing.running[-1].process
        process.terminate()
        wait_until_closed(address)
        link.sendall(body[100:])
        answer = b"".join(iter(lambda: link.recv(65_536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert outcomes(json.loads(content)) == ["accepted"]
    standing.stop()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(OperationRow)) == 1


@pytest.mark.parametrize("path", ["health", "ready"])
def test_health_and_readiness_are_told_on_both_databases(standing: Standing, path: str) -> None:
    import requests

    answer = requests.get(f"{standing.start()}/{path}", timeout=30)
    assert (answer.status_code, answer.json()["status"]) == (
        200,
        {"health": "up", "ready": "ready"}[path],
    )
    standing.stop()

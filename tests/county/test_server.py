"""The county over HTTP: who may speak, in what coding, and what everybody else is told."""

from __future__ import annotations

import gzip
import json
import logging
import re
import sys
from pathlib import Path

import pytest
import requests
import zstandard
from sqlalchemy import select

from county.coding import MOST_PLAIN_BYTES
from county.config import utc_now
from county.logs import WithoutTraceback
from county.tables import CountyRow, DeviceRow, OperationRow, QuarantineRow
from county.tries import MOST_TRIES
from packing import dictionary
from tests.builders import COUNTY_ID, SCOPE
from tests.county.conftest import World, visit_of
from tests.county.signed_post import PATH, post, request_body, signed_headers
from tests.county_world import Enrolled, running
from tests.operations import outcomes


def test_a_signed_request_is_answered_with_receipts_and_changes(url: str, tablet: Enrolled) -> None:
    body = visit_of(tablet)
    answer = post(url, body, signed_headers(tablet, body))
    assert answer.status == 200
    assert outcomes(answer.said) == ["accepted"]
    assert len(answer.said["changes"]) == 2
    assert [each["count"] for each in answer.said["numbered"]] == [1]


def test_the_bare_address_leads_to_the_desk(url: str) -> None:
    answer = requests.get(url + "/", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["location"]) == (307, "/desk/")
    assert requests.get(url + "/", timeout=10).status_code == 200


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_bodies_travel_compressed_both_ways(url: str, tablet: Enrolled, coding: str) -> None:
    plain = visit_of(tablet)
    packed = (
        zstandard.ZstdCompressor().compress(plain) if coding == "zstd" else gzip.compress(plain)
    )
    headers = signed_headers(tablet, packed) | {
        "Content-Encoding": coding,
        "Accept-Encoding": coding,
    }
    response = requests.post(url + PATH, data=packed, headers=headers, timeout=30, stream=True)
    assert response.headers["Content-Encoding"] == coding
    raw = response.raw.read(decode_content=False)
    said = json.loads(
        zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        if coding == "zstd"
        else gzip.decompress(raw)
    )
    assert outcomes(said) == ["accepted"]


@pytest.mark.parametrize("skew_s", [-3600, 3600, -1_700_000_000, 2_300_000_000])
def test_a_clock_far_off_gets_the_countys_time_and_stores_nothing(
    url: str, tablet: Enrolled, world: World, skew_s: float
) -> None:
    body = visit_of(tablet)
    answer = post(url, body, signed_headers(tablet, body, skew_s=skew_s))
    assert (answer.status, answer.said["code"]) == (401, "auth.clock")
    assert answer.said["server_time"].startswith(str(utc_now().year))
    with world.database.reading() as session:
        assert session.query(OperationRow).all() == []


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"device_id": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"device_id": "D", "app_version": "1", "operations": {}}',
        b'{"device_id": "D", "app_version": "1", "operations": [1]}',
        b'{"device_id": "D", "app_version": "1", "operations": [{"op_id": "x"}]}',
        b'{"device_id": "D", "app_version": "1", "cursors": [], "want": "many"}',
        b'{"device_id": "somebody-else", "app_version": "1"}',
    ],
)
def test_what_is_no_request_gets_a_plain_400(url: str, tablet: Enrolled, plain: bytes) -> None:
    body = plain.replace(b'"D"', json.dumps(tablet.device_id).encode())
    answer = post(url, body, signed_headers(tablet, body))
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")
    assert "Traceback" not in answer.said["message"]


@pytest.mark.parametrize(
    "asked",
    [
        {"scope_id": 3},
        {"scope_id": SCOPE, "fetch": ["\ud800"]},
        {"scope_id": SCOPE, "fetch": ["a\0b"]},
        {"scope_id": SCOPE, "buckets": [["\0", ""]]},
        {"scope_id": SCOPE, "buckets": [["follow_up", ""]], "after": "\0"},
        {"scope_id": SCOPE, "fetch": ["x"] * 5_000},
    ],
)
def test_a_question_no_tablet_asks_gets_a_plain_400(
    url: str, tablet: Enrolled, asked: dict[str, object]
) -> None:
    said = {"device_id": tablet.device_id, "app_version": "0.1.0", "question": asked}
    body = json.dumps(said).encode()
    answer = post(url, body, signed_headers(tablet, body))
    assert (answer.status, answer.said["code"]) == (400, "wire.malformed")


def test_the_dictionary_is_for_tablets_that_name_it(url: str, tablet: Enrolled) -> None:
    body = request_body(tablet)
    for accepted, coding in (
        (f"{dictionary.CODING}, zstd, gzip", dictionary.CODING),
        ("luyue-zstd-99, zstd", "zstd"),
        ("gzip", "gzip"),
    ):
        headers = signed_headers(tablet, body) | {"Accept-Encoding": accepted}
        answer = requests.post(url + PATH, data=body, headers=headers, timeout=30, stream=True)
        # An answer too small to be worth a plain coding goes without one.
        assert answer.headers.get("Content-Encoding", coding) == coding
        sent = answer.raw.read(decode_content=False)
        if accepted.startswith(dictionary.CODING):
            assert answer.headers["Content-Encoding"] == dictionary.CODING
            assert b"server_time" in dictionary.decompressed(sent, MOST_PLAIN_BYTES)


def test_a_request_in_the_dictionarys_coding_is_read(url: str, tablet: Enrolled) -> None:
    body = dictionary.compressed(request_body(tablet))
    headers = signed_headers(tablet, body) | {"Content-Encoding": dictionary.CODING}
    assert post(url, body, headers).status == 200


def test_a_frame_of_an_unknown_dictionary_is_refused_as_a_coding(
    url: str, tablet: Enrolled
) -> None:
    frame = bytearray(dictionary.compressed(request_body(tablet)))
    frame[5] = 99
    for coding in (dictionary.CODING, "zstd", "luyue-zstd-99"):
        headers = signed_headers(tablet, bytes(frame)) | {"Content-Encoding": coding}
        answer = post(url, bytes(frame), headers)
        assert (answer.status, answer.said["code"]) == (415, "wire.bad_coding")


def test_a_revoked_tablet_hands_in_and_is_sent_nothing(
    url: str, tablet: Enrolled, world: World
) -> None:
    with world.database.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, tablet.device_id)).state = "revoked"
    body = visit_of(tablet)
    answer = post(url, body, signed_headers(tablet, body))
    assert answer.said["revoked"] is True
    assert "changes" not in answer.said
    assert outcomes(answer.said) == ["device.revoked"]
    with world.database.reading() as session:
        assert len(session.query(QuarantineRow).all()) == 1


def test_an_enrolment_that_is_refused_says_why(url: str) -> None:
    asked = {
        "code": "AAAAA-AAAAA",
        "device_public_key": "ab" * 32,
        "device_name": "t",
        "app_version": "1",
    }
    response = requests.post(f"{url}/enrol/v1", json=asked, timeout=30)
    assert (response.status_code, response.json()["code"]) == (400, "enrol.code_unknown")
    assert "code" in response.json()["message"]


def test_a_fault_of_the_countys_own_shows_nothing_of_its_inside(
    url: str, tablet: Enrolled, world: World
) -> None:
    with world.database.writing() as session:
        session.scalars(select(CountyRow)).one().signing_private_key = "no key"
    body = visit_of(tablet)
    answer = post(url, body, signed_headers(tablet, body))
    assert (answer.status, answer.said["code"]) == (500, "county.trouble")
    assert answer.said.keys() == {"code", "message"}
    with world.database.reading() as session:
        assert session.query(OperationRow).all() == []


def test_what_libraries_log_names_an_exception_and_does_not_quote_it() -> None:
    try:
        raise KeyError("王建国")
    except KeyError:
        told = logging.LogRecord(
            "uvicorn.error",
            logging.ERROR,
            __file__,
            1,
            "Exception in %s\n",
            ("app",),
            sys.exc_info(),
        )
    assert json.loads(WithoutTraceback().format(told)) == {
        "event": "Exception in app",
        "logger": "uvicorn.error",
        "level": "error",
        "error": "KeyError",
    }


def test_health_and_readiness_are_told(url: str) -> None:
    assert requests.get(f"{url}/health", timeout=30).json()["status"] == "up"
    assert requests.get(f"{url}/ready", timeout=30).json() == {"status": "ready"}


def test_a_county_not_founded_is_not_ready_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as address:
        response = requests.get(f"{address}/ready", timeout=30)
    assert (response.status_code, response.json()["code"]) == (503, "county.not_founded")


def test_what_is_not_there_is_answered_in_json(url: str) -> None:
    missing = requests.get(f"{url}/nothing/here", timeout=30)
    assert (missing.status_code, missing.json()["code"]) == (404, "http.not_found")
    wrong = requests.get(url + PATH, timeout=30)
    assert (wrong.status_code, wrong.json()["code"]) == (405, "http.method")


def test_the_openapi_document_is_served_and_no_page_that_needs_the_internet(url: str) -> None:
    document = requests.get(f"{url}/openapi.json", timeout=30).json()
    assert {"/sync/v1", "/enrol/v1", "/health", "/ready"} <= document["paths"].keys()
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert {"Operation", "Receipt", "Change"} <= named <= document["components"]["schemas"].keys()
    assert requests.get(f"{url}/docs", timeout=30).status_code == 404


def test_trying_through_codes_is_stopped_for_a_while(url: str) -> None:
    asked = {
        "code": "AAAAA-AAAAA",
        "device_public_key": "ab" * 32,
        "device_name": "t",
        "app_version": "1",
    }
    for _ in range(MOST_TRIES):
        assert requests.post(f"{url}/enrol/v1", json=asked, timeout=30).status_code == 400
    stopped = requests.post(f"{url}/enrol/v1", json=asked, timeout=30)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "enrol.too_many_tries")
    assert int(stopped.headers["Retry-After"]) > 0

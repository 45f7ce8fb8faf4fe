"""Trading a code for a place in the county, over links that may be bad."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from app.sync.enrolment import enrol
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from core.refusals import Refused
from core.wire.envelopes import EnrolRequest, EnrolResponse
from tests.app.sync.scripted_county import Reply, ScriptedTransport, as_json

ASKED = EnrolRequest(
    code="ABCDE-FGHJK", device_public_key="ab" * 32, device_name="t", app_version="1"
)
GIVEN = EnrolResponse(
    device_id="tablet-1",
    county_id="county-1",
    county_name="青川县",
    doctor_id="doctor-1",
    doctor_name="周大夫",
    scopes=("county:county-1",),
    county_public_key="11" * 32,
    county_escrow_key="22" * 32,
    server_time="2026-11-22T02:00:00+00:00",
)
ADDRESS = "http://127.0.0.1:1"


def refused_code(*replies: Reply) -> str:
    with pytest.raises(Refused) as refused:
        enrol(lambda _: ScriptedTransport(replies), ADDRESS, ASKED)
    return refused.value.refusals[0].code


def test_the_countys_answer_is_given_back_and_the_connection_closed() -> None:
    transport = ScriptedTransport([as_json(asdict(GIVEN))])
    assert enrol(lambda _: transport, ADDRESS, ASKED) == GIVEN
    assert transport.is_closed


def test_a_lost_answer_is_asked_for_once_more() -> None:
    replies = [SyncTrouble(Trouble.TIMEOUT), as_json(asdict(GIVEN))]
    assert enrol(lambda _: ScriptedTransport(replies), ADDRESS, ASKED) == GIVEN


@pytest.mark.parametrize("code", ["enrol.code_unknown", "enrol.code_used", "enrol.code_expired"])
def test_the_countys_own_refusal_is_passed_on(code: str) -> None:
    assert refused_code(as_json({"code": code}, 400)) == code


def test_an_address_where_nobody_answers_is_unreachable() -> None:
    offline = SyncTrouble(Trouble.OFFLINE)
    assert refused_code(offline, offline) == "county.unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200, headers={"content-type": "text/html"}, body=b"<html>"),
        Answer(status=404, headers={"content-type": "text/html"}, body=b"<html>"),
        as_json({"hello": "world"}),
    ],
)
def test_what_is_no_county_is_called_so(answer: Answer) -> None:
    assert refused_code(answer) == "county.not_a_county"


@pytest.mark.parametrize("address", ["http://county.example", "ftp://127.0.0.1", "county", ""])
def test_an_address_without_tls_beyond_this_machine_is_refused(address: str) -> None:
    from app.sync.transport import HttpTransport

    with pytest.raises(Refused) as refused:
        enrol(HttpTransport, address, ASKED)
    assert refused.value.refusals[0].code == "county.unsafe"

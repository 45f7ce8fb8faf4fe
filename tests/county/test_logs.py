"""The county's log names codes, counts and ids, and nobody: good requests or bad ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from sqlalchemy import text

from core.wire.bodies import body_of
from county.config import utc_now
from tests.builders import a_follow_up, a_household, a_resident
from tests.county.reading import events
from tests.county.signed_post import post, request_body, signed_headers
from tests.county.standing import Standing
from tests.county_world import Enrolled, enrol_tablet, write_records
from tests.operations import Chain

NAME = "欧阳淑贞"
ID_NUMBER = "990101194903074510"
PHONE = "13912345678"
NOTE = "头晕两天，血压忽高忽低"
SYSTOLIC = 187
HOUSEHOLD = a_household(head_name=NAME)
RESIDENT = a_resident(household_id=HOUSEHOLD.id, name=NAME, id_number=ID_NUMBER, phone=PHONE)
PERSONAL = (NAME, NAME.encode("unicode_escape").decode(), ID_NUMBER, PHONE, NOTE, "systolic")


@pytest.fixture
def tablet(standing: Standing) -> Enrolled:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    return enrol_tablet(standing.world.database, utc_now())


def visit(**changed: Any) -> dict[str, Any]:
    body = body_of(a_follow_up(RESIDENT.id, utc_now().date()))
    readings = [{"kind": "blood_pressure", "systolic_mmhg": SYSTOLIC, "diastolic_mmhg": 97}]
    return {**body, "note": NOTE, "readings": readings, **changed}


def spoiled_operations(chain: Chain) -> list[Any]:
    """Operations with people in them, each wrong in a way of its own."""
    fact = a_follow_up(RESIDENT.id, utc_now().date())
    return [
        chain.put(fact, body=visit(id=fact.id)),
        chain.put(fact, body=visit(id=fact.id, readings=[{"systolic_mmhg": NAME}])),
        chain.put(fact, body=visit(id=fact.id, occurred_on=NAME)),
        chain.put(fact, body=visit(id=NAME, author_id=ID_NUMBER)),
        chain.put(fact, kind=NAME, body=visit()),
        chain.put(fact, recorded_at=NAME, body=visit()),
        chain.put(fact, body={"note": "\x00" + NOTE, "name": NAME}),
        chain.set("resident", RESIDENT.id, 1, {"name": NAME, "birth_date": ID_NUMBER}),
        chain.set("resident", RESIDENT.id, 1, {"phone": PHONE, "tags": NAME}),
    ]


def say_all_that_can_be_said(url: str, tablet: Enrolled) -> list[int]:
    """Good and malformed requests with a person in each; the statuses they got."""
    chain = Chain(tablet, utc_now())
    operations = [chain.put(a_follow_up(RESIDENT.id, utc_now().date())), *spoiled_operations(chain)]
    signed = [request_body(tablet, operation) for operation in operations]
    said = json.dumps({"name": NAME, "id_number": ID_NUMBER, "note": NOTE}, ensure_ascii=False)
    malformed = [said.encode(), said[:-1].encode(), said.encode("gb18030")]
    answers = [post(url, body, signed_headers(tablet, body)) for body in (*signed, *malformed)]
    for body in malformed:
        answers.append(post(url, body, signed_headers(tablet, body, skew_s=9_999)))
        answers.append(post(url, body, {"Luyue-Device": ID_NUMBER}))
    others = _to_other_doors(url, malformed)
    return [*(answer.status for answer in answers), *(answer.status_code for answer in others)]


def _to_other_doors(url: str, malformed: list[bytes]) -> Iterator[requests.Response]:
    for body in malformed:
        for path in ("/enrol/v1", "/recover/v1", "/escrow/v1", "/wiped/v1"):
            yield requests.post(url + path, data=body, timeout=30)
    enrolling = {"code": ID_NUMBER, "device_public_key": "ab" * 32, "device_name": NAME}
    yield requests.post(f"{url}/enrol/v1", json={**enrolling, "app_version": NOTE}, timeout=30)
    for path in (f"/desk/people?q={NAME}", f"/{NAME}/{ID_NUMBER}", f"/desk/{NAME}"):
        yield requests.get(url + path, timeout=30)
    form = {"login": NAME, "password": ID_NUMBER}
    yield requests.post(f"{url}/desk/sign-in", data=form, timeout=30)


def check_names_nobody(standing: Standing) -> None:
    log = (standing.world.county_dir / "county.log").read_text("utf-8")
    assert [secret for secret in PERSONAL if secret in log] == []
    assert "Traceback" not in log


def test_no_request_good_or_bad_brings_a_person_into_the_log(
    standing: Standing, tablet: Enrolled
) -> None:
    statuses = say_all_that_can_be_said(standing.start(), tablet)
    standing.stop()
    assert {200, 400, 401, 404} <= set(statuses)
    assert max(statuses) < 500
    told = events(standing.world.county_dir)
    assert {event["event"] for event in told} >= {"synced", "refused"}
    codes = {event["code"] for event in told if event["event"] == "refused"}
    assert {"wire.malformed", "auth.clock", "auth.missing", "http.not_found"} <= codes
    check_names_nobody(standing)


def test_a_broken_county_does_not_quote_the_record_it_broke_on(
    standing: Standing, tablet: Enrolled
) -> None:
    url, code = standing.start(), standing.world.invite()
    with standing.world.database.writing() as session:
        # The row that cannot be written any more holds what the tablet calls itself.
        session.execute(text("ALTER TABLE device DROP COLUMN wipe_order"))
        session.execute(text("UPDATE county SET signing_private_key = 'no key'"))
    enrolling = {"code": code, "device_public_key": "ab" * 32, "device_name": NAME}
    requests.post(f"{url}/enrol/v1", json={**enrolling, "app_version": PHONE}, timeout=30)
    statuses = say_all_that_can_be_said(url, tablet)
    standing.stop()
    assert 503 in statuses
    assert "database" in {event["event"] for event in events(standing.world.county_dir)}
    check_names_nobody(standing)


def test_a_fault_of_the_countys_own_is_logged_by_its_place_alone(
    standing: Standing, tablet: Enrolled
) -> None:
    url = standing.start()
    with standing.world.database.writing() as session:
        session.execute(text("UPDATE county SET signing_private_key = :words"), {"words": NAME})
    statuses = say_all_that_can_be_said(url, tablet)
    standing.stop()
    assert 500 in statuses
    assert "trouble" in {event["event"] for event in events(standing.world.county_dir)}
    check_names_nobody(standing)

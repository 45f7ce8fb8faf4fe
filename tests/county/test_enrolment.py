"""One-time codes: typed as people type, used once, gone after three days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.refusals import Refused
from core.wire.envelopes import EnrolRequest, EnrolResponse
from county import enrolment
from county.db import Database
from county.enrolment import Invitation
from county.keys import the_county
from county.tables import InviteRow, UserRow
from tests.builders import COUNTY_ID, DOCTOR_ID, SCOPE
from tests.county.conftest import NOW

KEY = "ab" * 32


def invited(county: Database) -> Invitation:
    with county.writing() as session:
        return enrolment.invite(session, COUNTY_ID, DOCTOR_ID, created_by="office", now=NOW)


def enrol(
    county: Database, code: str, key: str = KEY, later: timedelta = timedelta()
) -> EnrolResponse:
    asked = EnrolRequest(code=code, device_public_key=key, device_name="平板", app_version="1")
    with county.writing() as session:
        return enrolment.enrol(session, the_county(session), asked, NOW + later)


def refused_code(county: Database, code: str, **how: object) -> str:
    with pytest.raises(Refused) as refused:
        enrol(county, code, **how)  # type: ignore[arg-type]  # the cases differ in what they give
    return refused.value.refusals[0].code


def test_a_code_gives_the_tablet_its_place_and_the_countys_keys(county: Database) -> None:
    answer = enrol(county, invited(county).code)
    assert (answer.doctor_id, answer.doctor_name, answer.county_name) == (
        DOCTOR_ID,
        "周大夫",
        "青川县",
    )
    assert answer.scopes == (f"county:{COUNTY_ID}", SCOPE)
    assert len(bytes.fromhex(answer.county_public_key)) == 32
    assert len(bytes.fromhex(answer.county_escrow_key)) == 32


def test_a_code_may_be_typed_small_with_spaces_or_without_its_hyphen(county: Database) -> None:
    code = invited(county).code
    assert enrol(county, f" {code.lower().replace('-', ' ')} ").doctor_id == DOCTOR_ID


def test_only_the_hash_of_a_code_is_kept(county: Database) -> None:
    code = invited(county).code
    with county.reading() as session:
        row = session.scalars(select(InviteRow)).one()
    assert code.replace("-", "") not in repr(vars(row))


def test_an_unknown_code_is_refused(county: Database) -> None:
    assert refused_code(county, "AAAAA-AAAAA") == "enrol.code_unknown"


def test_a_code_is_refused_after_three_days(county: Database) -> None:
    code = invited(county).code
    assert refused_code(county, code, later=timedelta(hours=72)) == "enrol.code_expired"
    assert enrol(county, code, later=timedelta(hours=71)).doctor_id == DOCTOR_ID


def test_a_code_cannot_be_used_by_a_second_tablet(county: Database) -> None:
    code = invited(county).code
    enrol(county, code)
    assert refused_code(county, code, key="cd" * 32) == "enrol.code_used"


def test_a_tablet_that_lost_the_answer_gets_the_same_one_again(county: Database) -> None:
    code = invited(county).code
    assert enrol(county, code).device_id == enrol(county, code).device_id


@pytest.mark.parametrize("key", ["", "ab", "zz" * 32, "ab" * 33])
def test_a_key_that_is_none_is_refused_and_the_code_stays_good(county: Database, key: str) -> None:
    code = invited(county).code
    assert refused_code(county, code, key=key) == "enrol.bad_key"
    assert enrol(county, code).doctor_id == DOCTOR_ID


def test_a_code_is_issued_only_for_a_doctor_at_work(county: Database) -> None:
    with county.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).active = False
    with pytest.raises(Refused) as refused:
        invited(county)
    assert refused.value.refusals[0].code == "enrol.not_a_doctor"

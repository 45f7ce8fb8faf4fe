"""Those with an account: listed, given villages or relieved of them, closed with their tablets."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.refusals import Refused
from core.wire.envelopes import EnrolRequest
from county import office, staff_office
from county.audit import CONSOLE
from county.config import utc_now
from county.enrolment import enrol
from county.keys import the_county
from county.people import Role
from county.staff_office import change_villages, close_member, members
from county.tables import AuditRow, DeviceRow, UserRow
from tests.builders import COUNTY_ID, DOCTOR_ID, VILLAGE_ID
from tests.county.conftest import World
from tests.county.standing import Standing
from tests.county_world import OTHER_VILLAGE_ID, enrol_tablet, entrusted


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [refusal.code for refusal in refused.value.refusals]


def doctor(world: World) -> UserRow:
    with world.database.reading() as session:
        return session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))


def test_everybody_with_an_account_is_listed_with_their_places(standing: Standing) -> None:
    request = office.UserRequest(
        name="审核员", role=Role.TOWNSHIP, township="云岭镇", login="shenhe"
    )
    office.register_user(standing.config, request)
    close_member(standing.config, "吴大夫")
    assert [(one.login, one.role, one.township, one.villages, one.is_closed)
            for one in members(standing.config)] == [
        (DOCTOR_ID, "doctor", "", ("石门村",), False),
        ("doctor-2", "doctor", "", (), True),
        ("shenhe", "township", "云岭镇", (), False),
    ]  # fmt: skip


def test_a_village_goes_from_one_doctor_to_another_and_what_it_was_named_for_goes_with_it(
    standing: Standing,
) -> None:
    entrusted(standing.world.database, utc_now(), VILLAGE_ID)
    given = change_villages(standing.config, "吴大夫", ("石门村",), end=False)
    assert (given.doctor.villages, given.left_alone) == (("柳树村", "石门村"), ())
    ended = change_villages(standing.config, "周大夫", ("石门村",), end=True)
    assert (ended.doctor.villages, ended.left_alone) == ((), ())
    assert (doctor(standing.world).village_ids, doctor(standing.world).restricted_village_ids) == (
        [],
        [],
    )
    with pytest.raises(Refused) as refused:
        change_villages(standing.config, "周大夫", ("石门村",), end=True)
    assert codes(refused) == ["villages.not_theirs"]
    with standing.world.database.reading() as session:
        acts = session.scalars(
            select(AuditRow).where(AuditRow.user_id == CONSOLE).order_by(AuditRow.at, AuditRow.id)
        )
        told = [(act.action, act.object_id, act.detail) for act in acts]
    assert told[-2:] == [
        ("villages", "doctor-2", {"villages": [VILLAGE_ID]}),
        ("villages_end", DOCTOR_ID, {"villages": [VILLAGE_ID]}),
    ]


def test_a_village_nobody_is_left_for_is_named(standing: Standing) -> None:
    ended = change_villages(standing.config, "周大夫", ("石门村",), end=True)
    assert ended.left_alone == ("石门村",)


def test_a_doctor_who_leaves_loses_villages_and_tablets_and_is_found_no_more(
    standing: Standing,
) -> None:
    tablet = enrol_tablet(standing.world.database, utc_now())
    closed = close_member(standing.config, "周大夫")
    assert (closed.tablets, closed.left_alone) == (1, ("石门村",))
    assert (doctor(standing.world).active, doctor(standing.world).village_ids) == (False, [])
    with standing.world.database.reading() as session:
        assert session.get_one(DeviceRow, (COUNTY_ID, tablet.device_id)).state == "revoked"
    with pytest.raises(Refused) as refused:
        office.invite_doctor(standing.config, "周大夫")
    assert codes(refused) == ["doctor.unknown"]
    with pytest.raises(Refused) as refused:
        close_member(standing.config, "周大夫")
    assert codes(refused) == ["user.unknown"]


def test_a_code_of_a_doctor_who_has_left_gives_no_tablet_a_place(standing: Standing) -> None:
    code = standing.world.invite()
    close_member(standing.config, "周大夫")
    late = code_that_came_too_late(standing)
    for one in (code, late):
        asked = EnrolRequest(
            code=one, device_public_key="ab" * 32, device_name="平板", app_version="1"
        )
        with pytest.raises(Refused) as refused, standing.world.database.writing() as session:
            enrol(session, the_county(session), asked, utc_now())
        assert codes(refused) == ["enrol.code_expired"]
    with standing.world.database.reading() as session:
        assert session.scalars(select(DeviceRow)).all() == []


def code_that_came_too_late(standing: Standing) -> str:
    """One that was issued at the moment in which the account was closed."""
    with standing.world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).active = True
    code = standing.world.invite()
    with standing.world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).active = False
    return code


def test_two_of_one_name_are_added_and_closed_by_their_logins(standing: Standing) -> None:
    again = office.UserRequest(name="周大夫", role=Role.DOCTOR, villages=("柳树村",))
    with pytest.raises(Refused) as refused:
        office.register_user(standing.config, again)
    assert codes(refused) == ["user.exists"]
    named = office.UserRequest(name="周大夫", role=Role.DOCTOR, login="zhou2", villages=("柳树村",))
    assert office.register_user(standing.config, named).login == "zhou2"
    with pytest.raises(Refused) as refused:
        close_member(standing.config, "周大夫")
    assert codes(refused) == ["user.ambiguous"]
    assert close_member(standing.config, "zhou2").left_alone == ()
    assert OTHER_VILLAGE_ID not in doctor(standing.world).village_ids


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " "}, "user.no_name"),
        ({"login": "a b/c"}, "user.login_unusable"),
        ({"login": "x" * 65}, "user.login_unusable"),
    ],
)
def test_who_has_no_name_or_a_login_nobody_could_type_is_not_added(
    standing: Standing, fields: dict[str, str], code: str
) -> None:
    request = office.UserRequest(**{"name": "王审计", "role": Role.AUDITOR, **fields})
    with pytest.raises(Refused) as refused:
        office.register_user(standing.config, request)
    assert codes(refused) == [code]
    assert "王审计" not in [one.name for one in staff_office.members(standing.config)]


def test_the_commands_say_what_they_did(standing: Standing) -> None:
    assert "周大夫 (village doctor)  login doctor-1  石门村" in standing.done("users").lower()
    given = standing.done("villages", "周大夫", "--village", "柳树村")
    assert "石门村, 柳树村" in given
    left = standing.done("villages", "周大夫", "--village", "石门村", "--end")
    assert "no doctor is responsible for 石门村" in left
    enrol_tablet(standing.world.database, utc_now())
    closed = standing.done("close-user", "周大夫")
    assert "1 tablets have lost their place" in closed
    assert "closed" in standing.done("users")

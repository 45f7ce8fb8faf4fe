"""The county's users: known by their passwords, told to the tablets without them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core.refusals import Refused
from core.vocabulary import Kind
from county.db import Database
from county.office import villages_named
from county.people import (
    NewUser,
    Role,
    act_of,
    add_township,
    add_user,
    add_village,
    check_password,
    close_account,
    easy_password,
    find_desk_user,
    find_doctor,
    free_login,
    give_village,
    hash_password,
    set_password,
    village_names,
)
from county.tables import RecordRow, UserRow
from tests.builders import COUNTY_ID, DOCTOR_ID

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
ACT = act_of(COUNTY_ID, "office", NOW)


def a_reviewer(**fields: object) -> NewUser:
    return NewUser(
        **{  # type: ignore[arg-type] # fields by name, as a test gives them
            "name": "陈远",
            "role": Role.TOWNSHIP,
            "password": "correct horse",
            "township_id": "township-1",
            **fields,
        }
    )


def test_a_user_is_known_by_login_and_password(county: Database) -> None:
    with county.writing() as session:
        user = add_user(session, ACT, a_reviewer())
        assert user.login == "chenyuan"
        assert check_password(session, COUNTY_ID, "chenyuan", "correct horse").id == user.id


@pytest.mark.parametrize(
    ("login", "password"), [("chenyuan", "wrong"), ("nobody", "correct horse"), ("chenyuan", "")]
)
def test_a_wrong_password_and_an_unknown_login_are_refused_alike(
    county: Database, login: str, password: str
) -> None:
    with county.writing() as session:
        add_user(session, ACT, a_reviewer())
        with pytest.raises(Refused, match=r"^user\.wrong_password$"):
            check_password(session, COUNTY_ID, login, password)


def test_a_doctor_without_a_password_never_signs_in(county: Database) -> None:
    with county.reading() as session, pytest.raises(Refused):
        check_password(session, COUNTY_ID, DOCTOR_ID, "")


def test_someone_no_longer_active_is_refused(county: Database) -> None:
    with county.writing() as session:
        user = add_user(session, ACT, a_reviewer())
        user.active = False
        session.flush()
        with pytest.raises(Refused):
            check_password(session, COUNTY_ID, "chenyuan", "correct horse")


def test_the_same_password_is_kept_differently_each_time() -> None:
    kept = {hash_password("correct horse") for _ in range(2)}
    assert len(kept) == 2
    assert not [text for text in kept if "horse" in text]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"role": "king"}, "user.unknown_role"),
        ({"township_id": None}, "user.needs_township"),
        ({"password": "short"}, "user.password_short"),
        ({"login": DOCTOR_ID}, "user.login_taken"),
    ],
)
def test_a_user_that_cannot_be_added_is_refused(
    county: Database, fields: dict[str, object], code: str
) -> None:
    with county.writing() as session, pytest.raises(Refused, match=code):
        add_user(session, ACT, a_reviewer(**fields))


def test_logins_of_one_name_are_numbered(county: Database) -> None:
    with county.writing() as session:
        logins = [add_user(session, ACT, a_reviewer()).login for _ in range(3)]
        assert logins == ["chenyuan", "chenyuan2", "chenyuan3"]
        assert free_login(session, COUNTY_ID, "→") == "user"


def test_tablets_are_told_of_users_without_their_secrets(county: Database) -> None:
    with county.writing() as session:
        user = add_user(session, ACT, a_reviewer(phone="19900001234"))
        body = session.scalars(
            select(RecordRow.body).where(RecordRow.kind == Kind.USER, RecordRow.id == user.id)
        ).one()
    assert body["name"] == "陈远"
    assert "password" not in json.dumps(body)


def test_a_doctor_is_found_by_name_login_or_id(county: Database) -> None:
    with county.writing() as session:
        for wanted in ("周大夫", DOCTOR_ID):
            assert find_doctor(session, COUNTY_ID, wanted).id == DOCTOR_ID


def test_an_unknown_doctor_is_refused_with_those_there_are(county: Database) -> None:
    with county.reading() as session, pytest.raises(Refused, match=r"doctor\.unknown") as refused:
        find_doctor(session, COUNTY_ID, "某某")
    assert "周大夫" in str(refused.value.refusals[0].values["known"])


def test_two_doctors_of_one_name_are_told_apart_by_login(county: Database) -> None:
    with county.writing() as session:
        add_user(session, ACT, NewUser(name="周大夫", role=Role.DOCTOR))
        with pytest.raises(Refused, match=r"doctor\.ambiguous") as refused:
            find_doctor(session, COUNTY_ID, "周大夫")
        assert find_doctor(session, COUNTY_ID, "zhoudafu").name == "周大夫"
    assert "zhoudafu(周大夫)" in str(refused.value.refusals[0].values["known"])


def test_villages_called_alike_are_told_apart_by_their_township_or_whose_they_are(
    county: Database,
) -> None:
    with county.writing() as session:
        other = add_village(session, ACT, add_township(session, ACT, "清水乡"), "石门村")
        with pytest.raises(Refused, match=r"place\.ambiguous") as refused:
            villages_named(session, COUNTY_ID, ("石门村",))
        found = [
            *villages_named(session, COUNTY_ID, ("清水乡/石门村", "云岭镇/石门", other.id)),
            *villages_named(session, COUNTY_ID, ("石门村",), among=["village-1"]),
            *villages_named(session, COUNTY_ID, ("石门村",), township_id=other.township_id),
        ]
        assert [row.id for row in found] == [other.id, "village-1", other.id, "village-1", other.id]
        with pytest.raises(Refused, match=r"place\.unknown"):
            villages_named(session, COUNTY_ID, ("云岭镇/没有这个村",))
        names = village_names(session, COUNTY_ID)
    assert refused.value.refusals[0].values["known"] == "云岭镇/石门村, 清水乡/石门村"
    assert sorted(names.values()) == ["云岭镇/石门村", "柳树村", "清水乡/石门村"]


def test_a_doctor_is_given_a_village_once(county: Database) -> None:
    with county.writing() as session:
        doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
        for _ in range(2):
            give_village(session, ACT, doctor, "village-2")
        assert doctor.village_ids == ["village-1", "village-2"]


def test_a_made_up_password_is_long_and_free_of_signs_that_look_alike() -> None:
    made = {easy_password() for _ in range(50)}
    assert len(made) == 50
    assert not set("".join(made)) & set("01il o")


def test_another_password_takes_the_place_of_the_old_one(county: Database) -> None:
    with county.writing() as session:
        user = add_user(session, ACT, a_reviewer())
        set_password(find_desk_user(session, COUNTY_ID, "chenyuan"), "battery staple")
        assert check_password(session, COUNTY_ID, "chenyuan", "battery staple").id == user.id
        with pytest.raises(Refused, match=r"^user\.wrong_password$"):
            check_password(session, COUNTY_ID, "chenyuan", "correct horse")


def test_a_closed_account_signs_in_no_more_and_the_last_administrators_stays_open(
    county: Database,
) -> None:
    with county.writing() as session:
        first = add_user(session, ACT, a_reviewer(role=Role.COUNTY, login="first"))
        second = add_user(session, ACT, a_reviewer(role=Role.COUNTY, login="second"))
        close_account(session, first)
        session.flush()
        with pytest.raises(Refused, match=r"^user\.wrong_password$"):
            check_password(session, COUNTY_ID, "first", "correct horse")
        with pytest.raises(Refused, match=r"^user\.last_administrator$"):
            close_account(session, second)


def test_a_doctor_without_a_password_is_no_user_of_the_desk(county: Database) -> None:
    with county.writing() as session:
        add_user(session, ACT, NewUser(name="周大夫", role=Role.DOCTOR, login="zhou"))
        with pytest.raises(Refused, match=r"^user\.unknown$"):
            find_desk_user(session, COUNTY_ID, "zhou")

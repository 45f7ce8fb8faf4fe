"""The search finds a person by whatever a doctor remembers of one."""

from __future__ import annotations

from datetime import date

import pytest

from app.store.opening import Store
from app.store.queries import people
from app.store.rows import store_records, write_of
from app.store.spelling import spelling
from core.wire.bodies import Record
from tests.builders import DOCTOR_ID, a_household, a_resident, an_id_number


@pytest.fixture
def village(store: Store) -> Store:
    first = a_household(number="SM0012", house_no="12", group_no="3", head_name="吕建国")
    second = a_household(number="SM0340", house_no="34", group_no="5", head_name="曾广福")
    kept: list[Record] = [
        first,
        second,
        a_resident(
            name="吕海霞",
            household_id=first.id,
            phone="13800004321",
            sex="female",
            birth_date=date(1958, 3, 1),
            id_number=an_id_number(date(1958, 3, 1), "female", serial=61),
        ),
        a_resident(name="吕建国", household_id=first.id),
        a_resident(name="曾广福", household_id=second.id, left="died"),
        a_resident(name="曾光复", household_id=second.id),
    ]
    with store.transaction() as session:
        store_records(session, [write_of(record, author_id=DOCTOR_ID) for record in kept])
    return store


def found(store: Store, text: str, limit: int = 50) -> list[str]:
    with store.transaction() as session:
        return [person.name for person in people.search(session, text, limit)]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("海霞", {"吕海霞"}),
        ("吕", {"吕海霞", "吕建国"}),
        ("lvhai", {"吕海霞"}),
        ("LHX", {"吕海霞"}),
        ("zgf", {"曾广福", "曾光复"}),
        ("4321", {"吕海霞"}),
        ("SM0340", {"曾广福", "曾光复"}),
        ("12", {"吕海霞", "吕建国"}),
        (" 吕 海霞 ", {"吕海霞"}),
        ("没有这个人", set()),
        ("", set()),
        ("%", set()),
        ("_", set()),
    ],
)
def test_a_person_is_found_by(village: Store, typed: str, names: set[str]) -> None:
    assert set(found(village, typed)) == names


def test_the_end_of_the_id_number_finds_its_bearer(village: Store) -> None:
    number = an_id_number(date(1958, 3, 1), "female", serial=61)
    assert found(village, number[-4:].lower()) == ["吕海霞"]


def test_who_has_left_comes_after_who_is_there(village: Store) -> None:
    assert found(village, "zgf") == ["曾光复", "曾广福"]


def test_no_more_people_are_found_than_asked_for(village: Store) -> None:
    assert len(found(village, "吕", limit=1)) == 1


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("王建国", "wangjianguo", "wjg"),
        ("曾广福", "zengguangfu", "zgf"),
        ("单小云", "shanxiaoyun", "sxy"),
        ("吕绿", "lvlv", "ll"),
        ("阿依古丽·买买提", "ayigulimaimaiti", "ayglmmt"),
        ("Li 4", "li4", "li4"),
        ("", "", ""),
    ],
)
def test_a_name_is_spelled_as_people_type_it(name: str, pinyin: str, initials: str) -> None:
    assert spelling(name) == (pinyin, initials)

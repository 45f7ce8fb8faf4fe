"""A tablet that is enrolled and unlocked, in a village of two households."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from app.config import Config
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.device_secret import FileDeviceSecret
from app.store.kdf import Scrypt
from app.store.opening import Store
from app.store.rows import store_records, write_of
from core.people import Household, Resident
from core.vocabulary import GroupTag
from core.wire.bodies import Record
from tests.builders import a_contract, a_doctor, a_household, a_resident, a_village
from tests.fakes import GOOD_CODE, FakeClock, FakeCounty

PIN = "274913"
CHEAP = Scrypt(cost=2)


@dataclass(frozen=True)
class Village:
    """Who lives on the tablet: an elderly couple under contract, and a neighbour without one."""

    house: Household
    wang: Resident
    li: Resident
    neighbours: Household
    zhao: Resident

    def records(self) -> tuple[Record, ...]:
        contracts = (a_contract(self.wang.id), a_contract(self.li.id))
        people = (self.house, self.wang, self.li, self.neighbours, self.zhao)
        return (a_village(), a_doctor(), *people, *contracts)


def a_populated_village() -> Village:
    house = a_household(group_no="2", house_no="11", head_name="王建国", number="SM0011")
    neighbours = a_household(group_no="2", house_no="9", head_name="赵铁柱", number="SM0009")
    return Village(
        house=house,
        wang=a_resident(
            GroupTag.HTN, GroupTag.T2DM, name="王建国", household_id=house.id, phone="13900001111"
        ),
        li=a_resident(
            GroupTag.HTN,
            name="李秀英",
            household_id=house.id,
            sex="female",
            birth_date=date(1958, 8, 8),
            relation_to_head="spouse",
        ),
        neighbours=neighbours,
        zhao=a_resident(name="赵铁柱", household_id=neighbours.id, birth_date=date(1980, 1, 5)),
    )


def come_down(store: Store, *records: Record) -> None:
    """Puts records on the tablet as the county would."""
    with store.transaction() as session:
        store_records(session, [write_of(record, author_id="county") for record in records])


@pytest.fixture
def county(clock: FakeClock) -> FakeCounty:
    return FakeCounty(clock)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path / "tablet", county_url="http://127.0.0.1:1")


@pytest.fixture
def tablet(config: Config, clock: FakeClock, county: FakeCounty, tmp_path: Path) -> Tablet:
    return Tablet(config, clock, county, FileDeviceSecret(tmp_path / "secret"), kdf=CHEAP)


@pytest.fixture
def work(tablet: Tablet) -> Iterator[Workplace]:
    """An enrolled doctor's open workplace, still without residents."""
    pending = tablet.enrol("http://127.0.0.1:1", GOOD_CODE)
    yield tablet.finish_enrolment(pending, PIN)
    tablet.lock()


@pytest.fixture
def village(work: Workplace) -> Village:
    """The village, come down from the county."""
    there = a_populated_village()
    come_down(work.store, *there.records())
    return there

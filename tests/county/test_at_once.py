"""Two offices at once: neither overwrites what the other has said, nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.vocabulary import Kind
from county.db import Database
from county.entrusting import entrust, entrust_no_more
from county.people import act_of, give_village, set_villages
from county.roster.importing import RosterOptions, import_roster
from county.tables import RecordRow, UserRow
from tests.builders import COUNTY_ID, DOCTOR_ID, VILLAGE_ID
from tests.county.conftest import NOW
from tests.county.roster.sheets_of import a_roster, a_row, an_id
from tests.county_world import OTHER_VILLAGE_ID, entrusted

ACT = act_of(COUNTY_ID, "office", NOW)
ROUNDS = 10
Change = Callable[[Session, UserRow], None]


def at_once(county: Database, *changes: Change) -> UserRow:
    """The doctor after these changes, each of which has read them before any is made.

    An embedded database has one writer at a time, so there each begins when it may.
    """
    have_read = Barrier(1 if county.is_sqlite else len(changes))

    def make(change: Change) -> None:
        with county.writing() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
            assert doctor.village_ids
            have_read.wait(20)
            change(session, doctor)

    with ThreadPoolExecutor(len(changes)) as pool:
        for made in [pool.submit(make, change) for change in changes]:
            made.result()
    with county.reading() as session:
        return session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))


def test_a_naming_and_an_end_of_another_naming_both_stand(county: Database) -> None:
    for _ in range(ROUNDS):
        with county.writing() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
            set_villages(session, ACT, doctor, [VILLAGE_ID, OTHER_VILLAGE_ID])
        entrusted(county, NOW, VILLAGE_ID)
        doctor = at_once(
            county,
            lambda session, doctor: entrust_no_more(session, ACT, doctor, [VILLAGE_ID]),
            lambda session, doctor: entrust(session, ACT, doctor, [OTHER_VILLAGE_ID]),
        )
        assert doctor.restricted_village_ids == [OTHER_VILLAGE_ID]


def test_a_naming_made_while_another_village_comes_stays_and_so_does_the_village(
    county: Database,
) -> None:
    for _ in range(ROUNDS):
        with county.writing() as session:
            doctor = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID))
            set_villages(session, ACT, doctor, [VILLAGE_ID])
        entrusted(county, NOW)
        doctor = at_once(
            county,
            lambda session, doctor: give_village(session, ACT, doctor, OTHER_VILLAGE_ID),
            lambda session, doctor: entrust(session, ACT, doctor, [VILLAGE_ID]),
        )
        assert doctor.restricted_village_ids == [VILLAGE_ID]
        assert doctor.village_ids == [VILLAGE_ID, OTHER_VILLAGE_ID]


def test_one_roster_taken_in_twice_at_once_makes_everything_once(
    county: Database, tmp_path: Path
) -> None:
    for at in range(3):
        people = [
            a_row(
                乡镇="云岭镇",
                村="石门村",
                户编号=f"{at}-{n}",
                人群="肺结核",
                身份证号=an_id("19500101", 10 * at + n),
            )
            for n in range(3)
        ]
        path = a_roster(tmp_path / f"{at}.xlsx", *people)
        with ThreadPoolExecutor(4) as pool:
            options = RosterOptions(township="云岭镇")
            imports = [pool.submit(import_roster, county, ACT, path, options) for _ in range(4)]
            for made in imports:
                made.result()
    with county.reading() as session:
        counted = dict(
            session.execute(
                select(RecordRow.kind, func.count())
                .where(RecordRow.removed.is_(False))
                .group_by(RecordRow.kind)
            )
            .tuples()
            .all()
        )
    residents = counted[Kind.RESIDENT]
    assert counted[Kind.SPECIAL_PROGRAMME] == counted[Kind.HOUSEHOLD] == residents == 9

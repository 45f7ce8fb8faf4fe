"""What tablets hang on is taken over from the database that a restore replaces, or nothing is."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.store.outbox import OutboxState
from app.store.queries.device import the_device
from app.sync.link import HttpCounty
from app.sync.troubles import Trouble
from core.refusals import Refused
from core.vocabulary import Kind
from county import enrolment
from county.carrying_over import ON_POSTGRESQL, Passage, places, shared
from county.config import utc_now
from county.people import NewUser, act_of, add_user
from county.pg_programs import columns_in, programs_for
from county.tables import DeviceRow, RecordRow, UserRow, VillageRow
from tests.builders import (
    COUNTY_ID,
    DOCTOR_ID,
    VILLAGE_ID,
    a_contract,
    a_follow_up,
    a_household,
    a_resident,
)
from tests.county.standing import Standing
from tests.county.yesterday import epochs
from tests.county_world import OTHER_VILLAGE_ID, enrol_tablet, entrusted, write_records
from tests.postgres import Postgres
from tests.tablet_world import TabletHere, enrolled_tablet

HOUSEHOLD = a_household()
RESIDENT = a_resident(household_id=HOUSEHOLD.id)
A_LATER_VILLAGE = "village-3"


def id_of(tablet: TabletHere) -> str:
    with tablet.store.transaction() as session:
        return the_device(session).device_id


def state_of(standing: Standing, device_id: str) -> str:
    with standing.world.database.reading() as session:
        return session.get_one(DeviceRow, (COUNTY_ID, device_id)).state


def revoke(standing: Standing, device_id: str) -> None:
    with standing.world.database.writing() as session:
        enrolment.revoke(session, COUNTY_ID, device_id)


def refuse_revoked(standing: Standing) -> None:
    """From now on no tablet can be revoked in this database, nor in a backup of it."""
    statement = "ALTER TABLE device ADD CONSTRAINT no CHECK (state <> 'revoked')"
    if not standing.database_url:
        statement = (
            "CREATE TRIGGER no BEFORE UPDATE OF state ON device "
            "WHEN new.state = 'revoked' BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with standing.world.database.writing() as session:
        session.execute(text(statement))


def allow_revoked(standing: Standing) -> None:
    statement = "ALTER TABLE device DROP CONSTRAINT no"
    with standing.world.database.writing() as session:
        session.execute(text(statement if standing.database_url else "DROP TRIGGER no"))


def test_a_restore_that_cannot_take_over_who_was_revoked_has_not_happened(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT)
    stolen = enrol_tablet(standing.world.database, utc_now()).device_id
    sound, spoilt = tmp_path / "sound", tmp_path / "spoilt"
    standing.back_up(sound)
    refuse_revoked(standing)
    standing.back_up(spoilt)
    allow_revoked(standing)
    revoke(standing, stolen)
    before = epochs(standing)
    with pytest.raises((Refused, sqlite3.IntegrityError)):
        standing.restore(spoilt)
    assert (state_of(standing, stolen), epochs(standing)) == ("revoked", before)
    assert not list(standing.world.county_dir.glob("*.restoring*"))

    standing.restore(sound)
    standing.restore(sound)
    assert state_of(standing, stolen) == "revoked"


def test_a_table_that_an_older_archive_has_not_is_passed_over(
    tmp_path: Path, postgres: Postgres
) -> None:
    place = Standing(tmp_path / "place", postgres.empty_url(), str(postgres.programs))
    place.back_up(tmp_path / "b")
    programs = programs_for(place.config)
    assert "state" in columns_in(programs, tmp_path / "b", "device")
    assert columns_in(programs, tmp_path / "b", "invented_later") == []
    known = shared(lambda _: [], lambda _: ["id", "state"])
    passage = Passage(
        ours="ours", former="former", columns=known, listed=ON_POSTGRESQL, escrow_key="00" * 32
    )
    assert list(places(passage)) == []
    place.close()


def test_each_of_two_restores_within_a_second_keeps_what_was_there(
    standing: Standing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    standing.back_up(tmp_path / "b")
    monkeypatch.setattr("county.backup_office.utc_now", lambda: now)
    kept = [standing.restore(tmp_path / "b").kept for _ in range(3)]
    assert len(set(kept)) == 3
    if not standing.database_url:
        assert all(Path(name).exists() for name in kept)


def a_newcomer(standing: Standing, url: str, *villages: str) -> TabletHere:
    """A level tablet of a doctor who has come today."""
    world, now = standing.world, utc_now()
    new = NewUser(name="新大夫", role="doctor", village_ids=villages)
    with world.database.writing() as session:
        doctor = add_user(session, act_of(COUNTY_ID, "office", now), new)
        code = enrolment.invite(session, COUNTY_ID, doctor.id, created_by="office", now=now).code
    link = HttpCounty(world.clock)
    made = enrolled_tablet(world.folder, link, world.clock, url, code, "newcomer")
    made = replace(made, doctor_id=doctor.id)
    world.tablets.append(made)
    assert made.synchronise().failed is None
    return made


def doctor_of(standing: Standing, tablet: TabletHere) -> UserRow:
    with standing.world.database.reading() as session:
        return session.get_one(UserRow, (COUNTY_ID, tablet.doctor_id))


def test_the_tablet_of_a_doctor_who_came_since_the_backup_brings_back_all_it_has(
    standing: Standing, tmp_path: Path
) -> None:
    write_records(standing.world.database, utc_now(), HOUSEHOLD, RESIDENT, a_contract(RESIDENT.id))
    standing.back_up(tmp_path / "b")
    newcomer = a_newcomer(standing, standing.start(), VILLAGE_ID)
    writer = newcomer.doctor_id
    visits = [a_follow_up(RESIDENT.id, utc_now().date(), author_id=writer) for _ in range(3)]
    newcomer.save(*visits)
    assert newcomer.synchronise().failed is None
    standing.stop()
    told = standing.done("restore", str(tmp_path / "b"), "--yes")
    assert told.count("新大夫") == 1

    standing.start()
    assert newcomer.synchronise().failed is None
    assert set(newcomer.states()) == {OutboxState.RECEIPTED}
    assert newcomer.is_level
    doctor = doctor_of(standing, newcomer)
    with standing.world.database.reading() as session:
        assert {visit.id for visit in visits} <= set(session.scalars(select(RecordRow.id)))
        card = session.get_one(RecordRow, (COUNTY_ID, doctor.id))
        assert (card.kind, card.body["name"]) == (Kind.USER, "新大夫")
    assert newcomer.body(doctor.id) == card.body
    standing.stop()


def test_a_doctor_taken_over_has_the_villages_that_are_left_and_nothing_they_had_not(
    standing: Standing, tmp_path: Path
) -> None:
    world = standing.world
    standing.back_up(tmp_path / "b")
    later = VillageRow(county_id=COUNTY_ID, id=A_LATER_VILLAGE, township_id="township-1", name="新")
    with world.database.writing() as session:
        session.add(later)
    newcomer = a_newcomer(standing, standing.start(), VILLAGE_ID, OTHER_VILLAGE_ID, A_LATER_VILLAGE)
    before = doctor_of(standing, newcomer)
    entrusted(world.database, utc_now(), OTHER_VILLAGE_ID, A_LATER_VILLAGE, doctor=before.id)
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, before.id)).active = False
    standing.stop()
    restored = standing.restore(tmp_path / "b")
    after = doctor_of(standing, newcomer)
    assert restored.doctors == ("新大夫",)
    assert (after.login, after.role, after.active) == (before.login, "doctor", False)
    assert after.village_ids == [VILLAGE_ID, OTHER_VILLAGE_ID]
    assert after.restricted_village_ids == [OTHER_VILLAGE_ID]


def test_a_login_that_was_anothers_at_the_backup_stays_theirs(
    standing: Standing, tmp_path: Path
) -> None:
    world = standing.world
    with world.database.reading() as session:
        login = session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).login
    standing.back_up(tmp_path / "b")
    newcomer = a_newcomer(standing, standing.start(), VILLAGE_ID)
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, DOCTOR_ID)).login = "another"
        session.flush()
        session.get_one(UserRow, (COUNTY_ID, newcomer.doctor_id)).login = login
    standing.stop()
    standing.restore(tmp_path / "b")
    assert doctor_of(standing, newcomer).login == newcomer.doctor_id
    standing.start()
    assert newcomer.synchronise().failed is None
    standing.stop()


def test_the_tablet_of_a_newcomer_that_was_revoked_since_stays_so(
    standing: Standing, tmp_path: Path
) -> None:
    standing.back_up(tmp_path / "b")
    newcomer = a_newcomer(standing, standing.start(), VILLAGE_ID)
    revoke(standing, id_of(newcomer))
    standing.stop()
    standing.restore(tmp_path / "b")
    standing.start()
    assert newcomer.synchronise().failed == Trouble.REVOKED
    standing.stop()

"""The invented county: in order, reproducible, nobody real in it, shown until it is ended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.identity_number import parse_id_number
from core.ids import village_of
from core.vocabulary import FACE_TO_FACE_MODES, Kind
from county.db import Database
from county.office import opened
from county.people import check_password
from county.rollups import recount
from county.roster.invented import AREA
from county.tables import OperationRow, PersonAccountRow, QuarantineRow, RecordRow, UserRow
from demo.children import free_port_from
from demo.founding import DemoCounty, Size, county_config, make_demo, read_demo
from demo.practice_year import PracticeYear

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
SMALL = Size(townships=2, villages=2, doctors=3, residents=60, households=22, history_days=200)


def made(folder: Path, seed: int = 7, **more: Any) -> DemoCounty:
    return make_demo(folder, seed, NOW, lambda *_: None, size=SMALL, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "demo"
    made(path)
    return path


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    with opened(county_config(folder)) as there:
        yield there


def bodies(database: Database, kind: Kind) -> list[dict[str, Any]]:
    with database.reading() as session:
        return list(session.scalars(select(RecordRow.body).where(RecordRow.kind == kind)))


def test_the_county_has_the_size_it_was_asked_for(database: Database) -> None:
    assert len(bodies(database, Kind.HOUSEHOLD)) == SMALL.households
    assert len(bodies(database, Kind.RESIDENT)) == SMALL.residents
    assert len(bodies(database, Kind.VILLAGE)) == SMALL.villages


def test_every_id_number_is_a_valid_one_of_nobody(database: Database) -> None:
    for resident in bodies(database, Kind.RESIDENT):
        read = parse_id_number(resident["id_number"])
        assert read.number.startswith(AREA)
        assert read.birth_date.isoformat() == resident["birth_date"]


def test_the_history_was_taken_in_like_any_tablets(database: Database) -> None:
    with database.reading() as session:
        outcomes = Counter(session.scalars(select(OperationRow.outcome)))
        assert session.scalars(select(QuarantineRow)).all() == []
    assert set(outcomes) == {"accepted"}
    assert outcomes["accepted"] >= len(bodies(database, Kind.FOLLOW_UP)) > 150


def test_nothing_was_measured_over_the_telephone(database: Database) -> None:
    for follow_up in bodies(database, Kind.FOLLOW_UP):
        if follow_up["mode"] not in FACE_TO_FACE_MODES:
            sources = {reading.get("source", "typed") for reading in follow_up.get("readings", [])}
            assert sources <= {"reported"}


def test_readings_are_believable_and_some_are_uncontrolled(database: Database) -> None:
    readings = [
        reading
        for follow_up in bodies(database, Kind.FOLLOW_UP)
        for reading in follow_up.get("readings", [])
        if "systolic_mmhg" in reading
    ]
    systolic = [reading["systolic_mmhg"] for reading in readings]
    assert 118 < sum(systolic) / len(systolic) < 142
    assert all(90 <= value <= 200 for value in systolic)
    assert all(reading["diastolic_mmhg"] < reading["systolic_mmhg"] for reading in readings)
    assert 0.03 < sum(value >= 140 for value in systolic) / len(systolic) < 0.5


def test_the_accounts_are_of_today_and_what_the_histories_say(database: Database) -> None:
    with database.reading() as session:
        assert (
            recount(
                session,
                session.scalars(select(PersonAccountRow.county_id)).first() or "",
                NOW.date(),
            )
            == ()
        )
        filled = sum(session.scalars(select(PersonAccountRow.filled)))
        missed = sum(session.scalars(select(PersonAccountRow.missed)))
    assert filled > missed > 0


def test_the_first_doctor_knows_of_two_people_in_special_programmes(
    folder: Path, database: Database
) -> None:
    demo = read_demo(folder)
    assert demo is not None
    with database.reading() as session:
        doctors = session.scalars(select(UserRow).where(UserRow.role == "doctor")).all()
        kept = session.scalars(
            select(RecordRow).where(RecordRow.kind == Kind.SPECIAL_PROGRAMME)
        ).all()
    named = {doctor.id: doctor.restricted_village_ids for doctor in doctors}
    assert [each.body["tags"][0]["tag"] for each in kept] == ["smi", "tb"]
    assert {village_of(each.scope_id) for each in kept} <= set(named.pop(demo.doctors[0].user_id))
    assert not any(named.values())


def test_the_township_has_accepted_most_and_sent_some_back(database: Database) -> None:
    decisions = Counter(review["decision"] for review in bodies(database, Kind.REVIEW))
    assert decisions["accepted"] > 10 * decisions["returned"]


def test_the_users_of_the_demo_can_sign_in(folder: Path, database: Database) -> None:
    demo = read_demo(folder)
    assert demo is not None
    assert [user.role for user in demo.users] == ["county", "township", "township"]
    with database.reading() as session:
        county_id = session.scalars(select(PersonAccountRow.county_id)).first() or ""
        for user in demo.users:
            assert check_password(session, county_id, user.login, user.password).id == user.user_id


def test_the_same_seed_invents_the_same_county(folder: Path, tmp_path: Path) -> None:
    made(tmp_path / "again")
    assert told_of(tmp_path / "again") == told_of(folder)


def told_of(folder: Path) -> list[str]:
    """Everything recorded, without the ids a county gives out itself."""
    with opened(county_config(folder)) as database:
        follow_ups = bodies(database, Kind.FOLLOW_UP)
        residents = bodies(database, Kind.RESIDENT)
    told = [
        {
            name: body[name]
            for name in ("occurred_on", "mode", "readings", "name", "id_number")
            if name in body
        }
        for body in (*follow_ups, *residents)
    ]
    return sorted(json.dumps(item, ensure_ascii=False, sort_keys=True) for item in told)


def test_a_demo_that_was_never_finished_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PracticeYear, "facts_of", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made(tmp_path / "demo")
    assert read_demo(tmp_path / "demo") is None
    assert made(tmp_path / "demo") == read_demo(tmp_path / "demo")


def test_passwords_are_readable_by_their_owner_only(folder: Path) -> None:
    assert (folder / "demo.json").stat().st_mode & 0o077 == 0


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`luyue demo` on a small demo's data, ended in any case."""
    folder = tmp_path / "demo"
    made(folder, county_port=free_port_from(18600))
    with subprocess.Popen(
        [sys.executable, "-m", "console", "demo", "--data", str(folder), "--tablet-port", "18650"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        yield process
        if process.poll() is None:
            process.terminate()


def test_the_demo_comes_up_tells_the_ways_in_and_ends_all_it_started(
    shown: subprocess.Popen[str],
) -> None:
    assert shown.stdout is not None
    said = ways_in(shown.stdout)
    desk, tablet = two_addresses(said)
    for url in (desk, tablet):
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200
    invite = re.search(r"luyue (county invite [^）]+)", "".join(said))
    assert invite is not None
    subprocess.run([sys.executable, "-m", "console", *invite[1].split()], check=True)
    shown.send_signal(signal.SIGINT)
    assert shown.wait(30) == 0
    assert not answers(desk)
    assert not answers(tablet)


def ways_in(lines: Iterable[str]) -> list[str]:
    """What the demo says until all ways in have been told."""
    said: list[str] = []
    for line in lines:
        said.append(line)
        if "Ctrl-C" in line:
            break
    return said


def two_addresses(said: Iterable[str]) -> list[str]:
    """The addresses of the desk and of the tablet."""
    return [line.split()[-1] for line in said if line.startswith(("审核工作台", "医生平板"))]


def answers(url: str) -> bool:
    give_up = time.monotonic() + 5
    while time.monotonic() < give_up:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            return False
    return True

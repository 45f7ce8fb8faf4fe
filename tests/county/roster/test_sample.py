"""Sample rosters: the same bytes every time, the rows asked for, damaged as real ones are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from county.db import Database
from county.keys import found_county
from county.people import act_of
from county.roster.answers import Outcome, RosterReport
from county.roster.importing import import_roster
from county.roster.sample import write_sample_roster
from tests.builders import COUNTY_ID
from tests.county_world import ESCROW_KEY

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "roster.xlsx"
    write_sample_roster(path, rows=1300, seed=3, year=2026)
    return path


def imported(database: Database, path: Path) -> RosterReport:
    with database.writing() as session:
        found_county(session, COUNTY_ID, "青川县", NOW, ESCROW_KEY)
    return import_roster(database, act_of(COUNTY_ID, "office", NOW), path)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.xlsx", "b.xlsx", "c.xlsx")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_sample_roster(path, rows=60, seed=seed, year=2026)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again
    assert first != other


def test_no_roster_has_fewer_than_one_row(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_sample_roster(tmp_path / "r.xlsx", rows=0, seed=1, year=2026)


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_small_roster_has_exactly_its_rows(
    sqlite_database: Database, tmp_path: Path, rows: int
) -> None:
    write_sample_roster(tmp_path / "r.xlsx", rows=rows, seed=1, year=2026)
    report = imported(sqlite_database, tmp_path / "r.xlsx")
    people = [answer for answer in report.answers if answer.outcome != Outcome.PASSED_OVER]
    assert len(people) == rows


def test_a_sample_is_damaged_in_every_way_and_every_row_is_answered(
    sqlite_database: Database, sample: Path
) -> None:
    report = imported(sqlite_database, sample)
    answered = Counter(answer.outcome for answer in report.answers)
    assert sum(answered.values()) - answered[Outcome.PASSED_OVER] == 1300
    assert answered[Outcome.NEW] > 1250
    refusals = {refusal.code for answer in report.answers for refusal in answer.refusals}
    assert refusals >= {"id_number.damaged_scientific", "id_number.checksum", "roster.twice"}
    notes = {note.code for answer in report.answers for note in answer.notes}
    assert notes >= {
        "id_quote", "id_lower_x", "id_fifteen_digits", "id_full_width", "id_spaces",
        "name_tidied", "headings_again", "totals",
    }  # fmt: skip
    assert report.unknown_columns == ()


def test_a_sample_a_second_time_changes_nothing(sqlite_database: Database, sample: Path) -> None:
    first = imported(sqlite_database, sample)
    again = import_roster(sqlite_database, act_of(COUNTY_ID, "office", NOW), sample)
    assert (again.counts["new"], again.counts["changed"]) == (0, 0)
    assert again.counts["unchanged"] == first.counts["new"]
    assert again.counts["refused"] == first.counts["refused"]

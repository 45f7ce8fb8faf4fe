"""A lost tablet tells nothing: no name, number or reading in any file of the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.logs import WITHHELD, close_log, note, open_log
from app.services.education import EducationDraft
from app.services.referrals import ReferralDraft
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from tests.app.services.conftest import Village
from tests.app.services.visits import begin, save
from tests.builders import TODAY
from tests.fakes import FakeCounty


def files_under(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def secrets_of(village: Village) -> set[str]:
    """What must be nowhere, each long enough not to turn up by chance in sealed bytes."""
    people = (village.wang, village.li, village.zhao)
    told = {text for person in people for text in (person.name, person.id_number, person.id)}
    return told | {"13900001111", "县人民医院", "少盐多动", "systolic", "follow_up", "resident"}


def test_no_file_of_the_data_folder_holds_a_name_a_number_or_a_reading(
    tablet: Tablet, work: Workplace, village: Village, county: FakeCounty
) -> None:
    open_log(tablet.config.log_path)
    save(work, village.wang.id, note="少盐多动")
    work.follow_ups.save_draft(begin(work, village.li.id, note="少盐多动"))
    work.referrals.save(
        ReferralDraft(
            resident_id=village.wang.id,
            reason="血压 186/112",
            urgent=True,
            to_facility="县人民医院",
        )
    )
    lesson = EducationDraft(
        audience="household", occurred_on=TODAY, topics=("htn",), minutes="9", people_reached="2"
    )
    work.education.save(replace(lesson, household_id=village.house.id))
    work.residents.correct(village.wang.id, {"phone": "13900001111", "name": "王建果"}, "改名")
    work.today.search("王建国")
    work.settings.set_language("en")
    work.sync.run_now()
    close_log()

    found = list(files_under(tablet.config.data_dir))
    assert {path.name for path in found} >= {
        "store.db", "store.db-wal", "ring.json", "prefs.json", "tablet.log", "doctors.json",
    }  # fmt: skip
    for path in found:
        content = path.read_bytes()
        leaked = {text for text in secrets_of(village) if text.encode() in content}
        assert leaked == set(), path.name


def test_the_log_withholds_whatever_is_not_a_code_or_a_number(tmp_path: Path) -> None:
    log = tmp_path / "tablet.log"
    open_log(log)
    note(
        "visit.saved", resident="王建国", reading="186/112", number="990100195504021234", took_ms=12
    )
    note("王建国 saved", code="store.full", fine=True, nothing=None)
    close_log()
    written = log.read_text(encoding="utf-8")
    assert written.count(WITHHELD) == 4
    assert '"took_ms": 12' in written
    assert '"code": "store.full"' in written
    for secret in ("王建国", "186/112", "990100"):
        assert secret not in written


def test_the_log_is_turned_over_before_it_fills_the_tablet(tmp_path: Path) -> None:
    log = tmp_path / "tablet.log"
    open_log(log)
    for number in range(12_000):
        note("sync.finished", sent=number, received=number, refused=0, failed=None)
    close_log()
    assert sum(path.stat().st_size for path in files_under(tmp_path)) < 2 * 1024 * 1024


def test_keys_and_pins_are_in_no_representation_of_the_tablets_objects(tablet: Tablet) -> None:
    pending = tablet.enrol("http://127.0.0.1:1", "24680135")
    assert pending.private_key.hex() not in repr(pending)
    assert "private_key" not in repr(pending)

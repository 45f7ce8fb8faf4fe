"""Education, referrals, exemptions, the sync page, the month, and the settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.config import read_preferences
from app.services.education import EducationDraft
from app.services.month import pattern_of
from app.services.referrals import ReferralDraft
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from app.store.cursor import set_cursors
from core.ids import village_scope
from core.refusals import Refused
from core.vocabulary import Kind
from core.wire.envelopes import Cursor
from tests.app.services.conftest import PIN, Village, come_down
from tests.app.services.visits import queued, save
from tests.builders import (
    TODAY,
    VILLAGE_ID,
    a_follow_up,
    a_referral,
    an_exemption,
    an_exemption_decision,
    blood_pressure,
    noon,
)
from tests.fakes import FakeClock, FakeCounty

LESSON = EducationDraft(
    audience="household", occurred_on=TODAY, topics=("hypertension",), minutes="20",
    people_reached="3", answers=(True, True, False),
)  # fmt: skip
SLIP = ReferralDraft(resident_id="", reason="血压 186/112", urgent=True, to_facility="县人民医院")


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {refusal.code for refusal in refused.value.refusals}


def test_a_lesson_is_kept_and_queued(work: Workplace, village: Village) -> None:
    saved = work.education.save(replace(LESSON, household_id=village.house.id))
    assert (saved.minutes, saved.people_reached) == (20, 3)
    (row,) = work.education.recent()
    assert (row.education, row.delivery, row.household_name) == (saved, "on_tablet", "王建国")
    assert queued(work)[0].kind == Kind.EDUCATION


def test_a_lecture_of_no_household_belongs_to_the_doctors_village(
    work: Workplace, village: Village
) -> None:
    saved = work.education.save(replace(LESSON, audience="lecture"))
    assert saved.scope_id == f"village:{VILLAGE_ID}"


def test_a_lecture_belongs_to_a_village_the_doctor_has_today_and_not_to_one_of_the_enrolment(
    work: Workplace, village: Village
) -> None:
    with work.store.transaction() as session:
        set_cursors(session, {village_scope("given-since"): Cursor(epoch="e", seq=1)})
    saved = work.education.save(replace(LESSON, audience="lecture"))
    assert saved.scope_id == "village:given-since"


def test_a_lesson_with_unreadable_numbers_or_without_topics_is_refused_with_every_reason(
    work: Workplace, village: Village
) -> None:
    with pytest.raises(Refused) as refused:
        work.education.save(replace(LESSON, topics=(), minutes="二十"))
    assert "number.unreadable" in codes(refused)
    assert len(codes(refused)) > 1
    assert queued(work) == []


def test_a_referral_is_to_be_traced_within_fourteen_days(work: Workplace, village: Village) -> None:
    referral = work.referrals.save(replace(SLIP, resident_id=village.wang.id))
    assert referral.trace_by == TODAY + timedelta(days=14)
    (row,) = work.referrals.open()
    assert (row.referral, row.person.name, row.overdue) == (referral, "王建国", False)


def test_a_traced_referral_is_no_longer_open(work: Workplace, village: Village) -> None:
    referral = work.referrals.save(replace(SLIP, resident_id=village.wang.id))
    outcome = work.referrals.save_outcome(referral.id, "admitted", "住院三天")
    assert outcome.referral_id == referral.id
    assert work.referrals.open() == ()
    assert [operation.kind for operation in queued(work)] == [
        Kind.REFERRAL,
        Kind.REFERRAL_OUTCOME,
    ]


def test_referrals_to_be_traced_first_come_first(work: Workplace, village: Village) -> None:
    late = a_referral(village.wang.id, trace_by=TODAY + timedelta(days=9))
    soon = a_referral(village.li.id, trace_by=TODAY - timedelta(days=1))
    come_down(work.store, late, soon)
    assert [(row.referral.id, row.overdue) for row in work.referrals.open()] == [
        (soon.id, True),
        (late.id, False),
    ]


def test_bad_referrals_and_outcomes_are_refused(work: Workplace, village: Village) -> None:
    with pytest.raises(Refused):
        work.referrals.save(replace(SLIP, resident_id=village.wang.id, reason=" "))
    with pytest.raises(Refused) as unknown:
        work.referrals.save_outcome("nothing", "went")
    assert codes(unknown) == {"referral.unknown"}
    made = work.referrals.save(replace(SLIP, resident_id=village.wang.id))
    with pytest.raises(Refused) as outcome:
        work.referrals.save_outcome(made.id, "flew")
    assert codes(outcome) == {"outcome.unknown"}


def test_a_request_to_excuse_days_waits_for_the_townships_answer(
    work: Workplace, village: Village
) -> None:
    asked = work.exemptions.request(
        village.wang.id, date(2026, 11, 1), date(2026, 11, 30), "in_hospital"
    )
    (row,) = work.exemptions.of_resident(village.wang.id)
    assert (row.exemption, row.decision, row.delivery) == (asked, None, "on_tablet")
    assert work.residents.get(village.wang.id).dots[10].state == "excuse_pending"
    come_down(work.store, an_exemption_decision(asked.id))
    assert work.residents.get(village.wang.id).dots[10].state == "excused"
    (row,) = work.exemptions.of_resident(village.wang.id)
    assert row.decision is not None
    assert row.decision.approved


def test_requests_are_shown_newest_first(work: Workplace, village: Village) -> None:
    older = an_exemption(village.wang.id, date(2026, 3, 1), date(2026, 3, 31))
    newer = an_exemption(village.wang.id, date(2026, 8, 1), date(2026, 8, 31))
    come_down(work.store, older, newer)
    shown = [row.exemption.id for row in work.exemptions.of_resident(village.wang.id)]
    assert shown == [newer.id, older.id]


@pytest.mark.parametrize(
    ("last", "reason", "code"),
    [
        (date(2026, 10, 31), "in_hospital", "exemption.days"),
        (date(2026, 11, 30), "no idea", "exemption.no_reason"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    work: Workplace, village: Village, last: date, reason: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        work.exemptions.request(village.wang.id, date(2026, 11, 1), last, reason)
    assert codes(refused) == {code}


def test_the_sync_page_shows_each_record_with_its_state(
    work: Workplace, village: Village, county: FakeCounty, clock: FakeClock
) -> None:
    first = save(work, village.wang.id).follow_up
    work.sync.run_now()
    clock.forward(minutes=10)
    second = save(work, village.li.id).follow_up
    view = work.sync.status()
    assert [(row.record_id, row.delivery, row.receipt_no) for row in view.records] == [
        (second.id, "on_tablet", 2),
        (first.id, "county_has_it", 1),
    ]
    assert (view.unsent, view.oldest_unsent_at) == (1, clock.now())
    assert view.unsent_bytes > 0
    assert view.records[0].name == "李秀英"
    assert view.proof is None


def test_a_month_counts_own_work_and_lists_what_is_still_owed(
    work: Workplace, village: Village
) -> None:
    save(work, village.wang.id)
    work.follow_ups.not_met(village.li.id, "not_at_home")
    view = work.month.get(2026, 11)
    assert (view.done, view.owed) == (1, 2)
    assert (view.follow_ups, view.face_to_face) == (2, 1)
    (owed,) = view.still_owed
    assert (owed.person.name, owed.due_by, owed.slot_number) == ("李秀英", date(2026, 11, 30), 11)
    assert view.figures.filled == 1


def test_an_amended_follow_up_counts_once_in_the_month(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    first = save(work, village.wang.id).follow_up
    clock.forward(minutes=5)
    form = work.follow_ups.begin(village.wang.id, amends=first.id)
    work.follow_ups.save(replace(form.draft, systolic_mmhg="138"))
    assert work.month.get(2026, 11).follow_ups == 1


def test_the_pattern_counts_last_digits_equal_pairs_and_delays() -> None:
    same = [
        a_follow_up("r", TODAY, readings=(blood_pressure(130, 80),), recorded_at=noon(TODAY))
        for _ in range(3)
    ]
    late = a_follow_up(
        "r", TODAY - timedelta(days=2), readings=(blood_pressure(127, 83),), recorded_at=noon(TODAY)
    )
    pattern = pattern_of([*same, late])
    assert pattern.readings == 4
    assert pattern.last_digits == (6, 0, 0, 1, 0, 0, 0, 1, 0, 0)
    assert pattern.same_values == ((130, 80, 3),)
    assert pattern.delays == ((0, 3), (2, 1))


def test_language_and_type_size_are_known_before_unlocking(tablet: Tablet, work: Workplace) -> None:
    work.settings.set_language("en")
    work.settings.set_font_scale(1.3)
    tablet.lock()
    preferences = read_preferences(tablet.config)
    assert (preferences.language, preferences.font_scale) == ("en", 1.3)


def test_damaged_preferences_fall_back_to_the_defaults(tablet: Tablet, work: Workplace) -> None:
    tablet.config.prefs_path.write_text('{"language": "xx", "font_scale": 99}')
    assert work.settings.get().language == "zh_CN"
    assert work.settings.get().font_scale == 1.0
    tablet.config.prefs_path.write_text("not json")
    assert work.settings.get().language == "zh_CN"


def test_settings_refuse_what_is_not_offered(work: Workplace) -> None:
    with pytest.raises(Refused) as language:
        work.settings.set_language("fr")
    with pytest.raises(Refused) as scale:
        work.settings.set_font_scale(7.0)
    with pytest.raises(Refused) as minutes:
        work.settings.set_lock_minutes(600)
    assert codes(language) == codes(scale) == codes(minutes) == {"setting.value"}


def test_changing_the_pin_needs_the_old_one_and_a_good_new_one(work: Workplace) -> None:
    with pytest.raises(Refused) as wrong:
        work.settings.change_pin("999123", "830264")
    assert codes(wrong) == {"unlock.wrong_pin"}
    with pytest.raises(Refused) as weak:
        work.settings.change_pin(PIN, "111111")
    assert codes(weak) == {"pin.repeated"}


def test_about_says_what_is_installed_and_for_whom(
    tablet: Tablet, work: Workplace, village: Village
) -> None:
    save(work, village.wang.id)
    about = work.settings.about()
    assert (about.residents, about.follow_ups) == (3, 1)
    assert (about.county_name, about.doctor_name) == ("青川县", "周大夫")
    files = tablet.config.store_path.parent.glob("store.db*")
    assert about.store_bytes == sum(file.stat().st_size for file in files) > 100_000
    assert about.policy_version

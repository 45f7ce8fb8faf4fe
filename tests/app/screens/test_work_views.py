"""What is shown after saving, of the month, records, teaching and referring."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.screens import education, enrol, month, record, referral, saved, settings
from app.screens.follow_up import choices
from app.services.education import EducationRow
from app.services.enrolling import InterruptedEnrolment
from app.services.followups import FollowUpView
from app.services.households import HouseholdView
from app.services.month import MonthView, OwedRow, Pattern
from app.services.referrals import ReferralRow
from app.services.settings import About
from app.services.views import Delivery, Why
from core.figures import Figures
from tests.app.screens.examples import NOW, a_person_row, a_saved
from tests.builders import (
    TODAY,
    a_follow_up,
    a_household,
    a_referral,
    a_resident,
    an_education,
    glucose,
)


def test_in_a_household_visit_the_next_of_it_comes_before_any_other() -> None:
    assert saved.present(a_saved(next_member="r9"), ("r2", "r3")).next_resident_id == "r2"
    assert saved.present(a_saved(next_member="r9"), ()).next_resident_id == "r9"
    assert saved.present(a_saved(), ()).next_resident_id is None


def test_what_was_saved_names_the_resident() -> None:
    assert saved.present(a_saved(name="李秀英"), ()).note == "李秀英"


def test_what_to_tell_the_resident_is_in_plain_words() -> None:
    told = (Why(code="told.class_1"), Why(code="told.next_on", values={"day": TODAY}))
    view = saved.present(a_saved(told=told), ())
    assert len(view.told) == 2
    assert "11月22日" in view.told[1]


def test_a_referral_is_asked_for_where_one_is_due() -> None:
    assert saved.present(a_saved(), ()).referral == ""
    assert saved.present(a_saved(referral_needed=True, urgent=True), ()).is_urgent
    assert saved.present(a_saved(referral_needed=True), ()).referral == "建议转诊到上级医院"


def test_a_referral_whose_slip_is_saved_is_told_and_not_offered_again() -> None:
    due = saved.present(a_saved(referral_needed=True, urgent=True), ())
    made = saved.present(a_saved(referral_needed=True, urgent=True, referral_made=True), ())
    assert (due.referral, due.may_refer) == ("请马上转诊", True)
    assert (made.referral, made.may_refer) == ("转诊单已经填好", False)


def test_not_met_is_headed_as_such() -> None:
    missed = a_follow_up("r1", not_met="not_at_home", visit_class=None, next_on=None)
    view = saved.present(a_saved(follow_up=missed, told=()), ())
    assert (view.heading, view.class_words, view.next_words) == ("没见到人", "", "")


def a_month(**fields: Any) -> MonthView:
    pattern = Pattern(
        readings=20,
        last_digits=(12, 1, 1, 1, 1, 0, 1, 1, 1, 1),
        same_values=((130, 80, 4),),
        delays=((0, 9), (3, 1)),
    )
    return MonthView(
        **{
            "year": 2026,
            "month": 11,
            "done": 12,
            "owed": 48,
            "follow_ups": 14,
            "face_to_face": 11,
            "education_visits": 2,
            "still_owed": (OwedRow(person=a_person_row(), due_by=TODAY, slot_number=11),),
            "pattern": pattern,
            "figures": Figures(),
            **fields,
        }
    )


def test_the_month_shows_the_doctor_his_own_pattern_first() -> None:
    view = month.present(a_month())
    assert view.digits[0] == ("0", 12, 0.6)
    assert view.same_values == ("130/80 出现 4 次",)
    assert view.delays == ("当天：9 次", "隔 3 天：1 次")


def test_what_is_still_owed_says_by_when() -> None:
    assert month.present(a_month()).owed[0].reason == "今年第 11 次，11月22日 前"


def test_a_month_the_account_does_not_hold_is_not_called_finished_work() -> None:
    done, unknown = month.present(a_month(still_owed=())), month.present(a_month(owed=0, done=0))
    assert (done.summary, done.nothing_owed[0]) == ("到期 48 次，完成 12 次", "这个月不欠了")
    assert (unknown.summary, unknown.nothing_owed[0]) == ("这个月没有到期的",) * 2


def test_a_month_without_readings_divides_by_nothing() -> None:
    nothing = Pattern(readings=0, last_digits=(0,) * 10, same_values=(), delays=())
    view = month.present(a_month(owed=0, done=0, pattern=nothing))
    assert view.share == 0.0
    assert all(share == 0.0 for _, _, share in view.digits)


@pytest.mark.parametrize(("back", "expected"), [(0, (2026, 1)), (1, (2025, 12)), (13, (2024, 12))])
def test_earlier_months_cross_the_year(back: int, expected: tuple[int, int]) -> None:
    assert month.month_before(2026, 1, back) == expected


def a_record(**fields: Any) -> FollowUpView:
    return FollowUpView(
        **{
            "follow_up": a_follow_up(
                "r1", readings=(glucose(6.3), glucose(5.9, source="reported"))
            ),
            "resident": a_resident(),
            "village": "石门村",
            "delivery": Delivery.RETURNED,
            "receipt_no": 17,
            "received_at": NOW,
            "reviews": (),
            "returned": None,
            "withdrawn_reason": None,
            "amended_by": None,
            "own": True,
            **fields,
        }
    )


def test_a_record_tells_measured_from_reported() -> None:
    values = [value for label, value in record.present(a_record()).facts if label == "血糖"]
    assert values == ["6.3 空腹 mmol/L", "5.9 空腹 mmol/L（自报）"]


def test_only_ones_own_standing_records_can_be_put_right() -> None:
    assert record.present(a_record()).can_change
    assert not record.present(a_record(own=False)).can_change
    assert not record.present(a_record(amended_by="f2")).can_change
    assert not record.present(a_record(withdrawn_reason="记错了人")).can_change


def test_visits_of_teaching_are_told_with_topics_and_people() -> None:
    row = EducationRow(
        education=an_education(), delivery=Delivery.ON_TABLET, household_name="王建国家"
    )
    taught = education.present([row])[0]
    assert taught.words == "王建国家：高血压（3人）"
    assert (taught.delivery, taught.tone) == ("在平板上", "info")


def test_the_teaching_form_keeps_unasked_questions_out() -> None:
    form = education.opened_form(TODAY, "h1")
    form.answer(1, False)
    form.topics = ("hypertension",)
    draft = form.draft()
    assert draft.answers == (False,)
    assert (draft.household_id, draft.topics) == ("h1", ("hypertension",))


def test_a_family_is_taught_at_its_own_page_and_only_there() -> None:
    at_home, away = education.opened_form(TODAY, "h1"), education.opened_form(TODAY, "")
    assert (at_home.audience, at_home.household_id) == ("household", "h1")
    assert (away.audience in education.AUDIENCES, away.household_id) == (True, None)
    assert "household" not in education.AUDIENCES
    home = HouseholdView(
        household=a_household(), village="石门村", members=(), owed=(), education=()
    )
    assert education.about(at_home, home) == "王建国家 · 11月22日周日"
    assert education.about(away, None) == "11月22日周日"


def test_a_tablet_enrolled_before_dawn_was_enrolled_that_day() -> None:
    about = About(
        app_version="1",
        store_version=1,
        doctor_name="周大夫",
        county_name="青川县",
        county_url="http://127.0.0.1:1",
        device_id="device-1",
        enrolled_at=datetime(2026, 11, 21, 22, 30, tzinfo=UTC),
        policy_version="1",
        policy_from=None,
        residents=0,
        follow_ups=0,
        store_bytes=0,
    )
    assert ("登记日期", "2026年11月22日") in settings.present_about(about)


@pytest.mark.parametrize(
    ("prefix", "codes"),
    [
        ("audience", education.AUDIENCES),
        ("topic", education.TOPICS),
        ("material", education.MATERIALS),
        ("referral_reason", referral.REASONS),
        ("facility", referral.FACILITIES),
        ("outcome", referral.OUTCOMES),
        ("kind", ("follow_up", "education", "referral", "referral_outcome", "withdrawal")),
    ],
)
def test_every_code_these_forms_offer_has_words(prefix: str, codes: tuple[str, ...]) -> None:
    assert all(words for _, words in choices.worded(prefix, codes))


def test_a_referral_slip_is_written_in_words() -> None:
    form = referral.Form(resident_id="r1", reason="emergency", facility="county_hospital")
    draft = form.draft("f1")
    assert (draft.reason, draft.to_facility) == ("危急情况", "县人民医院")
    form.facility_name = " 市二院 "
    assert form.draft(None).to_facility == "市二院"


def test_only_the_residents_own_open_referrals_are_shown() -> None:
    mine = a_referral("r1")
    rows = [
        ReferralRow(
            referral=mine,
            person=a_person_row(resident_id=resident_id),
            overdue=True,
            delivery=Delivery.ON_TABLET,
        )
        for resident_id in ("r1", "r2")
    ]
    shown = referral.present(rows, "r1")
    assert [line.referral_id for line in shown] == [mine.id]
    assert shown[0].tone == "emergency"


def test_enrolment_asks_for_the_code_then_for_the_pin_twice() -> None:
    form = enrol.Form(county_url="http://127.0.0.1:1", code="")
    assert not enrol.present(form, None).can_send
    form.code = "24680135"
    assert enrol.present(form, None).can_send


def test_a_code_that_was_spent_in_vain_is_said_so() -> None:
    interrupted = InterruptedEnrolment(county_url="http://127.0.0.1:1", begun_at=NOW)
    assert "再要一个" in enrol.present(enrol.Form(), interrupted).spent_code


def test_changing_the_pin_takes_the_old_one_and_the_new_one_twice() -> None:
    change = settings.PinChange()
    for digit in "111111222222":
        change.key(digit)
    assert (change.step, change.is_whole) == (2, False)
    for digit in "222222":
        change.key(digit)
    assert change.is_whole
    change.again("两次不一样")
    assert (change.step, change.trouble) == (0, "两次不一样")


def test_a_day_is_worded_in_both_languages() -> None:
    import words
    from app.screens.parts import wording

    day = date(2026, 11, 22)
    assert wording.day(day) == "11月22日"
    words.set_language("en")
    assert wording.day(day) == "Nov 22"

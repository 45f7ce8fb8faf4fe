"""The follow-up form in words: last values beside, never inside; findings at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.screens.follow_up import choices
from app.screens.follow_up.entry import press
from app.screens.follow_up.form import Form, opened_form
from app.screens.follow_up.view import present
from app.services.drafts import Authorship, read_draft
from app.services.followups import Appraisal
from app.services.views import ReturnedView
from core.findings import Finding, Severity
from core.followups import Lifestyle
from core.policy import default_policy
from core.refusals import Refusal
from core.validation import check_follow_up
from core.vocabulary import (
    Mode,
    NotMeasured,
    NotMet,
    ReadingKind,
    ReturnReason,
    Service,
    Symptom,
    Timing,
)
from tests.app.screens.examples import (
    NOW,
    a_draft,
    a_form,
    a_triage,
    an_appraisal,
    an_emergency,
)


def form_with(**draft: object) -> Form:
    return opened_form(a_form(draft=a_draft(mode="home", **draft)))


def typed(form: Form, keys: str) -> Form:
    for key in keys:
        form.entry = press(form.entry, key)
    form.draft = replace(form.draft, **form.entry.texts)
    return form


def test_the_last_value_stands_beside_the_field_and_never_in_it() -> None:
    pressure = present(opened_form(a_form())).readings[0]
    assert pressure.last == "上次 152/94（10月20日）"
    assert [field.text for field in pressure.fields] == ["", ""]


def test_a_fresh_form_is_a_home_visit_with_its_usual_services() -> None:
    draft = opened_form(a_form()).draft
    assert draft.mode == Mode.HOME
    assert Service.HOME_VISIT in draft.services


def test_a_draft_that_was_begun_is_left_as_it_was() -> None:
    draft = a_draft(mode="phone", services=("education",))
    form = opened_form(a_form(draft=draft, resumed=True))
    assert form.draft is draft
    assert present(form).resumed


def test_a_call_says_that_its_numbers_are_only_reported() -> None:
    assert present(opened_form(a_form(draft=a_draft(mode="phone")))).is_remote
    assert not present(form_with()).is_remote


def test_glucose_asks_when_it_was_measured() -> None:
    assert not present(form_with()).asks_timing
    assert present(form_with(glucose_mmol_l="6.3")).asks_timing


def test_an_emergency_takes_the_screen_once_the_reading_is_whole() -> None:
    form = typed(form_with(), "186")
    form.appraisal = an_appraisal(an_emergency())
    assert present(form).emergency == ()
    assert present(typed(form, "112")).emergency[0].tone == "emergency"


def test_an_emergency_that_was_read_does_not_take_the_screen_again() -> None:
    form = typed(form_with(), "186112")
    form.appraisal = an_appraisal(an_emergency())
    form.seen = frozenset({an_emergency().rule_id})
    assert present(form).emergency == ()
    assert present(form).findings[0].tone == "emergency"


def test_what_is_merely_missing_is_no_news_while_numbers_are_typed() -> None:
    missing = Finding(
        rule_id="I", severity=Severity.INFO, code="fasting_unknown", source="bphs2017"
    )
    form = form_with()
    form.appraisal = an_appraisal(missing)
    assert present(form).findings == ()
    assert len(present(typed(form, "13882766.3")).findings) == 1


def test_a_half_typed_pressure_is_not_complained_of() -> None:
    form = typed(form_with(), "82")
    trouble = Refusal(code="number.unreadable", place="systolic_mmhg", values={"typed": "8"})
    form.appraisal = Appraisal(triage=a_triage(), refusals=(trouble,))
    assert present(form).readings[0].trouble == ""
    assert present(typed(form, "96")).readings[0].trouble != ""


def judged(form: Form) -> Form:
    """The form with what the county's rules refuse of the numbers in it."""
    by = Authorship(
        scope_id="s", author_id="d", contract_id=None, policy_version="1", recorded_at=NOW
    )
    follow_up, unreadable = read_draft(form.draft, by)
    resident, today = form.opened.resident, form.draft.occurred_on
    refused = check_follow_up(default_policy(), resident, follow_up, today)
    form.appraisal = Appraisal(triage=a_triage(), refusals=(*unreadable, *refused))
    return form


def test_an_impossible_number_is_told_at_its_reading_the_moment_it_is_typed() -> None:
    pressure, heart_rate, glucose = present(judged(typed(form_with(), "3040"))).readings
    assert "收缩压 30 不可能" in pressure.trouble
    assert (heart_rate.trouble, glucose.trouble) == ("", "")


def test_a_number_is_not_complained_of_while_a_digit_may_follow() -> None:
    form = judged(typed(form_with(), "138827"))
    assert present(form).readings[1].trouble == ""
    assert "心率 7 不可能" in present(judged(typed(form, "."))).readings[1].trouble


def test_what_is_only_unusual_or_not_yet_asked_is_no_trouble_while_typing() -> None:
    view = present(judged(typed(form_with(), "186112766.3")))
    assert [reading.trouble for reading in view.readings] == ["", "", ""]


def test_what_saving_refused_stands_at_its_reading_and_is_named_above_the_button() -> None:
    form = judged(typed(form_with(), "13882766.3"))
    assert form.appraisal is not None
    form.refusals = (*form.appraisal.refusals, Refusal(code="disk.full", values={"free_mb": 3}))
    view = present(form)
    assert [bool(reading.trouble) for reading in view.readings] == [False, False, True]
    assert view.troubles[0] == "血糖没填好，改了才能保存。"
    assert any("3" in trouble for trouble in view.troubles[1:])


def test_what_is_asked_before_saving_says_its_day_in_words() -> None:
    form = form_with()
    ended = {"end_on": date(2026, 12, 31)}
    form.to_confirm = (Refusal(code="follow_up.after_contract", values=ended),)
    (asked,) = present(form).to_confirm
    assert asked.startswith("合同已于 2026年12月31日 到期")


def test_a_correction_says_which_day_it_is_about() -> None:
    assert present(form_with()).amends == ""
    amending = form_with(amends="f1", occurred_on=date(2025, 12, 30))
    assert present(amending).amends == "更正 2025年12月30日 的随访"


def test_a_missing_reading_shows_its_reason() -> None:
    form = form_with(not_measured={"glucose": "no_strips"})
    assert present(form).readings[2].missing == "没有试纸"
    measured = form_with(not_measured={"glucose": "no_strips"}, glucose_mmol_l="6.1")
    assert present(measured).readings[2].missing == ""


def test_the_class_is_suggested_with_its_reason_until_the_doctor_chooses() -> None:
    form = form_with()
    assert present(form).class_words == "数不够，还不能分类"
    form.appraisal = an_appraisal()
    assert present(form).class_words == "控制满意"
    form.draft = replace(form.draft, visit_class=2)
    view = present(form)
    assert view.class_words == "控制不满意"
    assert view.needs_override_reason


def test_the_next_date_is_the_doctors_before_the_rules() -> None:
    form = form_with()
    form.appraisal = an_appraisal()
    assert present(form).next_words.startswith("12月22日")
    form.draft = replace(form.draft, next_on=date(2026, 12, 1))
    assert present(form).next_words.startswith("12月1日")


def test_last_targets_are_said_in_one_sentence() -> None:
    targets = Lifestyle(smoking_target=5, exercise_times_target=5, salt_target="light")
    view = present(opened_form(a_form(last_targets=targets)))
    assert view.last_targets == "上次定的目标：吸烟 5 支/天、运动一周 5 次、盐轻"


def test_a_returned_visit_says_why() -> None:
    returned = ReturnedView(
        follow_up_id="f1",
        resident_id="r1",
        name="王建国",
        occurred_on=date(2026, 11, 1),
        decision="questioned",
        reason=ReturnReason.IMPLAUSIBLE_READING,
        note="请核对",
        returned_at=NOW,
    )
    assert "请核对" in present(opened_form(a_form(returned=returned))).returned


@pytest.mark.parametrize("condition", ["htn", "t2dm", "copd"])
def test_symptoms_asked_after_begin_with_none_and_end_with_other(condition: str) -> None:
    offered = choices.symptoms_for((condition,))
    assert (offered[0], offered[-1]) == (Symptom.NONE, Symptom.OTHER)
    assert len(set(offered)) == len(offered)


def test_each_illness_asks_after_its_own_symptoms() -> None:
    assert Symptom.POLYURIA not in choices.symptoms_for(("htn",))
    assert Symptom.NOSEBLEED not in choices.symptoms_for(("t2dm",))
    assert set(choices.symptoms_for(("htn", "t2dm"))) == set(choices.symptoms_for(()))


def test_only_glucose_runs_out_of_strips() -> None:
    assert NotMeasured.NO_STRIPS in choices.not_measured_reasons(ReadingKind.GLUCOSE)
    assert NotMeasured.NO_STRIPS not in choices.not_measured_reasons(ReadingKind.HEART_RATE)


@pytest.mark.parametrize(
    ("prefix", "codes"),
    [
        ("mode", Mode),
        ("symptom", Symptom),
        ("not_met", NotMet),
        ("not_measured", NotMeasured),
        ("service", Service),
        ("timing", Timing),
        ("return_reason", ReturnReason),
        ("class", choices.CLASSES),
        ("adherence", choices.ADHERENCE),
        ("complication", choices.COMPLICATION),
        ("guidance.diet", choices.DIET),
        ("guidance.exercise", choices.EXERCISE),
        ("guidance.psychology", choices.PSYCHOLOGY),
    ],
)
def test_every_code_that_is_offered_has_words(prefix: str, codes: tuple[str, ...]) -> None:
    assert all(words for _, words in choices.worded(prefix, codes))


def test_one_press_of_guidance_covers_all_three_kinds() -> None:
    usual = choices.usual_guidance(("t2dm",))
    assert set(usual) == {"diet", "exercise", "psychology"}
    assert "less_sugar" in usual["diet"]
    assert "less_sugar" not in choices.usual_guidance(("htn",))["diet"]

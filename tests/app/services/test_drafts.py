"""A draft becomes a follow-up field by field, and a follow-up a draft again, losing nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.drafts import DRAFTS, Authorship, FollowUpDraft, draft_of_follow_up, read_draft
from core.followups import FollowUp, Lifestyle, Medicine, Reading
from core.vocabulary import NotMeasured, ReadingKind
from tests.builders import DOCTOR_ID, SCOPE, TODAY, a_follow_up, blood_pressure, glucose

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
BY = Authorship(
    scope_id=SCOPE, author_id=DOCTOR_ID, contract_id=None, policy_version="1", recorded_at=NOW
)


def a_draft(**fields: object) -> FollowUpDraft:
    draft = FollowUpDraft(
        id="f-1", resident_id="r-1", started_at=NOW, occurred_on=TODAY, mode="home"
    )
    return replace(draft, **fields)  # type: ignore[arg-type]  # the tests name real fields


def read(draft: FollowUpDraft) -> FollowUp:
    follow_up, refusals = read_draft(draft, BY)
    assert refusals == ()
    return follow_up


def test_an_empty_draft_has_no_readings_and_no_lifestyle() -> None:
    follow_up = read(a_draft())
    assert follow_up.readings == ()
    assert follow_up.lifestyle is None


def test_every_kind_of_reading_is_read_with_its_unit() -> None:
    follow_up = read(
        a_draft(
            systolic_mmhg="138",
            diastolic_mmhg="86",
            heart_rate_bpm="72",
            glucose_mmol_l="6.1",
            timing="fasting",
            weight_kg="61.5",
            height_cm="165",
            waist_cm="84",
            temperature_c="36.6",
            oxygen_percent="97",
        )
    )
    assert [reading.kind for reading in follow_up.readings] == list(ReadingKind)
    assert {reading.measured_at for reading in follow_up.readings} == {NOW}


def test_half_a_pressure_is_kept_as_half_and_not_guessed() -> None:
    (reading,) = read(a_draft(systolic_mmhg="138")).readings
    assert (reading.systolic_mmhg, reading.diastolic_mmhg) == (138, None)


def test_a_reason_for_not_measuring_gives_way_to_a_value() -> None:
    why = {ReadingKind.GLUCOSE: NotMeasured.NO_STRIPS, ReadingKind.HEART_RATE: NotMeasured.DECLINED}
    follow_up = read(a_draft(glucose_mmol_l="6.1", not_measured=why))
    told = {reading.kind: reading.not_measured for reading in follow_up.readings}
    assert told == {ReadingKind.GLUCOSE: None, ReadingKind.HEART_RATE: NotMeasured.DECLINED}


@pytest.mark.parametrize(
    "typed", ["12a", "1e2", "-5", "１２０", "1.2.3", ".", "1,5", "nan", "inf", "٣", "1_0"]
)
def test_what_is_not_a_plain_number_is_refused_at_its_place(typed: str) -> None:
    follow_up, (refusal,) = read_draft(a_draft(glucose_mmol_l=typed), BY)
    assert (refusal.code, refusal.place) == ("number.unreadable", "glucose_mmol_l")
    assert follow_up.readings == ()


def test_a_whole_number_is_asked_where_only_one_makes_sense() -> None:
    _, (refusal,) = read_draft(a_draft(systolic_mmhg="138.5"), BY)
    assert refusal.place == "systolic_mmhg"


def test_lifestyle_is_read_by_its_names() -> None:
    typed = {"smoking_now": "10", "exercise_times_target": "3", "salt_now": "heavy"}
    assert read(a_draft(lifestyle=typed)).lifestyle == Lifestyle(
        smoking_now=10.0, exercise_times_target=3, salt_now="heavy"
    )


def test_a_follow_up_opened_for_amending_comes_back_the_same() -> None:
    before = a_follow_up(
        "r-1",
        TODAY - timedelta(days=9),
        readings=(
            blood_pressure(151, 93),
            Reading(kind=ReadingKind.HEART_RATE, not_measured=NotMeasured.DECLINED),
            glucose(7.25, "random"),
            Reading(kind=ReadingKind.WEIGHT, amount=61.5),
        ),
        lifestyle=Lifestyle(smoking_now=5.0, salt_target="light", staple_food_g_now=400),
        medicines=(Medicine(name="二甲双胍", times_a_day=2, dose="0.5 g", taken=True),),
        note="说好下次带药盒",
        other_symptom="腿麻",
        class_override_reason="家里自测高",
        referral_advised=True,
    )
    draft = draft_of_follow_up(before, id="new", started_at=NOW)
    after = read(draft)
    same = replace(
        after, id=before.id, amends=None, recorded_at=before.recorded_at,
        started_at=before.started_at, policy_version=before.policy_version,
    )  # fmt: skip
    assert draft.amends == before.id
    assert set(same.readings) == set(before.readings)
    assert replace(same, readings=before.readings) == before


@given(
    numbers=st.dictionaries(
        st.sampled_from(["systolic_mmhg", "glucose_mmol_l", "weight_kg"]), st.text(max_size=6)
    ),
    note=st.text(max_size=40),
    symptoms=st.lists(st.text(min_size=1, max_size=5), max_size=4),
)
def test_any_typing_is_kept_word_for_word_and_read_without_failing(
    numbers: dict[str, str], note: str, symptoms: list[str]
) -> None:
    typed: dict[str, object] = {**numbers, "note": note, "symptoms": tuple(symptoms)}
    draft = a_draft(**typed)
    assert DRAFTS.validate_json(DRAFTS.dump_json(draft)) == draft
    read_draft(draft, BY)

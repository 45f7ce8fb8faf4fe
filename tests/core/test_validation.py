"""What is refused at entry and what is only asked again, with the place it concerns."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

import words
from core.followups import Reading
from core.history import History
from core.policy import default_policy
from core.refusals import Refusal
from core.validation import check_education, check_follow_up, check_reading, check_referral
from tests.builders import (
    a_contract,
    a_follow_up,
    a_referral,
    a_resident,
    an_education,
    blood_pressure,
    glucose,
    heart_rate,
)

POLICY = default_policy()
TODAY = date(2026, 6, 20)
PERSON = a_resident(id="r", birth_date=date(1960, 1, 1))
BASIC = {"bp": blood_pressure(132, 82), "hr": heart_rate(72), "glucose": glucose(5.8)}


def refusals(
    changed: dict[str, Reading | None] | None = None, *, resident: Any = PERSON, **fields: Any
) -> tuple[Refusal, ...]:
    held = tuple(r for r in (BASIC | (changed or {})).values() if r is not None)
    visit = a_follow_up("r", **{"occurred_on": TODAY, "readings": held, "next_on": None, **fields})
    found = check_follow_up(POLICY, resident, visit, TODAY)
    for refusal in found:
        for language in words.languages():
            assert words.sentence_for(refusal, language)
    return found


def codes(*args: Any, **fields: Any) -> list[tuple[str, bool]]:
    return [(r.code.removeprefix("follow_up."), r.soft) for r in refusals(*args, **fields)]


def test_an_ordinary_visit_is_taken() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"occurred_on": TODAY + timedelta(1)}, "in_future"),
        ({"occurred_on": date(1959, 12, 31)}, "before_birth"),
        ({"resident_id": "somebody"}, "of_nobody"),
        ({"next_on": TODAY}, "next_not_after"),
        ({"mode": "pigeon"}, "mode_missing"),
        ({"symptoms": ("none", "chest_pain")}, "symptoms_contradict"),
        ({"visit_class": 5}, "visit_class_unknown"),
        ({"not_met": "other", "readings": ()}, "not_met_unexplained"),
        ({"not_met": "refused"}, "not_met_with_readings"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(fields: dict[str, Any], code: str) -> None:
    held = {"resident_id": "r"} | fields
    visit = a_follow_up(
        held.pop("resident_id"),
        **{"occurred_on": TODAY, "readings": tuple(BASIC.values()), "next_on": None, **held},
    )
    found = check_follow_up(POLICY, PERSON, visit, TODAY)
    assert (f"follow_up.{code}", False) in [(r.code, r.soft) for r in found]


def test_today_and_the_day_of_death_are_still_possible() -> None:
    gone = a_resident(id="r", birth_date=date(1960, 1, 1), left="died", left_on=TODAY)
    assert codes(resident=gone) == []
    earlier = a_resident(
        id="r", birth_date=date(1960, 1, 1), left="died", left_on=TODAY - timedelta(1)
    )
    assert codes(resident=earlier) == [("after_leaving", False)]


def test_not_met_needs_no_readings_and_other_an_explanation() -> None:
    assert codes(not_met="refused", readings=()) == []
    assert codes(not_met="other", readings=(), note="dog at the gate") == []


@pytest.mark.parametrize("mode", ["phone", "sms", "online"])
def test_at_a_distance_only_reported_values_are_taken(mode: str) -> None:
    found = codes(mode=mode)
    assert found == [("measured_at_distance", False)] * 3
    reported = blood_pressure(130, 80, source="reported")
    assert codes({"bp": reported, "hr": None, "glucose": None}, mode=mode) == []


def test_a_missing_reading_face_to_face_needs_a_reason() -> None:
    assert codes({"glucose": None}) == [("reading_missing.glucose", False)]
    why = Reading(kind="glucose", not_measured="no_strips")
    assert codes({"glucose": why}) == []
    assert codes({"bp": None, "hr": None, "glucose": None}) == [
        ("reading_missing.blood_pressure", False),
        ("reading_missing.heart_rate", False),
        ("reading_missing.glucose", False),
    ]


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [
        (50, 20, [("systolic_unusual", True), ("diastolic_unusual", True)]),
        (49, 30, [("systolic_impossible", False), ("diastolic_unusual", True)]),
        (300, 110, [("systolic_unusual", True), ("diastolic_unusual", True)]),
        (301, 100, [("systolic_impossible", False)]),
        (130, 19, [("diastolic_impossible", False)]),
        (130, 201, [("diastolic_impossible", False), ("systolic_not_above_diastolic", False)]),
        (179, 109, []),
        (180, 80, [("systolic_unusual", True)]),
        (91, 51, []),
        (90, 51, [("systolic_unusual", True)]),
        (80, 120, [("systolic_not_above_diastolic", False), ("systolic_unusual", True),
                   ("diastolic_unusual", True)]),
        (100, 100, [("systolic_not_above_diastolic", False)]),
        (101, 100, []),
    ],
)  # fmt: skip
def test_blood_pressure_has_bounds(
    systolic: int, diastolic: int, expected: list[tuple[str, bool]]
) -> None:
    assert codes({"bp": blood_pressure(systolic, diastolic)}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, [("glucose_impossible", False)]),
        (0.6, [("glucose_unusual", True)]),
        (3.9, [("glucose_unusual", True)]),
        (4.0, []),
        (16.6, []),
        (16.7, [("glucose_unusual", True)]),
        (33.3, [("glucose_unusual", True)]),
        (33.4, [("glucose_looks_like_mg_dl", True)]),
        (50, [("glucose_looks_like_mg_dl", True)]),
        (50.1, [("glucose_looks_like_mg_dl", False)]),
        (126, [("glucose_looks_like_mg_dl", False)]),
    ],
)
def test_glucose_has_bounds_and_a_unit(value: float, expected: list[tuple[str, bool]]) -> None:
    assert codes({"glucose": glucose(value)}) == expected


def test_a_glucose_of_126_is_offered_converted() -> None:
    (refusal,) = refusals({"glucose": glucose(126)})
    assert (refusal.values["value"], refusal.values["converted"]) == (126, 7.0)
    assert refusal.place == "readings.glucose"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_whole_numbers_stand_in_refusals_without_a_decimal_point(language: str) -> None:
    kinds = ("weight", "height", "waist", "temperature", "oxygen")
    readings = [
        blood_pressure(9999, 9998),
        heart_rate(9999),
        glucose(0.0),
        *(Reading(kind=kind, amount=9999.0) for kind in kinds),
    ]
    found = [refusal for reading in readings for refusal in check_reading(POLICY, reading)]
    told = [words.sentence_for(r, language) for r in found if r.code.endswith("_impossible")]
    assert len(told) == 9
    assert [sentence for sentence in told if ".0" in sentence] == []


def test_a_bound_between_whole_numbers_keeps_its_decimals() -> None:
    (refusal,) = refusals({"glucose": glucose(0.5)})
    bound = POLICY.bounds.glucose_mmol_l
    assert (refusal.values["low"], refusal.values["high"]) == (bound.hard_low, bound.hard_high)


def test_a_glucose_needs_its_timing() -> None:
    without = Reading(kind="glucose", glucose_mmol_l=6.0)
    assert codes({"glucose": without}) == [("glucose_timing_missing", False)]


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        ("weight", 0.9, "weight_impossible"),
        ("weight", 60, None),
        ("height", 231, "height_impossible"),
        ("waist", 19, "waist_impossible"),
        ("temperature", 43.1, "temperature_impossible"),
        ("temperature", 39.0, "temperature_unusual"),
        ("oxygen", 90, "oxygen_unusual"),
        ("oxygen", 101, "oxygen_impossible"),
        ("oxygen", None, "oxygen_missing"),
        ("handgrip", 40, None),
    ],
)
def test_other_readings_have_bounds(kind: str, amount: float | None, expected: str | None) -> None:
    found = [code for code, _ in codes({"more": Reading(kind=kind, amount=amount)})]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("beats", "expected"),
    [
        (19, "impossible"),
        (20, "unusual"),
        (45, "unusual"),
        (46, None),
        (119, None),
        (120, "unusual"),
        (251, "impossible"),
        (None, "missing"),
    ],
)
def test_heart_rate_has_bounds(beats: int | None, expected: str | None) -> None:
    found = [code for code, _ in codes({"hr": Reading(kind="heart_rate", heart_rate_bpm=beats)})]
    assert found == ([f"heart_rate_{expected}"] if expected else [])


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2025, 12, 31), "before_contract"),
        (date(2026, 1, 1), None),
        (date(2026, 3, 31), None),
        (date(2026, 4, 1), "after_contract"),
    ],
)
def test_outside_the_contract_it_is_asked_again(day: date, code: str | None) -> None:
    contract = a_contract("r", start_on=date(2026, 1, 1), end_on=date(2026, 3, 31))
    history = History(resident=PERSON, contracts=(contract,))
    visit = a_follow_up("r", occurred_on=day, next_on=None)
    found = check_follow_up(POLICY, PERSON, visit, TODAY, history=history)
    assert [(r.code, r.soft) for r in found] == ([(f"follow_up.{code}", True)] if code else [])


def test_without_a_contract_it_is_asked_again() -> None:
    visit = a_follow_up("r", occurred_on=TODAY, next_on=None)
    found = check_follow_up(POLICY, PERSON, visit, TODAY, history=History(resident=PERSON))
    assert [(r.code, r.soft) for r in found] == [("follow_up.no_contract", True)]


def test_hard_refusals_come_before_soft_ones() -> None:
    found = refusals({"bp": blood_pressure(190, 120), "glucose": None})
    assert [refusal.soft for refusal in found] == [False, True, True]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"occurred_on": TODAY + timedelta(1)}, "in_future"),
        ({"audience": "nobody"}, "audience_missing"),
        ({"topics": ()}, "topics_missing"),
        ({"minutes": 1440}, None),
        ({"minutes": 1441}, "minutes_impossible"),
        ({"minutes": -1}, "minutes_impossible"),
        ({"people_reached": -1}, "people_impossible"),
    ],
)
def test_a_health_education_visit_is_checked(fields: dict[str, Any], code: str | None) -> None:
    found = check_education(an_education(**{"occurred_on": TODAY, **fields}), TODAY)
    assert [r.code for r in found] == ([f"education.{code}"] if code else [])
    assert all(words.sentence_for(refusal) for refusal in found)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, None),
        ({"trace_by": TODAY}, None),
        ({"occurred_on": TODAY + timedelta(1)}, "in_future"),
        ({"trace_by": TODAY - timedelta(1)}, "trace_before_referral"),
        ({"to_facility": " "}, "facility_missing"),
        ({"reason": ""}, "reason_missing"),
    ],
)
def test_a_referral_is_checked(fields: dict[str, Any], code: str | None) -> None:
    given = {"occurred_on": TODAY, "trace_by": TODAY + timedelta(14), **fields}
    found = check_referral(a_referral("r", **given), TODAY)
    assert [r.code for r in found] == ([f"referral.{code}"] if code else [])
    assert all(words.sentence_for(refusal) for refusal in found)

"""Signals R1–R11 and the grade of a follow-up: each only something to be checked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import words
from core.contracts import Exemption, ExemptionDecision
from core.doctor_signals import Visit, doctor_signals
from core.evidence import grade, signals
from core.followups import FollowUp, Guidance, Reading
from core.history import History
from core.people import Resident
from core.policy import default_policy
from tests.builders import (
    a_follow_up,
    a_phone_check,
    a_resident,
    blood_pressure,
    glucose,
    heart_rate,
    noon,
)

POLICY = default_policy()
DAY = date(2026, 6, 10)


def a_visit(day: date = DAY, **fields: Any) -> FollowUp:
    given = {"readings": (blood_pressure(132, 82), heart_rate(72)), **fields}
    return a_follow_up("r", occurred_on=day, **given)


def person(**fields: Any) -> Resident:
    return a_resident(id="r", **fields)


def found(visit: FollowUp, *others: FollowUp, **records: Any) -> set[str]:
    history = History(**{"resident": person(), "follow_ups": (*others, visit), **records})
    told = signals(POLICY, visit, history)
    for signal in told:
        assert words.say(signal.reason.code, **signal.reason.values)
        assert visit.id in signal.follow_up_ids
    return {signal.rule_id for signal in told}


def test_an_ordinary_visit_gives_no_signal() -> None:
    assert found(a_visit()) == set()


def test_the_same_pressure_three_times_in_a_row_is_told() -> None:
    same = [a_visit(DAY - timedelta(30 * n)) for n in (1, 2)]
    assert found(a_visit(), *same) == {"R2"}
    assert found(a_visit(), same[0]) == set()


def test_another_pressure_between_breaks_the_row() -> None:
    other = a_visit(DAY - timedelta(15), readings=(blood_pressure(140, 82),))
    assert found(a_visit(), *(a_visit(DAY - timedelta(30 * n)) for n in (1, 2)), other) == set()


def test_a_visit_without_pressure_does_not_break_the_row() -> None:
    silent = a_visit(DAY - timedelta(15), readings=())
    assert found(a_visit(), *(a_visit(DAY - timedelta(30 * n)) for n in (1, 2)), silent) == {"R2"}


def test_the_version_an_amendment_corrects_is_no_row_with_it() -> None:
    first = a_visit(DAY - timedelta(30))
    second = a_visit()
    draft = a_visit(amends=second.id, id="z-draft")
    history = History(resident=person(), follow_ups=(first, second))
    assert signals(POLICY, draft, history) == ()


@pytest.mark.parametrize(("day", "told"), [(DAY, set()), (DAY + timedelta(1), {"R4"})])
def test_face_to_face_after_death_is_told(day: date, told: set[str]) -> None:
    left = person(left="died", left_on=DAY)
    assert found(a_visit(day), resident=left) == told
    assert found(a_visit(day, mode="phone", readings=()), resident=left) == set()


@pytest.mark.parametrize(
    ("from_on", "reason", "approved", "told"),
    [
        (DAY, "in_hospital", None, {"R4"}),
        (DAY, "in_hospital", True, {"R4"}),
        (DAY, "in_hospital", False, set()),
        (DAY, "away_for_work", True, set()),
        (DAY + timedelta(1), "in_hospital", True, set()),
    ],
)
def test_face_to_face_while_in_hospital_is_told(
    from_on: date, reason: str, approved: bool | None, told: set[str]
) -> None:
    exemption = Exemption(
        id="e", scope_id="s", resident_id="r", author_id="d", from_on=from_on,
        to_on=DAY + timedelta(5), reason=reason, recorded_at=noon(DAY),
    )  # fmt: skip
    decisions = () if approved is None else (
        ExemptionDecision(
            id="d", scope_id="s", exemption_id="e", author_id="t", approved=approved,
            recorded_at=noon(DAY),
        ),
    )  # fmt: skip
    records = {"exemptions": (exemption,), "exemption_decisions": decisions}
    assert found(a_visit(), **records) == told


@pytest.mark.parametrize(("days", "told"), [(0, set()), (7, set()), (8, {"R5"})])
def test_recording_late_is_told(days: int, told: set[str]) -> None:
    assert found(a_visit(recorded_at=noon(DAY + timedelta(days)))) == told


def test_a_value_measured_by_phone_is_told() -> None:
    assert found(a_visit(mode="phone")) == {"R7"}
    reported = (blood_pressure(130, 80, source="reported"),)
    assert found(a_visit(mode="phone", readings=reported)) == set()
    not_measured = (Reading(kind="glucose", not_measured="not_face_to_face"),)
    assert found(a_visit(mode="phone", readings=not_measured)) == set()


@pytest.mark.parametrize(("hour", "told"), [(7, set()), (10, set()), (11, {"R8"}), (15, {"R8"})])
def test_fasting_glucose_late_in_the_day_is_told(hour: int, told: set[str]) -> None:
    at = datetime(2026, 6, 10, hour, 0, tzinfo=UTC) - timedelta(hours=8)
    assert found(a_visit(readings=(glucose(6.0, measured_at=at),))) == told
    assert found(a_visit(readings=(glucose(6.0, "random", measured_at=at),))) == set()


@pytest.mark.parametrize(
    ("systolic", "diastolic", "told"),
    [(120, 100, set()), (119, 100, {"R10"}), (180, 80, set()), (181, 80, {"R10"}),
     (80, 80, {"R10"}), (80, 90, {"R10"})],
)  # fmt: skip
def test_an_odd_pulse_pressure_is_told(systolic: int, diastolic: int, told: set[str]) -> None:
    assert found(a_visit(readings=(blood_pressure(systolic, diastolic),))) == told


def test_nothing_is_told_of_a_resident_who_was_not_met() -> None:
    assert found(a_visit(not_met="refused", recorded_at=noon(DAY + timedelta(30)))) == set()


# --- one doctor's visits together -------------------------------------------------------


def doctor_found(visits: list[Visit]) -> set[str]:
    told = doctor_signals(POLICY, visits)
    for signal in told:
        assert words.say(signal.reason.code, **signal.reason.values)
        assert signal.follow_up_ids
    return {signal.rule_id for signal in told}


def round_of(minutes: list[int], mode: str = "home") -> list[Visit]:
    start = datetime(2026, 6, 10, 1, 0, tzinfo=UTC)
    return [
        Visit(
            a_visit(
                mode=mode,
                started_at=start + timedelta(minutes=minute),
                readings=(blood_pressure(121 + number, 78, source="device"),),
            ),
            f"h{number}",
        )
        for number, minute in enumerate(minutes)
    ]


def test_four_households_in_ten_minutes_are_told() -> None:
    assert doctor_found(round_of([0, 3, 6, 10])) == {"R1"}
    assert doctor_found(round_of([0, 3, 6, 11])) == set()
    assert doctor_found(round_of([0, 3, 6])) == set()
    assert doctor_found(round_of([0, 3, 6, 9], "clinic")) == set()


def test_one_household_seen_at_once_is_not_told() -> None:
    visits = [Visit(visit, "h") for visit, _ in round_of([0, 1, 2, 3, 4])]
    assert doctor_found(visits) == set()


def pressures(values: list[tuple[int, int]], **fields: Any) -> list[Visit]:
    return [
        Visit(
            a_visit(
                DAY - timedelta(number), readings=(blood_pressure(*pair, **fields),), mode="clinic"
            ),
            f"h{number}",
        )
        for number, pair in enumerate(values)
    ]


def test_pressures_that_end_in_nought_are_told_from_thirty_values_on() -> None:
    noughts = [(120, 80)] * 13
    assert "R3" in doctor_found(pressures([*noughts, (121, 81), (122, 82)]))
    assert "R3" not in doctor_found(pressures([*noughts[:12], (121, 81), (122, 82), (123, 83)]))
    assert "R3" not in doctor_found(pressures(noughts))
    assert "R3" not in doctor_found(pressures([(120, 80)] * 15, source="device"))


def test_a_month_whose_visits_lie_on_its_last_days_is_told() -> None:
    early = [Visit(a_visit(date(2026, 6, n), readings=()), "h") for n in range(1, 6)]
    late = [Visit(a_visit(date(2026, 6, 29), readings=()), "h") for _ in range(6)]
    assert doctor_found(early + late) == {"R6"}
    assert doctor_found(early + late[:5]) == set()
    assert doctor_found(late) == set()


def test_a_year_without_a_device_is_told() -> None:
    values = [(121 + n, 71 + n) for n in range(10)]
    assert doctor_found(pressures(values)) == {"R9"}
    assert doctor_found(pressures(values[:9])) == set()
    assert doctor_found(pressures(values[:9]) + pressures([(130, 80)], source="device")) == set()


def test_the_same_values_in_three_people_on_a_day_are_told() -> None:
    def seen(resident: str) -> Visit:
        return Visit(
            a_follow_up(resident, occurred_on=DAY, readings=(blood_pressure(128, 82),)), resident
        )

    assert doctor_found([seen("a"), seen("b"), seen("c")]) == {"R11"}
    assert doctor_found([seen("a"), seen("b"), seen("b")]) == set()


# --- grades ------------------------------------------------------------------------------


def graded(visit: FollowUp, **records: Any) -> str | None:
    history = History(**{"resident": person(), "follow_ups": (visit,), **records})
    result = grade(POLICY, visit, history)
    assert result.reasons
    for reason in result.reasons:
        assert words.say(reason.code, **reason.values)
    return result.letter


def test_typed_readings_are_sound() -> None:
    assert graded(a_visit()) == "B"


def test_a_device_bears_a_visit_out() -> None:
    assert (
        graded(a_visit(readings=(blood_pressure(132, 82, source="device"), heart_rate(70)))) == "A"
    )


@pytest.mark.parametrize(
    ("reached", "confirmed", "letter"),
    [(True, True, "A"), (True, False, "D"), (True, None, "B"), (False, None, "B")],
)
def test_a_telephone_check_decides(reached: bool, confirmed: bool | None, letter: str) -> None:
    visit = a_visit()
    check = a_phone_check(visit.id, reached=reached, visit_confirmed=confirmed)
    assert graded(visit, phone_checks=(check,)) == letter


@pytest.mark.parametrize(
    ("fields", "letter"),
    [
        ({"mode": "phone", "readings": ()}, "C"),
        ({"mode": "phone"}, "D"),
        ({"readings": ()}, "C"),
        ({"readings": (blood_pressure(130, 80),)}, "C"),
        ({"readings": (blood_pressure(80, 90), heart_rate(70))}, "D"),
        ({"recorded_at": noon(DAY + timedelta(9))}, "C"),
        ({"not_met": "refused"}, None),
        (
            {
                "readings": (),
                "guidance": Guidance(),
                "symptoms": (),
                "services": (),
            },
            "D",
        ),
    ],
)
def test_a_visit_is_graded_by_what_it_holds(fields: dict[str, Any], letter: str | None) -> None:
    assert graded(a_visit(**fields)) == letter

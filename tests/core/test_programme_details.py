"""What the programmes' slots, gaps and findings tell: versions, ages, days and sources."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.findings import Finding, Severity
from core.history import History
from core.obligations import account_of
from core.people import TagSpan
from core.policy import PolicyBook
from core.triage import triage
from tests.builders import a_follow_up, a_resident, blood_pressure
from tests.core.slots_of import MARCH, POLICY, TODAY, later, of_programmes, slots, visit

# --- versions and ages of the programmes ---------------------------------------------------


def test_a_quarter_goes_by_the_version_of_its_first_day() -> None:
    newer = of_programmes(htn={"min_quarter_months": 3})
    tags = (TagSpan(tag="htn", from_on=date(2026, 1, 10), to_on=date(2026, 6, 15)),)
    for from_on, numbers in ((date(2026, 4, 1), [1]), (date(2026, 4, 2), [1, 2])):
        book = PolicyBook([POLICY, later(newer, from_on)])
        assert [s.number for s in slots(tags=tags, rules=book, programme="htn")] == numbers


def test_an_examination_goes_by_the_version_of_new_years_day() -> None:
    newer = of_programmes(htn={"yearly_exam": False}, elderly={"yearly_exam": False})
    tags = (TagSpan(tag="htn"),)
    for from_on, owed in ((date(2026, 1, 1), 0), (date(2026, 1, 2), 1)):
        book = PolicyBook([POLICY, later(newer, from_on)])
        assert len(slots(tags=tags, rules=book, programme="htn_exam")) == owed
        old = date(1940, 1, 1)
        assert len(slots(rules=book, born=old, programme="elderly_exam")) == owed


@pytest.mark.parametrize(("left", "owed"), [("2025-12-31", 0), ("2026-01-01", 1)])
def test_an_examination_is_void_for_who_dies_on_new_years_day(left: str, owed: int) -> None:
    gone = {"left": "died", "left_on": date.fromisoformat(left)}
    found = slots(tags=(TagSpan(tag="htn"),), programme="htn_exam", person=gone)
    assert [slot.state for slot in found] == ["void"] * owed


def test_somebody_examined_as_elderly_need_not_be_of_another_programmes_age() -> None:
    rules = of_programmes(smi={"min_age": 100})
    old = slots(rules=rules, born=date(1950, 1, 1), programme="elderly_exam")
    assert len(old) == 1
    young = slots(tags=(TagSpan(tag="htn"),), born=date(1991, 12, 31), programme="htn_exam")
    assert len(young) == 1
    assert slots(tags=(TagSpan(tag="htn"),), born=date(1992, 1, 1), programme="htn_exam") == ()


def test_a_quarter_begins_with_the_birthday_that_brings_the_programme() -> None:
    found = slots(tags=(TagSpan(tag="htn"),), born=date(1991, 5, 10), programme="htn")
    assert [(s.number, str(s.window_from)) for s in found] == [
        (2, "2026-05-10"), (3, "2026-07-01"), (4, "2026-10-01"),
    ]  # fmt: skip


def test_a_newborn_is_examined_as_nobody_and_the_elderly_at_any_age_the_tag_names() -> None:
    rules = of_programmes(htn={"min_age": 0})
    child = slots(tags=(TagSpan(tag="htn"),), rules=rules, born=MARCH, programme="htn_exam")
    assert [str(slot.window_from) for slot in child] == ["2026-03-10"]


def test_a_tag_from_the_last_day_of_the_year_still_owes_the_years_examination() -> None:
    tags = (TagSpan(tag="htn", from_on=date(2026, 12, 31)),)
    assert len(slots(tags=tags, programme="htn_exam")) == 1
    rules = of_programmes(htn={"min_quarter_months": 1})
    (last,) = slots(tags=tags, rules=rules, programme="htn")
    assert (last.window_from, last.window_to) == (date(2026, 12, 31), date(2026, 12, 31))


def test_a_tag_that_ends_before_it_begins_is_never_in_force() -> None:
    tags = (TagSpan(tag="htn", from_on=date(2026, 5, 1), to_on=date(2026, 4, 1)),)
    for programme in ("htn", "htn_exam"):
        assert slots(tags=tags, programme=programme) == ()


# --- tuberculosis ----------------------------------------------------------------------------


def test_the_windows_of_a_treatment_follow_one_another() -> None:
    rules = of_programmes(
        tb={"intensive_days": 25, "intensive_window_days": 10, "continuation_months": 2}
    )
    found = slots(tags=(TagSpan(tag="tb", from_on=MARCH),), rules=rules, programme="tb")
    assert [(s.number, str(s.window_from), str(s.window_to)) for s in found] == [
        (1, "2026-03-10", "2026-03-19"),
        (2, "2026-03-20", "2026-03-29"),
        (3, "2026-03-30", "2026-04-03"),
        (4, "2026-04-04", "2026-05-03"),
        (5, "2026-05-04", "2026-06-03"),
    ]


def test_a_treatment_goes_by_the_version_of_its_first_day() -> None:
    newer = of_programmes(tb={"continuation_months": 0})
    book = PolicyBook([POLICY, later(newer, MARCH)])
    began = (TagSpan(tag="tb", from_on=MARCH),)
    assert len(slots(tags=began, rules=book, programme="tb")) == 6
    before = (TagSpan(tag="tb", from_on=MARCH - timedelta(1)),)
    assert len(slots(tags=before, rules=book, programme="tb")) == 10


def test_a_treatment_without_a_first_day_does_not_hide_a_later_one() -> None:
    tags = (
        TagSpan(tag="tb", to_on=date(2025, 1, 1)),
        TagSpan(tag="tb", from_on=MARCH),
    )
    assert len(slots(tags=tags, programme="tb")) == 10


# --- gaps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "source", "allowed"),
    [("htn", "bphs2017_htn", 40), ("t2dm", "bphs2017_t2dm", 50), ("smi", "bphs2017_smi", 60)],
)
def test_a_gap_that_is_too_long_is_told_with_its_days(tag: str, source: str, allowed: int) -> None:
    rules = of_programmes(
        htn={"max_gap_days": 40}, t2dm={"max_gap_days": 50}, smi={"max_gap_days": 60}
    )
    person = a_resident(
        id="r", birth_date=date(1980, 1, 1), tags=(TagSpan(tag=tag, from_on=MARCH),)
    )
    history = History(resident=person)
    end = MARCH + timedelta(allowed + 1)
    found = account_of(rules, history, end).findings
    assert [f for f in found if "GAP" in f.rule_id] == [
        Finding(
            rule_id=f"P-{tag.upper()}-GAP",
            severity=Severity.WARN,
            code=f"gap.{tag}",
            source=source,
            values={"days": allowed + 1, "allowed": allowed, "from_on": MARCH, "to_on": end},
        )
    ]
    assert "GAP" not in str(account_of(rules, history, end - timedelta(1)).findings)


def test_a_gap_begins_on_the_day_the_tag_does() -> None:
    person = a_resident(
        id="r", birth_date=date(1980, 1, 1), tags=(TagSpan(tag="htn", from_on=MARCH),)
    )
    (gap,) = account_of(POLICY, History(resident=person), MARCH).gaps
    assert (gap.days, gap.from_on, gap.to_on) == (0, MARCH, MARCH)


def test_visits_after_today_or_after_the_tag_end_no_gap() -> None:
    over = (TagSpan(tag="htn", from_on=date(2026, 1, 1), to_on=date(2026, 6, 30)),)
    person = a_resident(id="r", birth_date=date(1980, 1, 1), tags=over)
    visits = tuple(
        a_follow_up("r", occurred_on=day) for day in (date(2026, 2, 1), date(2026, 7, 1))
    )
    (gap,) = account_of(POLICY, History(resident=person, follow_ups=visits), TODAY).gaps
    assert (gap.from_on, gap.to_on) == (date(2026, 2, 1), date(2026, 6, 30))


def test_a_gap_of_the_years_before_is_not_this_years() -> None:
    tags = (TagSpan(tag="htn", from_on=date(2024, 1, 1)),)
    person = a_resident(id="r", birth_date=date(1980, 1, 1), tags=tags)
    visits = tuple(
        a_follow_up("r", occurred_on=day)
        for day in (date(2025, 1, 10), date(2025, 11, 1), date(2026, 1, 5))
    )
    today = date(2026, 1, 10)
    (gap,) = account_of(POLICY, History(resident=person, follow_ups=visits), today).gaps
    assert (gap.from_on, gap.to_on, gap.days) == (date(2025, 11, 1), date(2026, 1, 5), 65)


# --- findings -------------------------------------------------------------------------------


def test_the_findings_of_an_account_name_their_sources() -> None:
    tags = (TagSpan(tag="tb"),)
    person = a_resident(id="r", birth_date=date(1980, 1, 1), tags=tags)
    found = account_of(POLICY, History(resident=person), TODAY).findings
    assert {(f.rule_id, f.source) for f in found} == {
        ("P-TB-START", "bphs2017_tb"), ("C-NO-CONTRACT", "work_plan"),
    }  # fmt: skip


def test_a_measured_value_counts_before_a_reported_one_wherever_it_stands() -> None:
    measured, reported = blood_pressure(185, 80), blood_pressure(120, 80, source="reported")
    person = a_resident("htn", id="r", birth_date=date(1980, 1, 1))
    for readings in ((measured, reported), (reported, measured)):
        seen = visit(readings=readings)
        found = triage(POLICY, History(resident=person), seen)
        assert found.findings[0].rule_id == "E-BP-SYSTOLIC"


def test_somebody_not_met_has_no_class() -> None:
    person = a_resident("htn", "t2dm", id="r", birth_date=date(1970, 1, 1))
    missed = visit(not_met="not_at_home", readings=())
    found = triage(POLICY, History(resident=person, follow_ups=(missed,)), missed)
    assert (found.suggested_class, found.next_on) == (None, None)

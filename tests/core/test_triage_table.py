"""Every row of triage.csv: what a visit means, on each side of each limit."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.calendar import DAY, birthday
from core.followups import FollowUp, Reading
from core.history import History
from core.people import Resident
from core.policy import default_policy
from core.triage import triage
from tests.builders import a_follow_up, a_resident
from tests.core.tables import Row, case_of, rows

VISIT = date(2026, 6, 15)
CASES = rows("triage.csv")


def resident_of(row: Row) -> Resident:
    """Aged as the row says on the day of the visit; "64+" turns 65 the day after."""
    age = int(row["age"].rstrip("+"))
    born = date(VISIT.year - age, VISIT.month, VISIT.day)
    if row["age"].endswith("+"):
        born = date(born.year - 1, born.month, born.day) + DAY
    elif not row["case"].endswith("at 65"):
        born -= timedelta(100)
    assert birthday(born, age) <= VISIT < birthday(born, age + 1)
    return a_resident(*row["tags"].split(), id="r", birth_date=born)


def pressure_in(text: str) -> list[Reading]:
    if not text:
        return []
    value, _, source = text.partition(" ")
    systolic, diastolic = value.split("/")
    return [
        Reading(
            kind="blood_pressure",
            source=source or "typed",
            systolic_mmhg=int(systolic),
            diastolic_mmhg=int(diastolic),
        )
    ]


def glucose_in(text: str, timing: str) -> list[Reading]:
    if not text:
        return []
    value, _, source = text.partition(" ")
    return [
        Reading(
            kind="glucose", source=source or "typed", glucose_mmol_l=float(value), timing=timing
        )
    ]


def readings_of(row: Row) -> list[Reading]:
    found = pressure_in(row["pressure"])
    found += glucose_in(row["fasting"], "fasting")
    found += glucose_in(row["after_meal"], "postprandial_2h")
    if row["heart_rate"]:
        found.append(Reading(kind="heart_rate", heart_rate_bpm=int(row["heart_rate"])))
    if row["temperature"]:
        found.append(Reading(kind="temperature", amount=float(row["temperature"])))
    return found


YES_NO = {"yes": True, "no": False, "": None}


def visit_of(row: Row) -> FollowUp:
    return a_follow_up(
        "r",
        id="now",
        occurred_on=VISIT,
        mode=row["mode"],
        readings=tuple(readings_of(row)),
        adverse_reaction=YES_NO[row["adverse"]],
        complication=row["complication"] or None,
        acute_symptoms=tuple(row["acute"].split()),
        symptoms=tuple(row["symptoms"].split()),
        pregnant_or_nursing=YES_NO[row["pregnant"]],
    )


def earlier_visits(row: Row) -> list[FollowUp]:
    """Written as "30:145/85;20:f7.5 phone": so many days before, what was found, how."""
    visits = []
    for number, told in enumerate(filter(None, row["before"].split(";"))):
        days, _, what = told.partition(":")
        value, _, mode = what.partition(" ")
        fields: dict[str, object] = {"readings": (), "adverse_reaction": False}
        if "/" in value:
            fields["readings"] = tuple(pressure_in(value))
        elif value.startswith(("f", "p")):
            timing = "fasting" if value.startswith("f") else "postprandial_2h"
            fields["readings"] = tuple(glucose_in(value[1:], timing))
        elif value == "adr":
            fields["adverse_reaction"] = True
        elif value == "not_met":
            fields["not_met"] = "not_at_home"
        visits.append(
            a_follow_up(
                "r",
                id=f"before{number}",
                occurred_on=VISIT - timedelta(int(days)),
                mode=mode or "home",
                **fields,
            )
        )
    return visits


@pytest.mark.parametrize("row", CASES, ids=case_of)
def test_a_visit_means_what_the_table_says(row: Row) -> None:
    visit = visit_of(row)
    history = History(resident=resident_of(row), follow_ups=(*earlier_visits(row), visit))
    judged = triage(default_policy(), history, visit)
    fired = {finding.rule_id for finding in judged.findings}
    assert set(row["rules"].split()) <= fired
    assert not set(row["never"].split()) & fired
    if row["class"]:
        assert judged.suggested_class == int(row["class"])
    elif {"I-BP-UNKNOWN", "I-FBG-UNKNOWN"} & set(row["rules"].split()):
        assert judged.suggested_class is None
    if row["next_days"]:
        assert judged.next_on == VISIT + timedelta(int(row["next_days"]))
    verdicts = {result.thing: result.verdict for result in judged.assessment}
    for heading, thing in (("assessment", "blood_pressure"), ("fasting_line", "fasting_glucose")):
        if row[heading]:
            assert verdicts[thing] == row[heading]
    if row["clinical"]:
        assert judged.clinical[0].verdict == row["clinical"]


def test_the_table_holds_all_eighteen_vectors() -> None:
    vectors = {row["case"].split()[0] for row in CASES if row["case"].startswith("V")}
    assert vectors == {f"V{number}" for number in range(1, 19)}

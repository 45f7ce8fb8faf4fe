"""Complete follow-ups, the contract year in progress, and what a slot tells of its rule."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.followups import Guidance, Reading
from core.history import History
from core.obligations import account_of
from core.obligations.fitness import first_missing
from core.people import TagSpan
from core.policy import default_policy
from core.slots import WhyNot
from tests.builders import a_contract, a_follow_up, a_resident, blood_pressure, glucose

POLICY = default_policy()
DAY = date(2026, 6, 15)


# --- complete follow-ups -------------------------------------------------------------------

BARE: dict[str, Any] = {
    "readings": (),
    "guidance": Guidance(),
    "services": (),
    "visit_class": None,
    "asked": "",
}


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("asked", {"asked": "self"}),
        ("services", {"services": ("home_visit",)}),
        ("blood_pressure", {"readings": (blood_pressure(130, 80),)}),
        ("blood_pressure", {"readings": (Reading(kind="blood_pressure", not_measured="x"),)}),
        ("heart_rate", {"readings": (Reading(kind="heart_rate", heart_rate_bpm=70),)}),
        ("glucose", {"readings": (glucose(6.0),)}),
        ("guidance_diet", {"guidance": Guidance(diet=("x",))}),
        ("guidance_exercise", {"guidance": Guidance(exercise=("x",))}),
        ("guidance_psychology", {"guidance": Guidance(psychology=("x",))}),
        ("visit_class", {"visit_class": 1}),
        ("met", {}),
    ],
)
def test_a_follow_up_is_complete_with_the_part_the_policy_names(
    part: str, fields: dict[str, Any]
) -> None:
    contract = POLICY.contract.model_copy(update={"complete": (part,)})
    policy = POLICY.model_copy(update={"contract": contract})

    def missing(**given: Any) -> str | None:
        return first_missing(policy, a_follow_up("r", **(BARE | given)))

    assert missing(**fields) is None
    assert missing(**({} if part != "met" else {"not_met": "refused"})) == part
    if part in ("blood_pressure", "heart_rate", "glucose"):
        assert missing(mode="phone") is None
        assert missing(readings=(Reading(kind="weight", amount=60),)) == part


@pytest.mark.parametrize("complete", [("met", "heart_rate"), ("heart_rate",)])
def test_an_incomplete_follow_up_fills_nothing(complete: tuple[str, ...]) -> None:
    contract = POLICY.contract.model_copy(update={"complete": complete})
    policy = POLICY.model_copy(update={"contract": contract})
    visit = a_follow_up("r", occurred_on=DAY, readings=(blood_pressure(130, 80),))
    history = History(
        resident=a_resident(id="r", birth_date=date(1980, 1, 1)),
        contracts=(a_contract("r"),),
        follow_ups=(visit,),
    )
    slot = account_of(policy, history, date(2026, 8, 1)).of("contract")[1]
    assert (slot.state, slot.candidates[0].why_not) == ("missed", WhyNot.INCOMPLETE)


# --- the contract year in progress ---------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 3, 19), date(2025, 3, 20)),
        (date(2026, 3, 20), date(2026, 3, 20)),
        (date(2025, 3, 20), date(2025, 3, 20)),
        (date(2027, 3, 19), date(2026, 3, 20)),
        (date(2027, 9, 1), date(2026, 3, 20)),
    ],
)
def test_without_a_year_the_contract_year_in_progress_is_reckoned(today: date, first: date) -> None:
    contract = POLICY.contract.model_copy(update={"year_basis": "contract"})
    policy = POLICY.model_copy(update={"contract": contract})
    agreed = a_contract("r", start_on=date(2025, 3, 20), end_on=date(2027, 3, 19))
    later = a_contract("r", id="z", start_on=date(2030, 1, 1), end_on=date(2030, 12, 31))
    person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1))
    history = History(resident=person, contracts=(agreed, later))
    found = account_of(policy, history, today)
    assert found.of("contract")[0].window_from == first
    assert len(found.of("contract")) == 12
    assert found.year == today.year


def test_before_the_first_contract_it_is_the_year_of_today() -> None:
    contract = POLICY.contract.model_copy(update={"year_basis": "contract"})
    policy = POLICY.model_copy(update={"contract": contract})
    person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1))
    coming = a_contract("r", start_on=date(2026, 9, 1), end_on=date(2027, 8, 31))
    history = History(resident=person, contracts=(coming,))
    assert len(account_of(policy, history, date(2026, 1, 1)).of("contract")) == 12


def test_a_window_tells_its_rule_its_source_and_its_groups() -> None:
    person = a_resident(
        id="r", birth_date=date(1980, 1, 1),
        tags=(TagSpan(tag="disabled"), TagSpan(tag="htn", from_on=date(2026, 3, 1))),
    )  # fmt: skip
    history = History(resident=person, contracts=(a_contract("r"),))
    first, _, third, *_ = account_of(POLICY, history, date(2026, 1, 1)).of("contract")
    assert (first.rule_id, first.source, first.tier_tags) == (
        "C-KEY-MONTH", "work_plan", ("disabled",),
    )  # fmt: skip
    assert third.tier_tags == ("disabled", "htn")
    assert first.tier_reason.code == "tier.key.disabled"
    assert first.cost.code == "cost.key"
    assert first.cost.values == {"to_on": date(2026, 1, 31)}
    general = account_of(
        POLICY, History(resident=a_resident(id="r", birth_date=date(1980, 1, 1)),
                        contracts=(a_contract("r"),)), date(2026, 1, 1),
    ).slots[0]  # fmt: skip
    assert (general.rule_id, general.source) == ("C-GENERAL-QUARTER", "work_plan")
    assert (general.tier_reason.code, general.cost.code) == ("tier.general", "cost.general")
    assert general.tier_tags == ()


@pytest.mark.parametrize(
    ("programme", "rule", "source"),
    [
        ("htn", "P-HTN-QUARTER", "bphs2017_htn"),
        ("htn_exam", "P-HTN-EXAM", "bphs2017_htn"),
        ("t2dm", "P-T2DM-QUARTER", "bphs2017_t2dm"),
        ("t2dm_exam", "P-T2DM-EXAM", "bphs2017_t2dm"),
        ("smi", "P-SMI-QUARTER", "bphs2017_smi"),
        ("tb", "P-TB-WINDOW", "bphs2017_tb"),
        ("elderly_exam", "P-ELDERLY-EXAM", "bphs2017_elderly"),
    ],
)
def test_a_programme_tells_its_rule_and_its_source(programme: str, rule: str, source: str) -> None:
    tags = tuple(TagSpan(tag=tag, from_on=date(2026, 1, 1)) for tag in ("htn", "t2dm", "smi", "tb"))
    person = a_resident(id="r", birth_date=date(1950, 1, 1), tags=tags)
    slot = account_of(POLICY, History(resident=person), date(2026, 1, 1)).of(programme)[0]
    assert (slot.rule_id, slot.source, slot.tier) == (rule, source, None)
    assert slot.tier_reason.code == f"tier.programme.{programme}"
    assert slot.cost.code == f"cost.{programme}"


def test_a_reason_tells_the_days_it_speaks_of() -> None:
    def reason(today: date, **records: Any) -> tuple[str, dict[str, object]]:
        person = a_resident("disabled", id="r", birth_date=date(1980, 1, 1), **records.pop("p", {}))
        history = History(resident=person, contracts=(a_contract("r"),), **records)
        slot = account_of(POLICY, history, today).of("contract")[2]
        return slot.reason.code, dict(slot.reason.values)

    last = date(2026, 3, 31)
    assert reason(date(2026, 3, 11)) == ("slot.open", {"to_on": last, "days": 20})
    assert reason(date(2026, 2, 1)) == ("slot.upcoming", {"from_on": date(2026, 3, 1)})
    assert reason(date(2026, 4, 1)) == ("slot.missed", {"to_on": last})
    died = {"left": "died", "left_on": date(2026, 3, 9)}
    assert reason(date(2026, 4, 1), p=died) == ("slot.void", {"on": date(2026, 3, 9)})
    visit = a_follow_up("r", occurred_on=date(2026, 3, 9))
    assert reason(date(2026, 4, 1), follow_ups=(visit,)) == ("slot.met", {"on": date(2026, 3, 9)})

"""Policy packs: read whole, refused with the line, applied to their own time, compared in words."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

import words
from core.default_pack import DEFAULT_PACK
from core.history import History
from core.obligations import account_of
from core.policy import Policy, PolicyBook, default_policy
from core.policy_diff import Effect, differences
from core.policy_packs import parse_policy, policy_book, policy_schema, policy_text
from core.refusals import Refusal, Refused
from tests.builders import a_contract, a_resident

LINES = DEFAULT_PACK.splitlines()


def refusals_of(pack: str) -> tuple[Refusal, ...]:
    with pytest.raises(Refused) as caught:
        parse_policy(pack)
    for refusal in caught.value.refusals:
        assert words.sentence_for(refusal)
    return caught.value.refusals


def changed(path: str, value: Any) -> str:
    """The default pack with one field changed, and printed anew."""
    pack = json.loads(DEFAULT_PACK)
    *outer, last = path.split(".")
    held = pack
    for name in outer:
        held = held[int(name)] if isinstance(held, list) else held[name]
    held[last] = value
    return json.dumps(pack, indent=2)


def policy_with(**contract: Any) -> Policy:
    pack = json.loads(DEFAULT_PACK)
    return parse_policy(json.dumps(pack | {"contract": pack["contract"] | contract}))


def test_the_default_pack_is_sound_and_survives_being_written() -> None:
    policy = parse_policy(DEFAULT_PACK)
    assert policy == default_policy()
    assert parse_policy(policy_text(policy)) == policy


def test_every_number_of_the_draft_stands_in_the_default_pack() -> None:
    policy = default_policy()
    assert policy.contract.visits_per_year.key == 12
    assert policy.contract.visits_per_year.general == 4
    assert policy.programmes.htn.max_gap_days == policy.programmes.t2dm.max_gap_days == 92
    assert policy.programmes.tb.first_home_visit_hours == 72
    limits = policy.emergency
    assert (limits.systolic_ge, limits.diastolic_ge) == (180, 110)
    assert (limits.glucose_ge, limits.glucose_le) == (16.7, 3.9)
    assert (limits.heart_rate_gt, limits.temperature_gt) == (100, 39.0)
    assert policy.follow_up.uncontrolled_days == policy.follow_up.referral_trace_days == 14


def test_a_field_nobody_knows_is_refused_with_its_line() -> None:
    line = next(n for n, text in enumerate(LINES, 1) if '"min_gap_days"' in text)
    (refusal,) = refusals_of(DEFAULT_PACK.replace('"min_gap_days"', '"min_gap_dys"'))
    assert (refusal.code, refusal.place) == ("policy.field", "contract.min_gap_dys")
    assert refusal.values["line"] == line


def test_a_field_of_the_wrong_kind_is_refused_with_its_line() -> None:
    wrong = DEFAULT_PACK.replace('"late_entry_days": 7', '"late_entry_days": "x"', 1)
    (refusal,) = refusals_of(wrong)
    assert refusal.place == "contract.late_entry_days"


def test_text_that_is_no_json_is_refused_with_its_line() -> None:
    (refusal,) = refusals_of(DEFAULT_PACK.replace('"version": "1.0.0",', '"version": "1.0.0"'))
    assert (refusal.code, refusal.values["line"]) == ("policy.not_json", 4)


def test_a_field_named_twice_is_refused() -> None:
    twice = '"min_gap_days": 0,\n    "min_gap_days": 3,'
    (refusal,) = refusals_of(DEFAULT_PACK.replace('"min_gap_days": 0,', twice))
    assert (refusal.code, refusal.place) == ("policy.named_twice", "contract.min_gap_days")


@pytest.mark.parametrize(
    ("path", "value", "code", "place"),
    [
        ("contract.visits_per_year.key", 10, "visits_per_year", ""),
        ("contract.visits_per_year.general", 3, "visits_per_year", ""),
        ("contract.min_gap_days", 29, "gap_longer_than_month", ""),
        ("contract.key_groups", ["htn", "htn"], "named_twice", ""),
        ("contract.countable_modes", ["phone"], "face_to_face_uncounted", ""),
        ("programmes.htn.modes", ["home", "phone"], "not_face_to_face", ""),
        ("programmes.tb.modes", ["phone"], "not_face_to_face", ""),
        ("control.assessment.0.from_age", 18, "age_bands", "control.assessment"),
        ("control.assessment.1.from_age", 0, "age_bands", "control.assessment"),
        (
            "control.clinical.0.diastolic_lt",
            130,
            "diastolic_above_systolic",
            "control.clinical.0",
        ),
        ("emergency.systolic_ge", 149, "controlled_emergency", "control.assessment.1.systolic_lt"),
        ("emergency.diastolic_ge", 89, "controlled_emergency", "control.assessment.0.diastolic_lt"),
        ("emergency.glucose_le", 7.0, "glucose_limits", "control.fasting_glucose_lt"),
        ("emergency.pregnant_systolic_ge", 181, "pregnant_laxer", ""),
        ("emergency.pregnant_diastolic_ge", 111, "pregnant_laxer", ""),
        ("screening.high_risk.systolic_ge", 140, "risk_above_high", ""),
        ("screening.high_risk.diastolic_ge", 90, "risk_above_high", ""),
        ("evidence.pulse_pressure_lt", 100, "pulse_pressure", ""),
        ("bounds.systolic_mmhg.soft_high", 301, "bounds", "bounds.systolic_mmhg"),
        ("bounds.glucose_mmol_l.soft_low", 17, "bounds", "bounds.glucose_mmol_l"),
        ("sources", {"contract": {"note": "county"}}, "no_source", "utc_offset_hours"),
    ],
)
def test_a_pack_that_contradicts_itself_is_refused_at_the_field(
    path: str, value: Any, code: str, place: str
) -> None:
    pack = changed(path, value)
    found = {(r.code, r.place): r for r in refusals_of(pack)}
    refusal = found[f"policy.contradiction.{code}", place or path]
    line = refusal.values["line"]
    assert isinstance(line, int)
    name = (place or path).split(".")[-1]
    assert name.isdigit() or f'"{name}"' in pack.splitlines()[line - 1]


def test_limits_that_just_meet_do_not_contradict() -> None:
    assert parse_policy(changed("contract.min_gap_days", 28)).contract.min_gap_days == 28
    assert parse_policy(changed("emergency.systolic_ge", 150)).emergency.systolic_ge == 150


def test_the_schema_describes_every_part_of_a_pack() -> None:
    schema = policy_schema()
    assert set(json.loads(DEFAULT_PACK)) == set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_each_version_is_applied_to_its_own_time() -> None:
    older = default_policy()
    newer = policy_with(key_groups=("htn",)).model_copy(
        update={"version": "2.0.0", "effective_from": date(2026, 7, 1)}
    )
    book = PolicyBook([newer, older])
    assert book.on(date(2026, 6, 30)) is older
    assert book.on(date(2026, 7, 1)) is newer
    assert book.on(date(2020, 1, 1)) is older
    history = History(
        resident=a_resident("disabled", id="r", birth_date=date(1980, 1, 1)),
        contracts=(a_contract("r"),),
    )
    slots = account_of(book, history, date(2026, 1, 1), 2026).of("contract")
    assert [(s.number, str(s.tier)) for s in slots] == [
        *((number, "key") for number in range(1, 7)),
        (3, "general"),
        (4, "general"),
    ]
    assert {slot.policy_version for slot in slots} == {"1.0.0", "2.0.0"}


def test_a_book_needs_a_version() -> None:
    with pytest.raises(ValueError, match="at least one version"):
        PolicyBook([])


def test_packs_make_a_book_and_none_makes_the_default_one() -> None:
    assert policy_book().versions == (default_policy(),)
    assert policy_book(DEFAULT_PACK).versions == (default_policy(),)


def test_two_like_versions_do_not_differ() -> None:
    assert differences(default_policy(), default_policy()) == ()


@pytest.mark.parametrize(
    ("contract", "effect", "told"),
    [
        ({"key_groups": ("htn",)}, Effect.LESS, "a key group no longer"),
        ({"key_groups": (*default_policy().contract.key_groups, "copd")}, Effect.MORE, "12"),
        ({"countable_modes": ("home", "clinic", "tour")}, Effect.MORE, "phone"),
        ({"min_gap_days": 10}, Effect.MORE, "10 days apart"),
        ({"min_quarter_months": 3}, Effect.LESS, "3 counting months"),
        ({"min_quarter_months": 1}, Effect.MORE, "1 counting months"),
        ({"start_month": "skip"}, Effect.LESS, "skip"),
        ({"late_entry_days": 3}, Effect.MORE, "3 days"),
        ({"late_entry_needs_approval": True}, Effect.MORE, "need approval"),
        ({"exam_counts_as_visit": False}, Effect.MORE, "False"),
        ({"complete": ("met", "asked")}, Effect.MORE, "whom was asked"),
        ({"year_basis": "contract"}, Effect.OTHER, "contract.year_basis"),
    ],
)
def test_a_difference_says_who_will_owe_more_or_less(
    contract: dict[str, Any], effect: Effect, told: str
) -> None:
    found = differences(default_policy(), policy_with(**contract))
    assert {difference.effect for difference in found} == {effect}
    said = [words.say(d.reason.code, "en", **d.reason.values) for d in found]
    assert any(told in sentence for sentence in said)


def test_turning_a_difference_round_turns_its_effect_round() -> None:
    stricter = policy_with(min_gap_days=10)
    (there,) = differences(default_policy(), stricter)
    (back,) = differences(stricter, default_policy())
    assert (there.effect, back.effect) == (Effect.MORE, Effect.LESS)
    assert (there.before, there.after) == (back.after, back.before) == (0, 10)

"""Cases as files: read with what they may leave out, or refused with the field."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

import words
from core.cases import CaseFile, case_schema, parse_case
from core.default_pack import DEFAULT_PACK
from core.explaining import explain, explanation_json
from core.refusals import Refusal, Refused
from core.slots import Programme
from words.explaining import in_words, with_sentences

CASE: dict[str, Any] = {
    "policy": "default",
    "today": "2026-11-20",
    "resident": {
        "id": "r1",
        "birth_date": "1960-02-29",
        "sex": "male",
        "tags": [{"tag": "htn", "from_on": "2025-01-01"}],
    },
    "tags": [{"tag": "tb", "from_on": "2026-08-01"}],
    "contracts": [
        {
            "id": "c1",
            "start_on": "2026-01-01",
            "end_on": "2026-12-31",
            "items": [{"service": "home_visit", "agreed_count": 1}],
        }
    ],
    "follow_ups": [
        {
            "id": "f1",
            "occurred_on": "2026-01-10",
            "mode": "home",
            "services": ["home_visit"],
            "adverse_reaction": False,
            "readings": [
                {"kind": "blood_pressure", "systolic_mmhg": 190, "diastolic_mmhg": 85},
            ],
        },
        {
            "id": "f2",
            "occurred_on": "2026-02-10",
            "mode": "phone",
            "recorded_at": "2026-02-28T08:00:00",
            "readings": [
                {
                    "kind": "blood_pressure",
                    "source": "reported",
                    "systolic_mmhg": 130,
                    "diastolic_mmhg": 80,
                },
            ],
        },
        {"id": "f3", "occurred_on": "2026-03-10", "mode": "home"},
        {"id": "f4", "occurred_on": "2026-03-11", "mode": "home", "amends": "f3"},
        {"id": "f5", "occurred_on": "2026-04-11", "mode": "home"},
        {"id": "f6", "occurred_on": "2026-06-11", "mode": "home", "not_met": "not_at_home"},
    ],
    "withdrawals": [{"id": "w1", "voids": "f5", "reason": "wrong person"}],
    "reviews": [{"id": "v1", "follow_up_id": "f4", "decision": "returned"}],
    "phone_checks": [{"id": "p1", "follow_up_id": "f1", "reached": True, "visit_confirmed": True}],
    "exemptions": [
        {
            "id": "e1",
            "from_on": "2026-05-01",
            "to_on": "2026-05-31",
            "reason": "in_hospital",
            "approved": True,
        }
    ],
    "referrals": [
        {
            "id": "t1",
            "occurred_on": "2026-01-10",
            "reason": "5",
            "urgent": True,
            "to_facility": "county hospital",
            "trace_by": "2026-01-24",
            "follow_up_id": "f1",
        }
    ],
    "referral_outcomes": [
        {"id": "o1", "referral_id": "t1", "occurred_on": "2026-01-15", "outcome": "went"}
    ],
}


def with_changes(path: str, value: Any) -> str:
    """The case with one value set, by its path; the value `...` takes it away."""
    case = json.loads(json.dumps(CASE))
    *outer, last = path.split(".")
    held: Any = case
    for name in outer:
        held = held[int(name)] if isinstance(held, list) else held[name]
    if value is ...:
        del held[last]
    else:
        held[last] = value
    return json.dumps(case)


def refusals_of(text: str) -> tuple[Refusal, ...]:
    with pytest.raises(Refused) as caught:
        parse_case(text)
    for refusal in caught.value.refusals:
        assert words.sentence_for(refusal)
        assert words.sentence_for(refusal, "en")
    return caught.value.refusals


def test_a_case_is_read_with_what_it_leaves_out() -> None:
    case = parse_case(json.dumps(CASE))
    assert case.today == date(2026, 11, 20)
    assert {tag.tag for tag in case.history.resident.tags} == {"htn", "tb"}
    first, second = case.history.follow_ups[:2]
    assert first.resident_id == "r1"
    assert first.recorded_at.astimezone(UTC) == datetime(2026, 1, 10, 4, tzinfo=UTC)
    assert second.recorded_at.astimezone(UTC) == datetime(2026, 2, 28, 0, tzinfo=UTC)
    assert case.history.exemption_decisions[0].approved is True


def test_an_explanation_holds_all_slots_of_all_programmes() -> None:
    told = explanation_json(explain(parse_case(json.dumps(CASE))))
    programmes = {slot["programme"] for slot in told["account"]["slots"]}
    assert programmes == {"contract", "htn", "htn_exam", "elderly_exam", "tb"}
    states = {(s["programme"], s["number"]): s["state"] for s in told["account"]["slots"]}
    assert states["contract", 1] == "met"
    assert states["contract", 2] == "met_late_entry"
    assert states["contract", 3] == "disputed"
    assert states["contract", 4] == "missed"
    assert states["contract", 5] == "excused"
    assert states["contract", 11] == "open"
    assert states["contract", 12] == "upcoming"
    assert states["htn", 1] == "met"
    figures = told["figures"]["contract"]
    assert (figures["owed"], figures["filled"], figures["items_rate"]) == (11, 2, 1.0)
    assert figures["completion"] == round(2 / 11, 4)
    assert set(told["figures"]) == programmes


def test_an_explanation_tells_of_each_follow_up_what_became_of_it() -> None:
    told = explanation_json(explain(parse_case(json.dumps(CASE))))
    by_id = {follow_up["id"]: follow_up for follow_up in told["follow_ups"]}
    assert by_id["f3"]["stands"]["code"] == "explain.amended"
    assert by_id["f5"]["stands"]["code"] == "explain.withdrawn"
    assert by_id["f4"]["decision"] == "returned"
    assert by_id["f1"]["grade"]["letter"] == "C"
    assert by_id["f6"]["grade"]["letter"] is None
    counted = [(c["programme"], c["filled"]) for c in by_id["f1"]["counted"]]
    assert counted == [("contract", True), ("htn", True)]
    assert [duty["done_on"] for duty in told["duties"] if duty["referral_id"]] == ["2026-01-15"]


def test_every_reason_in_the_explanation_has_a_sentence_in_both_languages() -> None:
    told = with_sentences(explanation_json(explain(parse_case(json.dumps(CASE)))))
    slot = told["account"]["slots"][0]
    assert slot["reason"]["sentence"] == {"zh": "2026-01-10 已履约", "en": "Met on 2026-01-10"}
    finding = told["follow_ups"][0]["triage"]["findings"][0]
    assert "190" in finding["sentence"]["en"]
    assert finding["rule_id"] == "E-BP-SYSTOLIC"


@pytest.mark.parametrize("language", words.languages())
def test_the_text_has_a_line_for_every_slot(language: str) -> None:
    explanation = explain(parse_case(json.dumps(CASE)))
    text = "\n".join(in_words(explanation, language))
    for slot in explanation.account.slots:
        assert words.say(slot.reason.code, language, **slot.reason.values) in text
    for programme in explanation.figures:
        assert words.say(f"programme.{Programme(programme)}", language) in text


@pytest.mark.parametrize(
    ("path", "value", "code", "place"),
    [
        ("follow_ups.0.sytolic", 1, "case.unknown_field", "follow_ups.0.sytolic"),
        ("follow_ups.0.readings.0.unit", "x", "case.unknown_field", "follow_ups.0.readings.0.unit"),
        ("resident.nickname", "x", "case.unknown_field", "resident.nickname"),
        ("surprise", 1, "case.unknown_field", "surprise"),
        ("today", ..., "case.field", "today"),
        ("today", "2026-02-30", "case.field", "today"),
        ("today", "1950-01-01", "case.dates_out_of_order", "today"),
        ("year", "x", "case.field", "year"),
        ("resident", ..., "case.field", "resident"),
        ("resident", [], "case.field", "resident"),
        ("resident.birth_date", ..., "case.field", "resident.birth_date"),
        ("resident.left_on", "1950-01-01", "case.dates_out_of_order", "resident.left_on"),
        ("tags.0.to_on", "2026-01-01", "case.dates_out_of_order", "tags.1.to_on"),
        ("contracts.0.end_on", "2025-12-31", "case.contract_ends_before_start", None),
        ("contracts.0.terminated_on", "2025-12-31", "case.dates_out_of_order", None),
        (
            "contracts.0.state",
            "terminated",
            "case.terminated_without_date",
            "contracts.0.terminated_on",
        ),
        ("contracts.0.resident_id", "r9", "case.of_nobody", None),
        ("follow_ups.0.resident_id", "r9", "case.of_nobody", None),
        ("follow_ups.0.occurred_on", "1950-01-01", "case.before_birth", None),
        ("follow_ups.0.mode", ..., "case.field", None),
        ("follow_ups.0.id", "f2", "case.id_twice", "follow_ups.1.id"),
        ("follow_ups.1.recorded_at", "2026-02-01T08:00:00", "case.dates_out_of_order", None),
        ("follow_ups.0.next_on", "2026-01-01", "case.dates_out_of_order", None),
        ("follow_ups.3.amends", "f9", "case.dangling", None),
        ("follow_ups.3.amends", "f4", "case.amends_itself", None),
        ("withdrawals.0.voids", "f9", "case.dangling", None),
        ("reviews.0.follow_up_id", "f9", "case.dangling", None),
        ("phone_checks.0.follow_up_id", "f9", "case.dangling", None),
        ("referral_outcomes.0.referral_id", "t9", "case.dangling", None),
        ("exemptions.0.to_on", "2026-04-01", "case.dates_out_of_order", None),
        ("referrals.0.trace_by", "2026-01-01", "case.dates_out_of_order", None),
        ("policy", {"id": "x"}, "policy.field", "policy.version"),
        ("policy", "house rules", "policy.field", "policy"),
        ("policy", [], "policy.field", "policy"),
    ],
)
def test_a_case_that_cannot_be_reckoned_is_refused_at_the_field(
    path: str, value: Any, code: str, place: str | None
) -> None:
    found = [(refusal.code, refusal.place) for refusal in refusals_of(with_changes(path, value))]
    assert (code, place or path) in found


def test_a_policy_that_contradicts_itself_refuses_the_case_with_its_line() -> None:
    pack = json.loads(DEFAULT_PACK)
    pack["contract"]["min_gap_days"] = 40
    text = json.dumps({**CASE, "policy": pack}, indent=1)
    (refusal,) = refusals_of(text)
    assert refusal.place == "policy.contract.min_gap_days"
    line = refusal.values["line"]
    assert isinstance(line, int)
    assert "min_gap_days" in text.splitlines()[line - 1]


def test_several_versions_of_a_policy_are_applied_to_their_times() -> None:
    older = json.loads(DEFAULT_PACK)
    newer = {**older, "version": "2.0.0", "effective_from": "2026-07-01"}
    case = parse_case(json.dumps({**CASE, "policy": [older, newer]}))
    slots = explain(case).account.of("contract")
    assert [slot.policy_version for slot in slots] == ["1.0.0"] * 6 + ["2.0.0"] * 6


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "case.not_json"),
        ("[]", "case.not_json"),
        ('{"today": "2026-01-01", "today": "2026-01-02"}', "case.named_twice"),
    ],
)
def test_what_is_no_case_at_all_is_refused(text: str, code: str) -> None:
    assert [refusal.code for refusal in refusals_of(text)] == [code]


def test_the_schema_has_every_field_and_asks_for_the_needed_ones_only() -> None:
    schema = case_schema()
    assert set(schema["properties"]) == {"policy", *CaseFile.__slots__}
    assert schema["required"] == ["resident", "today"]
    assert schema["$defs"]["FollowUp"]["required"] == ["id", "mode", "occurred_on"]
    assert all(
        definition.get("additionalProperties") is False
        for definition in schema["$defs"].values()
        if definition.get("type") == "object" and "properties" in definition
    )
    assert "approved" in schema["$defs"]["Exemption"]["properties"]

"""The follow-up from the first tap until it is saved, on a real encrypted store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.services.drafts import FollowUpDraft
from app.services.tablet import Tablet
from app.services.workplace import Workplace
from core.followups import Medicine
from core.refusals import Refused
from core.vocabulary import Kind, ReadingKind
from core.wire.bodies import body_of
from tests.app.services.conftest import PIN, Village, come_down
from tests.app.services.visits import begin, queued, save
from tests.builders import TODAY, a_follow_up


def refusals_of(work: Workplace, draft: FollowUpDraft, *confirmed: str) -> set[str]:
    with pytest.raises(Refused) as refused:
        work.follow_ups.save(draft, confirmed)
    return {refusal.code for refusal in refused.value.refusals}


def test_a_saved_follow_up_is_a_signed_operation_in_the_outbox(
    work: Workplace, village: Village
) -> None:
    saved = save(work, village.wang.id)
    (operation,) = queued(work)
    assert operation.kind == Kind.FOLLOW_UP
    assert operation.record_id == saved.follow_up.id
    assert operation.device_seq == 1
    assert operation.action == "put"
    assert operation.body == body_of(saved.follow_up)
    assert len(operation.signature) == 128


def test_a_saved_follow_up_fills_the_months_slot_and_today_no_longer_asks(
    work: Workplace, village: Village
) -> None:
    before = {
        row.resident_id
        for group in work.today.list().groups
        for row in group.rows
        if row.kind.startswith("slot")
    }
    saved = save(work, village.wang.id)
    after = {
        row.resident_id
        for group in work.today.list().groups
        for row in group.rows
        if row.kind.startswith("slot")
    }
    assert saved.slot_filled is not None
    assert saved.slot_filled.number == TODAY.month
    assert village.wang.id in before
    assert village.wang.id not in after
    assert village.li.id in after


def test_the_next_member_who_is_owed_something_is_offered(
    work: Workplace, village: Village
) -> None:
    assert save(work, village.wang.id).next_member == village.li.id


def test_the_form_never_offers_a_reading_of_last_time_as_todays(
    work: Workplace, village: Village
) -> None:
    come_down(work.store, a_follow_up(village.wang.id, date(2026, 10, 10)))
    form = work.follow_ups.begin(village.wang.id)
    draft = form.draft
    typed = (draft.systolic_mmhg, draft.diastolic_mmhg, draft.heart_rate_bpm, draft.glucose_mmol_l)
    assert typed == ("", "", "", "")
    assert draft.timing is None
    assert {last.reading.kind for last in form.last} == {
        ReadingKind.BLOOD_PRESSURE,
        ReadingKind.HEART_RATE,
        ReadingKind.GLUCOSE,
    }
    assert form.last_on == date(2026, 10, 10)


def test_medicines_are_carried_over_to_be_confirmed(work: Workplace, village: Village) -> None:
    taken = (Medicine(name="氨氯地平", times_a_day=1, dose="5 mg", taken=True),)
    come_down(work.store, a_follow_up(village.wang.id, date(2026, 10, 10), medicines=taken))
    (medicine,) = work.follow_ups.begin(village.wang.id).draft.medicines
    assert (medicine.name, medicine.taken) == ("氨氯地平", None)


def test_the_form_says_which_slot_it_would_fill(work: Workplace, village: Village) -> None:
    slot = work.follow_ups.begin(village.wang.id).slot
    assert slot is not None
    assert slot.window_from <= TODAY <= slot.window_to


def test_a_resident_without_a_contract_has_no_slot_to_fill(
    work: Workplace, village: Village
) -> None:
    assert work.follow_ups.begin(village.zhao.id).slot is None


def test_a_draft_survives_a_kill(tablet: Tablet, work: Workplace, village: Village) -> None:
    half = replace(work.follow_ups.begin(village.wang.id).draft, systolic_mmhg="16", mode="home")
    work.follow_ups.save_draft(half)
    reopened = tablet.unlock(work.doctor.id, PIN)
    form = reopened.follow_ups.begin(village.wang.id)
    assert form.draft == half
    assert form.resumed
    (row,) = [
        r for g in reopened.today.list().groups for r in g.rows if r.resident_id == village.wang.id
    ]
    assert row.has_draft


def test_a_discarded_draft_is_gone(work: Workplace, village: Village) -> None:
    work.follow_ups.save_draft(work.follow_ups.begin(village.wang.id).draft)
    work.follow_ups.discard_draft(village.wang.id)
    assert work.follow_ups.draft_of(village.wang.id) is None


def test_saving_drops_the_draft(work: Workplace, village: Village) -> None:
    draft = begin(work, village.wang.id)
    work.follow_ups.save_draft(draft)
    work.follow_ups.save(draft)
    assert work.follow_ups.draft_of(village.wang.id) is None


def test_what_is_refused_stays_as_it_was_typed(work: Workplace, village: Village) -> None:
    wrong = begin(work, village.wang.id, systolic_mmhg="80", diastolic_mmhg="120")
    assert refusals_of(work, wrong)
    assert work.follow_ups.draft_of(village.wang.id) == wrong
    assert queued(work) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (
            {"systolic_mmhg": "80", "diastolic_mmhg": "120"},
            "follow_up.systolic_not_above_diastolic",
        ),
        ({"glucose_mmol_l": "126"}, "follow_up.glucose_looks_like_mg_dl"),
        ({"mode": "phone"}, "follow_up.measured_at_distance"),
        ({"occurred_on": TODAY + timedelta(days=1)}, "follow_up.in_future"),
        ({"systolic_mmhg": "1e2"}, "number.unreadable"),
        ({"mode": None}, "follow_up.mode_missing"),
        ({"visit_class": 4}, "class.no_reason"),
    ],
)
def test_bad_input_is_refused_by_its_name(
    work: Workplace, village: Village, fields: dict[str, object], code: str
) -> None:
    assert code in refusals_of(work, begin(work, village.wang.id, **fields))


def test_a_phone_visit_with_a_reported_pressure_is_taken(work: Workplace, village: Village) -> None:
    saved = save(work, village.wang.id, mode="phone", source="reported")
    assert {reading.source for reading in saved.follow_up.readings} == {"reported"}


def test_a_soft_refusal_is_passed_by_confirming_it(work: Workplace, village: Village) -> None:
    draft = begin(work, village.wang.id, glucose_mmol_l="34", timing="random")
    asked = refusals_of(work, draft)
    assert len(asked) == 1
    assert work.follow_ups.save(draft, tuple(asked)).follow_up.readings


def test_an_unconfirmed_class_is_the_suggested_one(work: Workplace, village: Village) -> None:
    saved = save(work, village.wang.id)
    assert saved.follow_up.visit_class == 1
    assert saved.follow_up.next_on is not None


def test_an_overridden_class_needs_a_reason_and_then_stands(
    work: Workplace, village: Village
) -> None:
    saved = save(work, village.wang.id, visit_class=2, class_override_reason="家庭自测均高")
    assert saved.follow_up.visit_class == 2


def test_an_emergency_asks_for_an_urgent_referral_and_says_what_to_tell(
    work: Workplace, village: Village
) -> None:
    draft = begin(work, village.wang.id, systolic_mmhg="182", diastolic_mmhg="104")
    saved = work.follow_ups.save(draft, ("follow_up.systolic_unusual",))
    assert saved.urgent
    assert saved.referral_needed
    assert saved.told[0].code == "told.emergency"


def test_appraising_a_half_typed_form_finds_the_emergency_at_once(
    work: Workplace, village: Village
) -> None:
    draft = replace(
        work.follow_ups.begin(village.wang.id).draft,
        mode="home",
        systolic_mmhg="186",
        diastolic_mmhg="100",
    )
    appraisal = work.follow_ups.appraise(draft)
    assert appraisal.triage.emergency
    assert queued(work) == []


def test_not_meeting_a_resident_is_recorded_in_one_call(work: Workplace, village: Village) -> None:
    saved = work.follow_ups.not_met(village.wang.id, "away_for_work")
    assert saved.follow_up.not_met == "away_for_work"
    assert saved.slot_filled is None
    assert len(queued(work)) == 1


def test_a_resident_not_met_leaves_no_draft_however_late_the_form_keeps_it(
    work: Workplace, village: Village
) -> None:
    draft = work.follow_ups.begin(village.wang.id).draft
    work.follow_ups.save_draft(draft)
    work.follow_ups.not_met(village.wang.id, "not_at_home", draft_id=draft.id)
    work.follow_ups.save_draft(draft)
    assert work.follow_ups.draft_of(village.wang.id) is None


def test_not_meeting_needs_a_known_reason(work: Workplace, village: Village) -> None:
    with pytest.raises(Refused):
        work.follow_ups.not_met(village.wang.id, "because")


def test_a_full_disk_is_told_before_the_visit_begins(
    work: Workplace, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.practice.ROOM_FOR_A_VISIT_BYTES", 1 << 62)
    with pytest.raises(Refused) as refused:
        work.follow_ups.begin(village.wang.id)
    assert [r.code for r in refused.value.refusals] == ["disk.full"]


def test_a_late_entry_keeps_its_day_and_no_invented_hour(work: Workplace, village: Village) -> None:
    saved = save(work, village.wang.id, occurred_on=TODAY - timedelta(days=3))
    assert {reading.measured_at for reading in saved.follow_up.readings} == {None}
    assert queued(work)[0].occurred_at.startswith("2026-11-19T")


def test_a_second_tap_on_saving_makes_no_second_follow_up(
    work: Workplace, village: Village
) -> None:
    draft = begin(work, village.wang.id)
    work.follow_ups.save(draft)
    assert refusals_of(work, draft) == {"follow_up.saved_already"}
    assert len(queued(work)) == 1


def test_a_visit_begun_meanwhile_does_not_displace_an_unfinished_correction(
    work: Workplace, village: Village
) -> None:
    saved = save(work, village.wang.id).follow_up
    correction = replace(
        work.follow_ups.begin(village.wang.id, amends=saved.id).draft, systolic_mmhg="141"
    )
    work.follow_ups.save_draft(correction)
    visit = work.follow_ups.begin(village.wang.id)
    assert not visit.resumed
    work.follow_ups.save_draft(visit.draft)
    assert work.follow_ups.begin(village.wang.id, amends=saved.id).draft == correction
    work.follow_ups.discard_draft(village.wang.id, saved.id)
    assert work.follow_ups.draft_of(village.wang.id, saved.id) is None
    assert work.follow_ups.draft_of(village.wang.id) == visit.draft

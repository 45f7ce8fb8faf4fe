"""A saved follow-up: on its way to the county, back from the desk, amended and withdrawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.services.views import Delivery
from app.services.workplace import Workplace
from core.refusals import Refused
from core.vocabulary import Decision
from core.wire.envelopes import Operation
from core.wire.receipts import Receipt
from tests.app.services.conftest import Village, come_down
from tests.app.services.visits import save
from tests.builders import TODAY, a_follow_up, a_review, noon
from tests.fakes import FakeClock, FakeCounty


def test_delivery_goes_from_the_tablet_to_the_county_to_accepted(
    work: Workplace, village: Village
) -> None:
    follow_up = save(work, village.wang.id).follow_up

    def delivery() -> str:
        return work.follow_ups.get(follow_up.id).delivery

    assert delivery() == Delivery.ON_TABLET
    work.sync.run_now()
    assert delivery() == Delivery.COUNTY_HAS_IT
    come_down(work.store, a_review(follow_up.id))
    assert delivery() == Delivery.ACCEPTED


def test_a_receipt_is_shown_with_its_number_and_time(work: Workplace, village: Village) -> None:
    follow_up = save(work, village.wang.id).follow_up
    work.sync.run_now()
    view = work.follow_ups.get(follow_up.id)
    assert view.receipt_no == 1
    assert view.received_at is not None


def test_a_county_out_of_reach_leaves_the_follow_up_on_the_tablet(
    work: Workplace, village: Village, county: FakeCounty
) -> None:
    county.reachable = False
    follow_up = save(work, village.wang.id).follow_up
    assert work.sync.run_now().failed == "unreachable"
    assert work.follow_ups.get(follow_up.id).delivery == Delivery.ON_TABLET


def test_a_refused_follow_up_is_shown_with_its_reason(
    work: Workplace, village: Village, county: FakeCounty
) -> None:
    def refuse(operation: Operation) -> Receipt:
        return Receipt(
            op_id=operation.op_id,
            device_seq=operation.device_seq,
            record_id=operation.record_id,
            revision=operation.revision,
            outcome="refused",
            received_at="2026-11-22T02:00:01+00:00",
            code="contract_ended",
        )

    county.answer = refuse
    follow_up = save(work, village.wang.id).follow_up
    work.sync.run_now()
    assert work.follow_ups.get(follow_up.id).delivery == Delivery.REFUSED
    (row,) = work.sync.status().refused
    assert (row.code, row.name) == ("contract_ended", "王建国")


def test_a_returned_follow_up_shows_its_reason_until_it_is_amended(
    work: Workplace, village: Village, clock: FakeClock
) -> None:
    follow_up = save(work, village.wang.id).follow_up
    work.sync.run_now()
    review = a_review(
        follow_up.id, Decision.RETURNED, reason="implausible_reading", note="请核对血压"
    )
    come_down(work.store, review)
    assert [view.note for view in work.sync.status().returned] == ["请核对血压"]
    assert work.today.list().sync.state == "returned"
    clock.forward(hours=1)
    form = work.follow_ups.begin(village.wang.id, amends=follow_up.id)
    assert form.returned is not None
    assert form.returned.reason == "implausible_reading"
    assert form.draft.systolic_mmhg == "132"
    amended = work.follow_ups.save(replace(form.draft, systolic_mmhg="138"))
    assert amended.follow_up.amends == follow_up.id
    assert amended.slot_filled is not None
    assert work.sync.status().returned == ()
    assert work.follow_ups.get(follow_up.id).amended_by == amended.follow_up.id


def test_a_questioned_follow_up_waits_for_the_doctor_like_a_returned_one(
    work: Workplace, village: Village
) -> None:
    follow_up = save(work, village.wang.id).follow_up
    work.sync.run_now()
    come_down(work.store, a_review(follow_up.id, Decision.QUESTIONED, note="电话没打通"))
    (waiting,) = work.sync.status().returned
    assert (waiting.decision, waiting.note) == ("questioned", "电话没打通")
    assert work.follow_ups.get(follow_up.id).delivery == Delivery.QUESTIONED
    come_down(work.store, a_review(follow_up.id, recorded_at=noon(TODAY + timedelta(days=1))))
    assert work.sync.status().returned == ()


def test_a_colleagues_follow_up_is_neither_amended_nor_withdrawn(
    work: Workplace, village: Village
) -> None:
    other = a_follow_up(village.wang.id, author_id="doctor-2")
    come_down(work.store, other)
    with pytest.raises(Refused) as amending:
        work.follow_ups.begin(village.wang.id, amends=other.id)
    with pytest.raises(Refused) as withdrawing:
        work.follow_ups.withdraw(other.id, "不是我做的")
    assert [r.code for r in amending.value.refusals] == ["follow_up.not_yours"]
    assert [r.code for r in withdrawing.value.refusals] == ["follow_up.not_yours"]


def test_a_withdrawn_follow_up_frees_its_slot_and_says_why(
    work: Workplace, village: Village
) -> None:
    follow_up = save(work, village.wang.id).follow_up
    work.follow_ups.withdraw(follow_up.id, "录错人")
    view = work.follow_ups.get(follow_up.id)
    assert view.withdrawn_reason == "录错人"
    dots = work.residents.get(village.wang.id).dots
    assert dots[TODAY.month - 1].state == "open"
    with pytest.raises(Refused) as refused:
        work.follow_ups.withdraw(follow_up.id, "again")
    assert [r.code for r in refused.value.refusals] == ["withdrawal.already"]


def test_a_withdrawal_needs_a_reason(work: Workplace, village: Village) -> None:
    follow_up = save(work, village.wang.id).follow_up
    with pytest.raises(Refused):
        work.follow_ups.withdraw(follow_up.id, "  ")


def test_a_follow_up_of_somebody_else_is_unknown(work: Workplace, village: Village) -> None:
    with pytest.raises(Refused):
        work.follow_ups.get("nobody")
    with pytest.raises(Refused):
        work.follow_ups.begin("nobody")

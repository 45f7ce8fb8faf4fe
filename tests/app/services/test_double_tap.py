"""A second tap on the same button is answered, and does nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.services.double_tap import OnlyOnce
from app.services.education import EducationDraft
from app.services.referrals import ReferralDraft
from app.services.workplace import Workplace
from tests.app.services.conftest import Village
from tests.app.services.visits import queued
from tests.builders import TODAY
from tests.fakes import FakeClock


def test_the_same_again_within_a_moment_gives_the_first_answer(clock: FakeClock) -> None:
    once, done = OnlyOnce(clock), iter(range(9))
    assert once.do("save", lambda: next(done)) == 0
    clock.forward(seconds=4.9)
    assert once.do("save", lambda: next(done)) == 0
    clock.forward(seconds=0.1)
    assert once.do("save", lambda: next(done)) == 1


def test_something_else_is_done_at_once(clock: FakeClock) -> None:
    once, done = OnlyOnce(clock), iter(range(9))
    assert [once.do(asked, lambda: next(done)) for asked in "aba"] == [0, 1, 2]


def test_what_failed_is_tried_again(clock: FakeClock) -> None:
    once = OnlyOnce(clock)

    def fail() -> str:
        raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="full"):
        once.do("save", fail)
    assert once.do("save", lambda: "done") == "done"


def test_two_taps_make_one_lesson_one_referral_and_one_outcome(
    work: Workplace, village: Village
) -> None:
    lesson = EducationDraft(
        audience="household",
        occurred_on=TODAY,
        topics=("hypertension",),
        household_id=village.house.id,
        minutes="20",
        people_reached="3",
    )
    slip = ReferralDraft(
        resident_id=village.wang.id, reason="血压高", urgent=True, to_facility="县人民医院"
    )
    assert work.education.save(lesson) == work.education.save(lesson)
    assert work.referrals.save(slip) == work.referrals.save(slip)
    referral = work.referrals.save(replace(slip, department="心内科"))
    for _ in range(2):
        work.referrals.save_outcome(referral.id, "went")
    assert [operation.kind for operation in queued(work)] == [
        "education",
        "referral",
        "referral",
        "referral_outcome",
    ]

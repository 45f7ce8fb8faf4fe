"""Filling in a follow-up: every change is kept, the latest last, and nothing typed is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from app.routes import Place
from app.screens.follow_up.form import Filling, Form, opened_form
from app.services.drafts import FollowUpDraft
from app.services.followups import Appraisal, Saved
from app.state import AppState, Hooks
from core.refusals import Refusal, Refused
from tests.app.screens.examples import a_draft, a_form, a_saved, a_triage
from tests.fakes import FakeClock


@dataclass
class FakeFollowUps:
    """Follow-ups in memory: remembers the drafts kept and what was saved."""

    kept: list[FollowUpDraft] = field(default_factory=list)
    saved: list[tuple[FollowUpDraft, tuple[str, ...]]] = field(default_factory=list)
    missed: list[tuple[str, str, str]] = field(default_factory=list)
    refuse: Callable[[tuple[str, ...]], tuple[Refusal, ...]] = lambda _: ()

    def save_draft(self, draft: FollowUpDraft) -> None:
        self.kept.append(draft)

    def appraise(self, draft: FollowUpDraft) -> Appraisal:
        return Appraisal(triage=a_triage(), refusals=())

    def save(self, draft: FollowUpDraft, confirmed_soft: tuple[str, ...] = ()) -> Saved:
        self.saved.append((draft, confirmed_soft))
        if refusals := self.refuse(confirmed_soft):
            raise Refused(*refusals)
        return a_saved()

    def not_met(self, resident_id: str, reason: str, mode: str, *, draft_id: str) -> Saved:
        self.missed.append((resident_id, reason, mode))
        return a_saved()


@dataclass
class FakeWork:
    follow_ups: FakeFollowUps
    touches: int = 0

    def touch(self) -> None:
        self.touches += 1


@dataclass
class Visit:
    app: AppState
    form: Form
    filling: Filling
    follow_ups: FakeFollowUps
    nudges: list[str]

    def do(self, *deeds: Any) -> None:
        """Do things one after the other on one event loop."""

        async def all_of_them() -> None:
            for deed in deeds:
                await deed

        asyncio.run(all_of_them())

    def type(self, keys: str) -> None:
        self.do(*[self.filling.key(key) for key in keys])


@pytest.fixture
def visit() -> Visit:
    nudges: list[str] = []
    follow_ups = FakeFollowUps()
    app = AppState(cast("Any", None), FakeClock(), hooks=Hooks(changed=lambda: nudges.append("x")))
    app.open(cast("Any", FakeWork(follow_ups)))
    app.stack = (Place("today"), Place("follow_up", "r1"))
    form = opened_form(a_form(draft=a_draft(mode="home")))
    return Visit(app, form, Filling(app, form), follow_ups, nudges)


def test_every_digit_is_kept_at_once(visit: Visit) -> None:
    visit.type("138")
    assert [draft.systolic_mmhg for draft in visit.follow_ups.kept] == ["1", "13", "138"]


def test_the_latest_draft_is_the_one_kept_last(visit: Visit) -> None:
    async def at_the_same_time() -> None:
        await asyncio.gather(*[visit.filling.key(key) for key in "13882766.3"])

    asyncio.run(at_the_same_time())
    assert visit.follow_ups.kept[-1].glucose_mmol_l == "6.3"
    assert visit.form.kept is visit.form.draft


def test_no_symptoms_and_a_symptom_exclude_each_other(visit: Visit) -> None:
    visit.do(visit.filling.symptom("dyspnea"), visit.filling.symptom("none"))
    assert visit.form.draft.symptoms == ("none",)
    visit.do(visit.filling.symptom("dyspnea"))
    assert visit.form.draft.symptoms == ("dyspnea",)


def test_an_acute_sign_is_also_a_symptom_and_can_be_taken_back(visit: Visit) -> None:
    visit.do(visit.filling.acute("chest_pain"))
    assert visit.form.draft.symptoms == visit.form.draft.acute_symptoms == ("chest_pain",)
    visit.do(visit.filling.acute("chest_pain"))
    assert visit.form.draft.symptoms == visit.form.draft.acute_symptoms == ()


def test_from_afar_numbers_are_reported_and_missing_ones_explained(visit: Visit) -> None:
    visit.do(visit.filling.mode("phone"))
    draft = visit.form.draft
    assert draft.source == "reported"
    assert set(draft.not_measured.values()) == {"not_face_to_face"}
    visit.do(visit.filling.mode("clinic"))
    assert (visit.form.draft.source, visit.form.draft.not_measured) == ("typed", {})


def test_saying_why_a_reading_is_missing_clears_it_and_moves_on(visit: Visit) -> None:
    visit.type("13")
    visit.do(visit.filling.not_measured("blood_pressure", "declined"))
    assert visit.form.draft.systolic_mmhg == ""
    assert visit.form.entry.active == "heart_rate_bpm"
    visit.do(visit.filling.not_measured("blood_pressure", "declined"))
    assert visit.form.draft.not_measured == {}


def test_all_medicines_taken_is_one_press(visit: Visit) -> None:
    visit.do(visit.filling.all_taken())
    draft = visit.form.draft
    assert [medicine.taken for medicine in draft.medicines] == [True]
    assert (draft.adherence, draft.adverse_reaction) == ("regular", False)


def test_saving_goes_to_the_outcome_and_lets_the_record_travel(visit: Visit) -> None:
    visit.do(visit.filling.save())
    assert visit.app.saved is not None
    assert visit.app.place == Place("saved", visit.app.saved.follow_up.id)
    assert visit.nudges == ["x"]


@pytest.mark.parametrize(("systolic", "saved_class"), [("138", 2), ("118", None)])
def test_only_what_was_suggested_of_the_very_numbers_is_saved(
    visit: Visit, systolic: str, saved_class: int | None
) -> None:
    visit.type("138")
    appraisal = visit.form.appraisal
    assert appraisal is not None
    triage = replace(appraisal.triage, suggested_class=2)
    visit.form.appraisal = replace(appraisal, triage=triage)
    if systolic != visit.form.draft.systolic_mmhg:
        visit.form.draft = replace(visit.form.draft, systolic_mmhg=systolic)
    visit.do(visit.filling.save())
    saved, _ = visit.follow_ups.saved[-1]
    assert (saved.systolic_mmhg, saved.visit_class) == (systolic, saved_class)


def test_what_is_only_unusual_is_asked_about_and_saved_when_confirmed(visit: Visit) -> None:
    unusual = Refusal(code="setting.value", soft=True)
    visit.follow_ups.refuse = lambda confirmed: () if confirmed else (unusual,)
    visit.do(visit.filling.save())
    assert visit.form.to_confirm == (unusual,)
    assert visit.app.saved is None
    visit.do(visit.filling.confirm())
    assert visit.follow_ups.saved[-1][1] == ("setting.value",)
    assert visit.app.saved is not None


def test_a_refused_save_stays_on_the_form_with_everything_typed(visit: Visit) -> None:
    visit.type("138")
    visit.follow_ups.refuse = lambda _: (Refusal(code="disk.full", values={"free_mb": 1}),)
    visit.do(visit.filling.save())
    assert visit.form.refusals[0].code == "disk.full"
    assert visit.form.draft.systolic_mmhg == "138"
    assert visit.app.place == Place("follow_up", "r1")


def test_not_met_is_recorded_with_the_form_of_the_visit(visit: Visit) -> None:
    visit.do(visit.filling.not_met("not_at_home"))
    assert visit.follow_ups.missed == [(visit.form.opened.resident.id, "not_at_home", "home")]


def test_typing_keeps_the_tablet_from_locking(visit: Visit) -> None:
    visit.type("138")
    assert cast("FakeWork", visit.app.workplace).touches == 3

"""The follow-up form as a thing one fills in: every change is kept and judged at once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import flet as ft

from app import routes
from app.screens.follow_up import choices
from app.screens.follow_up.entry import FIELDS, Entry, choose, entry_for, press
from app.screens.reading import Answer, ask
from app.services.drafts import FollowUpDraft
from app.services.followups import Appraisal, FormView, Saved
from app.state import AppState
from core.refusals import Refusal
from core.vocabulary import FACE_TO_FACE_MODES, Mode, NotMeasured, Source, Symptom

ALL_TAKEN = "regular"


@ft.observable
@dataclass
class Form:
    """One follow-up being filled in.

    `kept` is the draft the store has, so that what is typed meanwhile is kept next.
    `seen` are the rule ids of emergencies the doctor has read, `asked_why` the reading
    whose absence is being explained.
    """

    opened: FormView
    draft: FollowUpDraft
    entry: Entry
    kept: FollowUpDraft | None = None
    appraisal: Appraisal | None = None
    refusals: tuple[Refusal, ...] = ()
    to_confirm: tuple[Refusal, ...] = ()
    seen: frozenset[str] = frozenset()
    asked_why: str | None = None
    shows_more: bool = False
    shows_classes: bool = False
    shows_not_met: bool = False
    is_saving: bool = False
    _is_keeping: bool = field(default=False, repr=False)


def opened_form(view: FormView) -> Form:
    """The form of a draft; a fresh one starts as a home visit with its usual services."""
    draft = view.draft
    if draft.mode is None:
        mode = str(Mode.HOME)
        draft = replace(draft, mode=mode, services=choices.usual_services(mode))
    typed = {name: getattr(draft, name) for kind in view.asks for name in FIELDS.get(kind, ())}
    return Form(opened=view, draft=draft, entry=entry_for(view.asks, typed), kept=view.draft)


class Filling:
    """What the doctor does to a form; each deed changes the draft and keeps it."""

    def __init__(self, app: AppState, form: Form) -> None:
        self.app = app
        self.form = form

    async def change(self, **fields: Any) -> None:
        """Set fields of the draft, and keep and judge it."""
        self.form.draft = replace(self.form.draft, **fields)
        self.form.refusals = ()
        self.app.touch()
        await self._keep()

    async def key(self, key: str) -> None:
        """A key of the keypad."""
        self.form.entry = press(self.form.entry, key)
        await self.change(**self.form.entry.texts)

    def choose_field(self, field: str | None) -> None:
        """Put the keypad on a field, or away."""
        self.form.entry = choose(self.form.entry, field)

    async def mode(self, mode: str) -> None:
        """Set the form of the visit; from afar numbers can only be reported."""
        from_afar = mode not in FACE_TO_FACE_MODES
        reasons = {
            kind: reason
            for kind, reason in self.form.draft.not_measured.items()
            if reason != NotMeasured.NOT_FACE_TO_FACE
        }
        if from_afar:
            reasons = {kind: str(NotMeasured.NOT_FACE_TO_FACE) for kind in self.form.opened.asks}
        await self.change(
            mode=mode,
            source=str(Source.REPORTED if from_afar else Source.TYPED),
            not_measured=reasons,
            services=choices.usual_services(mode),
        )

    async def not_measured(self, kind: str, reason: str) -> None:
        """Say why a reading is missing, or take that back; the keypad moves on."""
        reasons = dict(self.form.draft.not_measured)
        if reasons.pop(kind, None) != reason:
            reasons[kind] = reason
        self.form.asked_why = None
        cleared = dict.fromkeys(FIELDS[kind], "") if kind in reasons else {}
        texts = {**self.form.entry.texts, **cleared}
        if self.form.entry.active in cleared:
            following = self.form.entry.order.index(FIELDS[kind][-1]) + 1
            order = self.form.entry.order
            after = order[following] if following < len(order) else None
            self.form.entry = choose(replace(self.form.entry, texts=texts), after)
        else:
            self.form.entry = replace(self.form.entry, texts=texts)
        await self.change(not_measured=reasons, **cleared)

    async def symptom(self, code: str) -> None:
        """Press a symptom; *none* and any other exclude each other."""
        held = self.form.draft.symptoms
        if code == Symptom.NONE:
            await self.change(symptoms=() if code in held else (code,), acute_symptoms=())
        else:
            await self.change(symptoms=toggled(tuple(s for s in held if s != Symptom.NONE), code))

    async def acute(self, code: str) -> None:
        """Confirm a sign as acute, or take it back."""
        acute = toggled(self.form.draft.acute_symptoms, code)
        others = (s for s in self.form.draft.symptoms if s not in {code, Symptom.NONE})
        symptoms = (*others, code) if code in acute else tuple(others)
        await self.change(acute_symptoms=acute, symptoms=symptoms)

    async def toggle(self, name: str, code: str) -> None:
        """Press one of several codes of a field of the draft."""
        await self.change(**{name: toggled(getattr(self.form.draft, name), code)})

    async def usual_guidance(self) -> None:
        """The guidance these conditions ask for first, in all three kinds."""
        await self.change(**choices.usual_guidance(self.form.opened.conditions))

    async def all_taken(self) -> None:
        """Every medicine taken as agreed, and nothing bad from it."""
        medicines = tuple(replace(m, taken=True) for m in self.form.draft.medicines)
        await self.change(medicines=medicines, adherence=ALL_TAKEN, adverse_reaction=False)

    async def taken(self, index: int, is_taken: bool) -> None:
        """One medicine taken or not."""
        medicines = list(self.form.draft.medicines)
        medicines[index] = replace(medicines[index], taken=is_taken)
        await self.change(medicines=tuple(medicines))

    async def lifestyle(self, name: str, text: str) -> None:
        """A number or word of how the resident lives now, or is to."""
        await self.change(lifestyle={**self.form.draft.lifestyle, name: text})

    async def _keep(self) -> None:
        """Keep and judge the draft, one writing at a time, the latest last."""
        form = self.form
        if form._is_keeping:
            return
        form._is_keeping = True
        try:
            while form.kept is not form.draft:
                draft = form.draft
                # The default binds this round's draft; mypy cannot infer such a lambda.
                answer = await ask(lambda draft=draft: self._kept(draft))  # type: ignore[misc]
                form.kept = draft
                if answer.value is not None:
                    form.appraisal = answer.value
                else:
                    form.refusals = answer.refusals
        finally:
            form._is_keeping = False

    def _kept(self, draft: FollowUpDraft) -> Appraisal:
        service = self.app.work.follow_ups
        service.save_draft(draft)
        return service.appraise(draft)

    async def judge(self) -> None:
        """Judge the draft as it was opened."""
        if self.form.kept is not self.form.draft:
            await self._keep()
            return
        draft = self.form.draft
        answer = await ask(lambda: self.app.work.follow_ups.appraise(draft))
        self.form.appraisal = answer.value

    async def save(self, confirmed: tuple[str, ...] = ()) -> None:
        """Save the follow-up; what only needs a word from the doctor is asked for first."""
        form = self.form
        form.is_saving, form.to_confirm = True, ()
        draft = self._settled()
        answer = await ask(lambda: self.app.work.follow_ups.save(draft, confirmed))
        form.is_saving = False
        if answer.value is None and all(refusal.soft for refusal in answer.refusals):
            form.to_confirm = answer.refusals
        else:
            self._finished(answer)

    async def confirm(self) -> None:
        """The doctor stands by what was asked about."""
        await self.save(tuple(refusal.code for refusal in self.form.to_confirm))

    async def not_met(self, reason: str) -> None:
        """Record that the resident was not met."""
        mode = self.form.draft.mode or str(Mode.HOME)
        resident_id, draft_id = self.form.opened.resident.id, self.form.draft.id
        service = self.app.work.follow_ups
        self._finished(
            await ask(lambda: service.not_met(resident_id, reason, mode, draft_id=draft_id))
        )

    def _settled(self) -> FollowUpDraft:
        """The draft with what the doctor saw beside *save* and left as suggested.

        What was suggested of an earlier number is not; a draft not yet judged is judged anew.
        """
        draft, appraisal = self.form.draft, self.form.appraisal
        if appraisal is None or self.form.kept is not draft:
            return draft
        triage = appraisal.triage
        return replace(
            draft,
            visit_class=draft.visit_class or triage.suggested_class,
            next_on=draft.next_on or triage.next_on,
        )

    def _finished(self, answer: Answer[Saved]) -> None:
        if answer.value is None:
            self.form.refusals = answer.refusals
            return
        self.app.saved = answer.value
        self.app.changed()
        self.app.replace(routes.saved(answer.value.follow_up.id))


def toggled(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    """The codes with one added, or taken out where it was in."""
    return tuple(c for c in codes if c != code) if code in codes else (*codes, code)

"""A referral: why, where to, how urgent; and what became of the ones still open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import flet as ft

from app.screens.hooks import use_made
from app.screens.parts import buttons, chips, fields, frame, surfaces, texts, wording
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.reading import ask, ask_or_tell, use_answer
from app.services.referrals import ReferralDraft
from app.state import AppState
from core.validation import OUTCOMES
from words import say

if TYPE_CHECKING:
    from app.services.referrals import ReferralRow

REASONS = (
    "emergency",
    "uncontrolled_twice",
    "adverse_reaction",
    "new_complication",
    "complication_worse",
    "suspected_tuberculosis",
    "other",
)
FACILITIES = ("township", "county_hospital", "county_tcm", "city_hospital")


@ft.observable
@dataclass
class Form:
    """A referral slip being filled in."""

    resident_id: str
    reason: str = ""
    reason_note: str = ""
    facility: str = ""
    facility_name: str = ""
    department: str = ""
    urgent: bool = False
    trouble: str = ""

    def draft(self, follow_up_id: str | None) -> ReferralDraft:
        """The slip as the service takes it; chosen words become the slip's text."""
        reason = say(f"referral_reason.{self.reason}") if self.reason else ""
        facility = say(f"facility.{self.facility}") if self.facility else ""
        return ReferralDraft(
            resident_id=self.resident_id,
            reason=reason,
            urgent=self.urgent,
            to_facility=self.facility_name.strip() or facility,
            department=self.department.strip(),
            follow_up_id=follow_up_id,
            note=self.reason_note.strip(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A referral still to be traced, in words."""

    referral_id: str
    title: str
    detail: str
    tone: str


def present(rows: Sequence[ReferralRow], resident_id: str) -> tuple[Open, ...]:
    """The resident's referrals without an outcome."""
    return tuple(
        Open(
            referral_id=row.referral.id,
            title=say(
                "referral.open", facility=row.referral.to_facility, reason=row.referral.reason
            ),
            detail=say("referral.trace_by", day=wording.day(row.referral.trace_by)),
            tone="emergency" if row.overdue else "refer",
        )
        for row in rows
        if row.person.resident_id == resident_id
    )


@ft.component
@kept_up
def Screen(app: AppState, resident_id: str) -> ft.Control:
    """Open referrals with their outcome first, then a new slip."""
    work = app.work
    saved = app.saved if app.saved and app.saved.follow_up.resident_id == resident_id else None
    form = use_made(lambda: Form(resident_id=resident_id, urgent=bool(saved and saved.urgent)))
    found = use_answer(work.referrals.open, app.pulse)
    person = use_answer(lambda: work.residents.get(resident_id))

    async def save() -> None:
        draft = form.draft(saved.follow_up.id if saved else None)
        answer = await ask(lambda: work.referrals.save(draft))
        form.trouble = answer.why_not
        if answer.value is not None:
            if saved:
                app.saved = replace(saved, referral_made=True)
            day = wording.day(answer.value.trace_by)
            app.tell(say("referral.saved", day=day), "good")
            app.changed()
            app.back()

    async def settle(referral_id: str, outcome: str) -> None:
        answer = await ask_or_tell(app, lambda: work.referrals.save_outcome(referral_id, outcome))
        if answer.value is not None:
            app.tell(say("referral.outcome_saved"), "good")
            app.changed()

    opened = [_open(shown, settle) for shown in present(found.value or (), resident_id)]
    return frame.page(
        app,
        say("referral.heading"),
        *opened,
        *_form(form),
        note=person.value.resident.name if person.value else "",
        foot=[
            buttons.primary(say("referral.save"), on(save), key="save-referral"),
        ],
        trouble=form.trouble,
    )


def _open(shown: Open, settle: Callable[[str, str], object]) -> ft.Control:
    outcomes = [(code, say(f"outcome.{code}")) for code in OUTCOMES]
    return surfaces.card(
        texts.title(shown.title),
        texts.soft(shown.detail),
        texts.strong(say("referral.what_became")),
        chips.one_of(
            outcomes,
            None,
            lambda outcome: settle(shown.referral_id, outcome),
            key=f"outcome-{shown.referral_id}",
        ),
        accent=shown.tone,
        spacing=12,
    )


def _form(form: Form) -> list[ft.Control]:
    reasons = [(code, say(f"referral_reason.{code}")) for code in REASONS]
    facilities = [(code, say(f"facility.{code}")) for code in FACILITIES]
    urgency = (("yes", say("referral.urgent")), ("no", say("referral.not_urgent")))

    def put(name: str) -> fields.OnText:
        return lambda text: setattr(form, name, text)

    return [
        surfaces.section(
            say("referral.reason"), chips.one_of(reasons, form.reason, put("reason"), key="reason")
        ),
        surfaces.section(
            say("referral.to"),
            chips.one_of(facilities, form.facility, put("facility"), key="facility"),
            fields.text_field(
                say("referral.other_facility"),
                form.facility_name,
                put("facility_name"),
                key="facility-name",
            ),
            fields.text_field(
                say("referral.department"), form.department, put("department"), key="department"
            ),
        ),
        surfaces.section(
            say("referral.urgency"),
            chips.one_of(
                urgency,
                "yes" if form.urgent else "no",
                lambda code: setattr(form, "urgent", code == "yes"),
                key="urgent",
            ),
        ),
        fields.text_field(
            say("referral.note"), form.reason_note, put("reason_note"), key="note", lines=2
        ),
    ]

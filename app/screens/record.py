"""A follow-up already recorded: what it says, how far it has got, and putting it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import flet as ft

from app import routes
from app.screens.hooks import use_value
from app.screens.parts import buttons, fields, frame, surfaces, wording
from app.screens.parts.delivery import DELIVERY_TONES, returned_words
from app.screens.parts.handlers import on
from app.screens.parts.kept_up import kept_up
from app.screens.parts.readings import reading_words
from app.screens.reading import ask_or_tell, use_answer
from app.state import AppState
from words import say

if TYPE_CHECKING:
    from app.services.followups import FollowUpView
    from core.followups import FollowUp


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a recorded follow-up shows."""

    heading: str
    note: str
    delivery: str
    delivery_tone: str
    receipt: str
    returned: str
    withdrawn: str
    facts: tuple[tuple[str, str], ...]
    can_change: bool


def present(found: FollowUpView) -> View:
    """The follow-up in words."""
    follow_up = found.follow_up
    receipt = ""
    if found.receipt_no is not None and found.received_at is not None:
        receipt = say(
            "record.receipt", number=found.receipt_no, at=wording.moment(found.received_at)
        )
    withdrawn = found.withdrawn_reason
    return View(
        heading=say("record.heading", name=found.resident.name),
        note=wording.full_day(follow_up.occurred_on),
        delivery=say(f"delivery.{found.delivery}"),
        delivery_tone=DELIVERY_TONES.get(found.delivery, "plain"),
        receipt=receipt,
        returned=returned_words(found.returned) if found.returned else "",
        withdrawn=say("record.withdrawn", reason=withdrawn) if withdrawn else "",
        facts=tuple(pair for pair in _facts(follow_up) if pair[1]),
        can_change=found.own and withdrawn is None and found.amended_by is None,
    )


def _facts(follow_up: FollowUp) -> list[tuple[str, str]]:
    guidance = follow_up.guidance
    guided = [
        wording.coded(f"guidance.{name}", code)
        for name in ("diet", "exercise", "psychology")
        for code in getattr(guidance, name)
    ]
    medicines = [" ".join((m.name, m.dose)).strip() for m in follow_up.medicines]
    return [
        (say("follow_up.mode"), say(f"mode.{follow_up.mode}")),
        (say("saved.not_met"), say(f"not_met.{follow_up.not_met}") if follow_up.not_met else ""),
        *[(say(f"reading.{r.kind}"), reading_words(r)) for r in follow_up.readings],
        (say("follow_up.symptoms"), _listed("symptom", follow_up.symptoms)),
        (say("follow_up.guidance"), wording.listed(guided)),
        (say("follow_up.medicines"), wording.listed(medicines)),
        (say("follow_up.services"), _listed("service", follow_up.services)),
        (
            say("saved.class"),
            say(f"class.{follow_up.visit_class}") if follow_up.visit_class else "",
        ),
        (say("saved.next_on"), wording.full_day(follow_up.next_on) if follow_up.next_on else ""),
        (say("follow_up.note"), follow_up.note),
    ]


def _listed(prefix: str, codes: tuple[str, ...]) -> str:
    return wording.listed(wording.coded(prefix, code) for code in codes)


@ft.component
@kept_up
def Screen(app: AppState, follow_up_id: str) -> ft.Control:
    """A recorded follow-up, to be read, amended or withdrawn."""
    work = app.work
    is_withdrawing, set_withdrawing = use_value(False)
    reason, set_reason = use_value("")
    found = use_answer(lambda: work.follow_ups.get(follow_up_id), app.pulse)

    async def withdraw() -> None:
        answer = await ask_or_tell(app, lambda: work.follow_ups.withdraw(follow_up_id, reason))
        if not answer.refusals:
            set_withdrawing(False)
            app.changed()

    if found.value is None:
        return frame.page(app, say("record.title"), frame.waiting(found))
    view = present(found.value)
    blocks = _blocks(view)
    if is_withdrawing:
        # First on the page: at its end a long record would hide that something opened.
        blocks.insert(
            0,
            surfaces.section(
                say("record.withdraw"),
                fields.text_field(say("record.reason"), reason, set_reason, key="reason"),
                buttons.danger(say("record.withdraw_now"), on(withdraw), key="withdraw-now"),
            ),
        )
    words = say("app.cancel" if is_withdrawing else "record.withdraw")
    steps = [
        buttons.plain(words, on(set_withdrawing, not is_withdrawing), key="withdraw"),
        buttons.primary(
            say("record.amend"), on(app.go, routes.amendment(follow_up_id)), key="amend"
        ),
    ]
    return frame.page(
        app, view.heading, *blocks, note=view.note, foot=steps if view.can_change else []
    )


def _blocks(view: View) -> list[ft.Control]:
    blocks: list[ft.Control] = [
        surfaces.banner(view.delivery, view.delivery_tone, detail=view.receipt)
    ]
    blocks += [surfaces.banner(words, "warn") for words in (view.returned, view.withdrawn) if words]
    blocks.append(surfaces.card(*[surfaces.fact(*pair) for pair in view.facts]))
    return blocks

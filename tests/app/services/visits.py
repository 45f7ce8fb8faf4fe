"""Filling in and saving a form, as several tests do on the way to what they are about."""

from __future__ import annotations

from dataclasses import replace

from app.services.drafts import FollowUpDraft
from app.services.followups import Saved
from app.services.workplace import Workplace
from app.store import outbox
from core.wire.envelopes import OPERATIONS, Operation


def filled_in(draft: FollowUpDraft, **fields: object) -> FollowUpDraft:
    """The draft with a complete, controlled home visit typed into it."""
    complete = replace(
        draft,
        mode="home",
        services=("health_management",),
        symptoms=("none",),
        systolic_mmhg="132",
        diastolic_mmhg="82",
        heart_rate_bpm="72",
        glucose_mmol_l="5.8",
        timing="fasting",
        diet=("less_salt",),
        exercise=("walk",),
        psychology=("calm",),
        adherence="regular",
        adverse_reaction=False,
        complication="none",
    )
    return replace(complete, **fields)  # type: ignore[arg-type]  # the tests name real fields


def begin(work: Workplace, resident_id: str, **fields: object) -> FollowUpDraft:
    """A form that was opened and filled in."""
    return filled_in(work.follow_ups.begin(resident_id).draft, **fields)


def save(work: Workplace, resident_id: str, **fields: object) -> Saved:
    """A follow-up that was filled in and saved."""
    return work.follow_ups.save(begin(work, resident_id, **fields))


def queued(work: Workplace) -> list[Operation]:
    """What waits for the county."""
    with work.store.transaction() as session:
        return [OPERATIONS.validate_json(item.envelope) for item in outbox.pending(session)]

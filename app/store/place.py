"""A fresh store takes the place the county has given its tablet."""

from __future__ import annotations

import json

from sqlmodel import Session

from app.store.queries.device import HISTORY, set_setting
from app.store.tables import DeviceRow
from core.wire.envelopes import GENESIS, EnrolResponse


def take_place(
    session: Session, answer: EnrolResponse, *, county_url: str, private_key: bytes, at: str
) -> None:
    """Write down whose tablet this now is, with the key it signs with; `at` is ISO text."""
    session.add(
        DeviceRow(
            device_id=answer.device_id,
            county_id=answer.county_id,
            county_name=answer.county_name,
            county_url=county_url,
            doctor_id=answer.doctor_id,
            doctor_name=answer.doctor_name,
            scopes=json.dumps(answer.scopes),
            private_key=private_key,
            county_public_key=answer.county_public_key,
            county_escrow_key=answer.county_escrow_key,
            last_hash=GENESIS,
            enrolled_at=at,
        )
    )
    set_setting(session, HISTORY, answer.history)

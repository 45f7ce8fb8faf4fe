"""A request's number is good once, on both kinds of database, and forgotten when it is stale."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.wire.signing import MAX_SKEW_S, SignedParts
from county.db import Database
from county.device_auth import NotProven, spend_nonces
from county.tables import NonceRow
from tests.builders import COUNTY_ID
from tests.county.conftest import NOW


def spend(database: Database, nonce: str, device_id: str = "tablet-1", at: datetime = NOW) -> None:
    parts = SignedParts(
        method="POST",
        path="/sync/v1",
        body_sha256="00" * 32,
        device_id=device_id,
        time=int(at.timestamp()),
        nonce=nonce,
    )
    with database.writing() as session:
        spend_nonces(session, COUNTY_ID, [parts], at)


def test_a_number_is_good_once_for_each_tablet(database: Database) -> None:
    spend(database, "a")
    spend(database, "b")
    spend(database, "a", "tablet-2")
    with pytest.raises(NotProven) as refused:
        spend(database, "a")
    assert refused.value.code == "auth.replayed"


def test_numbers_no_signature_could_still_use_are_forgotten(database: Database) -> None:
    spend(database, "a")
    spend(database, "b", at=NOW + timedelta(seconds=2 * MAX_SKEW_S + 1))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(NonceRow)) == 1

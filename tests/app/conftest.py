"""What the tablet's tests share: a real encrypted store, a clock set by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.store.opening import Store
from app.store.tables import DeviceRow
from core.wire.envelopes import GENESIS
from tests.builders import COUNTY_ID, DOCTOR_ID
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def data_key() -> bytes:
    return os.urandom(32)


@pytest.fixture
def store(tmp_path: Path, data_key: bytes) -> Iterator[Store]:
    """A store of an enrolled tablet, empty of residents."""
    opened = Store.open(tmp_path / "store.db", data_key)
    with opened.transaction() as session:
        session.add(a_device())
    yield opened
    opened.close()


def a_device() -> DeviceRow:
    return DeviceRow(
        device_id="device-1",
        county_id=COUNTY_ID,
        county_name="青川县",
        county_url="http://127.0.0.1:1",
        doctor_id=DOCTOR_ID,
        doctor_name="周大夫",
        scopes="[]",
        private_key=Ed25519PrivateKey.generate().private_bytes_raw(),
        county_public_key="11" * 32,
        county_escrow_key="22" * 32,
        last_hash=GENESIS,
        enrolled_at="2026-01-01T00:00:00.000+00:00",
    )

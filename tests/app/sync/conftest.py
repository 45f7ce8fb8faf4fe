"""What the tests of synchronising share: a tablet that knows its county."""

from __future__ import annotations

import pytest
from sqlmodel import select

from app.store.opening import Store
from app.store.tables import DeviceRow
from tests.app.sync.scripted_county import COUNTY_KEY
from tests.app.sync.whole_county import WholeCounty, a_village


@pytest.fixture
def known_county(store: Store) -> None:
    """The tablet knows the key this county signs with."""
    with store.transaction() as session:
        key = COUNTY_KEY.public_key().public_bytes_raw().hex()
        session.exec(select(DeviceRow)).one().county_public_key = key


@pytest.fixture
def county() -> WholeCounty:
    return WholeCounty(a_village())

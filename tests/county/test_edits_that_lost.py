"""An edit of which the county kept its own value is told to the doctor by the county's receipt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from app.services.deliveries import delivery_of, not_taken
from app.services.views import Delivery, NotTaken
from app.store.tables import OutboxRow
from county.config import utc_now
from tests.county.conftest import HOUSEHOLD, RESIDENT, World, served
from tests.county_world import write_records


@pytest.mark.parametrize(
    ("field", "delivery", "kept"),
    [
        ("phone", Delivery.OVERRULED, NotTaken(overruled=("phone",))),
        ("name", Delivery.UNDECIDED, NotTaken(undecided=("name",))),
    ],
)
def test_an_edit_that_lost_to_the_office_is_told_apart_from_one_that_stands(
    world: World, field: str, delivery: Delivery, kept: NotTaken
) -> None:
    with served(world, HOUSEHOLD, RESIDENT) as url:
        tablet = world.level_tablet(url)
        tablet.edit(RESIDENT.id, **{field: "13900000001"})
        office = replace(RESIDENT, **{field: "13900000002"})
        write_records(world.database, utc_now() + timedelta(seconds=1), office)
        assert tablet.synchronise().failed is None
        with tablet.store.transaction() as session:
            row = session.exec(select(OutboxRow)).one()
    assert (delivery_of(row, None, row.device_seq), not_taken(row)) == (delivery, kept)

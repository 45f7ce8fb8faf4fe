"""The file for the county: all that was done on the tablet, in batches that can be opened."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlmodel import select

from app.services.workplace import Workplace
from app.store.tables import DeviceRow
from core.refusals import Refused
from core.wire.hand_over import BATCH_BYTES, HAND_OVERS
from sealing.envelope import HAND_OVER, open_sealed
from tests.app.services.conftest import Village
from tests.app.services.test_tablet import codes
from tests.app.services.visits import save
from tests.app.sync.test_cycle import queue
from tests.fakes import FakeClock

KEY = X25519PrivateKey.generate()


@pytest.fixture(autouse=True)
def known_key(work: Workplace) -> None:
    """The county's key is one that this test can open with."""
    with work.store.transaction() as session:
        device = session.exec(select(DeviceRow)).one()
        device.county_escrow_key = KEY.public_key().public_bytes_raw().hex()


def opened(work: Workplace) -> list[bytes]:
    """The batches of the file as the county unpacks them."""
    told = HAND_OVERS.validate_json(work.hand_over.export().content)
    private = KEY.private_bytes_raw()
    return [
        gzip.decompress(open_sealed(base64.b64decode(text), private, HAND_OVER, told.device_id))
        for text in told.batches
    ]


def numbers(batches: list[bytes]) -> list[int]:
    return [said["device_seq"] for batch in batches for said in json.loads(batch)["operations"]]


def test_a_tablet_on_which_nothing_was_done_has_nothing_to_hand_over(work: Workplace) -> None:
    with pytest.raises(Refused) as refused:
        work.hand_over.export()
    assert codes(refused) == ["hand_over.nothing"]


def test_what_the_county_has_answered_is_in_the_file_like_what_waits(
    work: Workplace, village: Village
) -> None:
    save(work, village.wang.id)
    work.sync.run_now()
    save(work, village.li.id)
    assert work.sync.status().unsent == 1
    assert numbers(opened(work)) == [1, 2]


def test_a_batch_that_would_be_too_heavy_to_unpack_is_sealed_in_parts(
    work: Workplace, clock: FakeClock
) -> None:
    queue(work.store, clock, 20, note="头晕" * 80_000)
    batches = opened(work)
    assert len(batches) > 1
    assert max(len(batch) for batch in batches) <= BATCH_BYTES
    assert numbers(batches) == list(range(1, 21))

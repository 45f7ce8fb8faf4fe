"""Data keys in the county's keeping: who hands one in, and what a rotation cannot seal anew."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TextIO

import pytest
import requests

from core.refusals import Refused
from county import custody_office
from county.config import CountyConfig, utc_now
from county.custody_office import rotate_escrow_key
from county.enrolment import revoke
from county.escrow import MOST_SEALED_BYTES, LeftBehind, keep
from county.hand_over import Key
from county.keys import the_county
from county.office import check_founded
from county.orders import orders_for
from county.tables import DeviceRow, EscrowRow
from sealing.envelope import seal_data_key
from tests.builders import COUNTY_ID, DOCTOR_ID
from tests.console_office import Answer, outside
from tests.county.conftest import World
from tests.county.signed_post import signed_headers
from tests.county_world import (
    ESCROW_KEY,
    OTHER_DOCTOR_ID,
    PASSPHRASE,
    Enrolled,
    enrol_tablet,
    running,
)

DATA_KEY = bytes(range(32))
KEY = Key(passphrase=PASSPHRASE)
NEW, NEWER = "a new passphrase", "an even newer passphrase"


@pytest.fixture
def config(world: World) -> CountyConfig:
    return CountyConfig(data_dir=world.county_dir)


def sealed(tablet: Enrolled, public_key: str = ESCROW_KEY.public) -> bytes:
    return seal_data_key(DATA_KEY, bytes.fromhex(public_key), device_id=tablet.device_id)


def rubbish(tablet: Enrolled) -> bytes:
    """What names the county's key and opens with none."""
    return sealed(tablet)[:-4] + bytes(4)


def hand_in(world: World, tablet: Enrolled, content: bytes) -> None:
    with world.database.writing() as session:
        keep(session, the_county(session), tablet.device_id, content, utc_now())


def kept(world: World, tablet: Enrolled) -> EscrowRow:
    with world.database.reading() as session:
        return session.get_one(EscrowRow, (COUNTY_ID, tablet.device_id))


def key_ordered(world: World, tablet: Enrolled) -> str:
    """The key a tablet is told to seal to; "" where it does so already."""
    with world.database.reading() as session:
        device = session.get_one(DeviceRow, (COUNTY_ID, tablet.device_id))
        (orders,) = orders_for(session, the_county(session), [device])
    return orders.escrow_key if orders else ""


def can_be_recovered(config: CountyConfig, key: Key, doctor: str = DOCTOR_ID) -> str:
    """The code of what stands in the way; "" where nothing does."""
    try:
        custody_office.recover_doctor(config, doctor, "", key)
    except Refused as refused:
        return refused.refusals[0].code
    return ""


def test_a_tablet_that_was_revoked_hands_in_no_key_and_the_one_before_stays(world: World) -> None:
    tablet = enrol_tablet(world.database, utc_now())
    hand_in(world, tablet, sealed(tablet))
    before = kept(world, tablet).sealed_key
    with world.database.writing() as session:
        revoke(session, COUNTY_ID, tablet.device_id)
    body = json.dumps({"sealed_key": rubbish(tablet).hex()}).encode()
    with running(world.county_dir) as url:
        headers = signed_headers(tablet, body, path="/escrow/v1")
        answer = requests.post(f"{url}/escrow/v1", data=body, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "device.revoked")
    assert kept(world, tablet).sealed_key == before


def test_a_revoked_tablet_of_which_no_key_is_held_can_still_be_recovered(
    world: World, config: CountyConfig
) -> None:
    tablet = enrol_tablet(world.database, utc_now())
    with world.database.writing() as session:
        revoke(session, COUNTY_ID, tablet.device_id)
    hand_in(world, tablet, sealed(tablet))
    assert can_be_recovered(config, KEY) == ""


def test_more_than_a_sealed_key_is_not_kept(world: World) -> None:
    tablet = enrol_tablet(world.database, utc_now())
    much = sealed(tablet) + bytes(MOST_SEALED_BYTES)
    with pytest.raises(Refused) as refused:
        hand_in(world, tablet, much)
    assert [refusal.code for refusal in refused.value.refusals] == ["escrow.not_sealed"]


def test_a_key_that_cannot_be_opened_stops_no_rotation_and_is_handed_in_anew(
    world: World, config: CountyConfig
) -> None:
    tablet = enrol_tablet(world.database, utc_now())
    other = enrol_tablet(world.database, utc_now(), OTHER_DOCTOR_ID)
    hand_in(world, tablet, rubbish(tablet))
    hand_in(world, other, sealed(other))
    told = rotate_escrow_key(config, KEY, NEW)
    lost = LeftBehind(device_id=tablet.device_id, doctor="周大夫", is_lost=True)
    assert (told.count, told.left_behind) == (1, (lost,))
    assert (kept(world, tablet).key_name, kept(world, other).key_name) == (
        ESCROW_KEY.name, told.name,
    )  # fmt: skip
    assert can_be_recovered(config, Key(passphrase=NEW), OTHER_DOCTOR_ID) == ""
    assert can_be_recovered(config, KEY) == "escrow.cannot_open"

    key = key_ordered(world, tablet)
    hand_in(world, tablet, sealed(tablet, key))
    assert key_ordered(world, tablet) == ""
    assert can_be_recovered(config, Key(passphrase=NEW)) == ""


def test_a_key_sealed_to_an_earlier_one_stays_under_it_and_is_told(
    world: World, config: CountyConfig
) -> None:
    tablet = enrol_tablet(world.database, utc_now())
    rotate_escrow_key(config, KEY, NEW)
    hand_in(world, tablet, sealed(tablet))  # enrolled before, and has not heard of it yet
    told = rotate_escrow_key(config, Key(passphrase=NEW), NEWER)
    behind = LeftBehind(device_id=tablet.device_id, doctor="周大夫", is_lost=False)
    assert (told.count, told.left_behind) == (0, (behind,))
    assert can_be_recovered(config, Key(passphrase=NEWER)) == "escrow.wrong_passphrase"
    assert can_be_recovered(config, KEY) == ""
    assert key_ordered(world, tablet)


def test_the_office_is_told_whose_key_could_not_be_sealed_anew(
    world: World, config: CountyConfig
) -> None:
    lost = enrol_tablet(world.database, utc_now())
    hand_in(world, lost, rubbish(lost))
    done = luyue(config, "escrow-key", "rotate", LUYUE_ESCROW_PASSPHRASE=PASSPHRASE)
    assert done.status == 0, done.err
    assert f"周大夫's tablet {lost.device_id} is opened by no key of the county" in done.out
    phrase = done.out.partition("Escrow passphrase: ")[2].split()[0]
    told = json.loads(
        luyue(config, "escrow-key", "rotate", "--json", LUYUE_ESCROW_PASSPHRASE=phrase).out
    )
    assert told["left_behind"] == [
        {"device_id": lost.device_id, "doctor": "周大夫", "is_lost": False}
    ]


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["in words", "as JSON"])
def test_a_passphrase_that_nobody_was_told_guards_nothing(
    world: World, config: CountyConfig, more: list[str]
) -> None:
    tablet = enrol_tablet(world.database, utc_now())
    hand_in(world, tablet, sealed(tablet))
    with Path("/dev/full").open("w") as gone:
        done = luyue(
            config, "escrow-key", "rotate", *more, out=gone, LUYUE_ESCROW_PASSPHRASE=PASSPHRASE
        )
    assert done.status != 0
    assert can_be_recovered(config, KEY) == ""
    with world.database.reading() as session:
        assert the_county(session).escrow_public_key == ESCROW_KEY.public


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["in words", "as JSON"])
def test_no_county_is_founded_whose_passphrases_nobody_was_told(
    tmp_path: Path, more: list[str]
) -> None:
    config = CountyConfig(data_dir=tmp_path)
    with Path("/dev/full").open("w") as gone:
        assert luyue(config, "init", "青川县", *more, out=gone).status != 0
    with pytest.raises(Refused) as refused:
        check_founded(config)
    assert [refusal.code for refusal in refused.value.refusals] == ["county.not_founded"]
    assert luyue(config, "init", "青川县", *more).status == 0
    check_founded(config)


def luyue(
    config: CountyConfig, *arguments: str, out: int | TextIO = subprocess.PIPE, **more: str
) -> Answer:
    """A command of the county's, whatever its words go to."""
    folder = str(config.data_dir)
    return outside("county", *arguments, out=out, LUYUE_COUNTY_DATA=folder, LUYUE_LANG="en", **more)

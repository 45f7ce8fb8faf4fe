"""Signed calls: what is signed, signing again for the county's clock, and what errors mean."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.sync.county_call import LONGEST_LEFT_S, SIGNINGS, CountyCall, Signer
from app.sync.transport import Answer
from app.sync.troubles import SyncTrouble, Trouble
from core.wire.canonical import sha256_hex
from core.wire.signing import SignedParts, text_to_sign
from packing import dictionary
from tests.app.sync.scripted_county import Asked, Reply, ScriptedTransport, as_json
from tests.fakes import FakeClock

KEY = Ed25519PrivateKey.generate()
SIGNER = Signer(device_id="tablet-1", private_key=KEY.private_bytes_raw())


def call(clock: FakeClock, *replies: Reply) -> tuple[CountyCall, ScriptedTransport]:
    transport = ScriptedTransport(replies)
    return CountyCall(transport, SIGNER, clock), transport


def parts_of(asked: Asked) -> SignedParts:
    return SignedParts(
        method="POST",
        path=asked.path,
        body_sha256=sha256_hex(asked.body),
        device_id=asked.headers["Luyue-Device"],
        time=int(asked.headers["Luyue-Time"]),
        nonce=asked.headers["Luyue-Nonce"],
    )


def test_the_signature_covers_path_body_time_and_nonce(clock: FakeClock) -> None:
    made, transport = call(clock, as_json({}))
    assert made.post("/sync/v1", b'{"a":1}') == b"{}"
    asked = transport.asked[0]
    signature = bytes.fromhex(asked.headers["Luyue-Signature"])
    KEY.public_key().verify(signature, text_to_sign(parts_of(asked)))
    assert (parts_of(asked).time, asked.said) == (int(clock.now().timestamp()), {"a": 1})


def test_a_wrong_clock_is_corrected_by_the_countys_and_the_same_body_sent_again(
    clock: FakeClock,
) -> None:
    true_time = clock.now() + timedelta(days=400)
    wrong = as_json({"code": "auth.clock", "server_time": true_time.isoformat()}, 401)
    made, transport = call(clock, wrong, as_json({}), as_json({}))
    made.post("/sync/v1", b"{}")
    made.post("/sync/v1", b"{}")
    first, second, third = transport.asked
    assert first.body == second.body
    assert parts_of(first).nonce != parts_of(second).nonce
    assert parts_of(second).time == parts_of(third).time == int(true_time.timestamp())


def with_dictionary() -> Answer:
    headers = {"content-type": "application/json", "content-encoding": dictionary.CODING}
    return Answer(status=200, headers=headers, body=dictionary.compressed(b"{}"))


def codings(transport: ScriptedTransport) -> list[str]:
    return [asked.headers["Content-Encoding"] for asked in transport.asked]


def test_the_dictionary_is_used_once_the_county_has_shown_that_it_has_it(clock: FakeClock) -> None:
    made, transport = call(clock, with_dictionary(), as_json({}), as_json({}))
    for _ in range(2):
        made.post("/sync/v1", b'{"a":1}')
    made.post("/sync/v1", bytes(dictionary.MOST_PLAIN_BYTES + 1))
    assert codings(transport) == ["zstd", dictionary.CODING, "zstd"]
    assert transport.asked[1].said == {"a": 1}


def test_a_county_that_no_longer_reads_the_dictionary_is_sent_the_plainer_coding(
    clock: FakeClock,
) -> None:
    unread = as_json({"code": "wire.bad_coding"}, 415)
    made, transport = call(clock, with_dictionary(), unread, as_json({}), as_json({}))
    for _ in range(3):
        made.post("/sync/v1", b'{"a":1}')
    assert codings(transport) == ["zstd", dictionary.CODING, "zstd", "zstd"]
    signed = {parts_of(asked).body_sha256 for asked in transport.asked[1:3]}
    assert len(signed) == 2


def test_a_county_that_reads_no_coding_at_all_is_a_trouble(clock: FakeClock) -> None:
    made, transport = call(clock, as_json({"code": "wire.bad_coding"}, 415))
    with pytest.raises(SyncTrouble) as trouble:
        made.post("/sync/v1", b"{}")
    assert (trouble.value.code, len(transport.asked)) == (Trouble.NOT_UNDERSTOOD, 1)


def test_a_body_heavier_than_allowed_is_not_sent(clock: FakeClock) -> None:
    made, transport = call(clock)
    with pytest.raises(SyncTrouble) as trouble:
        made.post("/sync/v1", b"{}", most_bytes=1)
    assert (trouble.value.code, transport.asked) == (Trouble.TOO_LARGE, [])


def test_a_clock_the_county_never_accepts_ends_as_clock_off(clock: FakeClock) -> None:
    wrong = as_json({"code": "auth.clock", "server_time": clock.now().isoformat()}, 401)
    made, transport = call(clock, *[wrong] * SIGNINGS)
    with pytest.raises(SyncTrouble) as trouble:
        made.post("/sync/v1", b"{}")
    assert (trouble.value.code, len(transport.asked)) == (Trouble.CLOCK_OFF, SIGNINGS)


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (401, "auth.device_unknown", Trouble.NOT_ENROLLED),
        (401, "auth.signature", Trouble.NOT_ENROLLED),
        (400, "wire.malformed", Trouble.NOT_UNDERSTOOD),
        (413, "wire.too_large", Trouble.TOO_LARGE),
        (503, "county.busy", Trouble.BUSY),
        (503, "county.not_founded", Trouble.COUNTY_TROUBLE),
        (500, "county.trouble", Trouble.COUNTY_TROUBLE),
        (503, "invented.later", Trouble.BUSY),
        (418, "invented.later", Trouble.NOT_UNDERSTOOD),
    ],
)
def test_each_error_of_the_county_has_its_trouble(
    clock: FakeClock, status: int, code: str, trouble: Trouble
) -> None:
    made, _ = call(clock, as_json({"code": code}, status))
    with pytest.raises(SyncTrouble) as raised:
        made.post("/sync/v1", b"{}")
    assert raised.value.code == trouble


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("\u00b2", None),
        ("9" * 400, LONGEST_LEFT_S),
        ("Thu, 01 Jan 2099 00:00:00 GMT", LONGEST_LEFT_S),
    ],
)
def test_the_time_the_county_asks_to_be_left_is_read(
    clock: FakeClock, header: str, seconds: float | None
) -> None:
    busy = Answer(status=503, headers={"retry-after": header}, body=b"")
    made, _ = call(clock, busy)
    with pytest.raises(SyncTrouble) as raised:
        made.post("/sync/v1", b"{}")
    assert raised.value.retry_after_s == seconds

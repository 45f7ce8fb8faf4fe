"""A whole scope over HTTP: who is given it, in what parts, and what everybody else is told."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import zstandard

from core.ids import county_scope
from core.wire.bodies import body_of
from core.wire.snapshots import SHA256_HEADER, SnapshotOffer, snapshot_path
from county.config import utc_now
from county.snapshots import LEAST_NUMBERS
from county.tables import DeviceRow, ScopeHeadRow
from tests.builders import COUNTY_ID, SCOPE, a_household
from tests.county.conftest import World
from tests.county.signed_post import post, request_body, signed_headers
from tests.county_world import (
    OTHER_DOCTOR_ID,
    OTHER_SCOPE,
    Enrolled,
    enrol_tablet,
    running,
    write_records,
)

HOUSEHOLDS = [a_household() for _ in range(LEAST_NUMBERS)]


@dataclass(kw_only=True)
class Village:
    """A village large enough for a snapshot, its running county, and a tablet of its doctor."""

    world: World
    url: str
    tablet: Enrolled

    def said(self, tablet: Enrolled | None = None, **more: Any) -> dict[str, Any]:
        """What a synchronisation is answered."""
        sender = tablet or self.tablet
        body = request_body(sender, **{"takes_snapshots": True, **more})
        return post(self.url, body, signed_headers(sender, body)).said

    def offer(self) -> SnapshotOffer:
        return SnapshotOffer(**self.said()["snapshots"][SCOPE])

    def get(self, path: str, tablet: Enrolled | None = None, **headers: str) -> requests.Response:
        signed = signed_headers(tablet or self.tablet, b"", path=path, method="GET")
        return requests.get(self.url + path, headers={**signed, **headers}, timeout=30)

    def files(self) -> list[Path]:
        return sorted((self.world.county_dir / "snapshots").glob("*/*"))


@pytest.fixture
def village(world: World) -> Iterator[Village]:
    write_records(world.database, utc_now(), *HOUSEHOLDS)
    with running(world.county_dir) as url:
        yield Village(world=world, url=url, tablet=enrol_tablet(world.database, utc_now()))


def path_of(offer: SnapshotOffer, scope: str = SCOPE) -> str:
    return snapshot_path(scope, offer.epoch, offer.seq)


def unpacked(content: bytes) -> list[dict[str, Any]]:
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return [json.loads(line) for line in plain.splitlines()]


def told(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_a_tablet_that_has_nothing_of_a_large_scope_is_offered_the_whole(village: Village) -> None:
    said = village.said()
    offer = said["snapshots"][SCOPE]
    assert (offer["seq"], said["has_more"]) == (LEAST_NUMBERS, True)
    assert "changes" not in said
    assert SCOPE not in said.get("cursors", {}) | said.get("roots", {})


def test_a_tablet_that_does_not_take_snapshots_is_sent_pages(village: Village) -> None:
    said = village.said(takes_snapshots=False, want=10)
    assert "snapshots" not in said
    assert len(said["changes"]) == 10
    assert village.files() == []


def test_a_tablet_that_has_read_some_of_it_goes_on_by_pages(village: Village) -> None:
    offer = village.offer()
    said = village.said(cursors={SCOPE: {"epoch": offer.epoch, "seq": 1}}, want=10)
    assert "snapshots" not in said
    assert said["changes"][0]["seq"] == 2


def test_a_cursor_at_nothing_counts_as_none(village: Village) -> None:
    offer = village.offer()
    said = village.said(cursors={SCOPE: {"epoch": offer.epoch, "seq": 0}})
    assert said["snapshots"].keys() == {SCOPE}
    assert "dropped_scopes" not in said


def test_a_small_scope_is_sent_in_pages(village: Village) -> None:
    write_records(village.world.database, utc_now(), a_household(scope_id=OTHER_SCOPE))
    other = enrol_tablet(village.world.database, utc_now(), OTHER_DOCTOR_ID)
    assert "snapshots" not in village.said(other)


def test_the_whole_holds_every_record_with_its_body_under_the_offered_hash(
    village: Village,
) -> None:
    offer = village.offer()
    whole = village.get(path_of(offer))
    assert whole.status_code == 200
    assert (len(whole.content), hashlib.sha256(whole.content).hexdigest()) == (
        offer.bytes,
        offer.sha256,
    )
    assert whole.headers[SHA256_HEADER] == offer.sha256
    assert whole.headers["ETag"] == f'"{offer.sha256}"'
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Type"] == "application/zstd"
    assert "no-store" in whole.headers["Cache-Control"]
    lines = unpacked(whole.content)
    assert [line["body"] for line in lines] == [body_of(household) for household in HOUSEHOLDS]
    assert [line["seq"] for line in lines] == list(range(1, LEAST_NUMBERS + 1))


def test_parts_put_together_are_the_whole(village: Village) -> None:
    offer = village.offer()
    whole, parts, start = village.get(path_of(offer)).content, b"", 0
    while start < offer.bytes:
        part = village.get(path_of(offer), Range=f"bytes={start}-{start + 4_999}")
        end = start + len(part.content)
        assert part.status_code == 206
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{offer.bytes}"
        parts, start = parts + part.content, end
    assert parts == whole


@pytest.mark.parametrize(("asked", "span"), [("5-", slice(5, None)), ("-7", slice(-7, None))])
def test_a_range_may_be_open_at_one_end(village: Village, asked: str, span: slice) -> None:
    offer = village.offer()
    part = village.get(path_of(offer), Range=f"bytes={asked}")
    assert (part.status_code, part.content) == (206, village.get(path_of(offer)).content[span])


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=9-2", "bytes=-", "lines=1-2", "x"])
def test_what_is_no_single_range_is_passed_over(village: Village, asked: str) -> None:
    offer = village.offer()
    assert village.get(path_of(offer), Range=asked).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=9999999-", "bytes=9999999-10000000", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused_with_the_size(village: Village, asked: str) -> None:
    offer = village.offer()
    refused = village.get(path_of(offer), Range=asked)
    assert told(refused) == (416, "snapshot.range")
    assert refused.headers["Content-Range"] == f"bytes */{offer.bytes}"


def test_a_range_of_another_version_is_answered_with_the_whole(village: Village) -> None:
    offer = village.offer()
    same = {"Range": "bytes=0-1", "If-Range": f'"{offer.sha256}"'}
    other = {"Range": "bytes=0-1", "If-Range": '"another"'}
    assert village.get(path_of(offer), **same).status_code == 206
    assert village.get(path_of(offer), **other).status_code == 200


def test_who_has_it_already_is_told_so(village: Village) -> None:
    offer = village.offer()
    tags = f'"another", "{offer.sha256}"'
    answer = village.get(path_of(offer), **{"If-None-Match": tags})
    assert (answer.status_code, answer.content) == (304, b"")
    assert village.get(path_of(offer), **{"If-None-Match": '"another"'}).status_code == 200


def test_another_villages_tablet_is_refused(village: Village) -> None:
    offer = village.offer()
    other = enrol_tablet(village.world.database, utc_now(), OTHER_DOCTOR_ID)
    assert told(village.get(path_of(offer), other)) == (403, "scope.not_yours")


def test_a_revoked_tablet_is_refused_and_offered_nothing(village: Village) -> None:
    offer = village.offer()
    with village.world.database.writing() as session:
        session.get_one(DeviceRow, (COUNTY_ID, village.tablet.device_id)).state = "revoked"
    assert told(village.get(path_of(offer))) == (403, "device.revoked")
    said = village.said()
    assert "snapshots" not in said
    assert "has_more" not in said


def test_what_is_not_kept_any_longer_is_gone(village: Village) -> None:
    offer = village.offer()
    shutil.rmtree(village.world.county_dir / "snapshots")
    assert told(village.get(path_of(offer))) == (404, "snapshot.gone")


def test_what_stems_from_before_a_restore_is_gone(village: Village) -> None:
    offer = village.offer()
    with village.world.database.writing() as session:
        session.get_one(ScopeHeadRow, (COUNTY_ID, SCOPE)).epoch = "restored-1"
    assert told(village.get(path_of(offer))) == (404, "snapshot.gone")
    assert village.offer().epoch == "restored-1"


@pytest.mark.parametrize(
    "name", ["x", "0-1", "..-1", "%2e%2e-1", "a-1.zst", "a-9999999999999999999"]
)
def test_a_name_nobody_has_given_out_is_gone(village: Village, name: str) -> None:
    assert told(village.get(f"/snapshot/v1/{SCOPE}/{name}"))[0] in {401, 404}


def test_a_scope_without_any_record_is_gone(village: Village) -> None:
    path = snapshot_path(county_scope(COUNTY_ID), "epoch", 1)
    assert told(village.get(path)) == (404, "snapshot.gone")


def test_who_does_not_sign_is_refused(village: Village) -> None:
    path = path_of(village.offer())
    assert told(requests.get(village.url + path, timeout=30)) == (401, "auth.missing")
    other = signed_headers(village.tablet, b"", path="/snapshot/v1/x/y-1", method="GET")
    assert told(requests.get(village.url + path, headers=other, timeout=30))[1] == "auth.signature"
    posted = signed_headers(village.tablet, b"", path=path)
    assert told(requests.get(village.url + path, headers=posted, timeout=30))[1] == "auth.signature"


def test_a_request_counts_once(village: Village) -> None:
    path = path_of(village.offer())
    headers = signed_headers(village.tablet, b"", path=path, method="GET")
    assert requests.get(village.url + path, headers=headers, timeout=30).status_code == 200
    again = requests.get(village.url + path, headers=headers, timeout=30)
    assert told(again) == (401, "auth.replayed")


def test_snapshots_are_for_the_countys_own_eyes(village: Village) -> None:
    village.offer()
    (file,) = village.files()
    modes = [oct(path.stat().st_mode & 0o777) for path in (file, file.parent, file.parent.parent)]
    assert modes == ["0o600", "0o700", "0o700"]
    assert not {SCOPE, "village-1", COUNTY_ID} & set(file.parts)


def test_the_openapi_document_describes_the_route(village: Village) -> None:
    document = requests.get(f"{village.url}/openapi.json", timeout=30).json()
    described = document["paths"]["/snapshot/v1/{scope_id}/{name}"]["get"]
    assert {"200", "206", "304", "401", "403", "404", "416"} <= described["responses"].keys()
    names = {parameter["name"].lower() for parameter in described["parameters"]}
    assert "422" not in described["responses"]
    assert {"range", "if-range", "if-none-match"} <= names
    assert "SnapshotOffer" in document["components"]["schemas"]

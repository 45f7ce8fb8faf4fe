"""What `/metrics` counts, who may read it, and that nobody can be recognised in it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import requests

from core.refusals import Refused
from county import backup_office
from county.config import CountyConfig, utc_now
from county.server import create_app
from county.tables import CountyRow
from tests.builders import COUNTY_ID, DOCTOR_ID, VILLAGE_ID, a_follow_up
from tests.county.conftest import RESIDENT, World, visit_of
from tests.county.reading import Counts
from tests.county.signed_post import PATH, post, request_body, signed_headers
from tests.county.standing import Standing
from tests.county_world import Enrolled, running
from tests.operations import Chain


def test_a_round_trip_is_counted_by_route_outcome_and_size(url: str, tablet: Enrolled) -> None:
    chain = Chain(tablet, utc_now())
    good = chain.put(a_follow_up(RESIDENT.id, utc_now().date()))
    bad = chain.put(a_follow_up("nobody-here", utc_now().date()))
    body = request_body(tablet, good, bad)
    assert post(url, body, signed_headers(tablet, body)).status == 200
    told = Counts(url)
    assert told.of("luyue_requests_total", route=PATH, method="POST", status="200") == 1
    assert told.of("luyue_request_seconds_count", route=PATH) == 1
    assert told.of("luyue_operations_total", outcome="accepted", code="") == 1
    refused = told.of("luyue_operations_total", outcome="refused", code="op.unknown_reference")
    assert refused == 1
    assert told.of("luyue_changes_sent_total") == 2
    assert told.of("luyue_exchanges_in_a_transaction_sum") > 0
    assert told.of("luyue_received_bytes_total") == len(body)
    assert (told.of("luyue_sent_bytes_total") or 0) > 100
    assert (told.of("luyue_quarantined"), told.of("luyue_conflicts")) == (1, 0)
    assert (told.of("luyue_active_tablets"), told.of("luyue_ready")) == (1, 1)
    assert told.of("luyue_build_info", version="0.1.0") == 1


def test_refused_requests_are_counted_by_their_code(url: str, tablet: Enrolled) -> None:
    post(url, b"{}", {})
    body = b"not json"
    post(url, body, signed_headers(tablet, body))
    told = Counts(url)
    assert told.of("luyue_refused_requests_total", status="401", code="auth.missing") == 1
    assert told.of("luyue_refused_requests_total", status="400", code="wire.malformed") == 1


def test_made_up_addresses_and_methods_make_no_labels_of_their_own(url: str) -> None:
    for path in ("/nothing/here", "/desk/nothing", "/..%2f"):
        requests.get(url + path, timeout=30)
    requests.request("PROPFIND", f"{url}/health", timeout=30)
    requests.get(f"{url}/desk/", timeout=30)
    told = Counts(url)
    routes = {dict(labels).get("route") for _, labels in told.samples}
    assert {"other", "/health", "/desk/"} <= routes
    assert not any("%" in route for route in routes if route)
    assert "PROPFIND" not in told.text
    assert "nothing" not in told.text


def test_a_failure_nobody_foresaw_counts_as_a_500(url: str, tablet: Enrolled, world: World) -> None:
    with world.database.writing() as session:
        session.get_one(CountyRow, COUNTY_ID).signing_private_key = "no key"
    body = visit_of(tablet)
    assert post(url, body, signed_headers(tablet, body)).status == 500
    told = Counts(url)
    assert told.of("luyue_requests_total", route=PATH, method="POST", status="500") == 1


def test_nobody_can_be_recognised_in_the_counts(url: str, tablet: Enrolled) -> None:
    body = visit_of(tablet)
    post(url, body, signed_headers(tablet, body))
    told = Counts(url).text
    personal = (RESIDENT.id, RESIDENT.name, RESIDENT.id_number, COUNTY_ID, DOCTOR_ID, VILLAGE_ID)
    for secret in (*personal, tablet.device_id):
        assert secret
        assert secret not in told


def test_the_age_of_the_last_backup_is_told(standing: Standing, tmp_path: Path) -> None:
    url = standing.start()
    assert Counts(url).of("luyue_backup_age_seconds") == float("inf")
    backup_office.back_up(standing.config, tmp_path / "b")
    age = Counts(url).of("luyue_backup_age_seconds")
    assert age is not None
    assert 0 <= age < 60
    standing.stop()


def test_a_backup_made_by_other_means_is_as_old_as_its_beginning(standing: Standing) -> None:
    url, now = standing.start(), utc_now()
    backup_office.note_backup(standing.config, now - timedelta(days=6))
    backup_office.note_backup(standing.config, now - timedelta(days=8))
    age = Counts(url).of("luyue_backup_age_seconds")
    assert age is not None
    assert 0 <= age - timedelta(days=6).total_seconds() < 60
    with pytest.raises(Refused) as refused:
        backup_office.note_backup(standing.config, now + timedelta(hours=1))
    assert [refusal.code for refusal in refused.value.refusals] == ["backup.to_come"]
    standing.stop()


def test_a_county_not_founded_still_tells_its_counts(tmp_path: Path) -> None:
    with running(tmp_path) as url:
        told = Counts(url)
    assert told.of("luyue_ready") == 0
    assert told.of("luyue_quarantined") is None


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_what_came_through_a_proxy_is_not_from_this_machine(url: str, header: str) -> None:
    answer = requests.get(f"{url}/metrics", headers={header: "127.0.0.1"}, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "metrics.closed")


def status_from_elsewhere(config: CountyConfig, token: str) -> int:
    """What a caller on another machine gets for a token."""
    app = create_app(config)

    async def asked() -> int:
        far = httpx.ASGITransport(app, client=("192.0.2.7", 5000))
        headers = {"Authorization": f"Bearer {token}".encode()}
        async with httpx.AsyncClient(transport=far, base_url="http://county") as client:
            return (await client.get("/metrics", headers=headers)).status_code

    try:
        return asyncio.run(asked())
    finally:
        app.state.county.database.close()


@pytest.mark.parametrize(
    ("known", "given", "status"),
    [
        ("a long token", "a long token", 200),
        ("a long token", "another", 403),
        ("a long token", "", 403),
        ("a long token", "\N{LATIN SMALL LETTER E WITH ACUTE}", 403),
        ("", "", 403),
    ],
)
def test_from_elsewhere_only_the_token_opens_the_counts(
    world: World, known: str, given: str, status: int
) -> None:
    config = CountyConfig(data_dir=world.county_dir, metrics_token=known)
    assert status_from_elsewhere(config, given) == status

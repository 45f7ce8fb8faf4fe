"""Every documented operation, asked whatever its document allows and forbids, by Schemathesis."""

from __future__ import annotations

import json
import os

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from requests.auth import AuthBase
from schemathesis import Case, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.clock import SystemClock
from app.sync.county_call import Signer
from county.config import utc_now
from tests.county.conftest import World
from tests.county_world import Enrolled, enrol_tablet

EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class Unsigned(AuthBase):
    """Sends a request as it was made up."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Signed(AuthBase):
    """Signs whatever was made up as a tablet of the county, so that it is looked into."""

    def __init__(self, tablet: Enrolled) -> None:
        self._tablet = tablet

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = self._as_its_own(request.body or b"")
        request.prepare_body(body, None)
        signer = Signer(
            device_id=self._tablet.device_id,
            private_key=self._tablet.private_key.private_bytes_raw(),
        )
        path = request.path_url.partition("?")[0]
        nonce = os.urandom(16).hex()
        request.headers.update(signer.headers(path, body, SystemClock().now(), nonce))
        return request

    def _as_its_own(self, body: str | bytes) -> bytes:
        """The body in this tablet's name, where it names any: another's is refused unread."""
        raw = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            return raw
        if isinstance(said, dict) and "device_id" in said:
            return json.dumps({**said, "device_id": self._tablet.device_id}).encode()
        return raw


def operations(url: str) -> list[APIOperation]:
    schema = openapi.from_url(f"{url}/openapi.json")
    return [found.ok() for found in schema.get_all_operations()]


def takes_anything(operation: APIOperation) -> bool:
    """Whether anything about a request could be wrong: any text is a header or part of a path."""
    return bool(operation.body or operation.query)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("is_signed", [True, False], ids=["signed", "unsigned"])
def test_whatever_is_asked_gets_a_documented_answer_and_never_a_fault(
    world: World, url: str, is_signed: bool, mode: GenerationMode
) -> None:
    session = requests.Session()
    session.trust_env = False
    session.auth = Signed(enrol_tablet(world.database, utc_now())) if is_signed else Unsigned()

    def ask_of(operation: APIOperation) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            case.call_and_validate(session=session, checks=CHECKS)

        ask()

    documented = operations(url)
    assert {"/sync/v1", "/enrol/v1", "/escrow/v1"} <= {each.path for each in documented}
    with session:
        for operation in documented:
            if mode is GenerationMode.NEGATIVE and not takes_anything(operation):
                continue
            ask_of(operation)

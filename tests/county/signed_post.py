"""Asking a running county as a tablet does, or almost as one does."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import requests

from app.store.outbox import queued
from app.sync.county_call import Signer
from app.sync.push import envelopes
from core.wire.envelopes import Operation
from core.wire.signing import SignedParts
from county.device_auth import Proven, SignedRequest
from tests.builders import COUNTY_ID
from tests.county_world import Enrolled

PATH = "/sync/v1"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A status, the headers and the JSON of an answer."""

    status: int
    headers: dict[str, str]
    said: dict[str, Any]


def signed_headers(
    tablet: Enrolled,
    body: bytes,
    *,
    skew_s: float = 0,
    nonce: str = "",
    path: str = PATH,
    method: str = "POST",
) -> Any:
    """The headers that prove a body, as of `skew_s` from now."""
    from datetime import UTC, datetime

    signer = Signer(device_id=tablet.device_id, private_key=tablet.private_key.private_bytes_raw())
    at = datetime.fromtimestamp(time.time() + skew_s, UTC)
    return signer.headers(path, body, at, nonce or os.urandom(16).hex(), method)


def proven_as(device_id: str, public_key: str, nonce: int) -> Proven:
    """A sender who has been proven already, for what comes behind the door."""
    parts = SignedParts(
        method="POST", path=PATH, body_sha256="", device_id=device_id, time=0, nonce=f"{nonce:032x}"
    )
    return Proven(
        county_id=COUNTY_ID,
        device_id=device_id,
        public_key=public_key,
        signed=SignedRequest(parts=parts, signature=""),
    )


def request_body(tablet: Enrolled, *operations: Operation, **more: Any) -> bytes:
    """A request's JSON with operations as a tablet sends them."""
    said = {
        "device_id": tablet.device_id,
        "app_version": "0.1.0",
        "operations": list(envelopes([queued(each) for each in operations])),
        **more,
    }
    return json.dumps(said, ensure_ascii=False).encode()


def post(url: str, body: bytes, headers: dict[str, str]) -> Answered:
    """What the county answers to a body sent as it is."""
    response = requests.post(url + PATH, data=body, headers=headers, timeout=30)
    return Answered(
        status=response.status_code, headers=dict(response.headers), said=response.json()
    )

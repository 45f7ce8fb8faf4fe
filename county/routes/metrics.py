"""`GET /metrics`: the county's counts in Prometheus's text, for this machine or a token."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.refusals import Refusal, Refused
from county.routes.county_state import TheCounty

PATH = "/metrics"
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""What a proxy adds: its own address says nothing about who is behind it."""

router = APIRouter()


@router.get(PATH, include_in_schema=False)
def metrics(request: Request, county: TheCounty) -> Response:
    """The counts; refused `metrics.closed` to whoever is neither here nor has the token."""
    if not (_is_from_here(request) or _has_token(request, county.config.metrics_token)):
        raise Refused(Refusal(code="metrics.closed"))
    return Response(generate_latest(county.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _is_from_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _has_token(request: Request, token: str) -> bool:
    given = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())

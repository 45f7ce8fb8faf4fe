"""What the county tells whoever watches over it: counts, sizes, seconds; no person and no id.

Every application has a registry of its own. What only the database knows is counted when it
is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.refusals import Refused
from core.wire.envelopes import SyncResponse
from core.wire.receipts import ACCEPTED
from county.audit import BACKUP
from county.config import VERSION, utc_now
from county.db import Database
from county.keys import the_county
from county.tables import AuditRow, ConflictRow, DeviceRow, QuarantineRow

MOST_BACKUPS = 100
"""So many of the last announced are looked at."""
OLDEST_BACKUP = timedelta(days=31)
"""A backup older than this is as good as none, and not looked for."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CROWDS = (1, 2, 4, 8, 16, 32, 64)
ELSEWHERE = "other"
"""The route of what belongs to none: addresses somebody made up are no labels."""
REFUSAL = "refusal_code"


class Metrics:
    """The counters of one application."""

    def __init__(self, database: Database) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "luyue_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "luyue_request_seconds",
            "Seconds until the last byte of the answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "luyue_refused_requests",
            "Requests refused, by code.",
            ["status", "code"],
            registry=self.registry,
        )
        self._bytes_in = self._counter("luyue_received_bytes", "Bytes of request bodies.")
        self._bytes_out = self._counter("luyue_sent_bytes", "Bytes of answers' bodies.")
        self._operations = Counter(
            "luyue_operations",
            "Operations of tablets answered, by outcome and reason.",
            ["outcome", "code"],
            registry=self.registry,
        )
        self._changes = self._counter("luyue_changes_sent", "Changes sent to tablets.")
        self._turns = Histogram(
            "luyue_exchanges_in_a_transaction",
            "Tablets whose exchanges shared one transaction.",
            buckets=CROWDS,
            registry=self.registry,
        )
        build = Gauge("luyue_build_info", "The version.", ["version"], registry=self.registry)
        build.labels(VERSION).set(1)
        ProcessCollector(registry=self.registry)
        self.registry.register(_Counted(database))

    def note_exchange(self, answer: SyncResponse) -> None:
        """Count what one round trip of a tablet brought."""
        plain = sum(run.count for run in answer.taken)
        self._operations.labels(ACCEPTED, "").inc(plain)
        for receipt in answer.receipts:
            self._operations.labels(receipt.outcome, receipt.code or "").inc()
        self._changes.inc(len(answer.changes))

    def note_turn(self, exchanges: int) -> None:
        """Count how many exchanges went through together."""
        self._turns.observe(exchanges)

    def note_request(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request by its route's template, never by its address."""
        route = route_of(scope)
        self._requests.labels(route, method_of(scope), str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        code = scope.get("state", {}).get(REFUSAL)
        if code is not None:
            self._refusals.labels(str(status), code).inc()

    def note_bytes(self, received: int, sent: int) -> None:
        """Count the bytes of one request and its answer."""
        self._bytes_in.inc(received)
        self._bytes_out.inc(sent)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(name, meaning, registry=self.registry)


def route_of(scope: Scope) -> str:
    """The template of the route that answered: `/desk/residents/{resident_id}`."""
    route = getattr(scope.get("route"), "path", None)
    if route is None:
        return ELSEWHERE
    return f"{scope.get('root_path', '')}{route}"


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


def method_of(scope: Scope) -> str:
    """The method, where it is one of HTTP's usual ones: a caller may invent others."""
    method = str(scope["method"])
    return method if method in METHODS else ELSEWHERE


class Measuring:
    """Measures every request around the application it wraps."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count what came in, went out and how long it took."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, trip = time.monotonic(), _Trip(receive, send)
        try:
            await self._app(scope, trip.receive, trip.send)
        finally:
            self._metrics.note_request(scope, trip.status, time.monotonic() - began)
            self._metrics.note_bytes(trip.received, trip.sent)


class _Trip:
    """One request under way; a failure nobody foresaw has no status yet and counts as 500."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.status = 500
        self.received = 0
        self.sent = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.sent += len(message.get("body", b""))
        await self._send(message)


class _Counted(Collector):
    """What stands in the database at the moment somebody asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """The gauges; without a database that answers, only that it does not."""
        try:
            with self._database.reading() as session:
                told = tuple(_gauges(session, the_county(session).county_id, utc_now()))
        except (SQLAlchemyError, Refused):
            told = ()
        up = "Whether the database answers and has a county."
        yield GaugeMetricFamily("luyue_ready", up, value=1 if told else 0)
        yield from told


def _gauges(session: Session, county_id: str, now: datetime) -> Iterator[Metric]:
    quarantined, conflicts = (
        session.scalar(
            select(func.count())
            .select_from(table)
            .where(table.county_id == county_id, table.settled_at.is_(None))
        )
        for table in (QuarantineRow, ConflictRow)
    )
    active = session.scalar(
        select(func.count())
        .select_from(DeviceRow)
        .where(DeviceRow.county_id == county_id, DeviceRow.state == "active")
    )
    yield _gauge("luyue_quarantined", "Operations set aside that wait for a person.", quarantined)
    yield _gauge("luyue_conflicts", "Conflicts that wait for a person.", conflicts)
    yield _gauge("luyue_active_tablets", "Tablets enrolled and not revoked.", active)
    meaning = "Seconds since the last announced backup began; +Inf where none was for 31 days."
    yield _gauge("luyue_backup_age_seconds", meaning, _backup_age_s(session, county_id, now))


def _gauge(name: str, meaning: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value or 0)


def _backup_age_s(session: Session, county_id: str, now: datetime) -> float:
    announced = session.execute(
        select(AuditRow.at, AuditRow.detail)
        .where(
            AuditRow.county_id == county_id,
            AuditRow.at > now - OLDEST_BACKUP,
            AuditRow.action == BACKUP,
        )
        .order_by(AuditRow.at.desc())
        .limit(MOST_BACKUPS)
    )
    begun = [_begun_at(at, detail) for at, detail in announced]
    return (now - max(begun)).total_seconds() if begun else float("inf")


def _begun_at(at: datetime, detail: Mapping[str, Any]) -> datetime:
    """When a backup began: one made by other means says so, and may be announced much later."""
    said = detail.get("begun_at")
    return datetime.fromisoformat(said) if said else at

"""One round trip of a tablet, or of several: operations in, receipts and the next changes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.custody import Orders
from core.wire.envelopes import PROTOCOL, REQUESTS, Cursor, SyncRequest, SyncResponse
from core.wire.receipts import Receipt, Taken, receipts_bytes
from core.wire.snapshots import SnapshotOffer
from county.answers import covered
from county.config import VERSION
from county.db import Database
from county.device_auth import Proven, spend_nonces, with_their_doctors
from county.enrolment import scopes_of
from county.envelopes import Opened, depth_of, opened
from county.feed import Feed, Page
from county.ingest import Delivery, Intake, take_in_together
from county.judging_anew import all_refused, told_anew
from county.keys import sign, the_county
from county.numbering import history_of
from county.orders import orders_for
from county.repair import Repair, repair
from county.tables import CountyRow, DeviceRow, UserRow

MOST_OPERATIONS = 20_000
MOST_DEPTH = 500
"""How deep a request may be nested; an operation that is nested less deep is refused alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that has been read, and came at `now`.

    `offers` are the scopes the tablet has nothing of and may load whole instead.
    """

    sender: Proven
    request: SyncRequest
    batch: Sequence[Opened]
    offers: Mapping[str, SnapshotOffer]
    now: datetime


Offered = Callable[[str, str, Mapping[str, Cursor], datetime], Mapping[str, SnapshotOffer]]
"""What a tablet of a county with these cursors may load whole (`county.snapshots.Snapshots`)."""


def read_call(sender: Proven, plain: bytes, now: datetime, offered: Offered) -> Call:
    """What a tablet asks, before anything is written.

    Raises Refused `wire.malformed`, `wire.too_new`, and what `offered` raises.
    """
    request, envelopes, are_flat = _read(plain, sender.device_id)
    batch = opened(envelopes, sender.device_id, sender.public_key, are_flat=are_flat)
    offers: Mapping[str, SnapshotOffer] = {}
    if request.takes_snapshots:
        offers = offered(sender.county_id, sender.device_id, request.cursors, now)
    return Call(sender=sender, request=request, batch=batch, offers=offers, now=now)


def exchange(database: Database, call: Call) -> SyncResponse:
    """Take in what a tablet sent and answer with what it lacks, in one transaction.

    Raises NotProven `auth.replayed` for a request that has been taken already.
    """
    with database.writing() as session:
        (answer,) = _exchanged(session, [call])
    return answer


def exchange_together(
    database: Database, calls: Sequence[Call]
) -> Sequence[SyncResponse | Exception]:
    """What `exchange` does, for calls of several tablets in one transaction.

    Where anything stands in the way of that, of a single call too, it is one after the
    other, and each has its own answer or error.
    """
    # Who asks what differs locks scopes behind the numbers of the others: that would be a circle.
    if len(calls) > 1 and all(call.request.question is None for call in calls):
        try:
            with database.writing() as session:
                return _exchanged(session, calls)
        except Exception:  # whose fault it was shows when they are taken alone
            pass
    return [_alone(database, call) for call in calls]


def _alone(database: Database, call: Call) -> SyncResponse | Exception:
    try:
        return exchange(database, call)
    except Exception as error:
        return error


def _read(plain: bytes, device_id: str) -> tuple[SyncRequest, Sequence[Any], bool]:
    """The request without its operations, the operations as they came, and whether all are flat."""
    malformed = Refused(Refusal(code="wire.malformed"))
    try:
        said, are_flat = _parsed(plain)
        envelopes = said.pop("operations", [])
        request = REQUESTS.validate_python(said)
    except (ValidationError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise malformed from error
    if not isinstance(envelopes, list) or len(envelopes) > MOST_OPERATIONS:
        raise malformed
    if request.protocol > PROTOCOL:
        raise Refused(Refusal(code="wire.too_new"))
    if request.device_id != device_id or "\x00" in request.app_version:
        raise malformed
    return request, envelopes, are_flat


def _parsed(plain: bytes) -> tuple[Any, bool]:
    """What a request's JSON says, and whether it is nested no deeper than the fast reader goes.

    Raises ValueError where it is no JSON, or nested beyond all bounds.
    """
    try:
        return from_json(plain), True
    except ValueError:  # perhaps for one operation's sake, which is then refused alone
        said = json.loads(plain.decode())
    if depth_of(said) > MOST_DEPTH:
        raise ValueError("nested too deep")
    return said, False


def _exchanged(session: Session, calls: Sequence[Call]) -> list[SyncResponse]:
    """The answers to calls of different tablets, in the order of the calls."""
    county, now = the_county(session), max(call.now for call in calls)
    county_id = county.county_id
    spend_nonces(session, county_id, [call.sender.signed.parts for call in calls], now)
    # Held here, a row is not read again by whoever asks for it further down.
    tablets = with_their_doctors(session, county_id, [call.sender.device_id for call in calls])
    history = history_of(session, county_id)
    parties = [
        _Party(call, county, history, *tablets[call.sender.device_id], now) for call in calls
    ]
    intakes = _taken_in(session, parties, now)
    for party in parties:
        party.device.last_seen_at = now
        party.device.app_version = party.call.request.app_version[:40]
    scopes = {scope for party in parties for scope in scopes_of(party.doctor)}
    feed = Feed(session, county_id, scopes, intakes[0].changes)
    strangers = [party.device.id for party in parties if party.is_told_history]
    orders = orders_for(session, county, [party.device for party in parties], strangers)
    return [
        _answer(session, party, intake, feed, order)
        for party, intake, order in zip(parties, intakes, orders, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Party:
    """A call with the tablet it came from, as the transaction holds it."""

    call: Call
    county: CountyRow
    history: str
    device: DeviceRow
    doctor: UserRow
    now: datetime

    @property
    def is_of_this_history(self) -> bool:
        """False where the request was written to the county as it was before a restore.

        It may come late, by a way of its own: what it brings was answered once, and would now
        be answered anew to nobody.
        """
        return self.call.request.history in ("", self.history)

    @property
    def is_told_history(self) -> bool:
        """Whether the tablet knows the county by another history, or by none."""
        return self.call.request.history != self.history

    @property
    def batch(self) -> Sequence[Opened]:
        """The operations that are taken in."""
        return self.call.batch if self.is_of_this_history else ()

    @property
    def lost_here(self) -> int | None:
        """What a restored county asks for: it lacks what it once answered, or took none of this."""
        last, request = self.device.last_seq, self.call.request
        is_behind = request.acknowledged_seq > last
        return last + 1 if is_behind or (self.call.batch and not self.batch) else None


def _taken_in(session: Session, parties: Sequence[_Party], now: datetime) -> Sequence[Intake]:
    deliveries = [
        Delivery(device=party.device, batch=party.batch, asked=bool(party.call.request.refused))
        for party in parties
    ]
    if not any(each.batch or each.asked for each in deliveries):
        return [Intake()] * len(deliveries)
    return take_in_together(session, deliveries, now)


def _answer(
    session: Session, party: _Party, intake: Intake, feed: Feed, orders: Orders | None
) -> SyncResponse:
    call, device, request = party.call, party.device, party.call.request
    is_active = device.state == "active"
    page = _page(party, intake, feed) if is_active else Page()
    repaired = _repaired(session, party) if is_active else Repair()
    receipts = intake.receipts
    if is_active and request.refused:
        receipts = _with(receipts, told_anew(session, device, request.refused))
    if not party.is_of_this_history:
        receipts = _with(receipts, all_refused(session, device))
    durable_seq, durable_hash = device.durable_seq, ""
    if party.is_told_history:
        durable_seq, durable_hash = covered(session, device)
    return SyncResponse(
        server_time=party.now.isoformat(),
        county_version=VERSION,
        taken=intake.taken,
        receipts=receipts,
        receipts_signature=_signature(party.county, intake.taken, receipts),
        resend_from=intake.resend_from or party.lost_here,
        durable_seq=durable_seq,
        numbered=page.numbered,
        changes=page.changes,
        cursors=page.cursors,
        dropped_scopes=page.dropped_scopes,
        has_more=page.has_more or (is_active and bool(call.offers)),
        roots=page.roots,
        revoked=not is_active,
        orders=orders,
        snapshots=dict(call.offers) if is_active else {},
        told=repaired.told,
        repairs=repaired.changes,
        history=party.history if party.is_told_history else "",
        durable_hash=durable_hash,
    )


def _with(told: Sequence[Receipt], later: Sequence[Receipt]) -> tuple[Receipt, ...]:
    """Each operation's receipt once: the later one where there are two."""
    return tuple({receipt.op_id: receipt for receipt in (*told, *later)}.values())


def _page(party: _Party, intake: Intake, feed: Feed) -> Page:
    """The next changes of the scopes that are not offered whole."""
    offers, request = party.call.offers, party.call.request
    return feed.page(
        [scope for scope in scopes_of(party.doctor) if scope not in offers],
        {scope: at for scope, at in request.cursors.items() if scope not in offers},
        request.want,
        intake.own,
    )


def _repaired(session: Session, party: _Party) -> Repair:
    question = party.call.request.question
    if question is None or question.scope_id not in scopes_of(party.doctor):
        return Repair()
    return repair(session, party.doctor.county_id, question, party.now)


def _signature(county: CountyRow, taken: Sequence[Taken], receipts: Sequence[Receipt]) -> str:
    if not (taken or receipts):
        return ""
    return sign(county.signing_private_key, receipts_bytes(taken, receipts))

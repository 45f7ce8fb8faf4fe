"""One round trip of a tablet: operations in, receipts and the next changes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.envelopes import REQUESTS, SyncRequest, SyncResponse
from core.wire.receipts import Receipt, Taken, receipts_bytes
from core.wire.snapshots import SnapshotOffer
from county import feed
from county.config import VERSION
from county.db import Database, json_value
from county.device_auth import SignedRequest, prove, spend_nonce, with_its_doctor
from county.enrolment import scopes_of
from county.envelopes import Opened, opened
from county.ingest import Intake, take_in
from county.judging_anew import told_anew
from county.keys import sign, the_county
from county.orders import orders_for
from county.repair import Repair, repair
from county.snapshots import Snapshots
from county.tables import CountyRow, DeviceRow, UserRow

MOST_OPERATIONS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A request whose sender is known, not yet read."""

    county: CountyRow
    device_id: str
    public_key: str
    signed: SignedRequest


def proven(database: Database, signed: SignedRequest, now: datetime) -> Proven:
    """Who sent the request; raises NotProven. Nothing of the body has been looked at yet."""
    with database.reading() as session:
        county = the_county(session)
        device = prove(session, county.county_id, signed, now)
    return Proven(county=county, device_id=device.id, public_key=device.public_key, signed=signed)


def exchange(
    database: Database, sender: Proven, plain: bytes, now: datetime, snapshots: Snapshots
) -> SyncResponse:
    """Take in what the tablet sent and answer with what it lacks, in one transaction.

    Scopes it has nothing of are offered whole instead, where it takes that.

    Raises Refused `wire.malformed` for a body that is no request, NotProven
    `auth.replayed` for one that has been taken already.
    """
    request, envelopes = _read(plain, sender.device_id)
    batch = opened(envelopes, sender.device_id, sender.public_key)
    offers: Mapping[str, SnapshotOffer] = {}
    if request.takes_snapshots:
        offers = snapshots.offered(sender.county.county_id, sender.device_id, request.cursors, now)
    with database.writing() as session:
        return _exchanged(session, sender, request, batch, offers, now)


def _read(plain: bytes, device_id: str) -> tuple[SyncRequest, Sequence[Any]]:
    """The request without its operations, and the operations as they came."""
    malformed = Refused(Refusal(code="wire.malformed"))
    try:
        said = json_value(plain)
        envelopes = said.pop("operations", [])
        request = REQUESTS.validate_python(said)
    except (ValidationError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise malformed from error
    if not isinstance(envelopes, list) or len(envelopes) > MOST_OPERATIONS:
        raise malformed
    if request.device_id != device_id:
        raise malformed
    return request, envelopes


def _exchanged(
    session: Session,
    sender: Proven,
    request: SyncRequest,
    batch: Sequence[Opened],
    offers: Mapping[str, SnapshotOffer],
    now: datetime,
) -> SyncResponse:
    county_id = sender.county.county_id
    spend_nonce(session, county_id, sender.signed.parts, now)
    # Held here, a row is not read again by whoever asks for it further down.
    device, doctor = with_its_doctor(session, county_id, sender.device_id)
    intake = Intake()
    if batch or request.refused:
        intake = take_in(session, device, batch, now, asked=bool(request.refused))
    device.last_seen_at, device.app_version = now, request.app_version[:40]
    is_active = device.state == "active"
    page = _page(session, doctor, request, intake, offers) if is_active else feed.Page()
    repaired = _repaired(session, doctor, request, now) if is_active else Repair()
    receipts = intake.receipts
    if is_active and request.refused:
        receipts += told_anew(session, device, request.refused)
    return SyncResponse(
        server_time=now.isoformat(),
        county_version=VERSION,
        taken=intake.taken,
        receipts=receipts,
        receipts_signature=_signature(sender.county, intake.taken, receipts),
        resend_from=intake.resend_from or _lost_here(device, request),
        durable_seq=device.durable_seq,
        numbered=page.numbered,
        changes=page.changes,
        cursors=page.cursors,
        dropped_scopes=page.dropped_scopes,
        has_more=page.has_more or (is_active and bool(offers)),
        roots=page.roots,
        revoked=not is_active,
        orders=orders_for(session, sender.county, device),
        snapshots=dict(offers) if is_active else {},
        told=repaired.told,
        repairs=repaired.changes,
    )


def _page(
    session: Session,
    doctor: UserRow,
    request: SyncRequest,
    intake: Intake,
    offers: Mapping[str, SnapshotOffer],
) -> feed.Page:
    """The next changes of the scopes that are not offered whole."""
    return feed.page(
        session,
        doctor.county_id,
        [scope for scope in scopes_of(doctor) if scope not in offers],
        {scope: at for scope, at in request.cursors.items() if scope not in offers},
        request.want,
        feed.Fresh(own=intake.own, changes=intake.changes),
    )


def _repaired(session: Session, doctor: UserRow, request: SyncRequest, now: datetime) -> Repair:
    question = request.question
    if question is None or question.scope_id not in scopes_of(doctor):
        return Repair()
    return repair(session, doctor.county_id, question, now)


def _lost_here(device: DeviceRow, request: SyncRequest) -> int | None:
    """What a county restored from a backup asks for again: it has receipted more than it holds."""
    return device.last_seq + 1 if request.acknowledged_seq > device.last_seq else None


def _signature(county: CountyRow, taken: Sequence[Taken], receipts: Sequence[Receipt]) -> str:
    if not (taken or receipts):
        return ""
    return sign(county.signing_private_key, receipts_bytes(taken, receipts))

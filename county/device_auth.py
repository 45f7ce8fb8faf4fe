"""Proves that a request comes from a tablet of this county, is fresh, and is sent only once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.orm import Session

from core.wire.canonical import sha256_hex
from core.wire.signing import (
    DEVICE_HEADER,
    MAX_SKEW_S,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    SignedParts,
    text_to_sign,
)
from county.bulk import LEAVE, insert_rows
from county.keys import check_signature
from county.tables import DeviceRow, NonceRow, UserRow
from statements.made_once import run

_DEVICE = re.compile(r"[0-9a-z-]{1,64}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_TIME = re.compile(r"[0-9]{1,12}")


class NotProven(Exception):
    """The request is not proven to come from a tablet; `code` says what is wrong with it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request's parts and the signature it claims over them."""

    parts: SignedParts
    signature: str


def signed_request(
    method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> SignedRequest:
    """The claim the headers make; `body` are the bytes as they were sent, still compressed.

    Raises NotProven `auth.missing` where a header is missing or misshapen.
    """
    device_id = headers.get(DEVICE_HEADER, "")
    time, nonce = headers.get(TIME_HEADER, ""), headers.get(NONCE_HEADER, "")
    shapes = (_DEVICE.fullmatch(device_id), _TIME.fullmatch(time), _NONCE.fullmatch(nonce))
    if not all(shapes):
        raise NotProven("auth.missing")
    parts = SignedParts(
        method=method,
        path=path,
        body_sha256=sha256_hex(body),
        device_id=device_id,
        time=int(time),
        nonce=nonce,
    )
    return SignedRequest(parts=parts, signature=headers.get(SIGNATURE_HEADER, ""))


def prove(session: Session, county_id: str, request: SignedRequest, now: datetime) -> DeviceRow:
    """The tablet of the county that signed this request just now; raises NotProven for any other.

    Codes: `auth.device_unknown`, `auth.signature`, `auth.clock` (the answer carries the
    county's time, and the tablet signs again).
    """
    values = {"county": county_id, "device": request.parts.device_id}
    device = session.scalars(_BY_ID, values).first()
    if device is None:
        raise NotProven("auth.device_unknown")
    try:
        check_signature(device.public_key, request.signature, text_to_sign(request.parts))
    except (InvalidSignature, ValueError) as error:
        raise NotProven("auth.signature") from error
    if abs(now.timestamp() - request.parts.time) > MAX_SKEW_S:
        raise NotProven("auth.clock")
    return device


def with_its_doctor(session: Session, county_id: str, device_id: str) -> tuple[DeviceRow, UserRow]:
    """A tablet, locked until the transaction ends, and whose it is.

    Raises NotProven `auth.device_unknown`.
    """
    found = session.execute(_LOCKED, {"county": county_id, "device": device_id}).first()
    if found is None:
        raise NotProven("auth.device_unknown")
    return found[0], found[1]


_IS_THE_DEVICE = and_(
    DeviceRow.county_id == bindparam("county"), DeviceRow.id == bindparam("device")
)
_BY_ID = select(DeviceRow).where(_IS_THE_DEVICE)
_LOCKED = (
    select(DeviceRow, UserRow)
    .join(
        UserRow,
        and_(UserRow.county_id == DeviceRow.county_id, UserRow.id == DeviceRow.doctor_id),
    )
    .where(_IS_THE_DEVICE)
    .with_for_update(of=DeviceRow)
)


def spend_nonce(session: Session, county_id: str, parts: SignedParts, now: datetime) -> None:
    """Note that this request has been taken; raises NotProven `auth.replayed` the second time."""
    forgotten = now - timedelta(seconds=2 * MAX_SKEW_S)
    who = {"county": county_id, "device": parts.device_id}
    run(session, _FORGET, **who, before=forgotten)
    row = {"county_id": county_id, "device_id": parts.device_id, "nonce": parts.nonce, "at": now}
    if insert_rows(session, NonceRow, [row], there=LEAVE) == 0:
        raise NotProven("auth.replayed")


_FORGET = delete(NonceRow).where(
    NonceRow.county_id == bindparam("county"),
    NonceRow.device_id == bindparam("device"),
    NonceRow.at < bindparam("before"),
)

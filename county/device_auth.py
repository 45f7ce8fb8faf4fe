"""Proves that a request comes from a tablet of this county, is fresh, and is sent only once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from sqlalchemy import bindparam, delete, select
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
from county.db import Database
from county.keys import check_signature, the_county
from county.tables import ITS_DOCTOR, DeviceRow, NonceRow, UserRow
from statements.made_once import run

MOST_KEYS = 10_000
"""Tablets whose keys are remembered."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A request whose sender is known, not yet read."""

    county_id: str
    device_id: str
    public_key: str
    signed: SignedRequest


class Doorkeeper:
    """Proves who sends a request, before anything of its body is looked at.

    The key of a tablet never changes, so those asked for last are remembered; whether the
    tablet still has its place is for the transaction to see.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = lru_cache(maxsize=MOST_KEYS)(self._read)

    def proven(self, request: SignedRequest, now: datetime) -> Proven:
        """The tablet of this county that signed the request just now.

        Raises NotProven `auth.device_unknown`, `auth.signature`, `auth.clock` (the answer
        carries the county's time, and the tablet signs again).
        """
        device_id = request.parts.device_id
        county_id, public_key = self._known(device_id)
        try:
            check_signature(public_key, request.signature, text_to_sign(request.parts))
        except (InvalidSignature, ValueError) as error:
            raise NotProven("auth.signature") from error
        if abs(now.timestamp() - request.parts.time) > MAX_SKEW_S:
            raise NotProven("auth.clock")
        return Proven(
            county_id=county_id, device_id=device_id, public_key=public_key, signed=request
        )

    def _read(self, device_id: str) -> tuple[str, str]:
        """The county's id and the tablet's key; what is raised is not remembered."""
        with self._database.reading() as session:
            county_id = the_county(session).county_id
            return county_id, the_tablet(session, county_id, device_id).public_key


def the_tablet(session: Session, county_id: str, device_id: str) -> DeviceRow:
    """A tablet of the county; raises NotProven `auth.device_unknown`."""
    device = session.get(DeviceRow, (county_id, device_id))
    if device is None:
        raise NotProven("auth.device_unknown")
    return device


def with_their_doctors(
    session: Session, county_id: str, device_ids: Iterable[str]
) -> dict[str, tuple[DeviceRow, UserRow]]:
    """Tablets by id, locked until the transaction ends, and whose they are.

    Raises NotProven `auth.device_unknown` where one is not of this county.
    """
    ids = sorted(set(device_ids))
    found = session.execute(_LOCKED, {"county": county_id, "devices": ids})
    tablets = {device.id: (device, doctor) for device, doctor in found}
    if len(tablets) < len(ids):
        raise NotProven("auth.device_unknown")
    return tablets


_LOCKED = (
    select(DeviceRow, UserRow)
    .join(UserRow, ITS_DOCTOR)
    .where(
        DeviceRow.county_id == bindparam("county"),
        DeviceRow.id.in_(bindparam("devices", expanding=True)),
    )
    .order_by(DeviceRow.id)  # two transactions then never wait for each other
    .with_for_update(of=DeviceRow)
)


def spend_nonces(
    session: Session, county_id: str, requests: Sequence[SignedParts], now: datetime
) -> None:
    """Note that these requests are taken; raises NotProven `auth.replayed` the second time."""
    forgotten = now - timedelta(seconds=2 * MAX_SKEW_S)
    devices = [parts.device_id for parts in requests]
    run(session, _FORGET, county=county_id, devices=devices, before=forgotten)
    rows = [
        {"county_id": county_id, "device_id": parts.device_id, "nonce": parts.nonce, "at": now}
        for parts in requests
    ]
    if insert_rows(session, NonceRow, rows, there=LEAVE) < len(rows):
        raise NotProven("auth.replayed")


_FORGET = delete(NonceRow).where(
    NonceRow.county_id == bindparam("county"),
    NonceRow.device_id.in_(bindparam("devices", expanding=True)),
    NonceRow.at < bindparam("before"),
)

"""What a tablet is answered that asks for a snapshot, or for a part of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from core.wire.envelopes import Cursor
from core.wire.snapshots import SHA256_HEADER, SNAPSHOT_TYPE, snapshot_etag
from county.device_auth import NotProven, Proven, spend_nonces
from county.enrolment import scopes_in
from county.numbering import epochs_of
from county.snapshot_files import KeptSnapshot
from county.snapshots import Snapshots
from county.tables import ITS_DOCTOR, DeviceRow, UserRow
from statements.made_once import run

_NAME = re.compile(r"([0-9A-Za-z_.-]{1,64})-([0-9]{1,18})")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An answer of 200, 206, 304 or 416, ready to be sent."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""


def served(
    snapshots: Snapshots,
    sender: Proven,
    scope_id: str,
    name: str,
    headers: Mapping[str, str],
    now: datetime,
) -> Served:
    """The snapshot `name` of a scope, whole or in the part that is asked for.

    Raises Refused `device.revoked`, `scope.not_yours`, `snapshot.gone`, NotProven
    `auth.replayed`, `auth.device_unknown`.
    """
    with snapshots.database.writing() as session:
        spend_nonces(session, sender.county_id, [sender.signed.parts], now)
        cursor = _entitled(session, sender, scope_id, name)
    kept = snapshots.find(sender.county_id, scope_id, cursor)
    if kept is None:
        raise _gone()
    etag = snapshot_etag(kept.offer.sha256)
    common = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        SHA256_HEADER: kept.offer.sha256,
    }
    if {etag, "*"} & _tags(headers.get("If-None-Match", "")):
        return Served(status=304, headers=common)
    asked = headers.get("Range", "") if headers.get("If-Range", etag) == etag else ""
    return _part(kept, asked, common)


def _entitled(session: Session, sender: Proven, scope_id: str, name: str) -> Cursor:
    county_id = sender.county_id
    place = run(session, _PLACE, county=county_id, device=sender.device_id).first()
    if place is None:
        raise NotProven("auth.device_unknown")
    state, *theirs = place
    if state != "active":
        raise Refused(Refusal(code="device.revoked"))
    if scope_id not in scopes_in(county_id, *theirs):
        raise Refused(Refusal(code="scope.not_yours", values={"scope": scope_id}))
    match = _NAME.fullmatch(name)
    epoch = epochs_of(session, county_id, [scope_id]).get(scope_id)
    # The history of another epoch is gone, even where its file still lies there.
    if match is None or epoch != match[1]:
        raise _gone()
    return Cursor(epoch=match[1], seq=int(match[2]))


_PLACE = (
    select(DeviceRow.state, UserRow.village_ids, UserRow.restricted_village_ids)
    .join(UserRow, ITS_DOCTOR)
    .where(DeviceRow.county_id == bindparam("county"), DeviceRow.id == bindparam("device"))
)


def _part(kept: KeptSnapshot, asked: str, common: Mapping[str, str]) -> Served:
    size = kept.offer.bytes
    span = _span(asked, size)
    if span is not None and span[0] >= span[1]:
        return Served(status=416, headers={**common, "Content-Range": f"bytes */{size}"})
    start, end = span or (0, size)
    headers = {**common, "Content-Type": SNAPSHOT_TYPE}
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    try:
        with kept.path.open("rb") as file:
            file.seek(start)
            content = file.read(end - start)
    except FileNotFoundError as error:
        raise _gone() from error
    return Served(status=200 if span is None else 206, headers=headers, content=content)


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """The first byte asked for and the one behind the last; None for the whole.

    Empty where nothing of it is there. What is no single range is passed over (RFC 9110).
    """
    match = _RANGE.fullmatch(asked.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    start, last = int(match[1]), int(match[2] or size - 1)
    return None if last < start and match[2] else (start, min(last + 1, size))


def _tags(listed: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in listed.split(",")}


def _gone() -> Refused:
    return Refused(Refusal(code="snapshot.gone"))

"""The tablets' data keys in the county's keeping: taken in, sealed anew, opened for a recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.refusals import Refusal, Refused
from county.allowance import REVOKED
from county.escrow_key import EscrowKey, private_key, read_key_file
from county.tables import (
    ITS_DOCTOR,
    CountyRow,
    DeviceRow,
    EscrowRow,
    FormerEscrowKeyRow,
    UserRow,
)
from sealing.envelope import open_data_key, recipient_of, seal_data_key
from sealing.hpke import CannotOpen
from statements.made_once import run

MOST_SEALED_BYTES = 256
"""Far more than a sealed data key has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A tablet whose data key stays sealed to a former escrow key: the one in force does not open
    it. It `is_lost` where none can, until the tablet has handed it in anew.
    """

    device_id: str
    doctor: str
    is_lost: bool


def key_in_force(county: CountyRow) -> EscrowKey:
    """The escrow key tablets are told to seal to."""
    return EscrowKey(
        public=county.escrow_public_key, locked_private=county.escrow_private_key_sealed
    )


def keep(session: Session, county: CountyRow, device_id: str, sealed: bytes, now: datetime) -> str:
    """Keep a tablet's sealed data key in place of an earlier one; the name it is sealed to.

    Raises Refused `device.revoked` where a tablet that has lost its place would replace one, and
    `escrow.not_sealed` for what no tablet seals, and for another county's key.
    """
    key = (county.county_id, device_id)
    has_a_place = session.get_one(DeviceRow, key).state == "active"
    if not has_a_place and session.get(EscrowRow, key) is not None:
        raise Refused(Refusal(code=REVOKED))
    if len(sealed) > MOST_SEALED_BYTES:
        raise Refused(Refusal(code="escrow.not_sealed"))
    name = _sealed_to(sealed)
    if name not in {key_in_force(county).name, *_former_names(session, county.county_id)}:
        raise Refused(Refusal(code="escrow.not_sealed"))
    session.merge(
        EscrowRow(
            county_id=county.county_id,
            device_id=device_id,
            key_name=name,
            told_name=name,
            sealed_key=sealed.hex(),
            at=now,
        )
    )
    return name


def keys_to_seal_to(
    session: Session, county: CountyRow, device_ids: Sequence[str]
) -> dict[str, str]:
    """The public keys tablets shall seal to from now on; without those that do so already."""
    key = key_in_force(county)
    told = run(session, _TOLD, county=county.county_id, devices=list(device_ids))
    return {device_id: key.public for device_id, name in told if name != key.name}


_TOLD = select(EscrowRow.device_id, EscrowRow.told_name).where(
    EscrowRow.county_id == bindparam("county"),
    EscrowRow.device_id.in_(bindparam("devices", expanding=True)),
)


def data_key_of(
    session: Session, county: CountyRow, device: DeviceRow, passphrase: str, key_file: Path | None
) -> bytes:
    """Open a tablet's data key.

    `key_file` holds the private key where it is kept off-line. Raises Refused
    `escrow.none_kept`, `escrow.cannot_open`, and what `private_key` raises.
    """
    kept = session.get(EscrowRow, (county.county_id, device.id))
    if kept is None:
        raise Refused(Refusal(code="escrow.none_kept", values={"device": device.id}))
    sealed = bytes.fromhex(kept.sealed_key)
    key = opening_key(session, county, sealed, key_file)
    try:
        return open_data_key(sealed, private_key(key, passphrase), device_id=device.id)
    except CannotOpen as error:
        raise Refused(Refusal(code="escrow.cannot_open")) from error


def opening_key(
    session: Session, county: CountyRow, sealed: bytes, key_file: Path | None
) -> EscrowKey:
    """The pair whose private half opens these bytes: from a file, in force, or a former one.

    Raises Refused `escrow.other_key`, `escrow.not_sealed`.
    """
    name = _sealed_to(sealed)
    for key in _keys(session, county, key_file):
        if key.name == name:
            return key
    raise Refused(Refusal(code="escrow.other_key"))


def rotate(
    session: Session, county: CountyRow, old: bytes, new: EscrowKey, now: datetime
) -> tuple[int, list[LeftBehind]]:
    """Put `new` in force and seal every kept data key to it; how many, and those that stay behind.

    `old` is the private key so far. The former key is kept, and tablets are told to seal to `new`.
    """
    former = key_in_force(county)
    left: list[LeftBehind] = []
    kept = _all_kept(session, county.county_id)
    for row, doctor in kept:
        if sealed := _sealed_anew(row, old, new):
            row.sealed_key, row.key_name, row.at = sealed.hex(), new.name, now
        else:
            is_lost = row.key_name == former.name
            left.append(LeftBehind(device_id=row.device_id, doctor=doctor, is_lost=is_lost))
    session.add(
        FormerEscrowKeyRow(
            county_id=county.county_id,
            name=former.name,
            public_key=former.public,
            private_key_sealed=former.locked_private,
            retired_at=now,
        )
    )
    county.escrow_public_key = new.public
    county.escrow_private_key_sealed = new.locked_private
    session.flush()
    return len(kept) - len(left), left


def _sealed_anew(row: EscrowRow, old: bytes, new: EscrowKey) -> bytes | None:
    """The data key sealed to another key; None where the old one does not open it."""
    try:
        data_key = open_data_key(bytes.fromhex(row.sealed_key), old, device_id=row.device_id)
    except CannotOpen:
        return None
    return seal_data_key(data_key, bytes.fromhex(new.public), device_id=row.device_id)


def _all_kept(session: Session, county_id: str) -> Sequence[tuple[EscrowRow, str]]:
    """Every kept data key, with the doctor's name."""
    query = (
        select(EscrowRow, UserRow.name)
        .join(
            DeviceRow,
            (DeviceRow.county_id == EscrowRow.county_id) & (DeviceRow.id == EscrowRow.device_id),
        )
        .join(UserRow, ITS_DOCTOR)
        .where(EscrowRow.county_id == county_id)
        .order_by(EscrowRow.device_id)
    )
    return session.execute(query).tuples().all()


def _keys(session: Session, county: CountyRow, key_file: Path | None) -> list[EscrowKey]:
    if key_file is not None:
        return [read_key_file(key_file)]
    former = session.scalars(
        select(FormerEscrowKeyRow).where(FormerEscrowKeyRow.county_id == county.county_id)
    )
    pairs = [
        EscrowKey(public=row.public_key, locked_private=row.private_key_sealed) for row in former
    ]
    return [key_in_force(county), *pairs]


def _former_names(session: Session, county_id: str) -> Sequence[str]:
    return session.scalars(
        select(FormerEscrowKeyRow.name).where(FormerEscrowKeyRow.county_id == county_id)
    ).all()


def _sealed_to(sealed: bytes) -> str:
    try:
        return recipient_of(sealed[:MOST_SEALED_BYTES]).hex()
    except CannotOpen as error:
        raise Refused(Refusal(code="escrow.not_sealed")) from error

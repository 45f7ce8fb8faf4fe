"""Letting a doctor in again with the county's one-time code, everything unsent still in place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.config import Config
from app.county_link import CountyLink
from app.services.enrolling import DoctorOnTablet, read_names, write_names
from app.store.atomic_file import write_atomically
from app.store.device_secret import DeviceSecretStore
from app.store.errors import DeviceSecretMissing, RingDamaged, WrongKey
from app.store.kdf import Argon2id, Scrypt
from app.store.keyring import KeyRing
from app.store.opening import Store
from app.store.pins import refuse_weak_pin
from app.store.queries.device import Device
from core.refusals import Refusal, Refused
from core.wire.custody import RecoverRequest
from sealing.envelope import RECOVERY, open_sealed
from sealing.hpke import CannotOpen
from sealing.recovery_code import CodeMistyped, code_name, open_with_code, read_code

DAMAGED_SUFFIX = ".damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRecovery:
    """The county has given the data key back; nothing is changed until the PIN is set."""

    doctor: DoctorOnTablet
    data_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which tablet this is and where its county answers: readable while it is locked."""

    device_id: str
    county_url: str


def write_origin(config: Config, device: Device) -> None:
    """Keep beside the store what a recovery needs to know, where it does not say so already."""
    told = Origin(device_id=device.device_id, county_url=device.county_url)
    if not config.origin_path.exists() or read_origin(config) != told:
        said = {"device_id": told.device_id, "county_url": told.county_url}
        write_atomically(config.origin_path, json.dumps(said).encode())


def read_origin(config: Config) -> Origin:
    """Which tablet this is. Raises Refused `recovery.not_possible` where nothing says so."""
    try:
        told = json.loads(config.origin_path.read_text(encoding="utf-8"))
        return Origin(device_id=told["device_id"], county_url=told["county_url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(Refusal(code="recovery.not_possible")) from error


def ask_county(config: Config, county: CountyLink, typed: str) -> PendingRecovery:
    """Trade the code for this tablet's own data key.

    Raises Refused: `recovery.code_shape`, `recovery.not_possible`, `recovery.cannot_open`,
    the county's `recovery.code_unknown`, `recovery.code_used`, `recovery.code_expired`, and
    what keeps the county from being reached.
    """
    code = _code(typed)
    origin = read_origin(config)
    if not config.store_path.exists():
        raise Refused(Refusal(code="recovery.not_possible"))
    own = X25519PrivateKey.generate()
    asked = RecoverRequest(
        device_id=origin.device_id,
        code_name=code_name(code),
        public_key=own.public_key().public_bytes_raw().hex(),
    )
    answer = county.recover(origin.county_url, asked)
    try:
        sealed = bytes.fromhex(answer.sealed_key)
        locked = open_sealed(sealed, own.private_bytes_raw(), RECOVERY, origin.device_id)
        data_key = open_with_code(locked, code, device_id=origin.device_id)
    except (CannotOpen, ValueError) as error:
        raise Refused(Refusal(code="recovery.cannot_open")) from error
    doctor = DoctorOnTablet(id=answer.doctor_id, name=answer.doctor_name)
    return PendingRecovery(doctor=doctor, data_key=data_key)


def let_in(
    config: Config,
    secrets: DeviceSecretStore,
    kdf: Argon2id | Scrypt | None,
    pending: PendingRecovery,
    pin: str,
) -> Store:
    """Open the store, which proves the key, then give the doctor a new PIN.

    The store itself is not changed. Killed in between, the tablet is locked as before and
    another code helps. Raises WeakPin, Refused `recovery.cannot_open`, the store's errors.
    """
    refuse_weak_pin(pin)
    try:
        store = Store.open(config.store_path, pending.data_key)
    except WrongKey as error:
        raise Refused(Refusal(code="recovery.cannot_open")) from error
    try:
        _renew_ring(config, secrets, kdf, pending, pin)
        _name_doctor(config, pending.doctor)
    except BaseException:
        store.close()
        raise
    return store


def _renew_ring(
    config: Config,
    secrets: DeviceSecretStore,
    kdf: Argon2id | Scrypt | None,
    pending: PendingRecovery,
    pin: str,
) -> None:
    """A wrap for the doctor, in the ring there is or in a new one."""
    ring, data_key = KeyRing(config.ring_path, kdf=kdf), pending.data_key
    try:
        ring.add_doctor(pending.doctor.id, pin, secrets, data_key=data_key)
        return
    except DeviceSecretMissing:
        ring.replace_device_secret(secrets, data_key=data_key)
    except (RingDamaged, WrongKey):  # missing, unreadable, or of another store than the one here
        _set_aside(config)
        ring = KeyRing.create(config.ring_path, data_key, secrets, kdf=kdf)
    ring.add_doctor(pending.doctor.id, pin, secrets, data_key=data_key)


def _set_aside(config: Config) -> None:
    if config.ring_path.exists():
        config.ring_path.replace(config.ring_path.with_name(config.ring_path.name + DAMAGED_SUFFIX))


def _name_doctor(config: Config, doctor: DoctorOnTablet) -> None:
    others = tuple(known for known in _names(config) if known.id != doctor.id)
    write_names(config.names_path, (doctor, *others))


def _names(config: Config) -> tuple[DoctorOnTablet, ...]:
    try:
        return read_names(config.names_path)
    except (ValueError, KeyError, TypeError):  # what is not readable is written anew
        return ()


def _code(typed: str) -> str:
    try:
        return read_code(typed)
    except CodeMistyped as error:
        raise Refused(Refusal(code="recovery.code_shape", place="code")) from error

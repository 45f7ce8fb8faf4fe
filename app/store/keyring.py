"""The key ring: one data key, wrapped once for every doctor by PIN and device secret together.

Neither a PIN nor the data key is ever written. Wrong PINs are counted on disk, one by one.
"""

from __future__ import annotations

import hmac
import threading
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag

from app.store.ciphers import AES_256_GCM, CIPHERS, Cipher
from app.store.device_secret import DeviceSecretStore, new_device_secret
from app.store.errors import (
    DeviceSecretMissing,
    LockedOut,
    RingExists,
    UnknownDoctor,
    WrongKey,
    WrongPin,
)
from app.store.kdf import Argon2id, Scrypt, strongest_kdf
from app.store.lockout import LAST_TRY, is_exhausted, wait_after, wait_left
from app.store.pins import refuse_weak_pin
from app.store.ring_file import Ring, Wrap, read_ring, write_ring
from app.store.wraps import device_check, key_check, unwrap_data_key, wrap_data_key


class KeyRing:
    """The ring at one path. Safe from several threads of one process; stateless between calls."""

    def __init__(self, path: Path, *, kdf: Argon2id | Scrypt | None = None) -> None:
        """A ring that is there already; `kdf` is for wraps made from now on."""
        self._path = path
        self._kdf = kdf or strongest_kdf()
        self._turn = threading.Lock()

    @classmethod
    def create(
        cls,
        path: Path,
        data_key: bytes,
        device_secret: DeviceSecretStore,
        *,
        cipher: Cipher = AES_256_GCM,
        kdf: Argon2id | Scrypt | None = None,
    ) -> KeyRing:
        """Make a ring without doctors, and the device secret if there is none yet.

        Raises RingExists: a ring is never written over.
        """
        if path.exists():
            raise RingExists("there is a key ring already")
        secret = device_secret.read()
        if secret is None:
            secret = new_device_secret()
            device_secret.write(secret)
        ring = Ring(
            cipher=cipher.name,
            key_check=key_check(data_key),
            device_check=device_check(secret),
        )
        write_ring(path, ring)
        return cls(path, kdf=kdf)

    @property
    def cipher(self) -> Cipher:
        """The cipher of the wraps, and of a store made with this ring."""
        return CIPHERS[read_ring(self._path).cipher]

    def doctor_ids(self) -> list[str]:
        """The doctors who can unlock this tablet, sorted."""
        return sorted(read_ring(self._path).doctors)

    def wait_seconds(self, doctor_id: str, now: datetime) -> int:
        """Whole seconds until the doctor's next try; 0 where it may come at once."""
        wrap = _wrap_of(read_ring(self._path), doctor_id)
        return _seconds_left(wrap, now)

    def add_doctor(
        self,
        doctor_id: str,
        pin: str,
        device_secret: DeviceSecretStore,
        *,
        data_key: bytes,
    ) -> None:
        """Let a doctor unlock with `pin`, which replaces an earlier one and its wrong tries.

        Raises WeakPin, WrongKey where `data_key` is not this ring's, DeviceSecretMissing.
        """
        refuse_weak_pin(pin)
        with self._turn:
            ring = read_ring(self._path)
            _prove(ring, data_key)
            wrap = wrap_data_key(
                ring, doctor_id, pin, _secret(ring, device_secret), data_key, self._kdf
            )
            write_ring(self._path, ring.with_doctor(doctor_id, wrap))

    def remove_doctor(self, doctor_id: str) -> None:
        """Take a doctor's wrap out of the ring; the store itself is not touched."""
        with self._turn:
            ring = read_ring(self._path)
            _wrap_of(ring, doctor_id)
            write_ring(self._path, ring.without_doctor(doctor_id))

    def replace_device_secret(self, device_secret: DeviceSecretStore, *, data_key: bytes) -> None:
        """Recovery: a fresh device secret, and no doctor until `add_doctor` sets new PINs.

        `data_key` comes from the county; raises WrongKey where it is not this ring's.
        """
        with self._turn:
            ring = read_ring(self._path)
            _prove(ring, data_key)
            secret = new_device_secret()
            device_secret.write(secret)
            write_ring(self._path, ring.emptied(device_check(secret)))

    def unlock(
        self, doctor_id: str, pin: str, device_secret: DeviceSecretStore, now: datetime
    ) -> bytes:
        """The data key. Every try is counted on disk before the PIN is looked at.

        Raises UnknownDoctor, DeviceSecretMissing, LockedOut, WrongPin, RingDamaged, RingTooNew.
        The tenth wrong PIN in a row erases the device secret and raises DeviceSecretMissing.
        """
        with self._turn:
            ring = read_ring(self._path)
            wrap = _wrap_of(ring, doctor_id)
            secret = _secret(ring, device_secret)
            if is_exhausted(wrap.failures):  # the app was killed before it could erase
                _refuse_wrong_pin(wrap.failures, device_secret)
            self._refuse_early_try(ring, doctor_id, now)
            failures = wrap.failures + 1
            write_ring(self._path, ring.with_doctor(doctor_id, wrap.failed(failures, now)))
            try:
                data_key = unwrap_data_key(ring, doctor_id, pin, secret)
            except InvalidTag:
                _refuse_wrong_pin(failures, device_secret)
            write_ring(self._path, ring.with_doctor(doctor_id, wrap.cleared()))
            return data_key

    def change_pin(
        self,
        doctor_id: str,
        old_pin: str,
        new_pin: str,
        device_secret: DeviceSecretStore,
        now: datetime,
    ) -> None:
        """Wrap the data key anew; no page is touched. Raises WeakPin and what unlock does."""
        refuse_weak_pin(new_pin)
        data_key = self.unlock(doctor_id, old_pin, device_secret, now)
        self.add_doctor(doctor_id, new_pin, device_secret, data_key=data_key)

    def _refuse_early_try(self, ring: Ring, doctor_id: str, now: datetime) -> None:
        wrap = ring.doctors[doctor_id]
        seconds = _seconds_left(wrap, now)
        if not seconds:
            return
        if wrap.counted_from and now < wrap.counted_from:
            # The clock was set back: the wait starts again, and ends even if the clock stays so.
            again = wrap.failed(wrap.failures, now)
            write_ring(self._path, ring.with_doctor(doctor_id, again))
        raise LockedOut(seconds=seconds)


def _wrap_of(ring: Ring, doctor_id: str) -> Wrap:
    if doctor_id not in ring.doctors:
        raise UnknownDoctor("the doctor has no PIN on this tablet")
    return ring.doctors[doctor_id]


def _prove(ring: Ring, data_key: bytes) -> None:
    if not hmac.compare_digest(key_check(data_key), ring.key_check):
        raise WrongKey("the data key does not belong to this key ring")


def _secret(ring: Ring, device_secret: DeviceSecretStore) -> bytes:
    """The device secret this ring was made with; another's is as good as none."""
    secret = device_secret.read()
    if secret is None or not hmac.compare_digest(device_check(secret), ring.device_check):
        raise DeviceSecretMissing("the device secret is gone or another device's")
    return secret


def _seconds_left(wrap: Wrap, now: datetime) -> int:
    return ceil(wait_left(wrap.failures, wrap.counted_from, now).total_seconds())


def _refuse_wrong_pin(failures: int, device_secret: DeviceSecretStore) -> NoReturn:
    if is_exhausted(failures):
        device_secret.erase()
        raise DeviceSecretMissing("erased after the last wrong PIN")
    raise WrongPin(
        tries_left=LAST_TRY - failures, wait_seconds=int(wait_after(failures).total_seconds())
    )

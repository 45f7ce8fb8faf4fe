"""What can go wrong with the store and its keys, each as an error of its own."""

from __future__ import annotations

from collections.abc import Mapping


class StoreError(Exception):
    """Root of every refusal of the store.

    `code` is the key of its sentence in the catalogues, `values` fill the gaps in it.
    """

    code = "store.failed"

    @property
    def values(self) -> Mapping[str, object]:
        """What the sentence names; nothing unless the error says so."""
        return {}


class WrongKey(StoreError):
    """The data key is not the one this store was made with; nothing was touched."""

    code = "store.wrong_key"


class StoreDamaged(StoreError):
    """Bytes on disk are not what the store wrote: damaged, cut short, moved or tampered with."""

    code = "store.damaged"


class NotEnrolled(StoreDamaged):
    """The store does not say which tablet it belongs to; an enrolled one always does."""


class NotAStore(StoreDamaged):
    """The file does not begin like a store at all."""

    code = "store.not_a_store"


class StoreTooNew(StoreError):
    """The store was written by a newer app; nothing was touched."""

    code = "store.too_new"


class StoreInUse(StoreError):
    """Another engine, or another process, has the store open."""

    code = "store.in_use"


class StoreClosed(StoreError):
    """The store was locked or closed while somebody still meant to use it."""

    code = "store.closed"


class StoreFull(StoreError):
    """The disk has no room left; the transaction was rolled back and nothing is lost."""

    code = "store.full"


class StoreUnusable(StoreError):
    """The disk would not be read or written; the transaction was rolled back, nothing is lost."""


class RingDamaged(StoreError):
    """The key ring is not what this app wrote; the county can make a new one."""

    code = "ring.damaged"


class RingTooNew(StoreError):
    """The key ring was written by a newer app; nothing was touched."""

    code = "ring.too_new"


class RingExists(StoreError):
    """A key ring is there already and would have been written over."""

    code = "ring.exists"


class KdfMissing(StoreError):
    """The ring names a way of stretching PINs that this device has no library for."""

    code = "ring.kdf_missing"


class UnknownDoctor(StoreError):
    """The doctor has no PIN on this tablet."""

    code = "unlock.unknown_doctor"


class DeviceSecretMissing(StoreError):
    """The device secret is gone or another device's; only the county's recovery code helps."""

    code = "unlock.device_secret_missing"


class DeviceSecretUnreadable(StoreError):
    """The platform's secure storage gave no answer; the secret may be there at the next try."""

    code = "unlock.device_secret_unreadable"


class WrongPin(StoreError):
    """A PIN that does not fit: `tries_left` before the device secret is erased.

    `wait_seconds` is how long the next try has to wait; 0 while tries are free.
    """

    code = "unlock.wrong_pin"

    def __init__(self, *, tries_left: int, wait_seconds: int) -> None:
        super().__init__(f"wrong PIN, {tries_left} tries left, {wait_seconds} s to wait")
        self.tries_left = tries_left
        self.wait_seconds = wait_seconds

    @property
    def values(self) -> Mapping[str, object]:
        """The tries left and the seconds to wait."""
        return {"tries": self.tries_left, "seconds": self.wait_seconds}


class LockedOut(StoreError):
    """Too early for another try; the PIN was not looked at and the try not counted."""

    code = "unlock.locked_out"

    def __init__(self, *, seconds: int) -> None:
        super().__init__(f"locked for another {seconds} s")
        self.seconds = seconds

    @property
    def values(self) -> Mapping[str, object]:
        """The seconds left."""
        return {"seconds": self.seconds}


class WeakPin(StoreError):
    """A PIN too easy to guess; `reason` is one of shape, repeated, sequence, common."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"weak PIN: {reason}")
        self.reason = reason
        self.code = f"pin.{reason}"

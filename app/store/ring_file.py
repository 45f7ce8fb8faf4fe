"""The key ring as it lies on disk: a JSON file with a digest, read strictly, written atomically."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from app.store.atomic_file import write_atomically
from app.store.ciphers import CIPHERS
from app.store.errors import RingDamaged, RingTooNew
from app.store.kdf import Kdf

RING_FORMAT = 1
_STRICT = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Wrap(BaseModel):
    """One doctor's wrap of the data key, and the wrong tries since it last opened."""

    model_config = _STRICT
    salt: bytes
    kdf: Kdf
    nonce: bytes
    wrapped: bytes
    failures: int = 0
    counted_from: AwareDatetime | None = None

    def failed(self, failures: int, now: datetime) -> Wrap:
        """The same wrap after so many wrong tries, the wait counted from `now`."""
        return self.model_copy(update={"failures": failures, "counted_from": now})

    def cleared(self) -> Wrap:
        """The same wrap with its wrong tries forgotten."""
        return self.model_copy(update={"failures": 0, "counted_from": None})


class Ring(BaseModel):
    """Everything in the file; `device_check` and `key_check` tell whose it is, and no secret."""

    model_config = _STRICT
    format: int = RING_FORMAT
    cipher: str
    key_check: bytes
    device_check: bytes
    doctors: dict[str, Wrap] = {}

    def with_doctor(self, doctor_id: str, wrap: Wrap) -> Ring:
        """The ring with this doctor's wrap added or replaced."""
        return self.model_copy(update={"doctors": {**self.doctors, doctor_id: wrap}})

    def without_doctor(self, doctor_id: str) -> Ring:
        """The ring with this doctor's wrap taken out."""
        left = {other: wrap for other, wrap in self.doctors.items() if other != doctor_id}
        return self.model_copy(update={"doctors": left})

    def emptied(self, device_check: bytes) -> Ring:
        """The ring for a new device secret: no old wrap opens with it, so none is kept."""
        return self.model_copy(update={"doctors": {}, "device_check": device_check})


def read_ring(path: Path) -> Ring:
    """The ring; raises RingDamaged or RingTooNew, and never writes."""
    try:
        content = json.loads(path.read_bytes())
        digest, body = content.pop("sha256"), content
        version = body["format"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RingDamaged("the key ring cannot be read") from error
    if digest != _digest(body):
        raise RingDamaged("the key ring does not fit its digest")
    if not isinstance(version, int) or version > RING_FORMAT:
        raise RingTooNew(f"key ring of format {version}, this app knows {RING_FORMAT}")
    try:
        ring = Ring.model_validate_json(json.dumps(body))
    except ValidationError as error:
        raise RingDamaged("the key ring holds what it should not") from error
    if ring.cipher not in CIPHERS:
        raise RingTooNew(f"key ring sealed with {ring.cipher!r}")
    return ring


def write_ring(path: Path, ring: Ring) -> None:
    """Replace the ring, durable when this returns."""
    body = ring.model_dump(mode="json")
    whole = body | {"sha256": _digest(body)}
    write_atomically(path, json.dumps(whole, indent=1, sort_keys=True).encode())


def _digest(body: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()

"""Stretching a PIN so that each guess costs time and memory; the ring says how."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.store.errors import KdfMissing

STRETCHED_BYTES = 32
_GIB_IN_KIB = 1 << 20


class Argon2id(BaseModel):
    """Argon2id; the parameters are the second recommended set of RFC 9106 (64 MiB, 3 passes)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Literal["argon2id"] = "argon2id"
    memory_kib: int = Field(default=65_536, ge=8, le=_GIB_IN_KIB)
    passes: int = Field(default=3, ge=1, le=100)
    lanes: int = Field(default=4, ge=1, le=64)

    def stretch(self, pin: str, salt: bytes) -> bytes:
        """32 bytes; raises KdfMissing where argon2-cffi is not installed."""
        try:
            from argon2.low_level import Type, hash_secret_raw  # not on every platform
        except ImportError as error:
            raise KdfMissing("argon2-cffi is not installed") from error
        return hash_secret_raw(
            pin.encode(), salt, self.passes, self.memory_kib, self.lanes, STRETCHED_BYTES, Type.ID
        )


class Scrypt(BaseModel):
    """scrypt (RFC 7914), 64 MiB with the parameters given, for devices without Argon2."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Literal["scrypt"] = "scrypt"
    cost: int = Field(default=1 << 16, ge=2, le=1 << 20)
    block: int = Field(default=8, ge=1, le=32)
    lanes: int = Field(default=1, ge=1, le=16)

    def stretch(self, pin: str, salt: bytes) -> bytes:
        """32 bytes."""
        memory = 128 * self.block * (self.cost + self.lanes + 2)
        return hashlib.scrypt(
            pin.encode(),
            salt=salt,
            n=self.cost,
            r=self.block,
            p=self.lanes,
            maxmem=2 * memory,
            dklen=STRETCHED_BYTES,
        )


Kdf = Annotated[Argon2id | Scrypt, Field(discriminator="name")]


def strongest_kdf() -> Argon2id | Scrypt:
    """Argon2id where the library is there, else scrypt; both at full strength."""
    return Argon2id() if find_spec("argon2") else Scrypt()

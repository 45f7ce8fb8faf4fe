"""Identifiers made where the record is made: UUIDv7, sortable by the time of making."""

from __future__ import annotations

from typing import NewType

CountyId = NewType("CountyId", str)
TownshipId = NewType("TownshipId", str)
VillageId = NewType("VillageId", str)
ScopeId = NewType("ScopeId", str)
HouseholdId = NewType("HouseholdId", str)
ResidentId = NewType("ResidentId", str)
ContractId = NewType("ContractId", str)
RecordId = NewType("RecordId", str)
UserId = NewType("UserId", str)
DeviceId = NewType("DeviceId", str)

RANDOM_BYTES = 10


def uuid7(unix_ms: int, random_bytes: bytes) -> str:
    """The UUIDv7 (RFC 9562) of a millisecond and ten random bytes, lower case with hyphens.

    Two ids of different milliseconds sort by time as text. Raises ValueError when the
    time does not fit 48 bits or the random bytes are not exactly ten.
    """
    if not 0 <= unix_ms < 1 << 48:
        raise ValueError("unix_ms does not fit 48 bits")
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError("uuid7 takes exactly ten random bytes")
    tail = int.from_bytes(random_bytes, "big")
    value = (
        unix_ms << 80 | 0x7 << 76 | (tail >> 62 & 0xFFF) << 64 | 0b10 << 62 | tail & (1 << 62) - 1
    )
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def village_scope(village_id: str) -> ScopeId:
    """The scope that carries a village's ordinary records to the tablets responsible for it."""
    return ScopeId(f"village:{village_id}")


def restricted_scope(village_id: str) -> ScopeId:
    """The scope of a village's restricted (S3) records: only doctors named for it are sent it."""
    return ScopeId(f"restricted:{village_id}")


def is_restricted(scope_id: str) -> bool:
    """Whether a scope is one of restricted records."""
    return scope_id.startswith(restricted_scope(""))


def village_of(scope_id: str) -> str:
    """The village whose scope this is, ordinary or restricted."""
    return scope_id.partition(":")[2]


def county_scope(county_id: str) -> ScopeId:
    """The scope every tablet of the county receives: policy, villages, teams, notices."""
    return ScopeId(f"county:{county_id}")

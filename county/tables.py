"""The county's tables: the same on SQLite and PostgreSQL, every key beginning with the county.

No serials, no key or reference across counties, and times handed in as parameters, so
that one province-wide database can be distributed by `county_id` without a change here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, MetaData, Text, and_
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from county.instants import Instant

Json = dict[str, Any]


class Table(DeclarativeBase):
    """What every table of the county shares: names of constraints, and how types are stored."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this name as a plain class attribute
        str: Text,
        datetime: Instant,
        Json: JSON,
        list[Any]: JSON,
        list[str]: JSON,
    }

    county_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-2)


class CountyRow(Table):
    """The county itself, with the keys it signs receipts and opens sealed data keys with."""

    __tablename__ = "county"
    name: Mapped[str]
    created_at: Mapped[datetime]
    signing_private_key: Mapped[str]
    signing_public_key: Mapped[str]
    escrow_public_key: Mapped[str]
    escrow_private_key_sealed: Mapped[str]
    lease_days: Mapped[int] = mapped_column(default=14)
    keep_years: Mapped[int] = mapped_column(default=5)


class TownshipRow(Table):
    """A township, whose reviewers read its doctors' records."""

    __tablename__ = "township"
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    name: Mapped[str]


class VillageRow(Table):
    """A village and its township."""

    __tablename__ = "village"
    __table_args__ = (Index(None, "county_id", "township_id"),)
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    township_id: Mapped[str]
    name: Mapped[str]
    division_code: Mapped[str] = mapped_column(default="")


class UserRow(Table):
    """Someone who signs in: `role` is doctor, township, county or auditor.

    `restricted_village_ids` are the doctor's villages for whose restricted records they are named.
    """

    __tablename__ = "user_account"
    __table_args__ = (Index(None, "county_id", "login", unique=True),)
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    login: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str] = mapped_column(default="")
    township_id: Mapped[str | None]
    village_ids: Mapped[list[str]] = mapped_column(default=list)
    restricted_village_ids: Mapped[list[str]] = mapped_column(default=list)
    phone: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class DeskSessionRow(Table):
    """A browser signed in at the desk; only the hash of its token is kept."""

    __tablename__ = "desk_session"
    token_hash: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    user_id: Mapped[str]
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class InviteRow(Table):
    """A one-time enrolment code; only its hash is kept."""

    __tablename__ = "invite"
    code_hash: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    doctor_id: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    device_id: Mapped[str | None]


class DeviceRow(Table):
    """A tablet; `last_seq` and `last_hash` are the end of its chain as the county has it, and
    `broken_seq` its first break.
    """

    __tablename__ = "device"
    __table_args__ = (Index(None, "county_id", "doctor_id"),)
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    doctor_id: Mapped[str]
    name: Mapped[str]
    public_key: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")
    enrolled_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str]
    broken_seq: Mapped[int | None]
    durable_seq: Mapped[int] = mapped_column(default=0)
    app_version: Mapped[str] = mapped_column(default="")
    wipe_order: Mapped[str] = mapped_column(default="")
    wiped_at: Mapped[datetime | None]


ITS_DOCTOR = and_(UserRow.county_id == DeviceRow.county_id, UserRow.id == DeviceRow.doctor_id)
"""A tablet and whose it is."""


class FormerEscrowKeyRow(Table):
    """An escrow key before the one in force: hand-over files may still be sealed to it."""

    __tablename__ = "former_escrow_key"
    name: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    public_key: Mapped[str]
    private_key_sealed: Mapped[str]
    retired_at: Mapped[datetime]


class EscrowRow(Table):
    """A tablet's data key, sealed to the escrow key `key_name`; the tablet itself sealed to
    `told_name`, another one after a rotation until it has heard of that.
    """

    __tablename__ = "escrow"
    device_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    key_name: Mapped[str]
    told_name: Mapped[str]
    sealed_key: Mapped[str]
    at: Mapped[datetime]


class RecoveryRow(Table):
    """A one-time recovery code by its name, with the data key locked under the code itself."""

    __tablename__ = "recovery"
    code_name: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    device_id: Mapped[str]
    doctor_id: Mapped[str]
    locked_key: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_with: Mapped[str] = mapped_column(default="")


class NonceRow(Table):
    """A request number a tablet has used; kept for twice the allowed skew."""

    __tablename__ = "nonce"
    device_id: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class OperationRow(Table):
    """An operation as it came and the answer it got, from which a replay is answered; `told` is
    what a receipt's outcome or code needs beside it.
    """

    __tablename__ = "operation"
    __table_args__ = (
        Index(None, "county_id", "device_id", "device_seq", unique=True),
        Index(None, "county_id", "record_id"),
    )
    op_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    device_id: Mapped[str]
    device_seq: Mapped[int]
    record_id: Mapped[str]
    kind: Mapped[str]
    revision: Mapped[int]
    outcome: Mapped[str]
    code: Mapped[str | None]
    told: Mapped[Json]
    envelope: Mapped[Json]
    received_at: Mapped[datetime]


class RecordRow(Table):
    """A record as it stands; `clocks` says per field of a standing record when it was last set."""

    __tablename__ = "record"
    __table_args__ = (
        Index(None, "county_id", "kind", "scope_id", "occurred_on"),
        Index(None, "county_id", "resident_id", "kind"),
        Index(None, "county_id", "household_id"),
        Index(None, "county_id", "follow_up_id", "kind"),
    )
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    kind: Mapped[str]
    scope_id: Mapped[str]
    village_id: Mapped[str | None]
    revision: Mapped[int]
    schema: Mapped[int] = mapped_column(default=1)
    author_id: Mapped[str]
    device_id: Mapped[str | None]
    resident_id: Mapped[str | None]
    household_id: Mapped[str | None]
    follow_up_id: Mapped[str | None]
    occurred_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    received_at: Mapped[datetime]
    hash: Mapped[str]
    body: Mapped[Json]
    clocks: Mapped[Json] = mapped_column(default=dict)
    removed: Mapped[bool] = mapped_column(default=False)


class RestoredRow(Table):
    """The revision, if not its first, in which a restore brought a standing record back, and
    the epoch that then began.
    """

    __tablename__ = "restored"
    record_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    epoch: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    revision: Mapped[int]


class FormerEpochRow(Table):
    """An epoch of a scope that a restore has ended, and the one that followed it."""

    __tablename__ = "former_epoch"
    scope_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    epoch: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    next_epoch: Mapped[str]
    ended_at: Mapped[datetime]


class ChangeRow(Table):
    """One numbered change of a scope: what the tablets of that scope are sent, in order. It has no
    body of its own: a tablet needs a record as it stands, so a put that a later change has
    overtaken is passed over, and the body comes from the record.
    """

    __tablename__ = "change"
    scope_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[str]
    kind: Mapped[str]
    action: Mapped[str]
    revision: Mapped[int]
    schema: Mapped[int] = mapped_column(default=1)
    hash: Mapped[str]
    author_id: Mapped[str]
    received_at: Mapped[datetime]


class ScopeHeadRow(Table):
    """The last number given out in a scope, its epoch, and the sum over its records' hashes."""

    __tablename__ = "scope_head"
    scope_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    epoch: Mapped[str]
    head: Mapped[int]
    root: Mapped[str]


class QuarantineRow(Table):
    """An operation the county could not take, kept until it is settled.

    `lacks` is the record for want of which it waits to be judged anew; `village_id` the county's
    village it was written for, whose reviewers decide on it, None where it names none.
    """

    __tablename__ = "quarantine"
    __table_args__ = (Index(None, "county_id", "lacks"), Index(None, "county_id", "village_id"),
                      Index(None, "county_id", "device_id"))  # fmt: skip
    op_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    device_id: Mapped[str]
    village_id: Mapped[str | None]
    code: Mapped[str]
    values: Mapped[Json]
    envelope: Mapped[Json]
    received_at: Mapped[datetime]
    lacks: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]


class ConflictRow(Table):
    """A field two people set differently from the same base; both values wait for a person."""

    __tablename__ = "conflict"
    __table_args__ = (Index(None, "county_id", "record_id"),)
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    record_id: Mapped[str]
    field: Mapped[str]
    ours: Mapped[Any] = mapped_column(JSON)
    theirs: Mapped[Any] = mapped_column(JSON)
    op_id: Mapped[str]
    raised_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]


class PersonAccountRow(Table):
    """What one resident is owed and has had in a year; the numbers add up over villages."""

    __tablename__ = "person_account"
    __table_args__ = (Index(None, "county_id", "year", "village_id"),)
    resident_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    as_of: Mapped[date]
    village_id: Mapped[str]
    township_id: Mapped[str]
    doctor_id: Mapped[str | None]
    slots: Mapped[list[Any]]
    owed: Mapped[int] = mapped_column(default=0)
    due: Mapped[int] = mapped_column(default=0)
    filled: Mapped[int] = mapped_column(default=0)
    missed: Mapped[int] = mapped_column(default=0)
    excused: Mapped[int] = mapped_column(default=0)
    open: Mapped[int] = mapped_column(default=0)
    disputed: Mapped[int] = mapped_column(default=0)
    face_to_face: Mapped[int] = mapped_column(default=0)
    measured: Mapped[int] = mapped_column(default=0)
    on_time: Mapped[int] = mapped_column(default=0)
    longest_gap_days: Mapped[int] = mapped_column(default=0)


class WaitingReviewRow(Table):
    """A follow-up that stands and that nobody has decided on yet; derived, never the truth."""

    __tablename__ = "waiting_review"
    __table_args__ = (
        Index(None, "county_id", "village_id", "occurred_on"),
        Index(None, "county_id", "resident_id"),
    )
    follow_up_id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    resident_id: Mapped[str]
    village_id: Mapped[str]
    author_id: Mapped[str]
    occurred_on: Mapped[date]
    mode: Mapped[str]


class RosterImportRow(Table):
    """One imported roster: what the file was and what each of its rows was answered."""

    __tablename__ = "roster_import"
    __table_args__ = (Index(None, "county_id", "file_sha256"),)
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    file_sha256: Mapped[str]
    file_name: Mapped[str]
    at: Mapped[datetime]
    by_user: Mapped[str]
    counts: Mapped[Json]
    rows: Mapped[list[Any]]


class AuditRow(Table):
    """Who did what at the desk or the console, and when."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "county_id", "at"), Index(None, "county_id", "object_id"))
    id: Mapped[str] = mapped_column(primary_key=True, sort_order=-1)
    at: Mapped[datetime]
    user_id: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[Json]

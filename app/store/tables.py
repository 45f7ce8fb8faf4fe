"""The tables of the tablet's encrypted store: typed columns to find a row by, bodies as received.

Rows never leave the store; services get the frozen records of `core`. The migrations make
the tables, and a test holds the two equal.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Column, Index, Integer
from sqlmodel import Field, SQLModel


class RecordRow(SQLModel, table=True):
    """Any record, of kinds this app reads and of kinds it does not.

    `body` is the JSON text as it came, unknown fields included. `resident_id` is the person
    the record is about, also where the body names only another record (`subject_id`): a
    review's follow-up, an outcome's referral. `received_at` is the county's clock, None
    until the county has it. Times are ISO 8601 text in UTC.
    """

    __tablename__ = "record"
    __table_args__ = (
        Index("record_by_resident", "resident_id", "kind", "occurred_on"),
        Index("record_by_household", "household_id", "kind"),
        Index("record_by_kind", "kind", "occurred_on"),
        Index("record_by_subject", "subject_id"),
        Index("record_by_scope", "scope_id", "kind"),
    )

    id: str = Field(primary_key=True)
    kind: str
    scope_id: str
    revision: int
    schema_version: int = Field(sa_column=Column("schema", Integer, nullable=False))
    hash: str
    author_id: str
    received_at: str | None = None
    resident_id: str | None = None
    household_id: str | None = None
    subject_id: str | None = None
    occurred_on: date | None = None
    recorded_at: str | None = None
    body: str


class PersonRow(SQLModel, table=True):
    """A resident as the lists and the search need one; derived, made anew with the record."""

    __tablename__ = "person"
    __table_args__ = (Index("person_by_household", "household_id"),)

    resident_id: str = Field(primary_key=True)
    household_id: str
    village_id: str = ""
    name: str
    pinyin: str
    initials: str
    sex: str
    birth_date: date
    phone: str = ""
    id_tail: str = ""
    relation_to_head: str = ""
    tags: str = ""
    left: str | None = None
    household_number: str = ""
    group_no: str = ""
    house_no: str = ""
    head_name: str = ""


class AccountRow(SQLModel, table=True):
    """What is owed to a resident as of a day; dropped when a record changes, reckoned when read.

    There are rows of today, and of the next days where the tablet had nothing else to do.
    `dots` are the contract's slots, `due` the due items and `returned` the ids of standing
    follow-ups the township sent back, `figures` the contract's counts, all JSON text;
    `month_owed` and `month_done` count slots whose window ends in the month of `as_of`.
    """

    __tablename__ = "account"
    __table_args__ = (Index("account_by_day", "as_of"),)

    resident_id: str = Field(primary_key=True)
    as_of: date = Field(primary_key=True)
    policy_version: str
    month_owed: int
    month_done: int
    dots: str
    due: str
    returned: str
    figures: str


class OutboxRow(SQLModel, table=True):
    """An operation on its way to the county, in the order in which this tablet made them.

    `state` is queued, receipted or refused. `envelope` is the signed operation and `receipt`
    what the county answered to it beyond naming it, both JSON text.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_by_state", "state", "device_seq"),
        Index("outbox_by_record", "record_id", "device_seq"),
    )

    device_seq: int = Field(primary_key=True)
    op_id: str = Field(unique=True)
    record_id: str
    revision: int
    kind: str
    action: str
    state: str
    envelope: str
    receipt: str | None = None
    queued_at: str
    settled_at: str | None = None


class CursorRow(SQLModel, table=True):
    """How far a scope of the county has been read."""

    __tablename__ = "cursor"

    scope_id: str = Field(primary_key=True)
    epoch: str
    seq: int


class DraftRow(SQLModel, table=True):
    """A form not finished yet: one of a kind for each subject, written at every field."""

    __tablename__ = "draft"

    kind: str = Field(primary_key=True)
    subject_id: str = Field(primary_key=True)
    body: str
    updated_at: str


class DeviceRow(SQLModel, table=True):
    """Who this tablet is: one row, made at enrolment; the private key never leaves the store."""

    __tablename__ = "device"

    device_id: str = Field(primary_key=True)
    county_id: str
    county_name: str
    county_url: str
    doctor_id: str
    doctor_name: str
    scopes: str
    private_key: bytes
    county_public_key: str
    county_escrow_key: str
    last_seq: int = 0
    last_hash: str
    last_clock: str = ""
    durable_seq: int = 0
    enrolled_at: str


class RetiredRow(SQLModel, table=True):
    """A fact that has left the tablet by age; its digest counts on when both sides compare."""

    __tablename__ = "retired"
    __table_args__ = (Index("retired_by_scope", "scope_id"),)

    record_id: str = Field(primary_key=True)
    scope_id: str
    digest: str


class ScopeSumRow(SQLModel, table=True):
    """How many confirmed records a scope has, and the sum of their digests; moved by triggers."""

    __tablename__ = "scope_sum"

    scope_id: str = Field(primary_key=True)
    records: int
    root: str


class SnapshotRow(SQLModel, table=True):
    """A scope that is being loaded whole, as the county offered it; gone once it is stored."""

    __tablename__ = "snapshot"

    scope_id: str = Field(primary_key=True)
    epoch: str
    seq: int
    bytes: int
    sha256: str


class SnapshotPieceRow(SQLModel, table=True):
    """Bytes of such a scope as they came, from `start` on; without a gap from 0."""

    __tablename__ = "snapshot_piece"

    scope_id: str = Field(primary_key=True)
    start: int = Field(primary_key=True)
    content: bytes


class SettingRow(SQLModel, table=True):
    """A named value of this tablet: a setting, or what the last synchronisation left."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True)
    value: str

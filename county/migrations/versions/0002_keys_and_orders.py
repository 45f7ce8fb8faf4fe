"""Escrowed data keys, recovery codes, former escrow keys; leases and orders to wipe.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from county.instants import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "escrow",
        sa.Column("county_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("told_name", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "device_id", name=op.f("pk_escrow")),
    )
    op.create_table(
        "former_escrow_key",
        sa.Column("county_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("private_key_sealed", sa.Text(), nullable=False),
        sa.Column("retired_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "name", name=op.f("pk_former_escrow_key")),
    )
    op.create_table(
        "recovery",
        sa.Column("county_id", sa.Text(), nullable=False),
        sa.Column("code_name", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("doctor_id", sa.Text(), nullable=False),
        sa.Column("locked_key", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("used_with", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "code_name", name=op.f("pk_recovery")),
    )
    lease = sa.Column("lease_days", sa.Integer(), nullable=False, server_default="14")
    op.add_column("county", lease)
    op.add_column("device", sa.Column("wipe_order", sa.Text(), nullable=False, server_default=""))
    op.add_column("device", sa.Column("wiped_at", Instant(), nullable=True))

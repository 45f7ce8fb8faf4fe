"""What restores have ended and brought back; an edit itself names the epoch of its base now.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from county.instants import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "restored",
        sa.Column("county_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "record_id", "epoch", name=op.f("pk_restored")),
    )
    op.create_table(
        "former_epoch",
        sa.Column("county_id", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("next_epoch", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "scope_id", "epoch", name=op.f("pk_former_epoch")),
    )
    op.drop_column("device", "heard_at")

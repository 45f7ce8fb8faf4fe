"""Where the county's present history began; an edit itself names the epoch of its base now.

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
    op.add_column("county", sa.Column("restored_at", Instant(), nullable=True))
    op.create_table(
        "restored",
        sa.Column("county_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("county_id", "record_id", name=op.f("pk_restored")),
    )
    op.drop_column("device", "heard_at")

"""The record for want of which an operation was set aside, to be found when it arrives.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("quarantine", sa.Column("lacks", sa.Text(), nullable=True))
    op.create_index("ix_quarantine_county_id_lacks", "quarantine", ["county_id", "lacks"])
    aside = sa.table(
        "quarantine",
        sa.column("code", sa.Text()),
        sa.column("values", sa.JSON()),
        sa.column("settled_at"),
        sa.column("lacks", sa.Text()),
    )
    op.execute(
        aside.update()
        .where(aside.c.code == "op.unknown_reference", aside.c.settled_at.is_(None))
        .values(lacks=aside.c["values"]["record"].as_string())
    )

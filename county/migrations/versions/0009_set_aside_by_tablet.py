"""What was set aside by the tablet it came from: how much of one there is.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_quarantine_county_id_device_id", "quarantine", ["county_id", "device_id"])

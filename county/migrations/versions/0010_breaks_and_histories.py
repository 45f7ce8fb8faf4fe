"""The first break of a tablet's chain, and when the tablet was told of another history.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from county.instants import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("device", sa.Column("broken_seq", sa.Integer(), nullable=True))
    op.add_column("device", sa.Column("heard_at", Instant(), nullable=True))
    op.execute(
        "UPDATE device SET broken_seq = (SELECT min(operation.device_seq) FROM operation"
        " WHERE operation.county_id = device.county_id AND operation.device_id = device.id"
        " AND operation.code = 'op.chain')"
    )

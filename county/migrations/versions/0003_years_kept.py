"""How many years of facts stay on the tablets.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    years = sa.Column("keep_years", sa.Integer(), nullable=False, server_default="5")
    op.add_column("county", years)

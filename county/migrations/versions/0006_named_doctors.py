"""The villages whose restricted records a doctor is named for: nobody, until the office says so.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    named = sa.Column(
        "restricted_village_ids", sa.JSON(), nullable=False, server_default=sa.text("'[]'")
    )
    op.add_column("user_account", named)

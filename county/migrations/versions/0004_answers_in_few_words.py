"""Of an answer to an operation only what its row does not say already.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    told = sa.Column("told", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("operation", told)
    values = "receipt -> 'values'" if _is_postgres() else "json_extract(receipt, '$.values')"
    op.execute(sa.text(f"UPDATE operation SET told = {values} WHERE outcome <> 'accepted'"))
    op.drop_column("operation", "receipt")


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"

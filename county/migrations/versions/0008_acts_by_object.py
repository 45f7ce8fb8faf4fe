"""The acts of the audit trail by what they were done to: what was done about one resident.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_audit_county_id_object_id", "audit", ["county_id", "object_id"])

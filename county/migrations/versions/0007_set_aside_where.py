"""The village an operation that was set aside was written for: who decides on it.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("quarantine", sa.Column("village_id", sa.Text(), nullable=True))
    op.create_index("ix_quarantine_county_id_village_id", "quarantine", ["county_id", "village_id"])
    columns = [sa.column(name, sa.Text()) for name in ("county_id", "op_id", "village_id")]
    aside = sa.table("quarantine", *columns, sa.column("envelope", sa.JSON()))
    village = sa.table("village", sa.column("county_id", sa.Text()), sa.column("id", sa.Text()))
    connection = op.get_bind()
    known = {tuple(row) for row in connection.execute(sa.select(village))}
    kept = connection.execute(sa.select(aside.c.county_id, aside.c.op_id, aside.c.envelope)).all()
    for county_id, op_id, envelope in kept:
        # What `core.ids.village_of` says of a scope, at the time of this step.
        scope, _, village_id = str(envelope.get("scope_id", "")).partition(":")
        if scope in ("village", "restricted") and (county_id, village_id) in known:
            connection.execute(
                aside.update()
                .where(aside.c.county_id == county_id, aside.c.op_id == op_id)
                .values(village_id=village_id)
            )

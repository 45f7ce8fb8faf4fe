"""What Alembic runs: every migration in one transaction of the county's own database."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from county.db import WRITES, Database
from county.instants import Instant
from county.tables import Table


def written(kind: str, thing: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """How a new migration writes our own type; False leaves everything else to Alembic."""
    return "Instant()" if kind == "type" and isinstance(thing, Instant) else False


database: Database = context.config.attributes["database"]

with database.engine.execution_options(**{WRITES: True}).connect() as connection:
    context.configure(connection=connection, target_metadata=Table.metadata, render_item=written)
    with connection.begin(), context.begin_transaction():
        context.run_migrations()

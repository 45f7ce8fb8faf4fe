"""The county's settings, read from the environment; options on the command line override them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

from core.refusals import Refusal, Refused

VERSION = "0.1.0"
POSTGRESQL = "postgresql+psycopg"
DRIVERS = (POSTGRESQL, "sqlite", "sqlite+pysqlite")
"""How SQLAlchemy calls the databases there are tables for."""
CHINA = timezone(timedelta(hours=8), "UTC+8")
"""All of China keeps one clock; what counts as today in the county is this zone's date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyConfig:
    """Where the county keeps its data and how it listens.

    `database_url` is empty for the embedded SQLite file in `data_dir`. `pg_bin` is the folder
    of pg_dump, pg_restore and psql, empty where they are on the PATH; `metrics_token` opens
    `/metrics` to callers that are not on this machine. `head_s` and `body_s` are how long a
    request's head and its body may take to come.
    """

    data_dir: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8600
    invite_hours: int = 72
    pg_bin: str = ""
    metrics_token: str = ""
    head_s: float = 30.0
    body_s: float = 120.0

    @property
    def url(self) -> str:
        """The SQLAlchemy address of the database.

        Raises Refused `config.database_address` where the one that was given cannot be read,
        `config.database_address_signs` where signs of its password have to be written otherwise.
        """
        if self.database_url:
            return _checked(_with_driver(self.database_url))
        return f"sqlite:///{self.data_dir / 'county.db'}"


def config_from(environment: Mapping[str, str] = os.environ) -> CountyConfig:
    """The settings the environment names, with defaults for what it leaves out.

    Raises Refused `config.not_a_number`.
    """
    return CountyConfig(
        data_dir=Path(environment.get("LUYUE_COUNTY_DATA", "var/county")),
        database_url=environment.get("LUYUE_DATABASE_URL", ""),
        host=environment.get("LUYUE_COUNTY_HOST", "127.0.0.1"),
        port=_number(environment, "LUYUE_COUNTY_PORT", 8600),
        invite_hours=_number(environment, "LUYUE_INVITE_HOURS", 72),
        pg_bin=environment.get("LUYUE_PG_BIN", ""),
        metrics_token=environment.get("LUYUE_METRICS_TOKEN", ""),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    said = environment.get(name, "")
    if not said:
        return default
    if not said.isdecimal():
        values = {"name": name, "value": said}
        raise Refused(Refusal(code="config.not_a_number", place=name, values=values))
    return int(said)


def utc_now() -> datetime:
    """The county's clock, in UTC."""
    return datetime.now(UTC)


def local_date(moment: datetime) -> date:
    """The day in the county at a moment."""
    return moment.astimezone(CHINA).date()


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return f"{POSTGRESQL}://" + url.removeprefix(prefix)
    return url


def _checked(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise Refused(Refusal(code="config.database_address")) from error
    if address.drivername not in DRIVERS:
        raise Refused(Refusal(code="config.database_address"))
    # A password with such a sign ends too early, and its rest is taken for the server's name.
    if address.drivername == POSTGRESQL and "@" in f"{address.host}{address.database}":
        raise Refused(Refusal(code="config.database_address_signs"))
    return url

"""Takes from the database that a restore replaces what tablets cannot bring back: their places.

A tablet enrolled since the backup would be nobody here, and what it holds could never be
handed in; one revoked since would be trusted again. It is done before the backup takes the
database's place: what fails or is cut off leaves the county as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.wire.envelopes import GENESIS
from county.escrow_key import EscrowKey
from county.tables import DeviceRow, EscrowRow, FormerEscrowKeyRow, UserRow

FORMER = "former"
"""The SQLite file that is about to be replaced, while it is looked into."""
ANEW = {"last_seq": "0", "last_hash": f"'{GENESIS}'", "durable_seq": "0", "broken_seq": "NULL"}
"""Of a tablet enrolled since, the restored county has nothing yet and will ask for it all."""
STANDING = ("state", "wipe_order", "wiped_at")
"""What the office decided about a tablet; the later word stands."""
CARRIED = tuple(row.__tablename__ for row in (UserRow, DeviceRow, EscrowRow, FormerEscrowKeyRow))
"""The tables something is taken over of, in this order: a tablet has to have its doctor."""
ON_SQLITE = "SELECT json_group_array(its.value) FROM json_each(was.{name}) AS its"
ON_POSTGRESQL = (
    "SELECT coalesce(json_agg(its.value), '[]') "
    "FROM json_array_elements_text(was.{name}) AS its(value)"
)
"""The items of a list as a list again, each to be kept or left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """From which schema into which, and the columns both know of each table that is carried."""

    ours: str
    former: str
    columns: Mapping[str, Sequence[str]]
    listed: str
    escrow_key: str


def carry_over(staged: Path, former: Path, escrow_key: str) -> None:
    """Take the tablets' places over into an SQLite file that is yet to take the former's name."""
    with closing(sqlite3.connect(staged)) as held:
        held.execute(f"ATTACH DATABASE ? AS {FORMER}", (f"{former}",))

        def columns(schema: str, table: str) -> list[str]:
            return [row[1] for row in held.execute(f"PRAGMA {schema}.table_info({table})")]

        both = shared(lambda table: columns("main", table), lambda table: columns(FORMER, table))
        with held:
            passage = Passage(
                ours="main",
                former=FORMER,
                columns=both,
                listed=ON_SQLITE,
                escrow_key=escrow_key,
            )
            for statement in places(passage):
                held.execute(statement)


def shared(
    ours: Callable[[str], Sequence[str]], former: Callable[[str], Sequence[str]]
) -> dict[str, list[str]]:
    """The columns of the tables carried that both versions know."""
    known = {table: set(ours(table)) for table in CARRIED}
    return {table: [name for name in former(table) if name in known[table]] for table in CARRIED}


def places(passage: Passage) -> Iterator[str]:
    """The statements that take the tablets' places over, with the doctors and keys that go along.

    A doctor comes as they were, with those of their villages that are there.
    """
    ours, former = passage.ours, passage.former
    for name in sorted(set(STANDING) & set(passage.columns[DeviceRow.__tablename__])):
        yield (
            f"UPDATE {ours}.device SET {name} = ("
            f"SELECT was.{name} FROM {former}.device AS was WHERE was.id = device.id) "
            f"WHERE id IN (SELECT id FROM {former}.device)"
        )
    enrolled = f"id IN (SELECT doctor_id FROM {former}.device)"
    yield from _insert(UserRow, passage, "id", enrolled, _of_doctor(passage))
    theirs = f"doctor_id IN (SELECT id FROM {ours}.user_account)"
    yield from _insert(DeviceRow, passage, "id", theirs, ANEW)
    kept = f"device_id IN (SELECT id FROM {ours}.device)"
    yield from _insert(EscrowRow, passage, "device_id", kept, {})
    yield from _escrow_keys(passage)


def _escrow_keys(passage: Passage) -> Iterator[str]:
    """The escrow keys of a rotation that is undone: what is sealed to them stays to be opened."""
    ours, former = passage.ours, passage.former
    in_force = f"SELECT escrow_public_key FROM {ours}.county"
    others = f"public_key NOT IN ({in_force})"
    yield from _insert(FormerEscrowKeyRow, passage, "name", others, {})
    if passage.columns[FormerEscrowKeyRow.__tablename__]:
        name = EscrowKey(public=passage.escrow_key, locked_private="").name
        yield (
            f"INSERT INTO {ours}.former_escrow_key "
            "(county_id, name, public_key, private_key_sealed, retired_at) "
            f"SELECT county_id, '{name}', escrow_public_key, escrow_private_key_sealed, "
            f"CURRENT_TIMESTAMP FROM {former}.county WHERE escrow_public_key NOT IN ({in_force}) "
            f"AND '{name}' NOT IN (SELECT name FROM {ours}.former_escrow_key)"
        )


def _of_doctor(passage: Passage) -> dict[str, str]:
    there = f"SELECT id FROM {passage.ours}.village"
    lists = {
        name: f"({passage.listed.format(name=name)} WHERE its.value IN ({there}))"
        for name in ("village_ids", "restricted_village_ids")
    }
    taken = f"SELECT login FROM {passage.ours}.user_account"
    return {**lists, "login": f"CASE WHEN was.login IN ({taken}) THEN was.id ELSE was.login END"}


def _insert(
    row: Any, passage: Passage, key: str, condition: str, others: Mapping[str, str]
) -> Iterator[str]:
    """The rows that are lacking, with `others` in place of what some columns said."""
    table = row.__tablename__
    names = passage.columns[table]
    if names:
        values = [others.get(name, f"was.{name}") for name in names]
        yield (
            f"INSERT INTO {passage.ours}.{table} ({', '.join(names)}) SELECT {', '.join(values)} "
            f"FROM {passage.former}.{table} AS was WHERE was.{condition} "
            f"AND was.{key} NOT IN (SELECT {key} FROM {passage.ours}.{table})"
        )

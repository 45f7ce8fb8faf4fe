"""Writing rows of a table: added, or in place of the one under its key; statements made once."""

from __future__ import annotations

from sqlalchemy import Table, TextClause, bindparam, text
from sqlmodel import SQLModel


def upsert(row: type[SQLModel]) -> TextClause:
    """The statement that writes a row in place of the one that stands under its key.

    Its parameters are all the columns, by their names.
    """
    table = _table(row)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    replaced = ", ".join(
        f'"{column.name}" = excluded."{column.name}"'
        for column in table.columns
        if not column.primary_key
    )
    return _insertion(table, f" ON CONFLICT ({keys}) DO UPDATE SET {replaced}")


def insertion(row: type[SQLModel]) -> TextClause:
    """The statement that adds a row; its parameters are all the columns, by their names."""
    return _insertion(_table(row), "")


def _insertion(table: Table, where_there: str) -> TextClause:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(f":{column.name}" for column in table.columns)
    typed = [bindparam(column.name, type_=column.type) for column in table.columns]
    return text(f'INSERT INTO "{table.name}" ({names}) VALUES ({values}){where_there}').bindparams(
        *typed
    )


def _table(row: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(row.__tablename__)]

"""Writing a row in place of the one that stands under its key, as one statement made once."""

from __future__ import annotations

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import SQLModel


def upsert(row: type[SQLModel]) -> TextClause:
    """The statement for a table; its parameters are all the columns, by their names.

    It is text because SQLAlchemy keeps no compiled form of its own `on_conflict_do_update`
    and would write it anew at every execution, which costs ten times the statement.
    """
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(f":{column.name}" for column in table.columns)
    replaced = ", ".join(
        f'"{column.name}" = excluded."{column.name}"'
        for column in table.columns
        if not column.primary_key
    )
    typed = [bindparam(column.name, type_=column.type) for column in table.columns]
    return text(
        f'INSERT INTO "{table.name}" ({names}) VALUES ({values})'
        f" ON CONFLICT ({keys}) DO UPDATE SET {replaced}"
    ).bindparams(*typed)

"""What an exception comes to in words: one line that says what went wrong and what to do.

Exceptions of other rooms are told by their names, so that a command that fails loads no room it
would have done without.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Told = tuple[str, Mapping[str, Any]]
"""The last part of a key `console.failure.…`, and what its gaps are filled with."""

LONGEST_REASON = 300

BY_NAME: Mapping[str, str] = {
    "county.schema.DatabaseTooNew": "database_too_new",
    "sqlalchemy.exc.TimeoutError": "database_busy",
}
"""Exceptions whose name says all."""

COMMAND_LINE: Mapping[str, str] = {
    "MissingParameter": "missing",
    "NoSuchOption": "no_such_option",
    "BadOptionUsage": "option_misused",
    "BadParameter": "invalid_value",
}
"""What Typer calls what it cannot read in a command line."""
BY_WORDS: Mapping[str, str] = {
    r"No such command '(?P<name>.*?)'": "no_such_command",
    r"unexpected extra argument\(s\) \((?P<name>.*)\)": "too_many",
    r"path '(?P<name>.*)' is not readable": "no_rights",
}
"""What it has no exception of its own for."""

FILES: Mapping[int, str] = {
    errno.EACCES: "no_rights",
    errno.EPERM: "no_rights",
    errno.EROFS: "no_rights",
    errno.ENOENT: "not_there",
    errno.ENOTDIR: "not_a_folder",
    errno.EEXIST: "not_a_folder",
    errno.EISDIR: "a_folder",
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
}

SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_CORRUPT: "database_damaged",
    sqlite3.SQLITE_NOTADB: "database_damaged",
    sqlite3.SQLITE_CANTOPEN: "database_no_rights",
    sqlite3.SQLITE_PERM: "database_no_rights",
    sqlite3.SQLITE_READONLY: "database_no_rights",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR: "disk_fails",
    sqlite3.SQLITE_BUSY: "database_busy",
    sqlite3.SQLITE_LOCKED: "database_busy",
}
"""By SQLite's primary result codes, https://sqlite.org/rescode.html."""

POSTGRESQL: Mapping[str, str] = {
    "42501": "database_not_owner",
    "25006": "database_read_only",
    "3D000": "database_unknown",
    "28": "database_login",
    "53100": "disk_full",
    "53300": "database_busy",
    "55P03": "database_busy",
    "57": "database_down",
    "08": "database_down",
    "XX001": "database_damaged",
    "XX002": "database_damaged",
}
"""By the beginnings of PostgreSQL's codes, https://postgresql.org/docs/current/errcodes-appendix.html."""

CONNECTING: Mapping[str, str] = {
    r"failed to resolve host|could not translate host name": "database_host",
    r'database ".*" does not exist': "database_unknown",
    r'role ".*" does not exist|password|authentication|pg_hba': "database_login",
    r"too many clients|remaining connection slots": "database_busy",
}
"""A connection that was never made has no code: by the words, in whatever order they stand."""


def sentence_of(error: Exception) -> str:
    """What went wrong and what to do, in the language that is spoken."""
    from words import say

    for recognised in (_of_its_name, _of_a_part, _of_the_database, _of_a_file):
        if told := recognised(error):
            key, values = told
            return say(f"console.failure.{key}", **values)
    return say("console.failed", kind=type(error).__name__, reason=_reason(error))


def usage_sentence(error: Any) -> str:
    """What Typer says of a command line it cannot read, and before it what is meant."""
    from words import say

    key, name = _of_the_command_line(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "luyue"
    said = _reason(error.format_message())
    return say(f"console.usage.{key}", name=name, command=command, said=said)


def _of_the_command_line(error: Any) -> tuple[str, str]:
    said = error.format_message()
    for pattern, key in BY_WORDS.items():
        if found := re.search(pattern, said):
            return key, found["name"]
    name = getattr(error, "option_name", None) or _parameter(error)
    keys = [COMMAND_LINE[kind] for kind in _names(error) if kind in COMMAND_LINE]
    return (keys[0], name) if keys and name else ("unreadable", "")


def _parameter(error: Any) -> str:
    """The argument or option as it is typed."""
    if hint := getattr(error, "param_hint", None):
        return str(hint)
    parameter = getattr(error, "param", None)
    return max(parameter.opts, key=len) if parameter else ""


def _names(error: BaseException) -> Iterator[str]:
    return (kind.__name__ for kind in type(error).__mro__)


def _of_its_name(error: Exception) -> Told | None:
    full = f"{type(error).__module__}.{type(error).__name__}"
    return (BY_NAME[full], {"reason": _reason(error)}) if full in BY_NAME else None


def _of_a_part(error: Exception) -> Told | None:
    """A room of ours, or a package, that is not in this installation."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    return "not_installed", {"name": error.name.partition(".")[0]}


def _of_the_database(error: Exception) -> Told | None:
    said = getattr(error, "orig", None) or error
    if isinstance(said, sqlite3.Error):
        key = SQLITE.get((getattr(said, "sqlite_errorcode", None) or 0) & 0xFF)
    elif type(said).__module__.startswith("psycopg"):
        key = _of_postgresql(said)
    else:
        return None
    return (key, {"reason": _reason(error)}) if key else None


def _of_postgresql(said: Any) -> str | None:
    if said.sqlstate:
        keys = [key for code, key in POSTGRESQL.items() if said.sqlstate.startswith(code)]
        return keys[0] if keys else None
    if "OperationalError" not in _names(said):
        return None
    keys = [key for words, key in CONNECTING.items() if re.search(words, str(said))]
    return keys[0] if keys else "database_down"


def _of_a_file(error: Exception) -> Told | None:
    """By the name the system gives; without one it is no file, or nobody could tell which."""
    if not isinstance(error, OSError) or not error.filename:
        return None
    key, file = FILES.get(error.errno or 0), Path(str(error.filename))
    if key is None:
        return None
    of_it = _OF_A_FILE.get(key)
    return of_it(file) if of_it else (key, {"file": file})


def _missing(file: Path) -> Told:
    """The folder that is missing, or the file in one that is there."""
    if file.parent.is_dir():
        return "not_there", {"file": file}
    return "no_folder", {"file": file.parent}


def _forbidden(file: Path) -> Told:
    """What has its rights in the way: the file, or the folder in which it cannot be made."""
    try:
        there = file.exists()
    except PermissionError:
        there = False
    return "no_rights", {"file": file if there else file.parent}


def _no_folder(file: Path) -> Told:
    """Which part of the path is a file."""
    whole = (file, *file.parents)
    return "not_a_folder", {"file": next((part for part in whole if part.is_file()), file)}


_OF_A_FILE: Mapping[str, Callable[[Path], Told]] = {
    "not_there": _missing,
    "no_rights": _forbidden,
    "not_a_folder": _no_folder,
}


def _reason(error: object) -> str:
    """In its own words on one line; the database's, without SQLAlchemy's around them."""
    said = getattr(error, "orig", None) or error
    return " ".join(str(said).split())[:LONGEST_REASON]

"""PostgreSQL's own programs, which the county runs to back up and restore: found, tried, called."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import URL, make_url, text

from core.refusals import Refusal, Refused
from county.config import CountyConfig
from county.db import open_database

COPY_ROW = re.compile(r"^COPY (?P<table>\S+) \((?P<columns>.*)\) FROM stdin;$")
_ESCAPES = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r", "\\N": ""}
_NO_VERSION = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where the programs are, the database they speak to, and the server's major version."""

    folder: str
    url: URL
    server_major: int

    def named(self, name: str) -> str:
        """The path of a program of the server's major version.

        What a newer one writes the server may not take back. Refused `backup.no_program`,
        `backup.program_other`.
        """
        found = shutil.which(name, path=self.folder or None)
        if found is None:
            place = f" ({self.folder})" if self.folder else ""
            raise Refused(
                Refusal(code="backup.no_program", values={"program": name, "place": place})
            )
        told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        number = re.search(r"\)\s+(\d+)", told.stdout)
        major = int(number.group(1)) if number else _NO_VERSION
        if major != self.server_major:
            values = {"program": found, "version": major, "server": self.server_major}
            raise Refused(Refusal(code="backup.program_other", values=values))
        return found

    @property
    def address(self) -> str:
        """The database as the programs take it; the password is not for everybody's eyes."""
        url = self.url
        plain = URL.create(
            "postgresql", url.username, None, url.host, url.port, url.database, url.query
        )
        return f"--dbname={plain.render_as_string()}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment with the password, which a command line would show to all."""
        password = self.url.password
        return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def programs_for(config: CountyConfig) -> Programs:
    """The programs for a county's PostgreSQL, once the server has told its version."""
    database = open_database(config.url)
    try:
        with database.engine.connect() as connection:
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    finally:
        database.close()
    return Programs(folder=config.pg_bin, url=make_url(config.url), server_major=number // 10_000)


def run(programs: Programs, name: str, arguments: Sequence[str]) -> None:
    """Run a program to its end; refused `backup.program_failed` with its own words."""
    command = [programs.named(name), *arguments]
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            command, env=programs.environment, stdout=said, stderr=said, check=False
        )
        if done.returncode:
            raise Refused(_failed(name, said))


def rows_in(programs: Programs, archive: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table as text, out of an archive; refused `restore.not_a_backup`."""
    return list(_copied(iter(_lines_of(programs, archive, table))))


def columns_in(programs: Programs, archive: Path, table: str) -> list[str]:
    """The columns of a table in an archive, none where it has no such table; refused as above."""
    heads = filter(None, map(COPY_ROW.match, _lines_of(programs, archive, table)))
    return next((_names(head) for head in heads), [])


def _lines_of(programs: Programs, archive: Path, table: str) -> list[str]:
    arguments = ["--data-only", f"--table={table}", "--file=-", str(archive)]
    done = subprocess.run(
        [programs.named("pg_restore"), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(Refusal(code="restore.not_a_backup", values={"file": str(archive)}))
    return done.stdout.split("\n")


def _names(head: re.Match[str]) -> list[str]:
    return [name.strip('"') for name in head["columns"].split(", ")]


def _copied(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    for line in lines:
        head = COPY_ROW.match(line)
        if head is None:
            continue
        names = _names(head)
        for row in lines:
            if row == "\\.":
                break
            values = [_plain(value) for value in row.split("\t")]
            yield dict(zip(names, values, strict=True))


def _plain(value: str) -> str:
    return re.sub(r"\\.", lambda sign: _ESCAPES.get(sign[0], sign[0][1:]), value)


def replace_tables(
    programs: Programs, archive: Path, before: Sequence[str], after: Sequence[str]
) -> None:
    """Run `before`, everything in the archive, and `after` as one transaction, or nothing of it.

    Refused `backup.program_failed` with the program's own words.
    """
    arguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", programs.address]
    command = [programs.named("psql"), *arguments]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            command, env=programs.environment, stdin=subprocess.PIPE, stdout=said, stderr=said
        ) as taking:
            assert taking.stdin is not None
            with _hung_up_is_told_later(taking.stdin) as pipe:
                _write(pipe, "BEGIN", *before)
                _pour(programs, archive, pipe)
                # Without this last word, psql rolls everything back.
                _write(pipe, *after, "COMMIT")
        if taking.returncode:
            raise Refused(_failed("psql", said))


def _pour(programs: Programs, archive: Path, into: IO[bytes]) -> None:
    arguments = ["--no-owner", "--no-privileges", "--file=-", str(archive)]
    command = [programs.named("pg_restore"), *arguments]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as giving:
            assert giving.stdout is not None
            shutil.copyfileobj(giving.stdout, into)
        if giving.returncode:
            raise Refused(_failed("pg_restore", said))


@contextmanager
def _hung_up_is_told_later(pipe: IO[bytes]) -> Iterator[IO[bytes]]:
    """A pipe whose reader may end early: its exit status then says why."""
    try:
        with pipe:
            yield pipe
    except BrokenPipeError:
        return


def _write(pipe: IO[bytes], *statements: str) -> None:
    pipe.write("".join(f"{statement};\n" for statement in statements).encode())
    pipe.flush()


def _failed(name: str, said: IO[bytes]) -> Refusal:
    said.seek(0)
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines()]
    errors = [line for line in lines if "error" in line.lower()]
    reason = (errors or lines or [""])[0]
    return Refusal(code="backup.program_failed", values={"program": name, "reason": reason[:300]})

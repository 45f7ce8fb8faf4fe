"""What `luyue` says when a file, a folder or a database is in the way: one line, and what to do."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import console
import console_failures
from tests.console_office import (
    Office,
    a_founded_office,
    check_told,
    database_of,
    outside,
)
from words import say

PAGE = 4096


@pytest.fixture
def founded(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    return a_founded_office(office, monkeypatch)


def test_every_exception_that_is_told_by_its_name_is_there() -> None:
    for name in console_failures.BY_NAME:
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_every_failure_in_the_tables_has_its_sentence() -> None:
    tables = (
        console_failures.BY_NAME,
        console_failures.FILES,
        console_failures.SQLITE,
        console_failures.POSTGRESQL,
        console_failures.CONNECTING,
    )
    for key in {key for table in tables for key in table.values()}:
        assert say(f"console.failure.{key}", file="f", reason="r")
    usages = (console_failures.COMMAND_LINE, console_failures.BY_WORDS)
    for key in {key for table in usages for key in table.values()}:
        assert say(f"console.usage.{key}", name="n", command="c", said="s")


@pytest.mark.parametrize(
    "command",
    [
        ("county", "backup"),
        ("county", "escrow-key", "export"),
        ("sample-roster", "--rows", "3", "--out"),
    ],
)
def test_a_folder_that_is_not_there_is_named_before_anything_is_written_into_it(
    founded: Office, command: tuple[str, ...]
) -> None:
    folder = founded.folder / "nowhere"
    answer = founded.run(*command, str(folder / "file"))
    check_told(answer, console.FAILED, f"没有文件夹 {folder}", "请先建好")
    english = founded.run("--lang", "en", *command, str(folder / "file"))
    check_told(english, console.FAILED, f"There is no folder {folder}")


@pytest.mark.parametrize(
    "command", [("county", "backup"), ("sample-roster", "--rows", "3", "--out")]
)
def test_what_may_not_be_written_or_is_no_folder_is_named(
    founded: Office, command: tuple[str, ...]
) -> None:
    closed, file = founded.folder / "closed", founded.folder / "file"
    closed.mkdir(mode=0o500)
    file.touch()
    answer = outside(*command, str(closed / "x"), entitled=False)
    check_told(answer, console.FAILED, f"没有权限读写 {closed}")
    check_told(founded.run(*command, str(file / "x")), console.FAILED, f"{file} 是文件")


def test_a_folder_where_a_file_is_to_be_written_is_named(office: Office) -> None:
    answer = office.run("sample-roster", "--rows", "3", "--out", str(office.folder))
    check_told(answer, console.FAILED, f"{office.folder} 是文件夹")


def test_a_file_that_is_given_for_the_data_folder_is_named(office: Office) -> None:
    file = office.folder / "file"
    file.touch()
    data = "--data", str(file)
    check_told(
        office.run("county", "stats", *data), console.UNUSABLE, str(file), "LUYUE_COUNTY_DATA"
    )
    for command in (("county", "init", "县"), ("tablet", "--port", "18650")):
        check_told(office.run(*command, *data), console.FAILED, f"{file} 是文件")


@pytest.mark.parametrize(
    "command",
    [
        ("stats",),
        ("serve",),
        ("check",),
        ("lease", "20"),
        ("backup", "b"),
        ("recover", "周大夫"),
        ("escrow-key", "rotate"),
    ],
)
def test_a_mistyped_data_folder_is_told_and_nothing_is_made_there(
    office: Office, command: tuple[str, ...]
) -> None:
    typo = office.folder / "cuonty"
    answer = office.run("county", *command, "--data", str(typo))
    check_told(answer, console.FAILED, say("refusal.county.not_founded"), str(typo))
    assert list(office.folder.iterdir()) == []


def test_a_database_of_a_later_version_asks_for_a_later_program(founded: Office) -> None:
    with closing(sqlite3.connect(database_of(founded))) as held, held:
        held.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = founded.run("county", "stats")
    check_told(answer, console.FAILED, "更新版本", "请先升级")


def torn(file: Path) -> None:
    """The file begins as it should, and then is nothing."""
    whole = bytearray(file.read_bytes())
    for start in range(3 * PAGE, len(whole), PAGE):
        whole[start : start + 200] = b"\xff" * 200
    file.write_bytes(whole)


def no_database(file: Path) -> None:
    file.write_bytes(b"not a database at all" * 500)


@pytest.mark.parametrize("damage", [torn, no_database])
@pytest.mark.parametrize("command", [("stats",), ("serve",), ("check",), ("backup", "copy")])
def test_a_damaged_database_is_called_so_and_the_manual_named(
    founded: Office,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(founded.folder)
    damage(database_of(founded))
    answer = founded.run("county", *command)
    check_told(answer, console.FAILED, "数据库损坏了", "第 10 节")
    assert not (founded.folder / "copy").exists()


def test_a_damage_that_only_the_copy_shows_is_told_as_the_databases(founded: Office) -> None:
    with closing(sqlite3.connect(database_of(founded))) as held:
        held.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        query = "SELECT rootpage FROM sqlite_schema WHERE name = 'operation'"
        ((page,),) = held.execute(query)
    with database_of(founded).open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)
    copy = founded.folder / "copy"
    check_told(
        founded.run("county", "backup", str(copy)), console.FAILED, "数据库损坏了", "第 10 节"
    )
    assert not copy.exists()


def test_a_database_file_that_may_not_be_opened_or_written_is_told(founded: Office) -> None:
    file = database_of(founded)
    file.chmod(0o000)
    check_told(outside("county", "stats", entitled=False), console.FAILED, "没有权限打开或改写")
    file.chmod(0o400)
    lease = outside("county", "lease", "20", entitled=False)
    check_told(lease, console.FAILED, "没有权限打开或改写", "readonly")
    file.parent.chmod(0o000)
    stats = outside("county", "stats", entitled=False)
    file.parent.chmod(0o700)
    check_told(stats, console.UNUSABLE, f"没有权限读 {file.parent}")


@pytest.mark.parametrize(
    "address",
    [
        "mysql://a:b@host/luyue",
        "postgresql+psycopg2://a@host/luyue",
        "postgresql://a:b@host:port/luyue",
        "luyue",
    ],
)
def test_a_database_address_that_cannot_be_used_is_shown_how_to_be_written(
    office: Office, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("LUYUE_DATABASE_URL", address)
    answer = office.run("county", "stats")
    check_told(answer, console.UNUSABLE, "LUYUE_DATABASE_URL", "postgresql://")
    assert address not in answer.err


@pytest.mark.parametrize("password", ["pa@ss", "p@s/s", "@"])
def test_a_password_with_an_at_sign_is_told_how_to_be_written(
    office: Office, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("LUYUE_DATABASE_URL", f"postgresql://a:{password}@127.0.0.1:1/luyue")
    check_told(office.run("county", "stats"), console.UNUSABLE, "@ 写成 %40")
    monkeypatch.setenv("LUYUE_DATABASE_URL", "postgresql://a:pa%40ss@127.0.0.1:1/luyue")
    check_told(office.run("county", "stats"), console.FAILED, "连不上 PostgreSQL")


def test_a_database_host_that_is_not_there_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUYUE_DATABASE_URL", "postgresql://a@no-such-host.invalid/luyue")
    check_told(office.run("county", "stats"), console.FAILED, "找不到", "%40")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("accept", "nofile"), "没有交接文件 nofile"),
        (("recover", "周大夫", "--key-file", "nofile"), "没有密钥文件 nofile"),
        (("escrow-key", "rotate", "--key-file", "nofile"), "没有密钥文件 nofile"),
    ],
)
def test_a_file_that_is_not_there_is_told_before_a_passphrase_is_asked_for(
    founded: Office, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], said: str
) -> None:
    monkeypatch.delenv("LUYUE_ESCROW_PASSPHRASE")
    check_told(founded.run("county", *command), console.UNUSABLE, said)


def test_a_folder_that_is_not_there_is_told_before_a_passphrase_is_asked_for(
    founded: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LUYUE_ESCROW_PASSPHRASE")
    folder = founded.folder / "nowhere"
    answer = founded.run("county", "escrow-key", "export", str(folder / "file"))
    check_told(answer, console.FAILED, f"没有文件夹 {folder}", "请先建好")


def test_a_traceback_is_there_for_whoever_asks_for_it(founded: Office) -> None:
    no_database(database_of(founded))
    answer = outside("county", "stats", LUYUE_DEBUG="1")
    assert answer.status == 1
    assert "Traceback" in answer.err

"""What the `luyue` command says when something is in the way: one line, and what to do."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import console
import console_failures
from console_ports import check_port
from tests.commands import ROOT
from tests.console_office import Answer, Office, an_office, one_line
from words import say

RIGHTS = "-dac_override,-dac_read_search,-net_bind_service"
"""What root may do beyond everybody else, as far as it matters here."""
PASSPHRASE = "correct horse battery"
PAGE = 4096


@pytest.fixture
def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Office:
    return an_office(tmp_path, capsys, monkeypatch)


@pytest.fixture
def founded(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LUYUE_ESCROW_PASSPHRASE", PASSPHRASE)
    assert office.run("county", "init", "青川县").status == 0
    return office


def database_of(office: Office) -> Path:
    return office.folder / "county" / "county.db"


def outside(*arguments: str, piped: str = "", entitled: bool = True, **more: str) -> Answer:
    """A command in a process of its own; one that is not `entitled` is held to all rights."""
    limits = [] if entitled or os.geteuid() else ["setpriv", "--bounding-set", RIGHTS]
    done = subprocess.run(
        [*limits, sys.executable, "-m", "console", *arguments],
        cwd=ROOT, env={**os.environ, **more}, input=piped, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


def check_told(answer: Answer, status: int, *parts: str) -> None:
    """It ended like this, and its only line says this."""
    assert one_line(answer.err)
    assert [part for part in parts if part not in answer.err] == []
    assert answer.status == status


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


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The tree as the container image has it."""
    told = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = re.findall(r"^COPY (?!--|requirements)(.+) \S+$", told, re.MULTILINE)
    for name in " ".join(lines).split():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        elif source.exists():
            shutil.copy(source, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "name"), [("demo", "demo"), ("tablet", "app"), ("bench main", "bench")]
)
def test_what_the_image_has_not_is_told_to_be_missing_there(
    image: Path, command: str, name: str
) -> None:
    script = (
        "import sys, pathlib\n"
        "sys.path = [p for p in sys.path if not (pathlib.Path(p or '.') / 'demo').is_dir()]\n"
        "import console\n"
        f"sys.exit(console.run({command.split()!r}))\n"
    )
    environment = {name: told for name, told in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=image, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    answer = Answer(done.returncode, done.stdout, done.stderr)
    check_told(answer, console.FAILED, f"没有安装 {name}")


@pytest.fixture
def taken() -> Iterator[tuple[str, int]]:
    """A port another program has at an address that is not where servers usually listen."""
    host = "::1" if socket.has_dualstack_ipv6() else "127.0.0.2"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        yield host, listener.getsockname()[1]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "192.0.2.1 不是这台机器的地址"),
        ("2001:db8::1", "2001:db8::1 不是这台机器的地址"),
        ("no-such-host.invalid", "找不到主机 no-such-host.invalid"),
    ],
)
def test_a_host_that_is_not_this_machines_is_not_called_a_taken_port(
    founded: Office, host: str, said: str
) -> None:
    answer = founded.run("county", "serve", "--host", host, "--port", "18600")
    check_told(answer, console.UNUSABLE, said)


def test_a_port_is_looked_at_where_the_server_would_listen(
    founded: Office, taken: tuple[str, int]
) -> None:
    host, port = taken
    answer = founded.run("county", "serve", "--host", host, "--port", str(port))
    check_told(answer, console.FAILED, f"端口 {port} 已被占用")


@pytest.mark.parametrize("command", [("county", "serve"), ("tablet",)])
def test_a_port_this_user_may_not_use_is_told_so(founded: Office, command: tuple[str, ...]) -> None:
    first_of_all = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if first_of_all <= 1:  # as in many containers: everybody may use every port
        check_port("127.0.0.1", 1)
        return
    port = str(first_of_all - 1)
    answer = outside(
        *command, "--port", port, entitled=False, LUYUE_TABLET_DATA=str(founded.folder)
    )
    check_told(answer, console.FAILED, f"没有权限使用端口 {port}")


@pytest.mark.parametrize(
    "command",
    [("county", "serve", "--port"), ("tablet", "--port"), ("demo", "--county-port")],
)
def test_a_port_there_cannot_be_is_unusable_input(
    founded: Office, command: tuple[str, ...]
) -> None:
    folder = ("--data", str(founded.folder / "other")) if command[0] != "county" else ()
    check_told(founded.run(*command, "99999", *folder), console.UNUSABLE, "没有端口 99999", "65535")


def test_a_demo_that_cannot_be_made_anew_is_still_there(office: Office) -> None:
    kept = office.folder / "demo" / "demo.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    fresh = "demo", "--fresh", "--data", str(kept.parent)
    for port in ("--county-port", "--tablet-port"):
        check_told(office.run(*fresh, port, "0"), console.UNUSABLE, "没有端口 0")
    assert kept.exists()


@pytest.mark.parametrize(
    ("piped", "said_yes"),
    [("是\n", True), ("ｙ\n", True), ("YES\n", True), ("n\n", False), ("否\n", False), ("", False)],
)
def test_restore_takes_a_yes_in_either_language_and_says_what_a_no_comes_to(
    founded: Office, piped: str, said_yes: bool
) -> None:
    backup = founded.folder / "backup"
    assert founded.run("county", "backup", str(backup)).status == 0
    before = database_of(founded).read_bytes()
    answer = outside("county", "restore", str(backup), piped=piped)
    assert "？" in answer.err
    assert "是/否" in answer.err
    if said_yes:
        assert answer.status == 0
        assert "已恢复" in answer.out
    else:
        assert answer.status == console.FAILED
        assert answer.err.splitlines()[-1].endswith("没有改动任何数据。")
        assert database_of(founded).read_bytes() == before
    kept = list(database_of(founded).parent.glob("*.before-*.db"))
    assert len(kept) == said_yes


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


@pytest.mark.parametrize(
    ("arguments", "chinese", "english"),
    [
        (("county", "init"), "缺少 name", "Missing argument 'name'"),
        (("sample-roster",), "缺少 --out", "Missing option '--out'"),
        (("county", "invite", "-3"), "没有 -3 这个选项", "No such option: -3"),
        (("county", "nonsense"), "没有 nonsense 这个命令", "No such command 'nonsense'"),
        (("county", "lease", "x"), "days 的值不能用", "Invalid value for 'days'"),
        (("--lang", "fr", "county", "stats"), "--lang 的值不能用", "zh_CN or en"),
        (("county", "stats", "--data"), "选项 --data 用得不对", "requires an argument"),
        (("county", "init", "a", "b"), "多写了 b", "unexpected extra argument"),
        (("explain",), "看不懂", "CASE.json"),
    ],
)
def test_a_command_line_nobody_understands_is_told_in_chinese_with_typers_words_behind(
    office: Office, arguments: tuple[str, ...], chinese: str, english: str
) -> None:
    check_told(office.run(*arguments), console.UNUSABLE, chinese, english, "--help")


@pytest.mark.parametrize(
    "line",
    [
        ("--lang", "en", "nonsense"),
        ("--lang", "en", "county", "init"),
        ("--lang", "en", "--nonsense"),
        ("--nonsense", "--lang=en"),
        ("explain", "--nonsense", "--lang", "en"),
    ],
)
def test_a_command_line_nobody_understands_is_told_in_english_when_asked_for(
    office: Office, line: tuple[str, ...]
) -> None:
    answer = office.run(*line)
    check_told(answer, console.UNUSABLE, "--help")
    assert answer.err.isascii()


def test_a_traceback_is_there_for_whoever_asks_for_it(founded: Office) -> None:
    no_database(database_of(founded))
    answer = outside("county", "stats", LUYUE_DEBUG="1")
    assert answer.status == 1
    assert "Traceback" in answer.err

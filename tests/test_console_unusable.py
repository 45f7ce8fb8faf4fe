"""What `luyue` says to a port, a host, an answer or a line it cannot use, and what it lacks."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import console
from console_ports import check_port
from tests.commands import ROOT
from tests.console_office import (
    Answer,
    Office,
    a_founded_office,
    check_told,
    database_of,
    outside,
)


@pytest.fixture
def founded(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    return a_founded_office(office, monkeypatch)


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

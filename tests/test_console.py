"""The `luyue` command: its exit statuses, its one-line reasons, and what scripts read from it."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import console
from tests.console_office import Office, one_line
from tests.county.roster.sheets_of import a_roster, a_row, the_wife
from words import say


@pytest.fixture
def founded(office: Office) -> Office:
    assert office.run("county", "init", "青川县").status == 0
    return office


def test_the_version_is_told_at_once() -> None:
    begun = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-m", "console", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("luyue ")
    # Half a second by itself; a machine busy with other tests is given more.
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("forbidden", ["county", "sqlalchemy", "flet", "babel"])
def test_asking_for_help_imports_nothing_heavy(forbidden: str) -> None:
    script = (
        "import sys, console\n"
        "assert console.run(['--help']) == 0\n"
        f"assert {forbidden!r} not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)


def test_a_county_is_founded_once(office: Office) -> None:
    first = office.run("county", "init", "青川县", "--json")
    assert (first.status, first.told["login"]) == (0, "admin")
    again = office.run("county", "init", "青川县")
    assert again.status == console.FAILED
    assert one_line(again.err)
    assert "青川县" in again.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("county", "stats"),
        ("county", "serve", "--port", "1"),
        ("county", "invite", "周大夫"),
        ("county", "import-roster", "r.xlsx"),
    ],
)
def test_before_init_every_command_says_what_to_do(
    office: Office, arguments: tuple[str, ...]
) -> None:
    answer = office.run(*arguments)
    assert answer.status in (console.FAILED, console.UNUSABLE)
    assert one_line(answer.err)


def test_a_roster_is_taken_in_and_a_second_time_changes_nothing(founded: Office) -> None:
    path = a_roster(founded.folder / "r.xlsx", a_row(签约医生="陈远"), the_wife())
    first = founded.run("county", "import-roster", str(path), "--json")
    assert (first.status, first.told["counts"]["new"]) == (0, 2)  # type: ignore[index] # JSON
    again = founded.run("county", "import-roster", str(path))
    assert again.status == 0
    assert "新增 0，更新 0，未变 2" in again.out


def test_refused_rows_are_listed_with_their_cell_and_the_rest_is_taken(founded: Office) -> None:
    path = a_roster(founded.folder / "r.xlsx", a_row(), the_wife(身份证号="123"))
    answer = founded.run("county", "import-roster", str(path))
    assert answer.status == 0
    assert "G3" in answer.out
    assert "18 位" in answer.out


def test_notes_are_shown_when_asked_for(founded: Office) -> None:
    path = a_roster(founded.folder / "r.xlsx", a_row(姓名="张 大 山"))
    quiet = founded.run("county", "import-roster", str(path), "--dry-run")
    loud = founded.run("county", "import-roster", str(path), "--dry-run", "--notes")
    assert "E2" not in quiet.out
    assert "E2" in loud.out
    assert "试运行" in loud.out


def test_a_roster_of_which_nothing_can_be_used_is_unusable_input(founded: Office) -> None:
    path = a_roster(founded.folder / "r.xlsx", a_row(身份证号="123"))
    assert founded.run("county", "import-roster", str(path)).status == console.UNUSABLE


def test_what_is_not_an_xlsx_is_refused_in_one_line(founded: Office) -> None:
    path = founded.folder / "r.csv"
    path.write_text("姓名,身份证号\n", "utf-8")
    answer = founded.run("county", "import-roster", str(path))
    assert answer.status == console.UNUSABLE
    assert one_line(answer.err)
    assert "r.csv" in answer.err


def test_a_doctor_of_the_roster_is_invited_by_name(founded: Office) -> None:
    path = a_roster(founded.folder / "r.xlsx", a_row(签约医生="陈远"))
    founded.run("county", "import-roster", str(path))
    answer = founded.run("county", "invite", "陈远", "--json")
    assert answer.status == 0
    assert len(str(answer.told["code"])) == 11
    unknown = founded.run("county", "invite", "没有这个人")
    assert unknown.status == console.UNUSABLE
    assert "chenyuan(陈远)" in unknown.err


def test_users_are_added_with_a_password_that_signs_in(founded: Office) -> None:
    founded.run("county", "import-roster", str(a_roster(founded.folder / "r.xlsx")))
    added = founded.run(
        "county", "add-user", "石桥镇审核员", "--role", "township", "--township", "石桥", "--json"
    )
    assert added.status == 0
    assert len(str(added.told["password"])) >= 8
    homeless = founded.run("county", "add-user", "某", "--role", "township")
    assert homeless.status == console.UNUSABLE
    assert one_line(homeless.err)


def test_a_doctor_is_named_for_special_programmes_of_a_village_and_then_no_more(
    founded: Office,
) -> None:
    rows = a_row(签约医生="陈远"), the_wife(村="下河村", 签约医生="吴芳")
    path = a_roster(founded.folder / "r.xlsx", *rows)
    founded.run("county", "import-roster", str(path))
    named = founded.run("county", "entrust", "陈远", "--village", "上河村")
    assert (named.status, "陈远：专项管理 上河村" in named.out) == (0, True)
    assert "上河村" in founded.run("county", "entrusted").out
    theirs = founded.run("county", "entrust", "陈远", "--village", "下河村")
    assert theirs.status == console.UNUSABLE
    assert "不负责这个村" in theirs.err
    unknown = founded.run("county", "entrust", "陈远", "--village", "没有这个村")
    assert unknown.status == console.UNUSABLE
    ended = founded.run("county", "entrust", "陈远", "--village", "上河村", "--end")
    assert "不负责任何村的专项管理" in ended.out
    assert "还没有指定任何医生" in founded.run("county", "entrusted").out


def test_special_programmes_are_listed_and_ended_by_their_id(founded: Office) -> None:
    path = a_roster(founded.folder / "r.xlsx", a_row(人群="肺结核"))
    founded.run("county", "import-roster", str(path))
    (kept,) = founded.run("county", "programmes", "--village", "上河村", "--json").told
    assert (kept["tag"], kept["to_on"]) == ("tb", None)
    assert "肺结核" in founded.run("county", "programmes").out
    assert founded.run("county", "programmes", "--village", "没有这个村").status == console.UNUSABLE
    early = founded.run("county", "end-programme", "no such record")
    assert (early.status, "没有这个编号" in early.err) == (console.UNUSABLE, True)
    for wrong in ("hiv", "高血压"):
        none = founded.run("county", "end-programme", kept["record_id"], "--programme", wrong)
        assert (none.status, "只有肺结核" in none.err) == (console.UNUSABLE, True)
    ending = "county", "end-programme", kept["record_id"], "--programme", "TB"
    ended = founded.run(*ending, "--on", "2026-11-20")
    assert (ended.status, "2026-11-20" in ended.out) == (0, True)
    assert "至 2026-11-20" in founded.run("county", "programmes").out
    again = founded.run("county", "end-programme", kept["record_id"])
    assert (again.status, "已经结束" in again.err) == (console.UNUSABLE, True)


def test_a_forgotten_password_is_replaced_and_an_account_closed(founded: Office) -> None:
    founded.run("county", "import-roster", str(a_roster(founded.folder / "r.xlsx")))
    founded.run(
        "county",
        "add-user",
        "审核员",
        "--role",
        "township",
        "--township",
        "石桥",
        "--login",
        "shenhe",
    )
    renewed = founded.run("county", "new-password", "shenhe", "--json")
    assert renewed.status == 0
    assert len(str(renewed.told["password"])) >= 8
    short = founded.run("county", "new-password", "shenhe", "--password", "short")
    assert (short.status, one_line(short.err)) == (console.UNUSABLE, True)
    assert "已停用" in founded.run("county", "close-user", "shenhe").out
    for command in ("new-password", "close-user"):
        gone = founded.run("county", command, "shenhe")
        assert (gone.status, one_line(gone.err)) == (console.UNUSABLE, True)
    last = founded.run("county", "close-user", "admin")
    assert last.status == console.UNUSABLE
    assert "最后一个县管理员" in last.err


def test_stats_are_json_for_scripts(founded: Office) -> None:
    founded.run("county", "import-roster", str(a_roster(founded.folder / "r.xlsx")))
    told = founded.run("county", "stats", "--json").told
    assert told["records"]["resident"] == 1  # type: ignore[index] # JSON
    said = founded.run("county", "stats").out
    assert "居民 1" in said
    assert "乡镇 1，村 1" in said


def test_sentences_come_in_english_when_asked_for(founded: Office) -> None:
    answer = founded.run("--lang", "en", "county", "import-roster", "nothing.xlsx")
    assert answer.err.strip() == "The file nothing.xlsx cannot be opened."


@pytest.mark.parametrize(
    "arguments", [("county", "nonsense"), ("county", "import-roster"), ("--nonsense",)]
)
def test_a_command_line_nobody_understands_is_unusable_input(
    office: Office, arguments: tuple[str, ...]
) -> None:
    answer = office.run(*arguments)
    assert answer.status == console.UNUSABLE
    assert one_line(answer.err)


def test_a_failure_nobody_foresaw_is_one_line_too(
    founded: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    (founded.folder / "county" / "county.db").write_bytes(b"not a database at all" * 500)
    answer = founded.run("county", "stats")
    assert answer.status == console.FAILED
    assert one_line(answer.err)


def test_a_setting_that_is_no_number_is_named(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUYUE_INVITE_HOURS", "3 days")
    answer = office.run("county", "stats")
    assert answer.status == console.UNUSABLE
    assert one_line(answer.err)
    assert "LUYUE_INVITE_HOURS" in answer.err


def test_a_database_that_does_not_answer_is_told_in_its_own_words(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUYUE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/luyue")
    answer = office.run("county", "stats")
    assert answer.status == console.FAILED
    assert one_line(answer.err)
    assert "port 1" in answer.err
    assert "sqlalche.me" not in answer.err


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("piped", "code"), [("", "escrow.no_passphrase"), ("a wrong one\n", "escrow.wrong_passphrase")]
)
def test_without_a_terminal_the_passphrase_is_piped_in_or_asked_for_in_one_line(
    founded: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piped: str, code: str
) -> None:
    monkeypatch.delenv("LUYUE_ESCROW_PASSPHRASE", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
    told = founded.run("county", "escrow-key", "export", str(tmp_path / "escrow.key"))
    assert (told.status, told.err) == (2, say(f"refusal.{code}") + "\n")


def test_a_taken_port_is_told_in_one_line(founded: Office, taken_port: int) -> None:
    for command in (("county", "serve"), ("tablet", "--data", str(founded.folder / "tablet"))):
        answer = founded.run(*command, "--port", str(taken_port))
        assert answer.status == console.FAILED
        assert str(taken_port) in answer.err
        assert one_line(answer.err)


def test_the_tablet_command_never_imports_the_county(tmp_path: Path, taken_port: int) -> None:
    script = (
        "import sys, console\n"
        f"arguments = ['tablet', '--port', '{taken_port}', '--data', {str(tmp_path)!r}]\n"
        "assert console.run(arguments) == console.FAILED\n"
        "assert 'app.boot' in sys.modules\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'county']\n"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)


def test_a_sample_roster_is_written(office: Office) -> None:
    path = office.folder / "sample.xlsx"
    answer = office.run("sample-roster", "--rows", "20", "--out", str(path))
    assert answer.status == 0
    assert path.stat().st_size < 200_000

"""The commands `luyue explain` and `luyue policy`, by what they print and their exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import console
from core.default_pack import DEFAULT_PACK

CASE: dict[str, Any] = {
    "today": "2026-11-20",
    "resident": {"id": "r1", "birth_date": "1980-03-01", "tags": [{"tag": "htn"}]},
    "contracts": [{"id": "c1", "start_on": "2026-01-01", "end_on": "2026-12-31"}],
    "follow_ups": [{"id": "f1", "occurred_on": "2026-01-10", "mode": "home"}],
}


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(CASE), "utf-8")
    return path


def test_a_case_is_explained_as_json(case_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run(["explain", str(case_file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len([s for s in told["account"]["slots"] if s["programme"] == "contract"]) == 12


def test_a_case_is_explained_in_chinese_and_in_english(
    case_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.run(["explain", str(case_file), "--text"]) == 0
    assert "2026-01-10 已履约" in capsys.readouterr().out
    assert console.run(["explain", str(case_file), "--text", "--lang", "en"]) == 0
    assert "Met on 2026-01-10" in capsys.readouterr().out


def test_a_case_with_an_unknown_field_ends_with_status_two_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps({**CASE, "weather": "fine"}), "utf-8")
    assert console.run(["explain", str(path)]) == 2
    assert "weather" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"not json"])
def test_a_file_that_is_missing_or_no_json_ends_with_status_two(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.json"
    if content is not None:
        path.write_bytes(content)
    assert console.run(["explain", str(path)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_many_cases_are_answered_line_by_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps(CASE), "", json.dumps({**CASE, "weather": "fine"}), json.dumps(CASE)]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert console.run(["explain", "--batch"]) == 2
    first, refused, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == last
    assert [r["field"] for r in refused["refused"]] == ["weather"]


def test_sound_cases_by_the_batch_end_with_status_nought(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(CASE)))
    assert console.run(["explain", "--batch"]) == 0
    assert json.loads(capsys.readouterr().out)["resident_id"] == "r1"


def test_the_schemas_and_the_default_pack_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run(["explain", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Case"
    assert console.run(["policy", "schema"]) == 0
    assert "contract" in json.loads(capsys.readouterr().out)["properties"]
    assert console.run(["policy", "default"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "1.0.0"


@pytest.mark.parametrize(
    "arguments", [["explain"], ["explain", "x.json", "--lang", "fr"], ["policy", "check"]]
)
def test_a_command_that_cannot_be_understood_ends_with_status_two(arguments: list[str]) -> None:
    assert console.run(arguments) == 2


def test_a_policy_is_checked_and_its_wrong_line_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(DEFAULT_PACK, "utf-8")
    bad.write_text(DEFAULT_PACK.replace('"min_gap_days": 0', '"min_gap_days": 30'), "utf-8")
    assert console.run(["policy", "check", str(good)]) == 0
    assert "1.0.0" in capsys.readouterr().out
    assert console.run(["policy", "check", str(bad)]) == 2
    line = bad.read_text("utf-8")[: bad.read_text("utf-8").index('"min_gap_days"')].count("\n")
    assert f"第 {line + 1} 行" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--lang", "en", "policy", "check"], ["policy", "check", "--lang", "en"]],
    ids=["of the command", "of the subcommand"],
)
def test_answers_and_refusals_come_in_the_language_asked_for(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = tmp_path / "good.json"
    good.write_text(DEFAULT_PACK, "utf-8")
    assert console.run([*arguments, str(good)]) == 0
    assert "contradict" in capsys.readouterr().out
    assert console.run([*arguments, str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.startswith("There is no file")


def test_a_language_there_are_no_words_for_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert console.run(["--lang", "fr", "policy", "default"]) == 2
    told = capsys.readouterr().err
    assert "Invalid value for --lang: zh_CN or en" in told
    assert len(told.splitlines()) == 1


def test_two_policies_are_compared_in_words_and_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    before.write_text(DEFAULT_PACK, "utf-8")
    after.write_text(DEFAULT_PACK.replace('"maternal", ', ""), "utf-8")
    assert console.run(["policy", "diff", str(before), str(after), "--lang", "en"]) == 0
    assert "Less is owed" in capsys.readouterr().out
    assert console.run(["policy", "diff", str(before), str(after), "--json"]) == 0
    (difference,) = json.loads(capsys.readouterr().out)
    assert (difference["effect"], difference["before"]) == ("less", "maternal")
    assert console.run(["policy", "diff", str(before), str(before), "--lang", "en"]) == 0
    assert "do not differ" in capsys.readouterr().out

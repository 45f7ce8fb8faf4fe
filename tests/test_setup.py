"""`make setup` and the search for a browser: one clear line where the machine lacks something."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys import browser_finder

ROOT = Path(__file__).parent.parent
SHELL_COMMANDS = ("bash", "dirname", "sed")


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A folder of commands as on a machine that has a shell, and no Python."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in SHELL_COMMANDS:
        (commands / name).symlink_to(str(shutil.which(name)))
    return commands


def setup_on(commands: Path, venv: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [ROOT / "tools" / "venv", venv, "requirements/test.txt"],
        env={"PATH": str(commands)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_machine_without_python_is_told_in_one_line(bare_machine: Path, tmp_path: Path) -> None:
    status, lines = setup_on(bare_machine, tmp_path / "venv")
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("setup: no python3 here; install Python 3.11 or newer")


def test_an_old_python_is_told_in_one_line(bare_machine: Path, tmp_path: Path) -> None:
    executable(bare_machine / "python3", 'case "$2" in *exit*) exit 1;; *) echo 3.9.6;; esac')
    status, lines = setup_on(bare_machine, tmp_path / "venv")
    assert (status, len(lines)) == (1, 1)
    assert "is 3.9.6, Lüyue needs 3.11 or newer" in lines[0]


def test_a_python_without_venv_is_told_in_one_line(bare_machine: Path, tmp_path: Path) -> None:
    executable(bare_machine / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    status, lines = setup_on(bare_machine, tmp_path / "venv")
    assert (status, len(lines)) == (1, 1)
    assert "install them: apt-get install python3-venv" in lines[0]


def test_the_browser_that_was_named_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = executable(tmp_path / "chromium", "echo Chromium 1")
    monkeypatch.setenv("LUYUE_CHROMIUM", str(browser))
    assert browser_finder.find_chromium() == browser


def test_a_named_browser_that_does_not_start_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUYUE_CHROMIUM", str(tmp_path / "nothing"))
    with pytest.raises(browser_finder.NoBrowser, match="does not start"):
        browser_finder.find_chromium()


def test_a_browser_that_is_only_an_empty_shell_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "chromium", "echo install the snap; exit 1")
    real = executable(tmp_path / "google-chrome", "echo Google Chrome 1")
    monkeypatch.delenv("LUYUE_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin")
    monkeypatch.setattr(browser_finder, "NAMES", ("chromium", "google-chrome"))
    assert browser_finder.find_chromium() == real

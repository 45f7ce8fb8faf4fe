"""A county office in a folder of its own, whose commands a test runs and hears the answers of."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
import structlog

import console
from tests.commands import ROOT

RIGHTS = "-dac_override,-dac_read_search,-net_bind_service"
"""What root may do beyond everybody else, as far as it matters here."""
PASSPHRASE = "correct horse battery"


class Answer:
    """What a command said and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def told(self) -> dict[str, object]:
        told: dict[str, object] = json.loads(self.out)
        return told


@contextmanager
def _logs_as_before() -> Iterator[None]:
    """What a command sends its log to is gone when its test is over: others go on as before."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


class Office:
    """Runs commands against one county folder, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: str) -> Answer:
        self._capsys.readouterr()
        with _logs_as_before():
            status = console.run(list(arguments))
        caught = self._capsys.readouterr()
        return Answer(status, caught.out, caught.err)


def an_office(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Office:
    """A county office with an empty folder, whatever the machine's own settings are."""
    for name in ("LUYUE_DATABASE_URL", "LUYUE_LANG", "LUYUE_PORT", "LUYUE_COUNTY_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LUYUE_COUNTY_DATA", str(folder / "county"))
    return Office(folder, capsys)


def a_founded_office(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The office once its county is founded; the passphrase need not be typed."""
    monkeypatch.setenv("LUYUE_ESCROW_PASSPHRASE", PASSPHRASE)
    assert office.run("county", "init", "青川县").status == 0
    return office


def database_of(office: Office) -> Path:
    return office.folder / "county" / "county.db"


def outside(
    *arguments: str,
    piped: str = "",
    entitled: bool = True,
    out: int | TextIO = subprocess.PIPE,
    **more: str,
) -> Answer:
    """A command in a process of its own; one that is not `entitled` is held to all rights.

    What it prints may go elsewhere: to `out`.
    """
    limits = [] if entitled or os.geteuid() else ["setpriv", "--bounding-set", RIGHTS]
    done = subprocess.run(
        [*limits, sys.executable, "-m", "console", *arguments],
        cwd=ROOT, env={**os.environ, **more}, input=piped, stdout=out, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout or "", done.stderr)


def one_line(text: str) -> bool:
    return len(text.strip().splitlines()) == 1 and "Traceback" not in text


def check_told(answer: Answer, status: int, *parts: str) -> None:
    """It ended like this, and its only line says this."""
    assert one_line(answer.err)
    assert [part for part in parts if part not in answer.err] == []
    assert answer.status == status

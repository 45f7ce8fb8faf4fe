"""A county office in a folder of its own, whose commands a test runs and hears the answers of."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

import console


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


def one_line(text: str) -> bool:
    return len(text.strip().splitlines()) == 1 and "Traceback" not in text

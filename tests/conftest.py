"""What every test shares: Chinese words, no missing sentence, and the journeys' marker."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import words

if TYPE_CHECKING:
    from tests.console_office import Office

# A shared machine may be slow for a moment; that is no fault of the example being tried.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

JOURNEYS = Path(__file__).parent / "journeys"


class _MissingWords(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


@pytest.fixture(autouse=True)
def every_word_is_there() -> Iterator[list[str]]:
    """Start in the default language, and fail a test in which a sentence was missing.

    A test that means to miss one asks for this fixture and clears the list it gets.
    """
    words.set_language(words.DEFAULT_LANGUAGE)
    listener = _MissingWords()
    logger = logging.getLogger(words.__name__)
    logger.addHandler(listener)
    yield listener.seen
    logger.removeHandler(listener)
    assert not listener.seen


@pytest.fixture
def office(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Office:
    """A county office whose commands are run in this process."""
    from tests.console_office import an_office  # only here: the Android set has no command line

    return an_office(tmp_path, capsys, monkeypatch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in tests/journeys is a journey."""
    for item in items:
        if JOURNEYS in item.path.parents:
            item.add_marker(pytest.mark.journey)

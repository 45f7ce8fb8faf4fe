"""The tablet's log: events with codes and counts, one JSON object a line, and never a person.

A log lies unencrypted in the data folder. So a value gets in only where it is a number, a
yes or no, or a short code; anything else, a name or a reading in a sentence above all, is
written as `withheld`.
"""

from __future__ import annotations

import json
import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

WITHHELD = "withheld"
MAX_BYTES = 512 * 1024
KEPT_FILES = 2

_LOGGER = logging.getLogger("luyue.tablet")
_CODE = re.compile(r"[a-z][a-z_]*(\.[a-z_]+)*")


def open_log(path: Path) -> None:
    """Sends the tablet's events to the file, which is turned over at half a megabyte."""
    close_log()
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES)
    handler.setFormatter(logging.Formatter('{"at": "%(asctime)s", %(message)s}'))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def close_log() -> None:
    """Closes the file, if one is open."""
    for handler in tuple(_LOGGER.handlers):
        _LOGGER.removeHandler(handler)
        handler.close()


def note(event: str, **values: object) -> None:
    """Writes one event; `event` and text values are codes, such as `store.full`."""
    line = json.dumps(
        {"event": _safe(event), **{key: _safe(value) for key, value in values.items()}}
    )
    _LOGGER.info(line[1:-1])


def code_of(error: Exception) -> str:
    """The type of an error as a code, `OperationalError` as `operational_error`; not its text.

    The text of an error may quote a record.
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value
    text = str(value)
    return text if _CODE.fullmatch(text) else WITHHELD

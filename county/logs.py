"""The county's log: one JSON line per event, with ids and counts, and never a record."""

from __future__ import annotations

import json
import logging
import sys

import structlog


class WithoutTraceback(logging.Formatter):
    """A line for what libraries log: an exception by its type, as its text may quote a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The event as JSON."""
        kind = record.exc_info[0] if record.exc_info else None
        line = {
            "event": record.getMessage().strip(),
            "logger": record.name,
            "level": record.levelname.lower(),
            **({} if kind is None else {"error": kind.__name__}),
        }
        return json.dumps(line, ensure_ascii=False)


def set_up_logs() -> None:
    """Send every event to standard error as one JSON line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WithoutTraceback())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

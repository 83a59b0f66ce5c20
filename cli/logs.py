"""What is said of runs: warnings to who watches, and everything, for later, to a log that rotates.

The log has one JSON object per line (``time``, ``level``, ``of``, ``says``). It is where the system keeps
such files, or where ``ANTISTOKES_LOG`` says; empty: there is none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler

from antistokes.cli.output import notes
from antistokes.instruments.logfile import log_path

_LARGEST, _KEPT = 2_000_000, 5  # bytes of a file, and files beside the newest
_OURS = logging.getLogger("antistokes")


class _Terminal(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        notes.print(f"{record.levelname.lower()}: {record.getMessage()}")


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(
            {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "of": record.name.removeprefix("antistokes."),
                "says": record.getMessage(),
            },
            ensure_ascii=False,
        )


@contextmanager
def logged() -> Iterator[None]:
    """Inside the block warnings are shown and everything from INFO on is kept.

    Where the log cannot be written, that is said, and nothing else is wrong.
    """
    terminal = _Terminal(logging.WARNING)
    handlers: list[logging.Handler] = [terminal]
    if (path := log_path()) is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = RotatingFileHandler(path, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8")
            kept.setLevel(logging.INFO)
            kept.setFormatter(_JsonLine())
            handlers.append(kept)
        except OSError as error:
            notes.print(f"no log is kept: {path}: {error.strerror or error}")
    level = _OURS.level
    if _OURS.getEffectiveLevel() > logging.INFO:
        _OURS.setLevel(logging.INFO)
    for handler in handlers:
        _OURS.addHandler(handler)
    try:
        yield
    finally:
        _OURS.setLevel(level)
        for handler in handlers:
            _OURS.removeHandler(handler)
            handler.close()


@contextmanager
def unsaid() -> Iterator[None]:
    """Inside the block nothing is shown or kept: what a rehearsal warns of has not happened."""
    level = _OURS.level
    _OURS.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        _OURS.setLevel(level)

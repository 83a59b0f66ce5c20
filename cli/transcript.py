"""A readable record of all that was sent to the instruments and what they answered: ``--transcript FILE``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from antistokes.cli.options import using
from antistokes.instruments.instrument import WIRE_LOG

_LARGEST, _KEPT = 20_000_000, 4  # bytes of a file, and files beside the newest


class _Line(logging.Formatter):
    """``14:02:03.123 laser > OUTP:STAT 1``; what is said of the run has no arrow."""

    def format(self, record: logging.LogRecord) -> str:
        time = f"{self.formatTime(record, '%H:%M:%S')}.{record.msecs:03.0f}"
        if not record.name.startswith(f"{WIRE_LOG}.") or not isinstance(record.args, tuple):
            return f"{time} {record.levelname.lower()}: {record.getMessage()}"
        device = record.name.removeprefix(f"{WIRE_LOG}.").removesuffix(".Adapter")
        (said,) = record.args
        text = said.decode("latin-1") if isinstance(said, bytes) else said
        return f"{time} {device} {'>' if record.msg.startswith('WRITE') else '<'} {text!r}"


@contextmanager
def transcript(path: Path | None) -> Iterator[None]:
    """Everything on the wires inside the block goes to the end of *path*; none: nothing does.

    :raises Refused: *path* cannot be written
    """
    if path is None:
        yield
        return
    with using(path):
        handler = RotatingFileHandler(path, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(_Line())
    ours, wires = logging.getLogger("antistokes"), logging.getLogger(WIRE_LOG)
    level = wires.level
    ours.addHandler(handler)
    wires.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        wires.setLevel(level)
        ours.removeHandler(handler)
        handler.close()

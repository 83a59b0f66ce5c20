"""What the command line prints: text for people; with ``--json``, one object as the last line."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

#: tables and results
screen = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
#: progress, notes, errors
notes = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def table(*columns: str, title: str | None = None) -> Table:
    """A table whose first column is never broken; the others are folded, not cut."""
    result = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        result.add_column(column, no_wrap=i == 0, overflow="fold")
    return result


def emit(data: dict[str, Any]) -> None:
    """Print one JSON object on one line; nan and infinity become null."""
    sys.stdout.write(json.dumps(_plain(data)) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

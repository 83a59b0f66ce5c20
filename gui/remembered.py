"""What was typed into the forms the last time, kept beside the run files."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from antistokes.procedures.procedure import Procedure


class Remembered:
    """Settings by procedure, in a JSON file; one that is missing or damaged remembers nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._settings: dict[str, Any] = {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(found, dict):
            self._settings = found

    @property
    def last(self) -> str:
        """The procedure that was kept last; empty: none."""
        return next(reversed(self._settings), "")

    def of(self, name: str, kind: type[Procedure]) -> dict[str, Any]:
        """Settings of the procedure *name*, those that it still has; empty: none, or not a table."""
        found = self._settings.get(name)
        if not isinstance(found, dict):
            return {}
        return {key: value for key, value in found.items() if key in kind.__struct_fields__}

    def keep(self, name: str, settings: dict[str, Any]) -> None:
        """That it cannot be written is no reason to keep anybody from measuring."""
        self._settings.pop(name, None)
        self._settings[name] = settings
        with suppress(OSError):
            self._path.write_text(json.dumps(self._settings, indent=1), encoding="utf-8")

"""Where logs are kept: where the system keeps such files, or where ``ANTISTOKES_LOG`` says."""

from __future__ import annotations

import os
from pathlib import Path


def log_path() -> Path | None:
    """The log of runs; others are beside it. None: ``ANTISTOKES_LOG`` is empty, none is kept."""
    said = os.environ.get("ANTISTOKES_LOG")
    if said is not None:
        return Path(said) if said else None
    import platformdirs

    return platformdirs.user_log_path("antistokes", appauthor=False) / "antistokes.log"

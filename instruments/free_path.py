"""Names of files that are not taken: nothing that has been measured is overwritten."""

from __future__ import annotations

from pathlib import Path


def free_path(path: Path) -> Path:
    """*path*, or the first of path-2, path-3 … that does not exist. :raises OSError: it cannot be told"""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate

"""Station files that come with antistokes."""

from __future__ import annotations

from pathlib import Path

from antistokes.instruments.errors import FileRefused, nearest

_FOLDER = Path(__file__).parent


def shipped() -> list[str]:
    """Names of the stations that come with antistokes."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def find_station(name: str | Path) -> Path:
    """The path of a station: *name* is a file, or the name of a shipped station.

    :raises FileRefused: neither
    """
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return path
    if str(name) in shipped():
        return _FOLDER / f"{name}.toml"
    raise FileRefused(
        name, "", f"no such station file, nor a shipped station; {nearest(str(name), shipped())}"
    )

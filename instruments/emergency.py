"""Making a station safe from outside of the program that uses it, whatever hangs there."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Collection
from pathlib import Path

from .errors import AntistokesError
from .station import SafeStep, Station
from .stationfile import StationFile


def make_all_safe(
    station: str | Path | StationFile, within: float = 10.0, only: Collection[str] | None = None
) -> list[SafeStep]:
    """Make each instrument of a station safe by a connection of its own, all at the same time.

    Nothing is set but what makes it safe. One that cannot be reached, or does not answer, keeps none of the
    others waiting: it is given up, and named, after *within* s. Instruments made of others are safe when
    those are.

    :param only: names of instruments; None: all
    :return: one step for each instrument, in the order of the file
    :raises FileRefused: the station file
    """
    file = station if isinstance(station, StationFile) else StationFile.read(station)
    names = [name for name, entry in file.instruments.items() if not entry.parts]
    stations = {name: Station(file) for name in names if only is None or name in only}
    steps: dict[str, SafeStep] = {}
    threads = []
    for name, own in stations.items():
        threads.append(threading.Thread(target=_make_one_safe, args=(own, name, steps), daemon=True))
        threads[-1].start()
    end = time.monotonic() + within
    for work in threads:
        work.join(max(end - time.monotonic(), 0.0))
    done = dict(steps)  # what comes later is not believed
    for name, own in stations.items():
        if name not in done:
            atexit.unregister(own.close)  # it would wait as well
            done[name] = SafeStep(name, within, f"no answer within {within:g} s")
    return [done[name] for name in stations]


def _make_one_safe(station: Station, name: str, steps: dict[str, SafeStep]) -> None:
    start, problem = time.monotonic(), ""
    try:
        station.open_one(name, configure=False).make_safe()
    except AntistokesError as error:
        problem = str(error)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    steps[name] = SafeStep(name, time.monotonic() - start, problem)
    station.close(make_safe=False)

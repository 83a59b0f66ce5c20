"""The watchdog's own process: ``python -m antistokes.instruments.watchdog_process STATION``.

It listens to the program that started it. It has drivers at hand but no connection, since many instruments
have room for one only; when it acts it opens its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from logging.handlers import RotatingFileHandler

from .clock import RealClock
from .emergency import make_all_safe
from .errors import AntistokesError
from .logfile import log_path
from .station import Station
from .stationfile import StationFile
from .watchdog import ACT, GOODBYE, READY

log = logging.getLogger("antistokes.watchdog")

_SILENCE = 15.0  # s without a word
_WITHIN, _ROUNDS, _PAUSE = 5.0, 8, 0.3  # s for one round, rounds, s between them: connections die slowly


def main(path: str) -> int:
    """0: nothing was to be done, or all is safe."""
    for name in ("SIGINT", "SIGHUP"):  # of the terminal, to the program
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    parent = os.getppid()
    try:
        file = StationFile.read(path)
        station = Station(file)  # everything is imported that will be needed
        station.backend.visa_library()
        with contextlib.suppress(Exception):
            import pyvisa

            pyvisa.ResourceManager(station.backend.visa_library())
    except AntistokesError as error:
        print(error, flush=True)
        return 1
    _keep_log()
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: heard.put(f"{ACT} the watchdog is asked to end"))
    print(READY, flush=True)
    while True:
        try:
            word = heard.get(timeout=_SILENCE)
        except queue.Empty:
            word = f"{ACT} nothing has been heard of the program for {_SILENCE:g} s"
        if word == GOODBYE:
            return 0
        if word is None:
            return _act(file, "the program has ended without switching off", None)
        if word.startswith(ACT):
            return _act(file, word.removeprefix(ACT).strip(), parent)


def _listen(heard: queue.SimpleQueue[str | None]) -> None:
    for line in sys.stdin:
        heard.put(line.strip())
    heard.put(None)


def _keep_log() -> None:
    log.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if (path := log_path()) is not None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            name = path.with_name("watchdog.log")
            handlers.append(RotatingFileHandler(name, maxBytes=1_000_000, backupCount=3, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s watchdog: %(message)s"))
        log.addHandler(handler)


def _act(file: StationFile, reason: str, hung: int | None) -> int:
    """Make all safe, again and again those that do not answer; 1: one could not be.

    :param hung: the program, which may hold their connections: it is ended when nothing else helps
    """
    with contextlib.suppress(OSError):  # nobody may read any more
        log.warning("station '%s': %s; making all safe", file.name, reason)
    left = None
    for number in range(_ROUNDS):
        if number:
            RealClock().sleep(_PAUSE)
        if number == _ROUNDS // 2 and hung is not None and hasattr(signal, "SIGKILL"):
            log.warning("the program holds instruments that do not answer: it is ended")
            with contextlib.suppress(OSError):
                os.kill(hung, signal.SIGKILL)
        steps = make_all_safe(file, _WITHIN, left)
        left = [step.device for step in steps if step.problem]
        for step in steps:
            log.info("%s: %s", step.device, f"NOT SAFE: {step.problem}" if step.problem else "safe")
        if not left:
            return 0
    log.error("station '%s': NOT SAFE: %s", file.name, ", ".join(left or ()))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

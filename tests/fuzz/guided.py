"""Bytes that reach ever more of the code, by atheris: ``python tests/fuzz/guided.py WHAT [-runs=N]``.

WHAT is station, sample, plan or run (what the file is said to be), or the name of a driver, whose device
answers with these bytes. Needs ``pip install atheris``. Ends at the first error that is not one of ours.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["antistokes"]):
    from antistokes.analysis import load
    from antistokes.analysis.runfile import NotARunFile
    from antistokes.instruments import Station
    from antistokes.instruments.errors import AntistokesError
    from antistokes.procedures.plan_file import PlanFile
    from antistokes.simulated_hw.samples.sample import Sample

_READERS: dict[str, Any] = {
    "station": lambda path: Station.load(path).close(),
    "sample": Sample.load,
    "plan": PlanFile.read,
    "run": load,
}
_STATION = 'backend = "@sim"\n[instruments.it]\ndriver = "{}"\nresource = "ASRL1::INSTR"\n'


class SaysOnly:
    """In the place of a line's faults: every answer is this."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def strikes(self, message: str) -> None:
        return None

    def spoilt(self, kind: None, message: bytes, answer: bytes) -> tuple[bytes, float]:
        return self._answer + b"\r\n", 0.0


def main(what: str) -> None:
    logging.disable()
    path = Path(tempfile.mkdtemp()) / "it"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with suppress(AntistokesError, NotARunFile):
            _READERS[what](path)

    def ask(data: bytes) -> None:
        path.write_text(_STATION.format(what))
        with Station.load(path) as station:
            backend: Any = station.backend
            device: Any = station["it"]
            backend.world.twins["it"].line_faults = SaysOnly(data)
            for member in (*device.SNAPSHOT, *device.LIMITS):
                with suppress(AntistokesError):
                    getattr(device, member)
            backend.world.twins["it"].line_faults = None

    atheris.Setup([sys.argv[0], *sys.argv[2:]], read if what in _READERS else ask)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1])

"""Every error antistokes raises on purpose.

    AntistokesError
    ├── Refused                     nothing has moved; the command line ends with exit code 2
    │   ├── FileRefused             a station, sample or plan file: file, key, what would be right
    │   ├── LimitError              a value outside its allowed range: thing, value, range
    │   └── PlanRefused             several of them at once
    ├── InstrumentError             carries the device's name
    │   ├── ConnectionFailed        it cannot be opened, or the connection dropped
    │   ├── WrongModel              another instrument answers on this resource
    │   ├── DeviceTimeout           no answer within the time-out
    │   ├── BadAnswer               an answer that cannot be what was asked for
    │   ├── OverRange               a reading beyond the present range: no number can be trusted
    │   └── DeviceFault             the device itself reported an error (its error queue, a trip)
    ├── InterlockBroken             a rule of the station file has ended the run
    ├── MissingDependency           an optional package is not installed; says how to get it
    └── RunFileError                a run file that cannot be created, read or written

Messages are one line, the thing first, then the value, then what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AntistokesError(Exception):
    """Base of all errors raised on purpose."""


class Refused(AntistokesError):
    """A request that is refused before anything moves."""


class FileRefused(Refused):
    """A station or sample file that cannot be used as it stands.

    :param file: the file's path or name
    :param key: where in the file, e.g. ``instruments.laser.limits.current``; may be empty
    :param problem: what is wrong and what would be right
    """

    def __init__(self, file: object, key: str, problem: str) -> None:
        self.file, self.key, self.problem = str(file), key, problem
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")


class LimitError(Refused):
    """A value outside the range that is allowed for it.

    :param thing: what was to be set, e.g. ``laser current``
    :param value: the value that was asked for
    :param low, high: the allowed range, in the same unit
    :param unit: unit as text, may be empty
    """

    def __init__(self, thing: str, value: float, low: float, high: float, unit: str = "") -> None:
        self.thing, self.value, self.low, self.high, self.unit = thing, value, low, high, unit
        unit = f" {unit}" if unit else ""
        super().__init__(f"{thing} = {value:.9g}{unit} is outside the allowed {low:.6g} to {high:.6g}{unit}")


class PlanRefused(Refused):
    """A plan with more than one problem: all of them.

    :param parts: what is refused, each; the same one said twice counts once
    """

    def __init__(self, parts: Iterable[Refused]) -> None:
        self.parts = tuple({str(part): part for part in parts}.values())
        self.problems = tuple(map(str, self.parts))
        count = f"{len(self.problems)} problems: " if len(self.problems) > 1 else ""
        super().__init__(count + "; ".join(self.problems))


class InstrumentError(AntistokesError):
    """Something went wrong with one instrument.

    :param device: its name in the station
    :param problem: in the user's words; line breaks in it (an SDK's message) become blanks
    """

    def __init__(self, device: str, problem: str) -> None:
        self.device, self.problem = device, " ".join(problem.split())
        super().__init__(f"{device}: {self.problem}")


class ConnectionFailed(InstrumentError):
    """The instrument cannot be opened, or its connection dropped."""


class WrongModel(InstrumentError):
    """Another instrument than the station file says answers on this resource."""


class DeviceTimeout(InstrumentError):
    """No answer within the time-out."""


class BadAnswer(InstrumentError):
    """The answer received cannot be an answer to what was asked."""


class OverRange(InstrumentError):
    """The reading is beyond the present measuring range."""


class DeviceFault(InstrumentError):
    """The instrument reported an error of its own: error queue, interlock, trip."""


class InterlockBroken(AntistokesError):
    """What a rule of the station file does not allow has been for longer than its grace."""


class MissingDependency(AntistokesError):
    """An optional package is needed and not installed."""


class RunFileError(AntistokesError):
    """A run file cannot be created, read or written."""


def meant(word: str, known: Iterable[str]) -> str | None:
    """The one of *known* that *word* looks like; None: none does."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1)), None)


def nearest(word: str, known: Iterable[str], listed_by: str = "") -> str:
    """``did you mean 'x'?``, or the list of what is known: the end of an "unknown …" message.

    :param listed_by: what lists them, where they are too many for a message
    """
    known = sorted(known)
    if close := meant(word, known):
        return f"did you mean '{close}'?"
    return f"{listed_by} lists the {len(known)} known" if listed_by else "known: " + ", ".join(known)

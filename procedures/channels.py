"""What a run records: channels, dimensions, flags, and the header that describes it all.

A detector or axis declares its channels before the first point; a record is a plain ``dict`` from
channel name to value. Sinks (the recorder, a live plot, a log) get the header once, then records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

#: One measured point: channel name to a number or an array of the channel's shape.
Record = dict[str, Any]


class Past(NamedTuple):
    """A point that an earlier part of the run has measured.

    :param record: without what could not be read
    :param ago: s, on the clock of the run
    """

    record: Record
    ago: float


@dataclass(frozen=True, slots=True)
class Dimension:
    """An axis inside one point, e.g. the wavelengths of a spectrum.

    :param values: 1-D, strictly monotonic
    """

    name: str
    values: npt.NDArray[np.float64]
    units: str
    long_name: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity recorded at every point.

    :param units: pint-readable; empty for counts and indices
    :param dims: names of :class:`Dimension`; empty for a scalar
    :param dtype: numpy type code. Float channels start as NaN, integer channels as 0
    :param coordinate: a programmed set-point (the exact value asked for), not a measurement
    """

    name: str
    units: str = ""
    long_name: str = ""
    dims: tuple[str, ...] = ()
    dtype: str = "f8"
    coordinate: bool = False


#: which procedure of a sequence a point belongs to, counted from 0
STEP = Channel("step", "", "procedure of the sequence, from 0", dtype="u1", coordinate=True)


class Flag(IntFlag):
    """Why a point should be looked at before it is believed. Several may be set."""

    SATURATED = 1
    BELOW_NOISE = 2
    NOT_SETTLED = 4
    OFF_TARGET = 8
    READ_FAILED = 16
    OVER_RANGE = 32
    #: the excitation power, or the signal at the reference point, has changed meanwhile
    DRIFTED = 64
    #: the excitation warms the sample by more than the limit
    SELF_HEATED = 128
    #: too many photons per trigger for a counter that sees only the first
    PILE_UP = 256
    #: the laser has changed its wavelength meanwhile
    MODE_HOP = 512
    #: what cosmic rays left in one of several frames was left out
    COSMIC_RAY = 1024

    def words(self) -> str:
        """The flags that are set, for people."""
        return ", ".join(str(flag.name).lower().replace("_", " ") for flag in self)

    @classmethod
    def meanings(cls) -> str:
        """Names in the order of their bits, separated by blanks (CF convention ``flag_meanings``)."""
        return " ".join(str(flag.name).lower() for flag in cls)


@dataclass(frozen=True, slots=True)
class RunHeader:
    """Everything known before the first point; one file must be enough to repeat the run.

    ``signal`` names the channel of the default plot. ``axis`` names the inner set-point. ``planned``
    is the number of points the plan asks for (0 when it cannot be known). ``response`` is that of the
    emission path, per photon, at the dimension ``wavelength``; None: not calibrated. ``snapshot`` maps each
    device to its settings. ``software`` maps distribution names to versions. ``monitors`` are recorded beside
    the points, with times of their own; ``monitor_entries`` says what they are. ``station_path`` and
    ``sample_path`` are as they were given. ``changes`` are differences to an earlier part of the run.
    """

    title: str
    procedure: str
    parameters: Mapping[str, Any]
    channels: tuple[Channel, ...]
    dimensions: tuple[Dimension, ...]
    signal: str
    axis: str
    planned: int
    start: datetime
    simulated: bool
    seed: int | None = None
    station_name: str = ""
    station_file: str = ""
    sample_file: str = ""
    sample: Mapping[str, Any] = field(default_factory=dict)
    beam: Mapping[str, Any] = field(default_factory=dict)
    excitation_wavelength: float | None = None
    response: npt.NDArray[np.float64] | None = None
    snapshot: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)
    monitors: tuple[Channel, ...] = ()
    monitor_entries: Mapping[str, Any] = field(default_factory=dict)
    station_path: str = ""
    sample_path: str = ""
    changes: tuple[str, ...] = ()


class Sink(Protocol):
    """Anything that follows a run."""

    def open(self, header: RunHeader) -> None:
        """The run begins."""

    def append(self, record: Mapping[str, Any]) -> None:
        """One point; must return at once."""

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        """The run is over: ``completed``, ``stopped`` or ``failed``, why, and the devices' state after it."""

"""A wanted colour of the emission, reached by pulse width or by mixing lasers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Positive
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower
from .axes.laser_mixture import LaserMixture
from .axes.steered_pulse_width import SteeredPulseWidth
from .detectors import Detector, EmissionSpectrum, PumpPower
from .detectors.emission_colour import EmissionColour
from .parameters import Frames, LongestExposure, Readings, Settle
from .procedure import Contradiction, Procedure

Coordinate = Annotated[float, Meta(ge=0, le=1)]


class ColourControl(Procedure, kw_only=True):
    """Closed loop: looks around, then goes where the colour should be, until it is.

    By ``pulse width``: one gated laser, whose pulses have a mean irradiance ``irradiance``. By ``lasers``:
    those named in ``lasers``, each up to its value of ``irradiances``, all W/cm². A colour out of reach ends
    the run with the nearest one that is not, measured last. Without ``x`` and ``y`` the lasers are shown
    alone and together.
    """

    NAME = "colour-control"
    SIGNAL = "spectrum"

    by: Annotated[Literal["pulse width", "lasers"], Meta(title="By", description="what is steered")]
    x: Annotated[Coordinate | None, Meta(title="x", description="wanted CIE 1931 x")] = None
    y: Annotated[Coordinate | None, Meta(title="y", description="wanted CIE 1931 y")] = None
    tolerance: Annotated[
        float, Meta(gt=0, le=0.5, title="Tolerance", description="largest distance from (x, y)")
    ] = 0.01
    attempts: Annotated[int, Meta(ge=1, le=100, title="Attempts", description="at most")] = 12
    shortest: Annotated[float, Meta(gt=0, title="Shortest pulse", extra={"units": "s"})] = 1e-4
    longest: Annotated[float, Meta(gt=0, title="Longest pulse", extra={"units": "s"})] = 1e-2
    period: Annotated[float, Meta(gt=0, title="Period", extra={"units": "s"})] = 0.03
    irradiance: Annotated[
        float, Meta(gt=0, title="Irradiance", description="during a pulse", extra={"units": "W/cm^2"})
    ] = 300.0
    looks: Annotated[int, Meta(ge=2, le=100, title="Looks", description="pulse widths to look at first")] = 7
    lasers: Annotated[list[str], Meta(title="Lasers", description="names of the station's instruments")] = []
    irradiances: Annotated[
        list[Positive],
        Meta(title="Irradiances", description="highest of each laser", extra={"units": "W/cm^2"}),
    ] = []
    settle: Settle = 0.1
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 3
    readings: Readings = 5
    uncorrected: Annotated[
        bool, Meta(title="Uncorrected", description="although the response is not calibrated")
    ] = False

    def contradictions(self) -> Iterator[Contradiction]:
        if (self.x is None) != (self.y is None):
            yield {"x", "y"}, f"x = {self.x}, y = {self.y}; must be both given, or none"
        if self.x is not None and self.y is not None and (self.x + self.y > 1 or self.y == 0):
            yield {"x", "y"}, f"({self.x:g}, {self.y:g}) is no colour; x + y must be at most 1, y above 0"
        if self.by == "lasers":
            if not self.lasers or len(set(self.lasers)) < len(self.lasers):
                yield {"by", "lasers"}, f"lasers = {self.lasers}; must be different names, at least one"
            if len(self.irradiances) != len(self.lasers):
                text = f"irradiances = {self.irradiances}; must be one for each of {len(self.lasers)} lasers"
                yield {"by", "lasers", "irradiances"}, text
            return
        if self.x is None:
            yield {"by", "x"}, "by pulse width needs a wanted colour, x and y"
        if self.shortest >= self.longest:
            text = f"shortest = {self.shortest:g} s; must be below longest, {self.longest:g} s"
            yield {"by", "shortest", "longest"}, text

    def axes(self) -> list[Axis]:
        target = None if self.x is None or self.y is None else (self.x, self.y)
        if self.by == "lasers" or target is None:
            mixture = LaserMixture(
                target,
                self.tolerance,
                self.lasers,
                self.irradiances,
                self.attempts,
                self.settle,
                self.readings,
            )
            return [mixture]
        pulses = SteeredPulseWidth(
            target,
            self.tolerance,
            (self.shortest, self.longest),
            self.period,
            self.looks,
            self.attempts,
            self.settle,
        )
        return [pulses, ExcitationPower(np.array([self.irradiance]), order="up", settle=0.0)]

    def detectors(self, station: Station) -> list[Detector]:
        power: list[Detector] = [] if self.by == "lasers" else [PumpPower(self.readings)]
        return [
            *power,
            EmissionSpectrum(self.longest_exposure, self.frames),
            EmissionColour(self.uncorrected),
        ]

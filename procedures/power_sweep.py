"""Emission against excitation power: photon-number exponent, saturation, hysteresis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Positive
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, SampleTemperature, referenced
from .detectors import Detector, EmissionSpectrum, PumpPower, PumpPowerAfter, SampleThermometer
from .parameters import LONGEST_WAIT, Frames, LongestExposure, Readings, ReferenceEvery, Settle
from .procedure import Contradiction, Procedure


class PowerSweep(Procedure, kw_only=True):
    """Emission spectra at logarithmically spaced excitation, up and down, or shuffled.

    ``start`` and ``stop`` are mean irradiances P/(π·w_x·w_y) in W/cm², or powers on the sample in mW
    when ``unit`` says so.

    What drifts or bleaches meanwhile is told from what depends on power by reference points, or by shuffling;
    a sample that remembers the power before (hysteresis) gets neither: up, down, and time in the dark.
    """

    NAME = "power-sweep"
    SIGNAL = "spectrum"

    start: Annotated[
        float,
        Meta(gt=0, title="Start", description="lowest excitation, in unit", extra={"units_from": "unit"}),
    ] = 0.1
    stop: Annotated[
        float,
        Meta(gt=0, title="Stop", description="highest excitation, in unit", extra={"units_from": "unit"}),
    ] = 1000.0
    unit: Annotated[Literal["W/cm^2", "mW"], Meta(title="Unit", description="of start and stop")] = "W/cm^2"
    points_per_decade: Annotated[int, Meta(ge=1, le=1000, title="Points per decade")] = 6
    order: Annotated[Literal["up", "down", "up_down", "shuffled"], Meta(title="Order")] = "up_down"
    order_seed: Annotated[int, Meta(ge=0, title="Order seed", description="of the shuffled order")] = 0
    settle: Settle = 0.05
    dark_between: Annotated[
        float,
        Meta(
            ge=0,
            le=LONGEST_WAIT,
            title="Dark between",
            description="time without light before each power",
            extra={"units": "s"},
        ),
    ] = 0.0
    reference_every: ReferenceEvery = 0
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 3
    readings: Readings = 5
    temperatures: Annotated[
        list[Positive],
        Meta(
            title="Temperatures",
            description="sample temperatures, one sweep at each; empty: as it is",
            extra={"units": "K"},
        ),
    ] = []

    def contradictions(self) -> Iterator[Contradiction]:
        if self.start > self.stop:
            text = f"start = {self.start:g} {self.unit}; must be up to stop, {self.stop:g} {self.unit}"
            yield {"start", "stop", "unit"}, text

    def axes(self) -> list[Axis]:
        decades = np.log10(float(self.stop)) - np.log10(float(self.start))
        points = (
            max(2, int(np.ceil(decades * self.points_per_decade - 1e-9)) + 1) if self.stop > self.start else 1
        )
        power = ExcitationPower(
            np.geomspace(self.start, self.stop, points),
            self.unit,
            self.order,
            self.order_seed,
            self.settle,
            dark_between=self.dark_between,
        )
        powers = referenced(power, self.reference_every)
        return [SampleTemperature(self.temperatures), powers] if len(self.temperatures) else [powers]

    def detectors(self, station: Station) -> list[Detector]:
        detectors: list[Detector] = [
            PumpPower(self.readings),
            EmissionSpectrum(self.longest_exposure, self.frames),
        ]
        if station.find_optional(TemperatureController) is not None:
            detectors.append(SampleThermometer())
        return [*detectors, PumpPowerAfter(self.readings)]

"""Emission against temperature: where it vanishes, what activates it, luminescence thermometry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, field

from antistokes.instruments.records import NonNegative, Positive
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, SampleTemperature, referenced
from .detectors import Detector, EmissionSpectrum, PumpPower, PumpPowerAfter, SampleThermometer
from .parameters import MOST_POINTS, Frames, LongestExposure, Readings, ReferenceEvery, Settle
from .procedure import Contradiction, Procedure


class TemperatureSweep(Procedure, kw_only=True):
    """Emission spectra at evenly spaced temperatures, at one power or, to see what the light warms, several.

    It is dark while the temperature moves. With a fixed ``exposure`` all points have the same noise
    floor, so that the temperature at which emission vanishes in it has a meaning.
    """

    NAME = "temperature-sweep"
    SIGNAL = "spectrum"

    start: Annotated[
        float, Meta(gt=0, title="Start", description="lowest temperature", extra={"units": "K"})
    ] = 250.0
    stop: Annotated[
        float, Meta(gt=0, title="Stop", description="highest temperature", extra={"units": "K"})
    ] = 400.0
    step: Annotated[
        float, Meta(gt=0, title="Step", description="at most, between two temperatures", extra={"units": "K"})
    ] = 10.0
    order: Annotated[Literal["up", "down", "up_down"], Meta(title="Order")] = "down"
    reference_every: ReferenceEvery = 0
    irradiance: Annotated[
        list[Positive],
        Meta(
            title="Irradiance",
            description="mean irradiances P/(pi w_x w_y), all of them at each temperature",
            min_length=1,
            extra={"units": "W/cm^2"},
        ),
    ] = field(default_factory=lambda: [10.0])
    settle: Settle = 1.0
    band: Annotated[
        float,
        Meta(gt=0, title="Band", description="a settled sample is as near as that", extra={"units": "K"}),
    ] = 0.2
    exposure: Annotated[
        NonNegative,
        Meta(
            title="Exposure",
            description="the same at every point; 0: chosen by looking",
            extra={"units": "s"},
        ),
    ] = 0.0
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 3
    readings: Readings = 5

    def contradictions(self) -> Iterator[Contradiction]:
        if self.start > self.stop:
            yield {"start", "stop"}, f"start = {self.start:g} K; must be up to stop, {self.stop:g} K"
        finest = (self.stop - self.start) / MOST_POINTS
        if self.step < finest:
            text = f"step = {self.step:g} K; must be at least {finest:g} K, for {MOST_POINTS} points"
            yield {"start", "stop", "step"}, text

    def axes(self) -> list[Axis]:
        points = int(np.ceil((self.stop - self.start) / self.step - 1e-9)) + 1
        temperatures = np.linspace(self.start, self.stop, points).tolist()
        return [
            referenced(
                SampleTemperature(temperatures, band=self.band, order=self.order), self.reference_every
            ),
            ExcitationPower(np.asarray(self.irradiance), order="up", settle=self.settle),
        ]

    def detectors(self, station: Station) -> list[Detector]:
        return [
            PumpPower(self.readings),
            EmissionSpectrum(
                self.longest_exposure,
                self.frames,
                # an error that all points have in common tilts a ratio against temperature
                dark_frames=min(10 * self.frames, 1000),
                exposure=self.exposure or None,
            ),
            SampleThermometer(),
            PumpPowerAfter(self.readings),
        ]

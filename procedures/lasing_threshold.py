"""Emission of a laser against its pump: threshold, and how narrow its line becomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower
from .detectors import Detector, EmissionSpectrum, PumpPower, PumpPowerAfter
from .parameters import Frames, LongestExposure, Readings, Settle
from .procedure import Contradiction, Procedure

#: of the narrowest line that is expected; a wider slit hides how narrow it is
_WIDEST_SLIT = 0.5


class LasingThreshold(Procedure, kw_only=True):
    """Highly resolved emission spectra from far below the threshold to far above.

    Of a mode-locked laser ``start`` and ``stop`` are means over its pulses; the fluence of one follows from
    ``repetition_MHz`` of the station's beam record.
    """

    NAME = "lasing-threshold"
    SIGNAL = "spectrum"

    start: Annotated[
        float, Meta(gt=0, title="Start", description="lowest excitation", extra={"units_from": "unit"})
    ] = 1.0
    stop: Annotated[
        float, Meta(gt=0, title="Stop", description="highest excitation", extra={"units_from": "unit"})
    ] = 100.0
    unit: Annotated[Literal["W/cm^2", "mW"], Meta(title="Unit", description="of start and stop")] = "W/cm^2"
    points_per_decade: Annotated[int, Meta(ge=3, le=1000, title="Points per decade")] = 16
    order: Annotated[Literal["up", "down", "up_down", "shuffled"], Meta(title="Order")] = "up"
    order_seed: Annotated[int, Meta(ge=0, title="Order seed", description="of the shuffled order")] = 0
    settle: Settle = 0.05
    resolution: Annotated[
        float,
        Meta(
            ge=0,
            title="Resolution",
            description="of slit and grating (FWHM), pixels not counted; 0: not known",
            extra={"units": "nm"},
        ),
    ] = 0.0
    narrowest: Annotated[
        float,
        Meta(
            ge=0,
            title="Narrowest",
            description="line that must be resolved: the resolution must be half of it; 0: none",
            extra={"units": "nm"},
        ),
    ] = 0.0
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 5
    readings: Readings = 5

    def contradictions(self) -> Iterator[Contradiction]:
        if self.start >= self.stop:
            text = f"start = {self.start:g} {self.unit}; must be below stop, {self.stop:g} {self.unit}"
            yield {"start", "stop", "unit"}, text
        widest = _WIDEST_SLIT * self.narrowest
        if self.narrowest and not 0 < self.resolution <= widest:
            text = (
                f"resolution = {self.resolution:g} nm hides a line of {self.narrowest:g} nm; "
                f"must be above 0 and at most {widest:g} nm"
            )
            yield {"narrowest", "resolution"}, text

    def axes(self) -> list[Axis]:
        decades = np.log10(self.stop) - np.log10(self.start)
        points = int(np.ceil(decades * self.points_per_decade - 1e-9)) + 1
        values = np.geomspace(self.start, self.stop, points)
        return [ExcitationPower(values, self.unit, self.order, self.order_seed, self.settle)]

    def detectors(self, station: Station) -> list[Detector]:
        return [
            PumpPower(self.readings),
            EmissionSpectrum(self.longest_exposure, self.frames),
            PumpPowerAfter(self.readings),
        ]

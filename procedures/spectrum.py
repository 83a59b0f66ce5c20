"""One emission spectrum: where the lines are, how wide, how strong."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower
from .detectors import Detector, EmissionSpectrum, PumpPower, SampleThermometer
from .parameters import Frames, LongestExposure, Readings, Settle
from .procedure import Procedure


class Spectrum(Procedure, kw_only=True):
    """Emission spectrum under one excitation.

    ``excitation`` is a mean irradiance P/(π·w_x·w_y) in W/cm², or a power in mW or a photon flux in 1/s on
    the sample when ``unit`` says so.
    """

    NAME = "spectrum"
    SIGNAL = "spectrum"

    excitation: Annotated[
        float,
        Meta(gt=0, title="Excitation", description="in unit", extra={"units_from": "unit"}),
    ] = 10.0
    unit: Annotated[Literal["W/cm^2", "mW", "1/s"], Meta(title="Unit", description="of the excitation")] = (
        "W/cm^2"
    )
    settle: Settle = 0.05
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 10
    readings: Readings = 5
    resolution: Annotated[
        float,
        Meta(
            ge=0,
            title="Resolution",
            description="of slit and grating (FWHM), pixels not counted; 0: not known",
            extra={"units": "nm"},
        ),
    ] = 0.0
    laser_mask: Annotated[
        float,
        Meta(
            ge=0,
            title="Laser mask",
            description="nearer to the laser line nothing counts as emission",
            extra={"units": "nm"},
        ),
    ] = 6.0

    def axes(self) -> list[Axis]:
        return [ExcitationPower(np.array([self.excitation]), self.unit, "up", settle=self.settle)]

    def detectors(self, station: Station) -> list[Detector]:
        detectors: list[Detector] = [
            PumpPower(self.readings),
            EmissionSpectrum(self.longest_exposure, self.frames),
        ]
        if station.find_optional(TemperatureController) is not None:
            detectors.append(SampleThermometer())
        return detectors

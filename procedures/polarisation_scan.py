"""Emission against the polarisation of the excitation."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, referenced
from .axes.polarisation import Polarisation
from .detectors import Detector, EmissionSpectrum, PumpPower, PumpPowerAfter, SampleThermometer
from .parameters import Frames, LongestExposure, Readings, ReferenceEvery, Settle
from .procedure import Procedure

_TOLERANCE = 0.004  # relative; of the power, which must not change as the polarisation turns


class PolarisationScan(Procedure, kw_only=True):
    """Emission spectra at one irradiance while the polarisation turns; the power is set anew at every angle.

    There and back, so that what drifts or bleaches is not taken for polarisation.
    """

    NAME = "polarisation-scan"
    SIGNAL = "spectrum"

    excitation: Annotated[
        float, Meta(gt=0, title="Excitation", description="in unit", extra={"units_from": "unit"})
    ] = 10.0
    unit: Annotated[Literal["W/cm^2", "mW"], Meta(title="Unit", description="of the excitation")] = "W/cm^2"
    start: Annotated[float, Meta(title="Start", description="first angle", extra={"units": "deg"})] = 0.0
    stop: Annotated[float, Meta(title="Stop", description="last angle", extra={"units": "deg"})] = 180.0
    points: Annotated[int, Meta(ge=1, le=1000, title="Points", description="angles")] = 13
    angles: Annotated[
        list[float],
        Meta(
            title="Angles",
            description="instead of start, stop and points; empty: those",
            extra={"units": "deg"},
        ),
    ] = []
    order: Annotated[Literal["up", "up_down"], Meta(title="Order", description="once, or there and back")] = (
        "up_down"
    )
    reference_every: ReferenceEvery = 0
    settle: Settle = 0.05
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 5
    readings: Readings = 10

    def axes(self) -> list[Axis]:
        angles = np.array(self.angles) if self.angles else np.linspace(self.start, self.stop, self.points)
        if self.order == "up_down":
            angles = np.concatenate([angles, angles[::-1]])
        power = ExcitationPower(
            np.array([self.excitation]), self.unit, "up", settle=self.settle, tolerance=_TOLERANCE
        )
        turned = referenced(Polarisation(angles.tolist()), self.reference_every, at=float(angles[0]))
        return [turned, power]

    def detectors(self, station: Station) -> list[Detector]:
        detectors: list[Detector] = [
            PumpPower(self.readings),
            EmissionSpectrum(self.longest_exposure, self.frames),
        ]
        if station.find_optional(TemperatureController) is not None:
            detectors.append(SampleThermometer())
        return [*detectors, PumpPowerAfter(self.readings)]

"""Emission against excitation wavelength: how much energy the sample can add to a photon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Positive
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, ExcitationWavelength, referenced
from .axes.excitation_power import Unit
from .detectors import Detector, EmissionSpectrum, PumpPower, PumpPowerAfter, SampleThermometer
from .parameters import MOST_POINTS, Frames, LongestExposure, Readings, ReferenceEvery, Settle
from .procedure import Contradiction, Procedure

#: powers at every wavelength from which the exponent is measured, relative to the highest
_POWER_STEP = (0.4, 1.0)


class PleScan(Procedure, kw_only=True):
    """Emission spectra at one excitation while the laser is tuned.

    With ``normalise = "flux"`` the photon flux is held by the meter. With ``"exponent"`` it is the power,
    and two powers at every wavelength tell the exponent n by which the analysis divides, as flux^n.
    """

    NAME = "ple-scan"
    SIGNAL = "spectrum"

    start: Annotated[
        float, Meta(gt=0, title="Start", description="shortest excitation", extra={"units": "nm"})
    ] = 970.0
    stop: Annotated[
        float, Meta(gt=0, title="Stop", description="longest excitation", extra={"units": "nm"})
    ] = 990.0
    step: Annotated[float, Meta(gt=0, title="Step", extra={"units": "nm"})] = 2.0
    wavelengths: Annotated[
        list[Positive],
        Meta(
            title="Wavelengths",
            description="instead of start, stop and step; empty: those",
            extra={"units": "nm"},
        ),
    ] = []
    normalise: Annotated[
        Literal["flux", "exponent"],
        Meta(title="Normalise", description="hold the photon flux, or the power and divide by flux^n"),
    ] = "flux"
    photon_flux: Annotated[
        float, Meta(gt=0, title="Photon flux", description="on the sample, held", extra={"units": "1/s"})
    ] = 1e16
    power: Annotated[
        float,
        Meta(gt=0, title="Power", description="on the sample, where it is held", extra={"units": "mW"}),
    ] = 3.0
    order: Annotated[Literal["up", "down", "up_down", "shuffled"], Meta(title="Order")] = "up_down"
    order_seed: Annotated[int, Meta(ge=0, title="Order seed", description="of the shuffled order")] = 0
    reference_every: ReferenceEvery = 0
    settle: Settle = 0.05
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 3
    readings: Readings = 5
    laser_mask: Annotated[
        float,
        Meta(
            ge=0,
            title="Laser mask",
            description="nearer to the laser line nothing counts as emission",
            extra={"units": "nm"},
        ),
    ] = 6.0
    floor: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            title="Floor",
            description="the gain limit is where the signal is this fraction of that at resonance; "
            "0: where it is lost in noise",
        ),
    ] = 0.0

    def contradictions(self) -> Iterator[Contradiction]:
        if not self.wavelengths and self.start > self.stop:
            text = f"start = {self.start:g} nm; must be up to stop, {self.stop:g} nm"
            yield {"wavelengths", "start", "stop"}, text
        finest = (self.stop - self.start) / MOST_POINTS
        if not self.wavelengths and self.step < finest:
            text = f"step = {self.step:g} nm; must be at least {finest:g} nm, for {MOST_POINTS} points"
            yield {"wavelengths", "start", "stop", "step"}, text
        if len(set(self.wavelengths)) < len(self.wavelengths):
            yield {"wavelengths"}, "wavelengths: one stands there twice; use the order up_down"

    def axes(self) -> list[Axis]:
        values = np.asarray(self.wavelengths, float)
        if not len(values):
            values = self.start + self.step * np.arange(int((self.stop - self.start) / self.step + 1e-9) + 1)
        unit: Unit = "1/s" if self.normalise == "flux" else "mW"
        powers = (
            np.array([self.photon_flux]) if self.normalise == "flux" else self.power * np.array(_POWER_STEP)
        )
        return [
            # at the shortest the photons have the most energy: there is light to see
            referenced(
                ExcitationWavelength(values, self.order, self.order_seed), self.reference_every, at=0.0
            ),
            ExcitationPower(powers, unit, "up", settle=self.settle),
        ]

    def detectors(self, station: Station) -> list[Detector]:
        detectors: list[Detector] = [
            PumpPower(self.readings),
            EmissionSpectrum(self.longest_exposure, self.frames),
        ]
        if station.find_optional(TemperatureController) is not None:
            detectors.append(SampleThermometer())
        return [*detectors, PumpPowerAfter(self.readings)]

"""Temperature of the lit sample against excitation wavelength: does light warm or cool it, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Positive
from antistokes.instruments.roles import Spectrometer
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, ExcitationWavelength
from .detectors import CrystalThermometer, Detector, EmissionSpectrum, PumpPower, PumpPowerAfter
from .parameters import Frames, LongestExposure, Readings
from .procedure import Contradiction, Procedure


class CoolingScan(Procedure, kw_only=True):
    """Temperature of the lit sample with the light off, on, and off again, while the laser is tuned.

    Known as LITMoS: a laser tuned across the mean wavelength of the emission cools beyond it where nearly
    every absorbed photon is emitted (Sheik-Bahae & Epstein, Phys. Rev. Lett. 2004, 92, 247403). Where the
    station has a spectrometer, the emission says how much was absorbed. Use little power: absorption and
    emission change with the temperature that is to be measured.
    """

    NAME = "cooling-scan"
    SIGNAL = "delta_t"

    wavelengths: Annotated[
        list[Positive],
        Meta(
            title="Wavelengths",
            description="of the tunable laser; empty: as the laser is",
            extra={"units": "nm"},
        ),
    ] = []
    power: Annotated[float, Meta(gt=0, title="Power", description="on the sample", extra={"units": "mW"})] = (
        10.0
    )
    powers: Annotated[
        list[Positive],
        Meta(title="Powers", description="instead of power, at each wavelength", extra={"units": "mW"}),
    ] = []
    order: Annotated[
        Literal["up", "down", "up_down", "shuffled"], Meta(title="Order", description="of the wavelengths")
    ] = "up"
    order_seed: Annotated[int, Meta(ge=0, title="Order seed", description="of the shuffled order")] = 0
    thermometer_readings: Annotated[
        int,
        Meta(ge=3, le=1000, title="Thermometer readings", description="averaged once it is at rest"),
    ] = 20
    interval: Annotated[
        float,
        Meta(gt=0, title="Interval", description="from one reading to the next", extra={"units": "s"}),
    ] = 1.0
    drift: Annotated[
        float,
        Meta(ge=0, title="Drift", description="what is slower counts as rest", extra={"units": "K/min"}),
    ] = 0.005
    longest_wait: Annotated[
        float,
        Meta(
            gt=0,
            title="Longest wait",
            description="for rest; then the point is flagged",
            extra={"units": "s"},
        ),
    ] = 600.0
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 3
    readings: Readings = 5

    def contradictions(self) -> Iterator[Contradiction]:
        for name in ("wavelengths", "powers"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                yield {name}, f"{name}: one stands there twice; each must be there once"

    def axes(self) -> list[Axis]:
        power = ExcitationPower(np.array(self.powers or [self.power]), "mW", "up")
        if not self.wavelengths:
            return [power]
        return [ExcitationWavelength(np.array(self.wavelengths), self.order, self.order_seed), power]

    def detectors(self, station: Station) -> list[Detector]:
        detectors: list[Detector] = [PumpPower(self.readings)]
        if station.find_optional(Spectrometer) is not None:
            detectors.append(EmissionSpectrum(self.longest_exposure, self.frames, needed=False))
        thermometer = CrystalThermometer(
            self.thermometer_readings, self.interval, self.drift, self.longest_wait
        )
        return [*detectors, thermometer, PumpPowerAfter(self.readings)]

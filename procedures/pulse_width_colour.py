"""Colour of the emission against the width of the excitation pulses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Positive
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, PulseWidth
from .detectors import Detector, EmissionSpectrum, PumpPower
from .parameters import Frames, LongestExposure, Readings, Settle
from .procedure import Contradiction, Procedure


class PulseWidthColour(Procedure, kw_only=True):
    """Emission spectra under gated pulses of several widths, integrated over whole periods.

    What stays the same as the width changes is chosen by ``hold``: the period, the duty, or the energy of a
    pulse (at fixed period). ``irradiance`` is the mean irradiance P/(π·w_x·w_y) during a pulse.
    """

    NAME = "pulse-width-colour"
    SIGNAL = "spectrum"

    shortest: Annotated[float, Meta(gt=0, title="Shortest pulse", extra={"units": "s"})] = 1e-4
    longest: Annotated[float, Meta(gt=0, title="Longest pulse", extra={"units": "s"})] = 1e-2
    points_per_decade: Annotated[int, Meta(ge=1, le=100, title="Points per decade")] = 4
    widths: Annotated[
        list[Positive],
        Meta(title="Widths", description="these and no others; empty: from shortest", extra={"units": "s"}),
    ] = []
    hold: Annotated[
        Literal["period", "duty", "energy"], Meta(title="Hold", description="what stays the same")
    ] = "period"
    period: Annotated[
        float, Meta(gt=0, title="Period", description="where hold is not duty", extra={"units": "s"})
    ] = 0.03
    duty: Annotated[float, Meta(gt=0, lt=1, title="Duty", description="where hold is duty")] = 0.1
    irradiance: Annotated[
        float,
        Meta(gt=0, title="Irradiance", description="where hold is not energy", extra={"units": "W/cm^2"}),
    ] = 300.0
    pulse_energy: Annotated[
        float, Meta(gt=0, title="Pulse energy", description="where hold is energy", extra={"units": "uJ"})
    ] = 10.0
    order: Annotated[Literal["up", "down", "up_down", "shuffled"], Meta(title="Order")] = "up"
    order_seed: Annotated[int, Meta(ge=0, title="Order seed", description="of the shuffled order")] = 0
    settle: Settle = 0.1
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 3
    readings: Readings = 5
    resolution: Annotated[
        float,
        Meta(
            ge=0,
            title="Resolution",
            description="of slit and grating (FWHM); 0: not known, which is in the errors of the colours",
            extra={"units": "nm"},
        ),
    ] = 0.0
    uncorrected: Annotated[
        bool, Meta(title="Uncorrected", description="colours although the response is not calibrated")
    ] = False

    def contradictions(self) -> Iterator[Contradiction]:
        if self.shortest > self.longest:
            text = f"shortest = {self.shortest:g} s; must be up to longest, {self.longest:g} s"
            yield {"shortest", "longest"}, text

    def axes(self) -> list[Axis]:
        decades = np.log10(self.longest) - np.log10(self.shortest)
        points = int(np.ceil(decades * self.points_per_decade - 1e-9)) + 1
        widths = np.array(self.widths) if self.widths else np.geomspace(self.shortest, self.longest, points)
        by_duty, by_energy = self.hold == "duty", self.hold == "energy"
        pulses = PulseWidth(
            widths,
            None if by_duty else self.period,
            self.duty if by_duty else None,
            self.order,
            self.order_seed,
            self.settle,
        )
        value = self.pulse_energy if by_energy else self.irradiance
        return [pulses, ExcitationPower(np.array([value]), "uJ" if by_energy else "W/cm^2", "up", settle=0.0)]

    def detectors(self, station: Station) -> list[Detector]:
        return [PumpPower(self.readings), EmissionSpectrum(self.longest_exposure, self.frames)]

"""Photons after pulses of excitation: how long the light lasts, and how long it takes to come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.errors import Refused
from antistokes.instruments.roles import PulseGenerator, TemperatureController
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower, PulseWidth
from .channels import Channel, Flag, Record
from .detectors import Detector, PumpPower, PumpPowerAfter, SampleThermometer
from .detectors.count_rate import CountRate
from .detectors.decay_counter import LIFETIMES, DecayCounter
from .detectors.decay_histogram import DecayHistogram
from .parameters import Readings
from .procedure import Contradiction, Procedure
from .setup import Setup

_USUAL_PERIOD = 10.0  # lifetimes after the pulse
_USUAL_WIDTH = 0.1  # lifetimes


class Lifetime(Procedure, kw_only=True):
    """Histogram of photons after each pulse of a gated laser, or of a mode-locked one.

    The expected lifetime chooses counter and bins. The pulses are those of the station's pulse generator;
    without one those of a mode-locked laser, whose period is what it is (``repetition_MHz`` and ``pulse_fs``
    of ``[beam]``). An axis of pulse widths around it takes the place of ``pulse_width`` and ``period``.
    """

    NAME = "lifetime"
    SIGNAL = "decay"

    lifetime: Annotated[
        float,
        Meta(gt=0, title="Lifetime", description="expected; chooses counter and bins", extra={"units": "s"}),
    ] = 1e-3
    pulse_width: Annotated[
        float,
        Meta(
            ge=0,
            title="Pulse width",
            description="of gated pulses; 0: a tenth of the lifetime",
            extra={"units": "s"},
        ),
    ] = 0.0
    period: Annotated[
        float,
        Meta(
            ge=0,
            title="Period",
            description="from one gated pulse to the next; 0: the pulse and 10 lifetimes",
            extra={"units": "s"},
        ),
    ] = 0.0
    irradiance: Annotated[
        float,
        Meta(
            ge=0,
            title="Irradiance",
            description="mean over the beam, during gated pulses or mean over those of a mode-locked laser; "
            "0: as an axis around it sets it",
            extra={"units": "W/cm^2"},
        ),
    ] = 10.0
    seconds: Annotated[
        float, Meta(gt=0, title="Seconds", description="of counting", extra={"units": "s"})
    ] = 60.0
    counts: Annotated[
        float, Meta(ge=0, title="Counts", description="after which counting ends; 0: after the seconds")
    ] = 0.0
    dark: Annotated[
        float, Meta(ge=0, title="Dark", description="counting without light; 0: none", extra={"units": "s"})
    ] = 10.0
    irf: Annotated[
        float,
        Meta(
            ge=0,
            title="Instrument response",
            description="counting scattered pump through the monochromator; 0: none",
            extra={"units": "s"},
        ),
    ] = 0.0
    band: Annotated[str, Meta(title="Band", description="of the sample, that is counted")] = ""
    wavelength: Annotated[
        float,
        Meta(
            ge=0,
            title="Wavelength",
            description="of the monochromator; 0: the middle of the band",
            extra={"units": "nm"},
        ),
    ] = 0.0
    delay: Annotated[
        float,
        Meta(ge=0, title="Delay", description="from the trigger to the pulse's begin", extra={"units": "s"}),
    ] = 0.0
    dead_time: Annotated[
        float,
        Meta(
            ge=0,
            title="Dead time",
            description="of detector and counter; 0: 95 ns up to a lifetime of 1 us, else 20 ns",
            extra={"units": "s"},
        ),
    ] = 0.0
    pile_up: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            title="Pile-up",
            description="above that share of cycles with a blind counter the light is turned down",
        ),
    ] = 0.01
    definition: Annotated[
        Literal["model", "tail", "1/e", "mean arrival", "step"],
        Meta(
            title="Definition",
            description="of the lifetime, where several are in use; model: the time in which the light still "
            "to come falls to 1/e",
        ),
    ] = "model"
    readings: Readings = 5

    def contradictions(self) -> Iterator[Contradiction]:
        width, period = self._width, self._period
        least = width + LIFETIMES * self.lifetime
        if not width < period:
            text = f"pulse_width = {width:g} s; must be below the period, {period:g} s"
            yield {"pulse_width", "period", "lifetime"}, text
        elif period < least * (1 - 1e-9):
            text = (
                f"period = {period:g} s; must be at least {least:g} s, the pulse and {LIFETIMES:g} lifetimes"
            )
            yield {"pulse_width", "period", "lifetime"}, text

    @property
    def _width(self) -> float:
        return self.pulse_width or _USUAL_WIDTH * self.lifetime

    @property
    def _period(self) -> float:
        return self.period or self._width + _USUAL_PERIOD * self.lifetime

    def axes(self) -> list[Axis]:
        axes: list[Axis] = [_Pulses(self._width, self._period)]
        if self.irradiance:
            axes.append(ExcitationPower(np.array([self.irradiance]), "W/cm^2", "up"))
        return axes

    def detectors(self, station: Station) -> list[Detector]:
        counter = DecayCounter(
            self.lifetime, self._period, self.dead_time or None, self.band, self.wavelength
        )
        detectors: list[Detector] = [
            CountRate(counter, self.pile_up),
            PumpPower(self.readings),
            DecayHistogram(counter, self.seconds, self.counts or math.inf, self.dark, self.irf),
            PumpPowerAfter(self.readings),
        ]
        if station.find_optional(TemperatureController) is not None:
            detectors.append(SampleThermometer())
        return detectors


class _Pulses:
    """One width and period of the pulse generator; where there is none the pulses are the laser's own."""

    name = "pulse_width"

    def __init__(self, width: float, period: float) -> None:
        self._gated: PulseWidth | None = PulseWidth(
            np.array([width]), period=period, settle=max(0.1, LIFETIMES * period)
        )
        self.setpoints = self._gated.setpoints

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._own: dict[str, float] = {}
        station = setup.station
        if setup.pulse_widths is not None:  # an axis around sets them
            self._gated = None
            return ()
        if self._gated is not None and station.find_optional(PulseGenerator) is not None:
            return self._gated.bind(setup)
        self._gated = None
        if station.beam.pulse_fs is None:
            raise Refused(
                f"station '{station.name}' has no pulse generator, and nothing says how long the laser's "
                "pulses are: add one, or pulse_fs under [beam]"
            )
        self._own[self.name] = station.beam.pulse_fs * 1e-15
        return (Channel(self.name, "s", "pulse width, set-point", coordinate=True),)

    def prepare(self) -> None:
        if self._gated is not None:
            self._gated.prepare()

    def move(self, index: int, record: Record) -> Flag:
        if self._gated is not None:
            return self._gated.move(index, record)
        record |= self._own
        return Flag(0)

"""Detector: photons after each pulse, counted in bins; without light; and the instrument's own response."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from antistokes.instruments.errors import LimitError, Refused

from ..channels import Channel, Dimension, Flag, Record
from ..setup import Setup
from .decay_counter import DecayCounter
from .detector import Declared


@dataclass
class DecayHistogram:
    """Photons per bin after the pulses.

    :param counter: chosen for the lifetime
    :param seconds: of counting with light
    :param wanted: photons after which it ends earlier; infinite: none
    :param dark_seconds: without light; 0: none
    :param irf_seconds: of counting scattered pump, the instrument response; 0: none. It needs a monochromator
    :param most_pile_up: more is flagged; of the response: turned down to a fifth of it
    """

    counter: DecayCounter
    seconds: float = 60.0
    wanted: float = math.inf
    dark_seconds: float = 10.0
    irf_seconds: float = 0.0
    most_pile_up: float = 0.05

    def bind(self, setup: Setup) -> Declared:
        self._setup = setup
        self.counter.bind(setup)
        if self.irf_seconds:
            self._check_response()
        dims = ("decay_time",)
        channels = [
            Channel("decay", "", "photons per bin", dims),
            Channel("triggers", "", "pulses while decay was counted"),
            Channel("bin_width", "s", "width of a bin"),
            Channel("dead_time", "s", "of detector and counter after a photon"),
            Channel("gated", "", "1: pulses of a gated laser, 0: of a mode-locked one", dtype="i1"),
            Channel("fluence", "J/cm^2", "irradiance_mean times what one pulse lasts, or its period"),
        ]
        if self.dark_seconds:
            channels += [
                Channel("decay_dark", "", "photons per bin without light", dims),
                Channel("triggers_dark", "", "pulses while decay_dark was counted"),
            ]
        if self.irf_seconds:
            channels += [
                Channel("irf", "", "photons per bin of scattered pump", dims),
                Channel("triggers_irf", "", "pulses while irf was counted"),
            ]
        if self.counter.generator is None:
            channels.append(Channel("pulse_period", "s", "from one pulse to the next"))
        times = Dimension("decay_time", self.counter.times, "s", "start of the bin after the trigger")
        return tuple(channels), (times,)

    def _check_response(self) -> None:
        monochromator, nm = self.counter.monochromator, self._setup.excitation.laser.wavelength
        if monochromator is None:
            raise Refused("instrument response: needs a monochromator that lets scattered pump pass")
        low, high = monochromator.wavelength_range
        if not low <= nm <= high:
            raise LimitError(f"{monochromator.name}: wavelength", nm, low, high, "nm")

    def read(self, record: Record) -> Flag:
        counter = self.counter
        collected = counter.collect(self.seconds, self.wanted)
        period = counter.period(collected)
        counter.check_period(period)
        record["decay"], record["triggers"] = collected.counts, collected.triggers
        record["bin_width"], record["dead_time"] = counter.bin_width, counter.dead_time
        record["gated"] = int(counter.generator is not None)
        lasts = self._setup.excitation.pulse_width if counter.generator else period
        record["fluence"] = record.get("irradiance_mean", math.nan) * lasts
        if counter.generator is None:
            record["pulse_period"] = period
        if self.dark_seconds:
            with self._setup.excitation.blocked():
                dark = counter.collect(self.dark_seconds)
            record["decay_dark"], record["triggers_dark"] = dark.counts, dark.triggers
        if self.irf_seconds:
            with self._pump_passes():
                response = counter.collect(self.irf_seconds)
            record["irf"], record["triggers_irf"] = response.counts, response.triggers
        return Flag.PILE_UP if counter.pile_up(collected) > self.most_pile_up else Flag(0)

    @contextmanager
    def _pump_passes(self) -> Iterator[None]:
        """Inside the block the counter sees scattered pump, dim enough; after it what it saw before."""
        excitation, monochromator = self._setup.excitation, self.counter.monochromator
        assert monochromator is not None
        power, excited_at = excitation.read_power(4), excitation.laser.wavelength
        monochromator.wavelength = excited_at
        _, share = self.counter.dim_to(self.most_pile_up / 5)
        yield
        self.counter.select_band()
        if share < 1:
            excitation.set_power(power)

"""The photon counter that suits a lifetime: chosen, set to bins that cover a period, not too brightly lit."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import DeviceFault, LimitError, Refused
from antistokes.instruments.roles import Monochromator, PhotonCounter, PulseGenerator
from antistokes.instruments.station import Station

from ..setup import Setup

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]

#: a decay has ended, to 0.7 %, after so many of its lifetimes
LIFETIMES = 5.0
_PER_LIFETIME, _COARSEST = 50, 5  # bins
_SHORT = 1e-6  # s; up to here time-correlated counting, beyond a multichannel scaler
_DEAD_TCSPC, _DEAD_MCS = 95e-9, 20e-9  # s: of such electronics; of a photomultiplier
_WASTE = 1.5  # a histogram longer than that many periods has shorter bins instead
_LOOK, _LOOK_PERIODS = 0.5, 50  # s and pulses that a look at the light takes at least
_LEAST_PART = 0.05  # s
_WHOLE = 0.95  # of the triggers of others; fewer: it has ended early, because a bin was full
_FULL = 0.5  # of a full bin: a histogram is collected in parts
_LARGEST_STEP, _TRIES = 0.1, 8


class Collected(NamedTuple):
    """Counts (bins,), triggers, and s from one trigger to the next."""

    counts: Array
    triggers: float
    period: float


class DecayCounter:
    """The counter that suits a lifetime, with bins that cover a period. Shared by the detectors of a run.

    Counters for time-correlated photons (TCSPC) have bins of ps and histograms of µs, multichannel scalers
    (MCS) bins of ns to µs: which one can, its limits say. Of several the finer one is taken up to 1 µs, the
    coarser beyond.

    :param lifetime: s, expected
    :param period: s, of gated pulses; a mode-locked laser's is that of its triggers
    :param dead_time: s, of detector and counter after a photon; None: 95 ns up to 1 µs lifetime, else 20 ns
    :param wavelength: nm that a monochromator is set to; 0: the middle of *band*, where the sample has it
    """

    def __init__(
        self,
        lifetime: float,
        period: float,
        dead_time: float | None = None,
        band: str = "",
        wavelength: float = 0.0,
    ) -> None:
        self.lifetime, self._wanted_period, self._band, self._wavelength = lifetime, period, band, wavelength
        self.dead_time = dead_time or (_DEAD_TCSPC if lifetime <= _SHORT else _DEAD_MCS)
        self.generator: PulseGenerator | None = None
        self.monochromator: Monochromator | None = None
        self._brightest = 0.0  # counts per second in the fullest bin, when last looked at
        self._is_bound = False

    def bind(self, setup: Setup) -> None:
        """Find and set the counter. :raises Refused: none can, or the pulses follow each other too quickly"""
        if self._is_bound:
            return
        station = setup.station
        self._setup = setup
        self.generator = station.find_optional(PulseGenerator)
        self.monochromator = station.find_optional(Monochromator)
        self._find_band(station)
        period = self._wanted_period
        if self.generator is None and (repetition := station.beam.repetition_MHz) is not None:
            period = 1e-6 / repetition
            self.check_period(period)
        self.counter = self._choose(station, period)
        # bins move nothing, and only the device knows which ones it has
        self._set_bins(period)
        self._is_bound = True

    def check_period(self, period: float) -> None:
        """:raises Refused: the light has no time to decay"""
        if period < LIFETIMES * self.lifetime * (1 - 1e-6):
            cure = "a longer period is needed" if self.generator else "put a pulse picker behind the laser"
            raise Refused(
                f"lifetime: pulses every {period:.4g} s; must be at least {LIFETIMES:g} lifetimes = "
                f"{LIFETIMES * self.lifetime:.4g} s apart: {cure}"
            )

    def _find_band(self, station: Station) -> None:
        """The monochromator's wavelength; the detector's own filter counts where there is none."""
        bands = {} if station.sample is None else station.sample.bands
        if self.monochromator is None:
            return
        if self._band in bands and not self._wavelength:
            self._wavelength = float(np.mean(bands[self._band]))
        if self._band and not self._wavelength:
            raise Refused(
                f"lifetime: band = '{self._band}' is none of the sample's ({', '.join(bands) or 'none'}); "
                "the monochromator needs a wavelength"
            )
        low, high = self.monochromator.wavelength_range
        if self._wavelength and not low <= self._wavelength <= high:
            raise LimitError(f"{self.monochromator.name}: wavelength", self._wavelength, low, high, "nm")

    def _choose(self, station: Station, period: float) -> PhotonCounter:
        problems, fitting = [], []
        for counter in _counters(station):
            shortest, longest = counter.bin_width_limits
            span = longest * counter.bins_limits[1]
            width = max(self.lifetime / _PER_LIFETIME, period / counter.bins_limits[1])
            if span < period:
                problems.append(
                    f"{counter.name}: a histogram ends {span:.3g} s after the trigger; must reach "
                    f"{period:.3g} s for a lifetime of {self.lifetime:.3g} s: use a multichannel scaler (MCS)"
                )
            elif max(shortest, width) > self.lifetime / _COARSEST:
                problems.append(
                    f"{counter.name}: bins of {max(shortest, width):.3g} s; for {self.lifetime:.3g} s it "
                    f"needs {self.lifetime / _COARSEST:.3g} s at most: use a time-correlated counter (TCSPC)"
                )
            else:
                fitting.append(counter)
        if not fitting:
            raise Refused("; ".join(problems))
        finest_first = sorted(fitting, key=lambda one: one.bin_width_limits[0])
        return finest_first[0 if self.lifetime <= _SHORT else -1]

    def _set_bins(self, period: float) -> None:
        counter = self.counter
        shortest, most = counter.bin_width_limits[0], counter.bins_limits[1]
        width, last = max(self.lifetime / _PER_LIFETIME, period / most, shortest), math.inf
        while True:
            counter.bin_width = width
            counter.bins = min(math.ceil(period / counter.bin_width - 1e-9), most)
            # some have bins in blocks, which shorter ones fill; and none between two widths
            fits = counter.bins * counter.bin_width <= _WASTE * period or counter.bin_width >= last
            width, last = counter.bin_width / 2, counter.bin_width
            if fits or width < max(shortest, period / most):
                break
        self.times, self.bin_width = counter.times(), counter.bin_width

    # -- counting ---------------------------------------------------------------------------------------

    def select_band(self) -> None:
        """Let the band pass."""
        if self.monochromator is not None and self._wavelength:
            self.monochromator.wavelength = self._wavelength

    def look(self) -> Collected:
        """As short as tells how much light there is."""
        period = self._wanted_period if self.generator is None else self.generator.period
        return self.collect(max(_LOOK, _LOOK_PERIODS * period))

    def collect(self, seconds: float, wanted: float = math.inf) -> Collected:
        """Count for *seconds*, or until there are *wanted* photons, in parts that fill no bin."""
        counts, heard, spent = np.zeros(len(self.times)), list[tuple[float, float]](), 0.0
        while spent < seconds * (1 - 1e-9) and counts.sum() < wanted:
            part = seconds - spent
            if self._brightest > 0:
                part = min(part, _FULL * self.counter.saturation / self._brightest)
            if counts.sum() > 0:
                part = min(part, 1.05 * (wanted - counts.sum()) / counts.sum() * spent)
            elif math.isfinite(wanted):
                part = min(part, _LOOK)
            part = max(part, min(_LEAST_PART, seconds - spent))
            self._setup.step()
            counts += self.counter.histogram(part)
            heard.append((part, self.counter.triggers))
            spent += part
            self._brightest = float(counts.max()) / spent
        parts, triggers = np.transpose(heard)
        if not triggers.any():
            raise DeviceFault(self.counter.name, f"no trigger in {spent:g} s")
        whole = triggers / parts > _WHOLE * (triggers / parts).max()
        period = float(parts[whole].sum() / triggers[whole].sum())
        return Collected(counts, float(triggers.sum()), period)

    def period(self, collected: Collected) -> float:
        """From pulse to pulse, s."""
        return self.generator.period if self.generator else collected.period

    def pile_up(self, collected: Collected) -> float:
        """The largest share of cycles in which the counter was blind to a photon."""
        bins = self.dead_time / self.bin_width
        if bins < 1:
            return float(collected.counts.max()) / collected.triggers * bins
        before = np.concatenate([[0.0], np.cumsum(collected.counts)])
        start = np.maximum(np.arange(len(before)) - math.ceil(bins), 0)
        return float((before - before[start]).max()) / collected.triggers

    def dim_to(self, most: float) -> tuple[Collected, float]:
        """Turn the light down until the pile-up is at most *most*.

        :return: a look at what is left, and the power over that before; 1: it was dim enough, or the light
            cannot be turned down
        """
        excitation, order = self._setup.excitation, 2.0
        collected = self.look()
        share, pile_up = 1.0, self.pile_up(collected)
        low, high = excitation.laser.drive_limits
        if pile_up <= most or (excitation.attenuator is None and low == high):
            return collected, 1.0
        full = excitation.read_power(4)
        for _ in range(_TRIES):
            step = max((0.7 * most / pile_up) ** (1 / order), _LARGEST_STEP)
            reached = excitation.set_power(full * share * step)
            now = excitation.read_power(4) / full
            step, share = now / share, now
            collected = self.look()
            before, pile_up = pile_up, max(self.pile_up(collected), 1e-9)
            if pile_up <= most or not reached or step >= 1:
                break
            # the light goes with some power of the excitation
            order = min(max(math.log(before / pile_up) / -math.log(step), 0.5), 6.0)
        log.warning("pile-up: the light was turned down to %.3g of what was asked for", share)
        return collected, share


def _counters(station: Station) -> Iterator[PhotonCounter]:
    """Those of the station, or the one that its ``[roles]`` name."""
    if "photon_counter" in station.file.roles:
        yield station.find(PhotonCounter)
        return
    found = []
    for name in station:
        with suppress(Refused):  # another kind of instrument
            found.append(station.find(PhotonCounter, name))
    yield from found or [station.find(PhotonCounter)]  # which says that there is none

"""A photomultiplier and the pulses it gives: dark counts, dead time, arrival times after a trigger.

All numbers are assumed, of the size a cooled photomultiplier with a multialkali cathode shows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Fraction, NonNegative, Range, Record

from .bench import Bench
from .waveform import Waveform

Array = npt.NDArray[np.float64]


class PhotomultiplierSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME.detector]``."""

    #: counts per photon
    efficiency: Fraction = 0.1
    dark_per_s: NonNegative = 50.0
    #: after a photon none is seen for so long (not prolonged by those that are missed)
    dead_time_s: NonNegative = 20e-9
    #: wavelengths that a filter before the cathode passes, where there is no monochromator; none: all
    band_nm: Range | None = None


class Photomultiplier:
    """Sees what the bench collects, through the monochromator where it has one."""

    def __init__(self, bench: Bench, settings: PhotomultiplierSettings, rng: np.random.Generator) -> None:
        self.bench, self.settings, self.rng = bench, settings, rng

    def waveform(self) -> Waveform:
        """Pulses per second now without dead time, dark counts included, after each trigger.

        Its period is that of the pulse generator; constant where nothing is pulsed.
        """
        flashes = self.bench.flashes()
        share = np.array([self._passed(light.wavelength, light.fwhm) for light in flashes.lights])
        rates = self.settings.efficiency * (share @ flashes.rates) + self.settings.dark_per_s
        return Waveform(flashes.times, np.broadcast_to(rates, flashes.times.shape)).delayed(flashes.delay)

    def counts(self, seconds: float, gate: tuple[float, float] | None = None) -> int:
        """Pulses counted in *seconds*, those between *gate* (s after each trigger: from, to) or all."""
        if gate is None:
            mean, live = self.rate() * seconds, seconds
        else:
            wave = self.waveform()
            mean = float(np.diff(wave.until(gate))[0]) / wave.period * seconds
            live = (gate[1] - gate[0]) / wave.period * seconds
        lost = 1 + mean / live * self.settings.dead_time_s if live > 0 else 1.0
        return int(self.rng.poisson(mean / lost))

    def rate(self) -> float:
        """Mean pulses per second now without dead time, dark counts included."""
        s = self.settings
        lights = self.bench.collected()
        return s.dark_per_s + s.efficiency * sum(
            light.photons * self._passed(light.wavelength, light.fwhm) for light in lights
        )

    def histogram(self, edges: Array, triggers: float) -> Array:
        """Counts after *triggers* triggers between *edges* (s after the trigger), shape (len(edges) − 1,)."""
        expected = np.maximum(np.diff(self.waveform().until(edges)), 0.0) * triggers
        seen = expected / (1 + expected / max(triggers, 1.0) / np.diff(edges) * self.settings.dead_time_s)
        return self.rng.poisson(seen).astype(float)

    def arrivals(self, begin: float, end: float) -> Array:
        """Times of the pulses in [begin, end) in s, a trigger falling on time 0; sorted."""
        times = self.waveform().draw(begin, end, self.rng)
        dead = self.settings.dead_time_s
        return alive(times, dead, begin - dead) if dead else times

    def _passed(self, wavelength: float, fwhm: float) -> float:
        if self.bench.monochromator is not None:
            return self.bench.monochromator.transmission(wavelength, fwhm)
        low, high = self.settings.band_nm or (0.0, np.inf)
        return float(low <= wavelength <= high)


def alive(times: Array, dead: float, last: float) -> Array:
    """*times* without those that come within *dead* after one that is kept; *last* was kept before them."""
    all_times = np.concatenate([[last], times])
    keep = np.diff(all_times, prepend=-np.inf) >= dead
    # in each run of close ones, every first that is late enough after the one kept before it
    kept = np.flatnonzero(keep)
    stop = np.append(kept[1:], len(all_times))
    while len(kept):
        following = np.searchsorted(all_times, all_times[kept] + dead)
        inside = following < stop
        kept, stop = following[inside], stop[inside]
        keep[kept] = True
    return times[keep[1:]]

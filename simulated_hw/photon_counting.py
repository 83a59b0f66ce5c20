"""A photomultiplier and the pulses it gives: dark counts, dead time, arrival times after a trigger.

All numbers are assumed, of the size a cooled photomultiplier with a multialkali cathode shows. Spread of
the transit time and afterpulses are off unless a station file sets them (typical: 50 to 200 ps; 1 % and
100 ns).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from antistokes.instruments.records import Fraction, NonNegative, Positive, Range, Record

from .bench import Bench
from .photon_timing import Response, pile_up
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
    #: transit-time spread, FWHM; share of the photons that are delayed further, and their mean delay
    transit_spread_s: NonNegative = 0.0
    tail: Fraction = 0.0
    tail_s: NonNegative = 500e-12
    #: afterpulses per pulse, and their mean delay
    afterpulsing: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    afterpulse_s: Positive = 100e-9


class Photomultiplier:
    """Sees what the bench collects, through the monochromator where it has one."""

    def __init__(self, bench: Bench, settings: PhotomultiplierSettings, rng: np.random.Generator) -> None:
        self.bench, self.settings, self.rng = bench, settings, rng

    @property
    def response(self) -> Response:
        """The answer to one photon."""
        s = self.settings
        return Response(s.transit_spread_s, s.tail, s.tail_s, s.afterpulsing, s.afterpulse_s)

    def waveform(self) -> Waveform:
        """Photons per second that are seen now, dark counts included, after each trigger.

        Before dead time, spread and afterpulses. Its period is that of the pulse generator; constant where
        nothing is pulsed.
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
            mean = float(self._pulses(wave, np.array(gate))[0]) / wave.period * seconds
            live = (gate[1] - gate[0]) / wave.period * seconds
        lost = 1 + mean / live * self.settings.dead_time_s if live > 0 else 1.0
        return int(self.rng.poisson(mean / lost))

    def rate(self) -> float:
        """Mean pulses per second now without dead time, dark counts and afterpulses included."""
        s = self.settings
        lights = self.bench.collected()
        photons = s.dark_per_s + s.efficiency * sum(
            light.photons * self._passed(light.wavelength, light.fwhm) for light in lights
        )
        return photons * self.response.gain

    def histogram(self, edges: Array, triggers: float, dead_time: float = 0.0) -> Array:
        """Counts after *triggers* triggers between *edges* (s after the trigger), shape (len(edges) − 1,).

        :param dead_time: of the counter behind, s. Pulses are lost within it or the detector's own (pile-up)
        """
        expected = np.maximum(self._pulses(self.waveform(), edges), 0.0) * triggers
        dead, width = max(dead_time, self.settings.dead_time_s), (edges[-1] - edges[0]) / len(expected)
        if not triggers or dead <= width:
            seen = expected / (1 + expected / max(triggers, 1.0) / np.diff(edges) * dead)
            return self.rng.poisson(seen).astype(float)
        chances = pile_up(expected / triggers, round(dead / width))
        return self.rng.poisson(chances * triggers).astype(float)

    def arrivals(self, begin: float, end: float) -> Array:
        """Times of the pulses in [begin, end) in s, a trigger falling on time 0; sorted."""
        response = self.response
        if response.is_ideal:
            times = self.waveform().draw(begin, end, self.rng)
        else:
            photons = self.waveform().draw(begin - response.reach, end + response.reach, self.rng)
            times = response.delayed(photons, self.rng)
            times = times[(times >= begin) & (times < end)]
        dead = self.settings.dead_time_s
        return alive(times, dead, begin - dead) if dead else times

    def _pulses(self, wave: Waveform, edges: Array) -> Array:
        """Expected pulses between *edges* per trigger, (len(edges) − 1,)."""
        response = self.response
        return np.diff(wave.until(edges) if response.is_ideal else response.until(wave.until, edges))

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

"""What enters the spectrometer: the sample's lines, scattered pump and what comes with it, a lamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .light import Excitation, Flashes, Light
from .light_path import ShortPass
from .mounted import LineLike
from .physics.constants import photon_energy
from .sphere_light import LampSettings, Shares, SphereSettings, lamp_light, shares
from .waveform import PulseTrain, Waveform, pulse_times

if TYPE_CHECKING:
    from .bench import Bench
    from .conditions import Conditions

_PUMP_FWHM = 0.5  # nm
_GLOW_LINES = 8  # that stand for the flat glow of a filter


class Emission:
    """What is sent from the sample's place on *bench* when light arrives there.

    :param second_harmonic: of the pump's photons, the fraction that comes with it at half the wavelength
    """

    def __init__(
        self, bench: Bench, sphere: SphereSettings | None, lamp: LampSettings | None, second_harmonic: float
    ) -> None:
        self._bench = bench
        self._sphere = sphere
        self._lamp = [] if lamp is None else lamp_light(lamp)
        self._filter = ShortPass(bench.optics.filter)
        self._second_harmonic = second_harmonic

    def collected(self, excitation: list[Excitation]) -> list[Light]:
        """What enters the spectrometer: the sample's lines and scattered pump, behind the filter.

        Under steady excitation the sample is in its steady state; under a pulsed one it has forgotten how
        the pulses began, and this is the mean over a period.
        """
        if any(e.high != e.low for e in excitation):
            return list(self.flashes(excitation).lights)
        return [*self._lamplight(), *(light for e in excitation for light in self._steady(e))]

    def flashes(self, excitation: list[Excitation]) -> Flashes:
        """The same in time after each trigger: of the pulse generator, or of a mode-locked laser without one.

        Constant where nothing is pulsed.
        """
        train = self._bench.triggers() or PulseTrain(1.0, 0.5)
        gated = self._bench.pulses() is not None
        times = pulse_times(train.width, train.period)
        lights = self._lamplight()
        rates = [np.full(len(times), light.photons) for light in lights]
        for e in excitation:
            steady = self._steady(e)
            if e.high != e.low:
                courses = self._pulsed(e, train, times)
            elif e.pulses is not None and not gated and e.high > 0:
                courses = self._ringing(e, train, times, steady)
            else:
                courses = [(light, np.full(len(times), light.photons)) for light in steady]
            rates += [course for _, course in courses]
            lights += [
                Light(light.wavelength, light.fwhm, Waveform(times, course).mean) for light, course in courses
            ]
        return Flashes(times, lights, np.reshape(rates, (len(rates), len(times))), train.delay)

    def _lines(self, e: Excitation, conditions: Conditions) -> Sequence[LineLike]:
        sample = self._bench.place.mounted.sample
        if sample is None or self._bench.beam is None:
            return ()
        return sample.lines_at(self._bench.beam.mean_irradiance(max(e.high, e.low)), conditions)

    def _steady(self, e: Excitation) -> list[Light]:
        seen = self._seen(e)
        lights = [Light(nm, fwhm, e.high * per_watt) for nm, fwhm, per_watt in self._scattered(e, seen)]
        if (spot := self._bench.place.mounted.spot) is not None:
            conditions = self._bench.conditions(e)
            rates = spot.rates(e.high, conditions)
            entering = self._entering(len(rates), seen)
            for line, photons in zip(self._lines(e, conditions), rates * entering, strict=True):
                passed = float(photons) * self._filter.transmission(line.wavelength)
                lights.append(Light(line.wavelength, line.fwhm, passed))
        return lights

    def _pulsed(
        self, e: Excitation, train: PulseTrain, times: npt.NDArray[np.float64]
    ) -> list[tuple[Light, npt.NDArray[np.float64]]]:
        # the edge is one step of the grid after its time
        pump = np.where(times <= train.width, e.high, e.low)
        seen = self._seen(e)
        result = [(Light(nm, fwhm, 0.0), pump * per_watt) for nm, fwhm, per_watt in self._scattered(e, seen)]
        if (spot := self._bench.place.mounted.spot) is not None:
            conditions = self._bench.conditions(e)
            rates = spot.pulsed_rates(e.high, e.low, train, conditions)
            entering = self._entering(rates.shape[1], seen)
            for line, course in zip(self._lines(e, conditions), (rates * entering).T, strict=True):
                light = Light(line.wavelength, line.fwhm, 0.0)
                result.append((light, course * self._filter.transmission(line.wavelength)))
        return result

    def _ringing(
        self, e: Excitation, train: PulseTrain, times: npt.NDArray[np.float64], steady: list[Light]
    ) -> list[tuple[Light, npt.NDArray[np.float64]]]:
        """Light after each pulse of a mode-locked laser; its mean as in *steady*."""
        burst = replace(e, high=e.high * train.period / train.width, low=0.0, pulses=None)
        return [
            (mean, course * (mean.photons / total if (total := Waveform(times, course).mean) > 0 else 0.0))
            for mean, (_, course) in zip(steady, self._pulsed(burst, train, times), strict=True)
        ]

    def _seen(self, e: Excitation) -> Shares:
        """What of the pump and of what is emitted enters the slit, before the filter."""
        place = self._bench.place
        if self._sphere is None or self._bench.beam is None:
            return Shares(self._bench.optics.scatter, 0.0 if place.aside else self._bench.optics.collection)
        return shares(self._sphere, place, e.high, e.wavelength, self._bench.conditions(e), self._bench.beam)

    def _lamplight(self) -> list[Light]:
        """Of the lamp behind the filter; none where it is not in the holder's slot."""
        if not self._bench.place.lamp:
            return []
        return [replace(x, photons=x.photons * self._filter.transmission(x.wavelength)) for x in self._lamp]

    def _scattered(self, e: Excitation, seen: Shares) -> list[tuple[float, float, float]]:
        """(nm, width nm, photons at the slit per J) of scattered pump and what comes with it."""
        wavelength = e.wavelength
        lights = [(wavelength, 1.0)]
        if self._second_harmonic:
            lights.append((wavelength / 2, self._second_harmonic))
        per_joule = {nm: share / float(photon_energy(nm)) * seen.laser for nm, share in lights}
        result = [(nm, _PUMP_FWHM, n * self._filter.transmission(nm)) for nm, n in per_joule.items()]
        if self._bench.optics.filter.fluorescence:
            low, high = self._bench.optics.filter.fluorescence_nm
            step = (high - low) / _GLOW_LINES
            glow = per_joule[wavelength] * self._filter.fluorescence(wavelength) * step
            result += [(low + (i + 0.5) * step, step, glow) for i in range(_GLOW_LINES)]
        return result

    def _entering(self, lines: int, seen: Shares) -> npt.NDArray[np.float64]:
        """Photons of each line that get to the filter per photon that a fresh spot emits, (lines,)."""
        return np.full(lines, seen.emission) * self._bench.place.mounted.exposure.emission()

"""The virtual bench: one world that all twins act on and look at.

Light path::

    sources → shutters → elements (attenuators, filters) → pick-off ┬→ power meter
                                                                    └→ sample → filter → collection ┐
                                       spectrometer, or monochromator (if there is one) → counters ←┘

A pulse generator gates the sources that listen to it and triggers the counters.

Nothing here runs by itself: every question is answered for the clock's present time. One seed makes
everything repeatable; each instrument draws from its own stream, so adding one changes no other.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from antistokes.instruments.clock import Clock
from antistokes.instruments.records import Beam, Fraction, Positive, Record, SampleRecord

from .light_path import Element, Passband, ShortPass, ShortPassSettings, Source
from .spot import Emitter, Spot
from .waveform import PulseSource, PulseTrain, Waveform, pulse_times

_PHOTON = 1.98644586e-25  # J·m: Planck's constant times the speed of light
_DARK = 1e-4  # W; less is no light a person must fear
_PUMP_FWHM = 0.5  # nm


class OpticsSettings(Record, kw_only=True, frozen=True):
    """``[simulation.optics]``: what stands between the instruments. Assumed values."""

    #: fraction of the beam sent to the power meter
    pickoff: Fraction = 0.1
    #: transmission from the pick-off to the sample
    path: Fraction = 1.0
    #: emitting layer
    thickness_um: Positive = 10.0
    #: fraction of the emitted photons that enter the spectrometer's slit
    collection: Fraction = 5e-6
    #: fraction of the pump that the sample scatters into the collection
    scatter: Fraction = 1e-7
    #: sample temperature where the station has no cryostat
    ambient_K: Positive = 295.0
    filter: ShortPassSettings = ShortPassSettings()


class LineLike(Protocol):
    """An emission line of a sample."""

    @property
    def wavelength(self) -> float: ...
    @property
    def fwhm(self) -> float: ...


class SampleModel(Emitter, Protocol):
    """A sample as the bench needs it."""

    @property
    def record(self) -> SampleRecord: ...
    @property
    def lines(self) -> Sequence[LineLike]: ...


class Thermostat(Protocol):
    """Holds the sample at a temperature."""

    def sample_temperature(self) -> float:
        """In K, now."""


@dataclass(frozen=True, slots=True)
class Light:
    """A spectral line arriving somewhere: centre and full width in nm, photons per second."""

    wavelength: float
    fwhm: float
    photons: float


@dataclass(frozen=True, slots=True)
class Excitation:
    """Pump light somewhere: wavelength in nm, power in W during the pulses and between them."""

    wavelength: float
    high: float
    low: float
    #: fraction of the time that is high
    duty: float = 1.0

    @property
    def mean(self) -> float:
        return self.low + (self.high - self.low) * self.duty

    def weaker(self, share: float) -> Excitation:
        return Excitation(self.wavelength, self.high * share, self.low * share, self.duty)


@dataclass(frozen=True, slots=True)
class Flashes:
    """Collected light in time after a trigger.

    :ivar times: s, (k,), from 0 to the period
    :ivar lights: (lines,) with their mean photon rates
    :ivar rates: photons per second, (lines, k)
    :ivar delay: s from the trigger to time 0
    """

    times: npt.NDArray[np.float64]
    lights: Sequence[Light]
    rates: npt.NDArray[np.float64]
    delay: float = 0.0


class Bench:
    """The shared world.

    :param lock: held while one message is answered; twins on several threads take turns
    """

    def __init__(
        self, clock: Clock, beam: Beam | None, sample: SampleModel | None, optics: OpticsSettings, seed: int
    ) -> None:
        self.clock, self.beam, self.sample, self.optics, self.seed = clock, beam, sample, optics, seed
        self.lock = threading.RLock()
        self.sources: dict[str, Source] = {}
        self.shutters: dict[str, Element] = {}
        self.elements: dict[str, Element] = {}
        self.generator: PulseSource | None = None
        #: before the counters
        self.monochromator: Passband | None = None
        self.thermostat: Thermostat | None = None
        self._filter = ShortPass(optics.filter)
        self._spot = Spot(sample, beam, optics.thickness_um * 1e-4) if sample and beam else None

    def rng(self, name: str) -> np.random.Generator:
        """The random stream of the instrument called *name*."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    # -- excitation -------------------------------------------------------------------------------

    def pulses(self) -> PulseTrain | None:
        """What the pulse generator sends now; None without one."""
        return None if self.generator is None else self.generator.pulses()

    def mean_over_pulses(self, quantity: Callable[[float], float]) -> float:
        """*quantity*, a function of the volts at a modulation input, averaged over the present pulses."""
        train = self.pulses()
        if train is None:
            return quantity(0.0)
        high, low = quantity(train.high), quantity(train.low)
        return low + (high - low) * train.width / train.period

    def light_is_on(self) -> bool:
        """Does light get past the shutters? What a safety test asks."""
        return any(max(e.high, e.low) > _DARK for e in self._behind(self.shutters))

    def excitation(self) -> list[Excitation]:
        """Light of every source after shutters and elements, before the pick-off."""
        return self._behind(self.shutters | self.elements)

    def _behind(self, elements: dict[str, Element]) -> list[Excitation]:
        train = self.pulses()
        result = []
        for source in self.sources.values():
            share = 1.0
            for element in elements.values():
                share *= element.transmission(source.wavelength)
            if train is None:
                power = source.power()
                result.append(Excitation(source.wavelength, power * share, power * share))
            else:
                high, low = source.power(train.high), source.power(train.low)
                duty = train.width / train.period
                result.append(Excitation(source.wavelength, high * share, low * share, duty))
        return result

    def beams(self) -> list[tuple[float, float]]:
        """(wavelength nm, mean power W) of every source after the elements, before the pick-off."""
        return [(e.wavelength, e.mean) for e in self.excitation()]

    def pickoff(self) -> list[tuple[float, float]]:
        """(wavelength nm, mean power W) on the power meter."""
        return [(wavelength, power * self.optics.pickoff) for wavelength, power in self.beams()]

    def on_sample(self) -> list[tuple[float, float]]:
        """(wavelength nm, mean power W) on the sample."""
        return [(wavelength, power * self._rest) for wavelength, power in self.beams()]

    @property
    def _rest(self) -> float:
        return (1 - self.optics.pickoff) * self.optics.path

    # -- sample and what it sends -------------------------------------------------------------------

    def sample_temperature(self) -> float:
        """In K, now."""
        return self.optics.ambient_K if self.thermostat is None else self.thermostat.sample_temperature()

    def collected(self) -> list[Light]:
        """What enters the spectrometer: the sample's lines and scattered pump, behind the filter.

        Under steady excitation the sample is in its steady state; under a pulsed one it has forgotten how
        the pulses began, and this is the mean over a period.
        """
        excitation = [e.weaker(self._rest) for e in self.excitation()]
        if any(e.high != e.low for e in excitation):
            return list(self.flashes().lights)
        return [light for e in excitation for light in self._steady(e)]

    def flashes(self) -> Flashes:
        """The same in time after each trigger of the pulse generator; constant where nothing is pulsed."""
        train = self.pulses() or PulseTrain(1.0, 0.5)
        times = pulse_times(train.width, train.period)
        lights: list[Light] = []
        rates: list[npt.NDArray[np.float64]] = []
        for e in (e.weaker(self._rest) for e in self.excitation()):
            if e.high == e.low:
                steady = self._steady(e)
                lights += steady
                rates += [np.full(len(times), light.photons) for light in steady]
            else:
                courses = self._pulsed(e, train, times)
                rates += [course for _, course in courses]
                lights += [
                    Light(light.wavelength, light.fwhm, Waveform(times, course).mean)
                    for light, course in courses
                ]
        return Flashes(times, lights, np.reshape(rates, (len(rates), len(times))), train.delay)

    def _steady(self, e: Excitation) -> list[Light]:
        lights = [Light(e.wavelength, _PUMP_FWHM, e.high * self._scattered(e.wavelength))]
        if self._spot is not None and self.sample is not None:
            rates = self._spot.rates(e.high, self.sample_temperature(), e.wavelength)
            for line, rate in zip(self.sample.lines, rates, strict=True):
                lights.append(
                    Light(line.wavelength, line.fwhm, float(rate) * self._entering(line.wavelength))
                )
        return lights

    def _pulsed(
        self, e: Excitation, train: PulseTrain, times: npt.NDArray[np.float64]
    ) -> list[tuple[Light, npt.NDArray[np.float64]]]:
        # the edge is one step of the grid after its time
        pump = np.where(times <= train.width, e.high, e.low) * self._scattered(e.wavelength)
        result = [(Light(e.wavelength, _PUMP_FWHM, 0.0), pump)]
        if self._spot is not None and self.sample is not None:
            temperature = self.sample_temperature()
            rates = self._spot.pulsed_rates(e.high, e.low, train, temperature, e.wavelength)
            for line, course in zip(self.sample.lines, rates.T, strict=True):
                light = Light(line.wavelength, line.fwhm, 0.0)
                result.append((light, course * self._entering(line.wavelength)))
        return result

    def _scattered(self, wavelength: float) -> float:
        """Photons at the slit per J of pump on the sample."""
        per_joule = wavelength * 1e-9 / _PHOTON
        return per_joule * self.optics.scatter * self._filter.transmission(wavelength)

    def _entering(self, wavelength: float) -> float:
        """Photons at the slit per photon emitted."""
        return self.optics.collection * self._filter.transmission(wavelength)

"""The virtual bench: one world that all twins act on and look at.

Light path::

    sources → elements (attenuators, shutters) → pick-off ┬→ power meter
                                                          └→ sample → filter → collection → spectrometer

Nothing here runs by itself: every question is answered for the clock's present time. One seed makes
everything repeatable; each instrument draws from its own stream, so adding one changes no other.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from antistokes.instruments.clock import Clock
from antistokes.instruments.records import Beam, Fraction, Positive, Record, SampleRecord

from .light_path import Element, ShortPass, ShortPassSettings, Source
from .spot import Emitter, Spot


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
        self.elements: dict[str, Element] = {}
        self.thermostat: Thermostat | None = None
        self._filter = ShortPass(optics.filter)
        self._spot = Spot(sample, beam, optics.thickness_um * 1e-4) if sample and beam else None

    def rng(self, name: str) -> np.random.Generator:
        """The random stream of the instrument called *name*."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def light_is_on(self) -> bool:
        """Does any source emit? What a safety test asks."""
        return any(source.power() > 1e-4 for source in self.sources.values())

    def beams(self) -> list[tuple[float, float]]:
        """(wavelength nm, power W) of every source after the elements, before the pick-off."""
        result = []
        for source in self.sources.values():
            power = source.power()
            for element in self.elements.values():
                power *= element.transmission(source.wavelength)
            result.append((source.wavelength, power))
        return result

    def pickoff(self) -> list[tuple[float, float]]:
        """(wavelength nm, power W) on the power meter."""
        return [(wavelength, power * self.optics.pickoff) for wavelength, power in self.beams()]

    def on_sample(self) -> list[tuple[float, float]]:
        """(wavelength nm, power W) on the sample."""
        rest = (1 - self.optics.pickoff) * self.optics.path
        return [(wavelength, power * rest) for wavelength, power in self.beams()]

    def sample_temperature(self) -> float:
        """In K, now."""
        return self.optics.ambient_K if self.thermostat is None else self.thermostat.sample_temperature()

    def collected(self) -> list[Light]:
        """What enters the spectrometer: the sample's lines and scattered pump, behind the filter.

        The sample is taken to be in its steady state at the present excitation.
        """
        lights = []
        temperature = self.sample_temperature()
        for pump, power in self.on_sample():
            photons = power * pump * 1e-9 / 1.98644586e-25
            passed = self.optics.scatter * self._filter.transmission(pump)
            lights.append(Light(pump, 0.5, photons * passed))
            if self._spot is None or self.sample is None:
                continue
            rates = self._spot.rates(power, temperature, pump) * self.optics.collection
            lights += [
                Light(line.wavelength, line.fwhm, float(rate) * self._filter.transmission(line.wavelength))
                for line, rate in zip(self.sample.lines, rates, strict=True)
            ]
        return lights

"""The virtual bench: one world that all twins act on and look at.

Light path::

    sources → shutters → elements (attenuators, filters) → pick-off ┬→ power meter
                                                                    └→ sample → filter → collection ┐
                                       spectrometer, or monochromator (if there is one) → counters ←┘

A pulse generator gates the sources that listen to it and triggers the counters. A sample holder brings one of
several samples, or a lamp, to where the sample is; an integrating sphere may be around it.

Nothing here runs by itself: every question is answered for the clock's present time. One seed makes
everything repeatable; each instrument draws from its own stream, so adding one changes no other.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np

from antistokes.instruments.clock import Clock
from antistokes.instruments.records import Beam, Fraction, Positive, Record

from .conditions import Conditions, LaserPulses
from .effects import Drift, EffectsSettings, RandomWalk
from .emission import Emission
from .light import Excitation, Flashes, Light
from .light_path import Element, Passband, ShortPassSettings, Source
from .mounted import Mounted, Place, SampleModel
from .sphere_light import LampSettings, SphereSettings
from .waveform import PulseSource, PulseTrain

_DARK = 1e-4  # W; less is no light a person must fear
_COLDEST, _HOTTEST = 1.0, 1000.0  # K


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
    #: of the source's electric field to the sample's axis
    polarisation_deg: float = 0.0
    #: sample temperature where the station has no cryostat
    ambient_K: Positive = 295.0
    filter: ShortPassSettings = ShortPassSettings()


class Retarder(Protocol):
    """Turns the polarisation of the excitation."""

    def turned(self, polarisation: float) -> float:
        """What becomes of light polarised at *polarisation* degrees, now."""


class Holder(Protocol):
    """Brings one of several samples into the beam."""

    def slot(self) -> int | None:
        """The slot in the beam now, from 1; None on the way from one to another."""


class Thermostat(Protocol):
    """Holds the sample at a temperature."""

    def sample_temperature(self) -> float:
        """In K, now."""


class Bench:
    """The shared world.

    :param lock: held while one message is answered; twins on several threads take turns
    """

    def __init__(
        self,
        clock: Clock,
        beam: Beam | None,
        sample: SampleModel | None,
        optics: OpticsSettings,
        seed: int,
        effects: EffectsSettings = EffectsSettings(),  # noqa: B008 (frozen)
        sphere: SphereSettings | None = None,
        lamp: LampSettings | None = None,
    ) -> None:
        self.clock, self.beam, self.sample, self.optics, self.seed = clock, beam, sample, optics, seed
        self.lock = threading.RLock()
        self.sources: dict[str, Source] = {}
        self._pulses: LaserPulses | None = None
        if beam is not None and beam.repetition_MHz is not None:
            self._pulses = LaserPulses((beam.pulse_fs or 100.0) * 1e-15, beam.repetition_MHz * 1e6)
        self.shutters: dict[str, Element] = {}
        self.elements: dict[str, Element] = {}
        self.wave_plates: dict[str, Retarder] = {}
        #: the pulses of sources that say so themselves; else all are as the beam record says
        self.mode_locked: dict[str, LaserPulses] = {}
        self.generator: PulseSource | None = None
        #: before the counters
        self.monochromator: Passband | None = None
        self.thermostat: Thermostat | None = None
        self._effects = effects
        self._calm = effects == EffectsSettings()
        self._drifts: dict[str, Drift] = {}
        #: brings about what happens by itself until now; None: nothing does
        self.happenings: Callable[[], None] | None = None
        self._began = clock.now()
        self._pickoff = RandomWalk(self.rng("pick-off"), effects.pickoff_drift, self._began)
        self._emission = Emission(self, sphere, lamp, effects.second_harmonic)
        self.holder: Holder | None = None
        #: the station's sample; without a holder it is always there
        self.main = self.mount(sample)
        #: what the slots of the holder bring, from the first; what was there of what a person brings
        self.places = [Place(self.main)]
        #: what a person has put there
        self.by_hand = self.places[0]
        self._nothing = Place(self.mount(None))

    def mount(self, sample: SampleModel | None) -> Mounted:
        """*sample* as it is on this bench."""
        return Mounted(sample, self.beam, self.optics.thickness_um * 1e-4, self._effects, self._began)

    @property
    def place(self) -> Place:
        """What the sample holder, or else a person, has brought."""
        if self.holder is None:
            return self.by_hand
        slot = self.holder.slot()
        return self._nothing if slot is None or slot > len(self.places) else self.places[slot - 1]

    def rng(self, name: str) -> np.random.Generator:
        """The random stream of the instrument called *name*."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def advance(self) -> None:
        """Live through the time since the last call as things stand: before anything changes them."""
        if self.happenings is not None:
            self.happenings()
        if self._calm or self.beam is None:
            return
        beams = [
            (e.mean, replace(self.conditions(e), temperature=self.sample_temperature()))
            for e in self._arriving()
        ]
        place = self.place
        for mounted in dict.fromkeys((self.main, *(p.mounted for p in self.places))):
            lit = beams if mounted is place.mounted and not place.aside else []
            mounted.exposure.advance(
                self.clock.now(), lit, self.beam.area_cm2, self.optics.thickness_um * 1e-4
            )

    # -- excitation -------------------------------------------------------------------------------

    def pulses(self) -> PulseTrain | None:
        """What the pulse generator sends now; None without one."""
        return None if self.generator is None else self.generator.pulses()

    def triggers(self) -> PulseTrain | None:
        """What counters are triggered by: the pulse generator, without one the first mode-locked laser."""
        train = self.pulses()
        laser = next(iter(self.mode_locked.values()), self._pulses)
        if train is None and laser is not None:
            return PulseTrain(1 / laser.repetition, laser.width)
        return train

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
        for name, source in self.sources.items():
            share, wavelength = self._drifted(name, source)
            for element in elements.values():
                share *= element.transmission(wavelength)
            pulses = self.mode_locked.get(name, self._pulses)
            if train is None:
                power = source.power() * share
                result.append(Excitation(wavelength, power, power, 1.0, pulses))
            else:
                high, low = source.power(train.high) * share, source.power(train.low) * share
                result.append(Excitation(wavelength, high, low, train.width / train.period, pulses))
        return result

    def _drifted(self, name: str, source: Source) -> tuple[float, float]:
        """Factor on a source's power, and its wavelength in nm, now."""
        if self._calm and name not in self._drifts:
            return 1.0, source.wavelength
        factor, nm = self.drift(name).at(self.clock.now())
        return factor, source.wavelength + nm

    def drift(self, name: str) -> Drift:
        """Of a source."""
        if name not in self._drifts:
            self._drifts[name] = Drift(self._effects, self.rng(f"drift of {name}"), self._began)
        return self._drifts[name]

    def beams(self) -> list[tuple[float, float]]:
        """(wavelength nm, mean power W) of every source after the elements, before the pick-off."""
        return [(e.wavelength, e.mean) for e in self.excitation()]

    def pickoff(self) -> list[tuple[float, float]]:
        """(wavelength nm, mean power W) on the power meter."""
        share = self.optics.pickoff
        if not self._calm:
            share *= max(1 + self._pickoff.at(self.clock.now()), 0.0)
        return [(wavelength, power * share) for wavelength, power in self.beams()]

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

    def crystal_temperature(self) -> float:
        """In K, now: of the lit spot, which light warms or cools beyond what the thermostat's sensor sees.

        Warming goes with the power, however far: it ends where samples are defined, at 1 and 1000 K.
        """
        return min(max(self.sample_temperature() + self.place.mounted.exposure.rise, _COLDEST), _HOTTEST)

    def polarisation(self) -> float:
        """Angle of the excitation's electric field to the sample's axis now, degrees."""
        angle = self.optics.polarisation_deg
        for plate in self.wave_plates.values():
            angle = plate.turned(angle)
        return angle

    def conditions(self, e: Excitation) -> Conditions:
        """In which the light *e* meets the sample."""
        return Conditions(self.crystal_temperature(), e.wavelength, e.pulses, self.polarisation())

    def collected(self) -> list[Light]:
        """What enters the spectrometer, the mean over a period: see :class:`.emission.Emission`."""
        self.advance()
        return self._emission.collected(self._arriving())

    def flashes(self) -> Flashes:
        """The same in time after each trigger."""
        self.advance()
        return self._emission.flashes(self._arriving())

    def _arriving(self) -> list[Excitation]:
        """The light of every source on the sample."""
        return [e.weaker(self._rest) for e in self.excitation()]

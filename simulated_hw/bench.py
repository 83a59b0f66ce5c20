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
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from antistokes.instruments.clock import Clock
from antistokes.instruments.records import Beam, Fraction, Positive, Record

from .conditions import Conditions, LaserPulses
from .effects import Drift, EffectsSettings, RandomWalk
from .light import Excitation, Flashes, Light
from .light_path import Element, Passband, ShortPass, ShortPassSettings, Source
from .mounted import LineLike, Mounted, Place, SampleModel
from .physics.constants import photon_energy
from .sphere_light import LampSettings, Shares, SphereSettings, lamp_light, shares
from .waveform import PulseSource, PulseTrain, Waveform, pulse_times

_DARK = 1e-4  # W; less is no light a person must fear
_PUMP_FWHM = 0.5  # nm
_COLDEST, _HOTTEST = 1.0, 1000.0  # K
_GLOW_LINES = 8  # that stand for the flat glow of a filter


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
        self._filter = ShortPass(optics.filter)
        self._effects = effects
        self._calm = effects == EffectsSettings()
        self._drifts: dict[str, Drift] = {}
        self._began = clock.now()
        self._pickoff = RandomWalk(self.rng("pick-off"), effects.pickoff_drift, self._began)
        self._sphere = sphere
        self._lamp = [] if lamp is None else lamp_light(lamp)
        self.holder: Holder | None = None
        #: the station's sample; without a holder it is always there
        self.main = self.mount(sample)
        #: what the slots of the holder bring, from the first
        self.places = [Place(self.main)]
        self._nothing = Place(self.mount(None))

    def mount(self, sample: SampleModel | None) -> Mounted:
        """*sample* as it is on this bench."""
        return Mounted(sample, self.beam, self.optics.thickness_um * 1e-4, self._effects, self._began)

    @property
    def place(self) -> Place:
        """What the sample holder has brought."""
        if self.holder is None:
            return Place(self.main)
        slot = self.holder.slot()
        return self._nothing if slot is None or slot > len(self.places) else self.places[slot - 1]

    def rng(self, name: str) -> np.random.Generator:
        """The random stream of the instrument called *name*."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def advance(self) -> None:
        """Live through the time since the last call as things stand: before anything changes them."""
        if self._calm or self.beam is None:
            return
        beams = [
            (e.mean, replace(self._conditions(e), temperature=self.sample_temperature()))
            for e in (e.weaker(self._rest) for e in self.excitation())
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
            share, wavelength = (1.0, source.wavelength) if self._calm else self._drifted(name, source)
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
        if name not in self._drifts:
            self._drifts[name] = Drift(self._effects, self.rng(f"drift of {name}"), self._began)
        factor, nm = self._drifts[name].at(self.clock.now())
        return factor, source.wavelength + nm

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

    def collected(self) -> list[Light]:
        """What enters the spectrometer: the sample's lines and scattered pump, behind the filter.

        Under steady excitation the sample is in its steady state; under a pulsed one it has forgotten how
        the pulses began, and this is the mean over a period.
        """
        self.advance()
        excitation = [e.weaker(self._rest) for e in self.excitation()]
        if any(e.high != e.low for e in excitation):
            return list(self.flashes().lights)
        return [*self._lamplight(), *(light for e in excitation for light in self._steady(e))]

    def flashes(self) -> Flashes:
        """The same in time after each trigger: of the pulse generator, or of a mode-locked laser without one.

        Constant where nothing is pulsed.
        """
        self.advance()
        train = self.triggers() or PulseTrain(1.0, 0.5)
        gated = self.pulses() is not None
        times = pulse_times(train.width, train.period)
        lights = self._lamplight()
        rates = [np.full(len(times), light.photons) for light in lights]
        for e in (e.weaker(self._rest) for e in self.excitation()):
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

    def polarisation(self) -> float:
        """Angle of the excitation's electric field to the sample's axis now, degrees."""
        angle = self.optics.polarisation_deg
        for plate in self.wave_plates.values():
            angle = plate.turned(angle)
        return angle

    def _conditions(self, e: Excitation) -> Conditions:
        return Conditions(self.crystal_temperature(), e.wavelength, e.pulses, self.polarisation())

    def _lines(self, e: Excitation, conditions: Conditions) -> Sequence[LineLike]:
        sample = self.place.mounted.sample
        if sample is None or self.beam is None:
            return ()
        return sample.lines_at(self.beam.mean_irradiance(max(e.high, e.low)), conditions)

    def _steady(self, e: Excitation) -> list[Light]:
        seen = self._seen(e)
        lights = [Light(nm, fwhm, e.high * per_watt) for nm, fwhm, per_watt in self._scattered(e, seen)]
        if (spot := self.place.mounted.spot) is not None:
            conditions = self._conditions(e)
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
        if (spot := self.place.mounted.spot) is not None:
            conditions = self._conditions(e)
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
        place = self.place
        if self._sphere is None or self.beam is None:
            return Shares(self.optics.scatter, 0.0 if place.aside else self.optics.collection)
        return shares(self._sphere, place, e.high, e.wavelength, self._conditions(e), self.beam)

    def _lamplight(self) -> list[Light]:
        """Of the lamp behind the filter; none where it is not in the holder's slot."""
        if not self.place.lamp:
            return []
        return [replace(x, photons=x.photons * self._filter.transmission(x.wavelength)) for x in self._lamp]

    def _scattered(self, e: Excitation, seen: Shares) -> list[tuple[float, float, float]]:
        """(nm, width nm, photons at the slit per J) of scattered pump and what comes with it."""
        wavelength = e.wavelength
        lights = [(wavelength, 1.0)]
        if self._effects.second_harmonic:
            lights.append((wavelength / 2, self._effects.second_harmonic))
        per_joule = {nm: share / float(photon_energy(nm)) * seen.laser for nm, share in lights}
        result = [(nm, _PUMP_FWHM, n * self._filter.transmission(nm)) for nm, n in per_joule.items()]
        if self.optics.filter.fluorescence:
            low, high = self.optics.filter.fluorescence_nm
            step = (high - low) / _GLOW_LINES
            glow = per_joule[wavelength] * self._filter.fluorescence(wavelength) * step
            result += [(low + (i + 0.5) * step, step, glow) for i in range(_GLOW_LINES)]
        return result

    def _entering(self, lines: int, seen: Shares) -> npt.NDArray[np.float64]:
        """Photons of each line that get to the filter per photon that a fresh spot emits, (lines,)."""
        return np.full(lines, seen.emission) * self.place.mounted.exposure.emission()

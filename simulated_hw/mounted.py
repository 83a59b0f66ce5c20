"""What stands in the slots of the sample holder, and what a mounted sample does and has been through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Beam, Record, SampleRecord

from .conditions import Conditions
from .effects import EffectsSettings, Exposure, Heated
from .spot import Emission, Emitter, Spot

Array = npt.NDArray[np.float64]

_NOTHING = ("empty", "blank")
_SAMPLE, _LAMP, _ASIDE = "sample", "lamp", " aside"


class HolderSettings(Record, kw_only=True, frozen=True):
    """``[simulation.holder]``: what stands in the slots, from the first; further ones are empty.

    Of each: ``empty``, ``blank`` (nothing that absorbs or emits), ``sample`` (that of the station), the id or
    the file of another one, or ``lamp``. ``sample aside``, in an integrating sphere: not in the beam.
    """

    slots: list[str] = []


class Absorption(Emission, Protocol):
    """What is needed of a sample's steady state."""

    @property
    def absorbed(self) -> Array:
        """Photons taken out of the beam, s⁻¹ cm⁻³, (n,)."""


class LineLike(Protocol):
    """An emission line of a sample."""

    @property
    def wavelength(self) -> float: ...
    @property
    def fwhm(self) -> float: ...


class SampleModel(Emitter, Heated, Protocol):
    """A sample as the bench needs it."""

    @property
    def record(self) -> SampleRecord: ...
    def respond(self, irradiance: Array, conditions: Conditions) -> Absorption: ...
    def lines_at(self, irradiance: float, conditions: Conditions) -> Sequence[LineLike]:
        """In the order of the emission, at an irradiance in W/cm²."""


class Mounted:
    """A sample on the bench; without one, what is empty.

    :param thickness: of its layer, cm
    :param began: the clock's time from which it is exposed
    """

    def __init__(
        self,
        sample: SampleModel | None,
        beam: Beam | None,
        thickness: float,
        effects: EffectsSettings,
        began: float,
    ) -> None:
        self.sample = sample
        self.exposure = Exposure(effects, sample, began)
        self.spot: Spot | None = None
        if sample is not None and beam is not None:
            self.spot = Spot(sample, beam, thickness)
            self._absorbed = Spot(_Absorber(sample), beam, thickness)

    def absorbed(self, power: float, conditions: Conditions) -> float:
        """Photons per second that a layer so thin that it does not weaken *power* W takes out of it."""
        return 0.0 if self.spot is None else float(self._absorbed.rates(power, conditions)[0])


class _Absorber:
    """The photons a sample absorbs in place of those it emits."""

    def __init__(self, sample: SampleModel) -> None:
        self._sample = sample

    def respond(self, irradiance: Array, conditions: Conditions) -> Emission:
        return _Absorbed(self._sample.respond(irradiance, conditions).absorbed[:, None])

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        raise NotImplementedError("the light that pulses lose is not followed in time")


@dataclass(frozen=True)
class _Absorbed:
    emission: Array


@dataclass(frozen=True)
class Place:
    """What one slot of the holder brings.

    :ivar aside: the sample stands beside the beam
    :ivar lamp: the calibrated lamp shines
    """

    mounted: Mounted
    aside: bool = False
    lamp: bool = False


def places(
    slots: Sequence[str],
    main: Mounted,
    mount: Callable[[SampleModel | None], Mounted],
    load: Callable[[str], SampleModel],
) -> list[Place]:
    """The slots as *slots* describe them; one sample in two slots is one and the same.

    :param main: the sample of the station
    :param mount: makes a sample, or None, a mounted one
    :param load: the sample with this id or file
    """
    nothing = mount(None)
    samples = {_SAMPLE: main}
    found = []
    for text in slots:
        name = text.removesuffix(_ASIDE)
        if text in _NOTHING or text == _LAMP:
            found.append(Place(nothing, lamp=text == _LAMP))
            continue
        if name not in samples:
            samples[name] = mount(load(name))
        found.append(Place(samples[name], aside=name != text))
    return found

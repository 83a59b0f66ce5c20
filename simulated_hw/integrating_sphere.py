"""Quantum yields in an integrating sphere: what its spectrometer counts.

Three measurements (J. C. de Mello, H. F. Wittmann and R. H. Friend, Adv. Mater. 9, 230 (1997)): a, the
empty sphere; b, the sample inside but out of the beam; c, the sample in the beam. Each gives L, photons of
the laser, and P, photons emitted, per second and corrected for the spectral response of the empty sphere.

Light that the wall has scattered once circulates; N photons make a flux of N·M from the wall,

    M = ρ/(1 − ρ·(1 − f − s))

with ports of the area fraction f and a sample that absorbs like a black area fraction s (D. G. Goebel, Appl.
Opt. 6, 125 (1967)). The sample then takes s·M of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from antistokes.instruments.records import Record


class Readings(NamedTuple):
    """Photons per second in measurements a, b and c: of the laser and of the emission."""

    laser_a: float
    laser_b: float
    laser_c: float
    emission_a: float
    emission_b: float
    emission_c: float

    def counted(self, seconds: float, rng: np.random.Generator) -> Readings:
        """The same as counts of so many seconds show it, with their shot noise."""
        return Readings(*(rng.poisson(np.multiply(self, seconds)) / seconds))


@dataclass(frozen=True)
class SphereSample:
    """What is put into the sphere.

    :param absorptance: fraction of the beam it absorbs in one passage, 0 to 1
    :param quantum_yield: photons emitted per photon of the beam absorbed, before reabsorption
    :param diffuse_yield: the same for light scattered by the wall; None: no other. For upconversion it is
        near 0, as the scattered light is weak
    :param area_fraction: black area that absorbs as much scattered laser light, over the sphere's area
    :param reabsorption: fraction of the emitted photons that it absorbs again, 0 to 1
    """

    absorptance: float
    quantum_yield: float
    diffuse_yield: float | None = None
    area_fraction: float = 0.005
    reabsorption: float = 0.0

    def __post_init__(self) -> None:
        for name in ("absorptance", "quantum_yield", "area_fraction", "reabsorption"):
            _check_fraction(name, getattr(self, name))
        if self.diffuse_yield is not None:
            _check_fraction("diffuse_yield", self.diffuse_yield)
        if self.quantum_yield * self.reabsorption >= 1:
            raise ValueError("quantum_yield × reabsorption = 1: must be below 1, or the light never ends")


class Sphere(Record, frozen=True):
    """A sphere with ports; numbers are typical of sintered PTFE and assumed.

    :param reflectance: of its wall at the laser's wavelength, below 1
    :param port_fraction: area of the ports over its area
    :param blank_mismatch: relative excess of all that is read in a, because the blank takes less light than
        the sample's holder and solvent do; 0: none
    :param density_error: optical density of the filter that weakens the laser less the one it is taken for
    """

    reflectance: float = 0.97
    port_fraction: float = 0.02
    blank_mismatch: float = 0.0
    density_error: float = 0.0

    def __post_init__(self) -> None:
        _check_fraction("reflectance", self.reflectance)
        _check_fraction("port_fraction", self.port_fraction)
        if self.reflectance * (1 - self.port_fraction) >= 1:
            raise ValueError("a sphere without ports that absorbs nothing never loses its light")
        if not self.blank_mismatch > -1:
            raise ValueError(f"blank_mismatch = {self.blank_mismatch}: must be above -1")

    def multiplication(self, absorbing: float = 0.0) -> float:
        """M: flux on the wall over the flux of the light that came in; *absorbing* is s."""
        return self.reflectance / (1 - self.reflectance * (1 - self.port_fraction - absorbing))

    def measure(self, sample: SphereSample, photons: float) -> Readings:
        """What is read for a laser of so many *photons* per second, without noise."""
        if not photons >= 0:
            raise ValueError(f"photons = {photons}: must not be negative")
        scattered = self.multiplication(sample.area_fraction)
        kept = scattered / self.multiplication()  # 1 − s·M
        diffuse = sample.quantum_yield if sample.diffuse_yield is None else sample.diffuse_yield
        beam = sample.absorptance
        taken = sample.area_fraction * scattered  # of the light that goes round
        seen_b = escaping(diffuse, sample.reabsorption) * taken
        seen_c = escaping(sample.quantum_yield, sample.reabsorption) * beam + (1 - beam) * seen_b
        laser = photons * 10**-self.density_error
        return Readings(
            laser_a=laser * (1 + self.blank_mismatch),
            laser_b=laser * kept,
            laser_c=laser * (1 - beam) * kept,
            emission_a=0.0,
            emission_b=photons * seen_b,
            emission_c=photons * seen_c,
        )


def escaping(quantum_yield: float, reabsorption: float) -> float:
    """Photons that leave per photon absorbed, η·(1 − a)/(1 − a·η): what is absorbed again can emit again."""
    return quantum_yield * (1 - reabsorption) / (1 - reabsorption * quantum_yield)


def _check_fraction(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} = {value}: must be 0 to 1")

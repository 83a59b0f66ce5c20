"""Light from an integrating sphere and from a calibrated lamp, as it enters the spectrometer's slit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Beam, Fraction, NonNegative, Positive, Record

from .conditions import Conditions
from .integrating_sphere import Sphere, SphereSample
from .light import Light
from .mounted import Place
from .physics.constants import FWHM_PER_SIGMA, photon_energy

Array = npt.NDArray[np.float64]

_LAMP_NM = (250.0, 1250.0)
_LAMP_STEP = 2.5  # nm; Gaussians of this standard deviation, so far apart, add up smoothly
_LEAST = 1e-200  # photons per second; so as not to divide by 0
_EMPTY = SphereSample(0.0, 0.0, area_fraction=0.0)
_HC_OVER_K = 1.438776877e7  # nm K


class SphereSettings(Sphere, kw_only=True, frozen=True):
    """``[simulation.sphere]``: the sample holder and the spectrometer are at an integrating sphere.

    :param radius_mm: of the sphere: the larger, the weaker the light that the wall throws on the sample
    :param collection: fraction of the photons put into the empty sphere that enter the slit
    :param area_fraction: black area that absorbs as much scattered laser light as the sample, over the
        sphere's area
    :param reabsorption: fraction of the emitted photons that the sample absorbs again
    """

    radius_mm: Positive = 50.0
    collection: Fraction = 1e-7
    area_fraction: Fraction = 0.005
    reabsorption: Fraction = 0.0


class Shares(NamedTuple):
    """What of the light enters the slit, before the filter.

    :ivar laser: photons per photon of the beam
    :ivar emission: of each line, or of all: photons per photon that the sample would emit if it did not
        weaken the beam
    """

    laser: float
    emission: float | Array


def shares(
    sphere: SphereSettings, place: Place, power: float, nm: float, conditions: Conditions, beam: Beam
) -> Shares:
    """What enters the slit from the sphere with *place* of the holder in it.

    A layer that would take the share a of an even beam takes A = 1 − exp(−a), as the beam weakens, and emits
    A/a of what it would: each absorbed photon counts as it does at the irradiance that comes in.

    :param power: of the beam in W, at *nm*
    """
    spot = place.mounted.spot
    if spot is None or power <= 0:
        return Shares(sphere.collection * sphere.measure(_EMPTY, 1.0).laser_a, 0.0)
    photons = power / float(photon_energy(nm))
    # what the wall throws on the sample is as much weaker as the sphere is larger than the spot
    wall = 4 * math.pi * (sphere.radius_mm * 0.1) ** 2
    weak = power * sphere.multiplication() * beam.area_cm2 / wall
    absorbed, absorbed_weak = (place.mounted.absorbed(watts, conditions) for watts in (power, weak))
    lines, lines_weak = spot.rates(power, conditions), spot.rates(weak, conditions)
    absorptance = -math.expm1(-absorbed / photons)
    sample = SphereSample(
        absorptance,
        quantum_yield=_yield(float(lines.sum()), absorbed),
        diffuse_yield=_yield(float(lines_weak.sum()), absorbed_weak),
        area_fraction=sphere.area_fraction,
        reabsorption=sphere.reabsorption,
    )
    read = sphere.measure(sample, photons)
    # strong and weak light have their own spectra
    diffuse = read.emission_b * lines_weak / max(float(lines_weak.sum()), _LEAST)
    direct = read.emission_c - (1 - absorptance) * read.emission_b
    inside = direct * lines / max(float(lines.sum()), _LEAST) + (1 - absorptance) * diffuse
    laser, emission = (read.laser_b, diffuse) if place.aside else (read.laser_c, inside)
    return Shares(
        sphere.collection * laser / photons, sphere.collection * emission / np.maximum(lines, _LEAST)
    )


def _yield(emitted: float, absorbed: float) -> float:
    """Photons per photon; what would be more than one is not known to this sphere."""
    return min(emitted / absorbed, 1.0) if absorbed > 0 else 0.0


class LampSettings(Record, kw_only=True, frozen=True):
    """``[simulation.lamp]``: a tungsten-halogen lamp, in the holder's slot ``lamp``. Assumed values.

    :param emissivity_slope_per_nm: relative change of the filament's emissivity, from 600 nm on
    :param photons_per_s: that enter the slit between 300 and 1100 nm, before the filter
    """

    temperature_K: Positive = 2900.0
    emissivity_slope_per_nm: float = -2.5e-4
    photons_per_s: NonNegative = 2e8


def lamp_light(lamp: LampSettings) -> list[Light]:
    """A continuous spectrum, N ∝ ε(λ)·λ⁻⁴/(exp(hc/λkT) − 1) photons per nm, as lines that overlap."""
    nm = np.arange(*_LAMP_NM, _LAMP_STEP)
    density = (1 + lamp.emissivity_slope_per_nm * (nm - 600)) * nm**-4
    density = np.maximum(density, 0) / np.expm1(_HC_OVER_K / (nm * lamp.temperature_K))
    photons = density / density[(nm >= 300) & (nm <= 1100)].sum() * lamp.photons_per_s
    width = _LAMP_STEP * FWHM_PER_SIGMA
    return [Light(float(x), width, float(n)) for x, n in zip(nm, photons, strict=True)]

"""A laser line on upconverted gain: photon number, its slope, linewidth, and mode positions.

Single mode, steady state (Björk & Yamamoto, IEEE J. Quantum Electron. 1991, 27, 2386, without
transparency): the photon number S obeys β·S² = (p - 1)·S + p, p the pump over its threshold and β the
share of spontaneous emission that goes into the mode. Spontaneous emission outside the mode is not
collected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .processes import Array

#: narrowest line of the upconversion microsphere laser and how far it tunes, nm (Nat. Commun. 2021)
NARROWEST_LINE, TUNING_RANGE = 0.27, 3.56


def pump_ratio(pump: npt.ArrayLike, threshold: float, order: float = 1.0) -> Array:
    """p = (F/F_th)^m, dimensionless, for gain fed by *order* = m photons; F and F_th in the same unit."""
    ratio = checked("pump", pump) / checked("threshold", threshold, above=True)
    p: Array = ratio ** checked("number of photons", order, above=True)
    return p


def photon_number(ratio: npt.ArrayLike, coupling: npt.ArrayLike) -> Array:
    """S = [(p - 1) + √((p - 1)² + 4βp)]/(2β), photons in the mode.

    :param ratio: p, pump over threshold
    :param coupling: β, above 0 and at most 1 (then S = p: no threshold)
    """
    p, beta, root = _root(ratio, coupling)
    below = np.minimum(p, 1.0)  # the same root without the difference of nearly equal numbers
    number: Array = np.where(p < 1, 2 * p / (1 - below + root), (p - 1 + root) / (2 * beta))
    return number


def local_slope(ratio: npt.ArrayLike, coupling: npt.ArrayLike) -> Array:
    """d ln S/d ln p = (p/S)·(1 + S)/√((p - 1)² + 4βp); times m it is the slope against the pump."""
    p, beta, root = _root(ratio, coupling)
    number = photon_number(p, beta)
    beyond = np.maximum(p, 1.0)
    pump_per_photon = np.where(p < 1, (1 - p + root) / 2, 2 * beta / (1 - 1 / beyond + root / beyond))
    slope: Array = pump_per_photon * ((1 + number) / root)
    return slope


def maximum_slope(coupling: npt.ArrayLike) -> Array:
    """Largest d ln S/d ln p, (1 + β^(-1/2))/2, reached at p = 1."""
    slope: Array = (1 + checked("spontaneous coupling", coupling, high=1, above=True) ** -0.5) / 2
    return slope


def linewidth(
    number: npt.ArrayLike,
    cold: npt.ArrayLike = 6.0,
    narrowest: npt.ArrayLike = NARROWEST_LINE,
    instrument: npt.ArrayLike = 0.0,
) -> Array:
    """Measured full width in nm, √(d_inst² + d_min² + (d_c/(1 + S))²) (narrowing as Schawlow & Townes 1958).

    :param number: S, photons in the mode
    :param cold: d_c far below threshold, nm (assumed 6)
    :param narrowest: d_min, floor of the line itself, nm
    :param instrument: d_inst, resolution of the spectrometer, nm
    """
    narrowed = checked("line width", cold, "nm") / (1 + checked("photon number", number))
    line = np.hypot(narrowed, checked("narrowest line", narrowest, "nm"))
    return np.hypot(line, checked("instrument width", instrument, "nm"))


def mode_spacing(wavelength: npt.ArrayLike, diameter: npt.ArrayLike, group_index: npt.ArrayLike) -> Array:
    """Free spectral range of whispering-gallery modes in nm, λ²/(π·D·n_g) (Matsko & Ilchenko 2006).

    :param wavelength: nm
    :param diameter: D in µm
    """
    round_trip = math.pi * 1e3 * checked("diameter", diameter, "µm", above=True)  # nm
    index = checked("group index", group_index, above=True)
    spacing: Array = checked("wavelength", wavelength, "nm", above=True) ** 2 / (round_trip * index)
    return spacing


@dataclass(frozen=True, slots=True)
class ModeTuning:
    """Shift of a lasing mode, linear in temperature and irradiance, as far as the line can be tuned.

    :param per_kelvin: nm/K, red positive
    :param per_irradiance: nm per W/cm², red positive
    :param limit: the largest shift to either side, nm
    """

    per_kelvin: float
    per_irradiance: float
    limit: float = TUNING_RANGE

    def __post_init__(self) -> None:
        checked("tuning range", self.limit, "nm")
        checked("tuning by temperature", self.per_kelvin, "nm/K", low=-math.inf)
        checked("tuning by irradiance", self.per_irradiance, "nm cm²/W", low=-math.inf)

    def shift(self, temperature: npt.ArrayLike, irradiance: npt.ArrayLike, reference: float = 295.0) -> Array:
        """nm against the position at *reference* K without pump; temperatures in K, irradiance in W/cm²."""
        warmer = checked("temperature", temperature, "K") - checked("temperature", reference, "K")
        pumped = self.per_irradiance * checked("irradiance", irradiance, "W/cm²")
        return np.clip(self.per_kelvin * warmer + pumped, -self.limit, self.limit)


def _root(ratio: npt.ArrayLike, coupling: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """p, β and √((p - 1)² + 4βp)."""
    p, beta = checked("pump ratio", ratio), checked("spontaneous coupling", coupling, high=1, above=True)
    return p, beta, np.hypot(p - 1, 2 * np.sqrt(beta) * np.sqrt(p))

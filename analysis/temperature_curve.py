"""Intensity of a band against temperature: what activates it, and where it vanishes.

**Activation energy**: slope of ln I against −1/kT (Arrhenius), fitted to the intensities themselves.

**Last detected temperature**: where the band's intensity, a straight line of ln I against T through the
points about the first miss, equals three of its standard errors: of a single point, at the exposure of the
run. Coming from the temperature where the band is brightest, the first miss is the first set-point at which
it does not exceed that. Where too few points lie about it, the value is half way between the last temperature
with a signal and the first miss, and half that distance is its error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .bands import Array
from .fitting import DETECTION, Points, chi2_scale, fit
from .line_shape import K_MEV

if TYPE_CHECKING:
    import xarray as xr

#: names of set-points of the power of the excitation
POWERS = ("irradiance", "power", "photon_flux", "pulse_energy")
_BRIGHT = 15.0  # standard errors; from there on a point says nothing of where the signal vanishes


def sample_kelvin(ds: xr.Dataset) -> Array:
    """Temperature of the sample in K at every point: measured where it is, else the set-point; (point,)."""
    name = "sample_temperature" if "sample_temperature" in ds else "temperature"
    return ds[name].values.astype(float)


@dataclass(frozen=True, eq=False)
class Curve:
    """Intensity of one band at one power: one row per usable point, by rising temperature.

    ``setpoint`` and ``kelvin`` in K, the latter of the sample's sensor where the run has it.
    """

    setpoint: Array
    kelvin: Array
    value: Array
    error: Array

    @property
    def means(self) -> Curve:
        """One row per set-point: the mean of its points."""
        rows = []
        for target in np.unique(self.setpoint):
            at = self.setpoint == target
            error = np.sqrt((self.error[at] ** 2).sum()) / at.sum()
            rows.append((target, self.kelvin[at].mean(), self.value[at].mean(), error))
        return Curve(*np.array(rows).T)


def activation_energy(curve: Curve) -> tuple[float, float, float] | None:
    """E of I ∝ exp(−E/kT) in meV, 1 σ, and by how many σ ln I is bent; None with fewer than 4 detected
    points.

    A straight line against −1/kT, fitted to the intensities themselves (see
    :mod:`~antistokes.analysis.fitting`).
    """
    x = -1 / (K_MEV * curve.kelvin)
    points = Points(x, curve.value, curve.error, np.zeros(len(x)), curve.setpoint)
    if len(np.unique(curve.setpoint[points.detected])) < 4:
        return None
    centre = float(x.mean())
    line, parabola = fit(points, 1, centre), fit(points, 2, centre)
    error = np.sqrt(line.covariance[1, 1])
    if not np.isfinite(error):
        return None
    gain = (line.chi2 - parabola.chi2) / chi2_scale(parabola.chi2, max(parabola.freedom, 1))
    return float(line.beta[1]), float(error), float(np.sqrt(max(gain, 0.0))) if np.isfinite(gain) else 0.0


def last_detected(curve: Curve) -> tuple[float, float, str] | None:
    """K, 1 σ and ``cooling`` or ``warming``, as the head of this file says; None where it is always seen."""
    means = curve.means
    # a single point has to show it, however often a set-point was visited
    floor = DETECTION * np.array([np.median(curve.error[curve.setpoint == t]) for t in means.setpoint])
    seen = means.value > floor
    top = int((means.value / floor).argmax())
    if not seen[top]:
        return None
    for way, side in (("cooling", range(top, -1, -1)), ("warming", range(top, len(seen)))):
        missed = next((i for i in side if not seen[i]), None)
        if missed is None:
            continue
        step = 1 if way == "cooling" else -1
        last = missed + step
        half = abs(means.kelvin[last] - means.kelvin[missed]) / 2
        crossing = _crossing(curve, means, floor, missed, step)
        if crossing is None or abs(crossing[0] - means.kelvin[missed]) > 8 * half:
            return float(means.kelvin[last] + means.kelvin[missed]) / 2, float(half), way
        return *crossing, way
    return None


def _crossing(curve: Curve, means: Curve, floor: Array, missed: int, step: int) -> tuple[float, float] | None:
    """Where a straight line of ln I against T through the neighbourhood meets the floor, and 1 σ."""
    dim = means.value * DETECTION < _BRIGHT * floor
    edge = missed
    while 0 <= edge + step < len(dim) and dim[edge + step]:
        edge += step
    far = min(max(missed - 2 * step, 0), len(dim) - 1)
    first, last = sorted((edge, far))
    near = (curve.setpoint >= means.setpoint[first]) & (curve.setpoint <= means.setpoint[last])
    points = Points(
        curve.kelvin[near], curve.value[near], curve.error[near], np.zeros(near.sum()), curve.setpoint[near]
    )
    if len(np.unique(points.setpoint)) < 4 or int(points.detected.sum()) < 2:
        return None
    centre = float(means.kelvin[missed])
    line = fit(points, 1, centre)
    if not np.isfinite(line.chi2) or line.beta[1] * step <= 0:
        return None
    level = float(np.log(np.median(floor[first : last + 1])))
    away = (level - line.beta[0]) / line.beta[1]
    gradient = np.array([1.0, away])
    error = np.sqrt(gradient @ line.covariance @ gradient) / abs(line.beta[1])
    return centre + float(away), float(error)

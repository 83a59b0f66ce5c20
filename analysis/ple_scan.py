"""What a scan of the excitation wavelength shows: excitation spectra, and how much energy can be gained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .bands import AnalysisError, Array, band_windows
from .drift_correction import drift_taken_out
from .emission_lines import Line, anti_stokes_shift, energy, find_lines
from .excitation_spectrum import Excitations, as_held, at_one_flux, excitations, exponent
from .findings import Finding, Findings
from .fitting import DETECTION, Fit, Points, fit
from .laser_lines import LASER_MASK, excitation_wavelengths, overlaps
from .pump_light import laser_line
from .slit_width import own_width, pixel_at
from .spectrum import Windows, line_findings

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_SCALE = 100.0  # meV; keeps numbers of the fit near 1
_LEAST_ENERGIES = 3
_BENT = 3.0  # standard deviations
_FAR = math.log(1e10)  # no line is so much brighter than the tail where that is still seen


@dataclass(frozen=True, eq=False)
class Tail:
    """ln I = ln I₀ + (E − E₀)/E_U on the anti-Stokes side.

    :param fit: in units of 100 meV from *centre* (meV)
    :param lowest, highest: meV, of the excitations used
    :param bend: standard deviations by which a parabola fits better
    """

    fit: Fit
    centre: float
    lowest: float
    highest: float
    bend: float

    @property
    def urbach(self) -> tuple[float, float]:
        """E_U in meV and its 1 σ."""
        slope, sigma = self.fit.beta[1], math.sqrt(self.fit.covariance[1, 1])
        return _SCALE / float(slope), float(_SCALE * sigma / slope**2)

    def log_intensity(self, at: float) -> tuple[float, float]:
        """ln I at *at* meV and its 1 σ."""
        row = np.array([1.0, (at - self.centre) / _SCALE])
        return float(row @ self.fit.beta), math.sqrt(row @ self.fit.covariance @ row)


@dataclass(frozen=True, eq=False)
class ExcitationSpectrum:
    """One band: its points, made comparable, its line, and the tail where there is one.

    :param resonance: signal with the laser at the line, and its 1 σ; None: not known
    """

    points: Excitations
    line: Line | None
    tail: Tail | None
    resonance: tuple[float, float] | None


@drift_taken_out
def analyse(ds: xr.Dataset, windows: Windows | None = None, floor: float | None = None) -> Findings:
    """Excitation spectrum, anti-Stokes shifts, gain limit and Urbach energy of each band.

    :param ds: a run with the ``excitation_wavelength`` of each point
    :param floor: the gain limit is where the signal is this fraction of that at resonance; 0: where it is
        lost in noise; by default as the run says
    :raises AnalysisError: no band can be seen at any point
    """
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    distance = float(parameters.get("laser_mask", LASER_MASK))
    level = float(parameters.get("floor", 0.0)) if floor is None else floor
    known = band_windows(ds, windows)
    lasers = excitation_wavelengths(ds)
    findings: list[Finding] = []
    warnings = overlaps(known, lasers[np.isfinite(lasers)].tolist(), distance) + laser_line(ds, known)
    details: dict[str, Any] = {"beam": dict(ds.attrs.get("beam") or {}), "bands": {}}
    spectra: dict[str, ExcitationSpectrum] = {}
    for name in known:
        points = excitations(ds, name, known, distance)
        if parameters.get("normalise") == "exponent":
            try:
                n, stderr, table = exponent(points)
            except AnalysisError as error:
                warnings.append(f"band '{name}': {error}")
                continue
            note = f"{len(table)} wavelengths, each at 2 powers"
            findings.append(Finding(quantity="exponent", of=name, value=n, stderr=stderr, note=note))
            points = at_one_flux(points, n)
        else:
            points = as_held(points)
        spectra[name] = spectrum = excitation_spectrum(points)
        findings += _findings(name, spectrum, level)
        warnings += _warnings(name, spectrum)
        details["bands"][name] = {
            "excitation_nm": points.laser.tolist(),
            "intensity": points.intensity.tolist(),
            "stderr": points.errors.tolist(),
        }
    if not spectra:
        raise AnalysisError(warnings[-1])

    def figure() -> Figure:
        from .figures.ple_scan import ple_scan_figure

        return ple_scan_figure(ds, spectra, level)

    return Findings(
        procedure="ple-scan", findings=findings, warnings=warnings, details=details, figure=figure
    )


def excitation_spectrum(points: Excitations) -> ExcitationSpectrum:
    """Line, tail and resonance of the points of one band."""
    lit = points.shape_errors < 1e100
    lines = find_lines(points.wavelength, points.shape, points.shape_errors, lit)
    if not lines:
        return ExcitationSpectrum(points, None, None, None)
    line = max(lines, key=lambda one: one.height)
    tail = _tail(points, line)
    return ExcitationSpectrum(points, line, tail, _resonance(points, line, tail))


def _tail(points: Excitations, line: Line) -> Tail | None:
    """A straight line through ln I below the line's energy by more than half its width.

    None: too few points, the signal does not rise, or so steeply that it is no edge of the line's
    absorption, far away as that is, but of a step on the way to it.
    """
    centre, half = energy(line.wavelength, line.fwhm / 2)
    below = np.isfinite(points.intensity) & (points.energy < centre - half)
    order = np.flatnonzero(below)[np.argsort(points.energy[below], kind="stable")]
    x = (points.energy[order] - centre) / _SCALE
    some = Points(x, points.intensity[order], points.errors[order], np.zeros(len(x)), points.setpoint[order])
    if len(np.unique(some.setpoint[some.detected])) < _LEAST_ENERGIES:
        return None
    straight = fit(some, 1, 0.0)
    lowest, highest = float(points.energy[order[0]]), float(points.energy[order[-1]])
    if not np.isfinite(straight.chi2) or straight.beta[1] <= 0:
        return None
    if straight.beta[1] * (centre - highest) / _SCALE > _FAR:
        return None
    bend = 0.0
    if len(np.unique(some.setpoint[some.detected])) > _LEAST_ENERGIES:
        parabola = fit(some, 2, 0.0)
        bend = math.sqrt(max(straight.chi2 - parabola.chi2, 0.0)) if np.isfinite(parabola.chi2) else 0.0
    return Tail(straight, centre, lowest, highest, bend)


def _resonance(points: Excitations, line: Line, tail: Tail | None) -> tuple[float, float] | None:
    """At the lowest photon energy that reaches the line's; where the laser was not so far, by the tail."""
    centre = energy(line.wavelength)[0]
    above = np.isfinite(points.intensity) & (points.energy >= centre)
    if above.any():
        nearest = points.setpoint[above].max()
        return _mean(points, above & (points.setpoint == nearest))
    if tail is None:
        return None
    ln, sigma = tail.log_intensity(centre)
    return math.exp(ln), sigma * math.exp(ln)


def _mean(points: Excitations, chosen: Array) -> tuple[float, float]:
    """Weighted mean intensity of the *chosen* points, and its 1 σ."""
    weight = points.errors[chosen] ** -2.0
    return float(np.average(points.intensity[chosen], weights=weight)), float(weight.sum() ** -0.5)


def _findings(name: str, spectrum: ExcitationSpectrum, floor: float) -> list[Finding]:
    line, tail = spectrum.line, spectrum.tail
    if line is None:
        return []
    pixel = pixel_at(spectrum.points.wavelength, line.wavelength)
    found = line_findings(name, line, own_width(line, 0.0, pixel), None)
    for nm in _seen(spectrum.points):
        laser = float(spectrum.points.laser[spectrum.points.setpoint == nm].mean())
        shift, stderr = anti_stokes_shift(line.wavelength, line.wavelength_stderr, laser)
        if shift <= 0:
            continue
        found.append(
            Finding(
                quantity="anti-Stokes shift",
                of=name,
                value=shift,
                stderr=stderr,
                unit="meV",
                at={"excitation_wavelength": nm},
            )
        )
    if tail is not None:
        value, stderr = tail.urbach
        centre = energy(line.wavelength)[0]
        reach = f"{centre - tail.highest:.0f} to {centre - tail.lowest:.0f} meV below the line"
        found.append(
            Finding(quantity="Urbach energy", of=name, value=value, stderr=stderr, unit="meV", note=reach)
        )
    found.append(gain_at_floor(name, spectrum, floor) if floor else gain_in_noise(name, spectrum))
    return found


def _seen(points: Excitations) -> list[float]:
    """Set-points, nm, at which the band stands out of the noise, both directions together."""
    seen = []
    for nm in np.unique(points.setpoint):
        chosen = (points.setpoint == nm) & np.isfinite(points.intensity)
        if chosen.any():
            mean, stderr = _mean(points, chosen)
            if mean > DETECTION * stderr:
                seen.append(float(nm))
    return seen


def gain_in_noise(name: str, spectrum: ExcitationSpectrum) -> Finding:
    """The largest gain with a signal above 3 σ: half way to the next wavelength, which has none."""
    points, line = spectrum.points, spectrum.line
    assert line is not None
    centre, doubt = energy(line.wavelength, line.wavelength_stderr)
    seen, last, missed = set(_seen(points)), math.nan, math.nan
    for nm in np.unique(points.setpoint[np.isfinite(points.intensity)]):
        gain = centre - energy(float(points.laser[points.setpoint == nm].mean()))[0]
        if gain > 0 and nm in seen:
            last, missed = gain, math.nan
        elif gain > 0 and math.isnan(missed):
            missed = gain
    value, stderr, note = math.nan, math.nan, "no gain was seen at any wavelength"
    if math.isfinite(last) and math.isfinite(missed):
        value, stderr = (last + missed) / 2, math.hypot((missed - last) / math.sqrt(12), doubt)
        note = f"seen (3 σ) up to {last:.1f} meV, lost at {missed:.1f} meV"
    elif math.isfinite(last):
        note = f"above {last:.1f} meV: still seen at the longest wavelength"
    return Finding(quantity="gain limit", of=name, value=value, stderr=stderr, unit="meV", note=note)


def gain_at_floor(name: str, spectrum: ExcitationSpectrum, floor: float) -> Finding:
    """The gain at which the tail has fallen to *floor* of the signal at resonance."""
    value, stderr = math.nan, math.nan
    tail, resonance, line = spectrum.tail, spectrum.resonance, spectrum.line
    if tail is None or resonance is None or line is None:
        note = "no tail: it takes 3 photon energies with a signal, not far below the line"
    else:
        centre, doubt = energy(line.wavelength, line.wavelength_stderr)
        slope = float(tail.fit.beta[1]) / _SCALE
        crossing = tail.centre + (math.log(floor * resonance[0]) - float(tail.fit.beta[0])) / slope
        note = f"floor {floor:g} of the signal at resonance"
        if crossing < tail.lowest:
            note = (
                f"above {centre - tail.lowest:.1f} meV: the signal is above {note} at the longest wavelength"
            )
        else:
            value = centre - crossing
            stderr = math.hypot(_crossing_error(tail, crossing, resonance), doubt)
    return Finding(quantity="gain limit", of=name, value=value, stderr=stderr, unit="meV", note=note)


def _crossing_error(tail: Tail, crossing: float, resonance: tuple[float, float]) -> float:
    """1 σ in meV: that of the level, and that of the tail where it crosses it."""
    slope = float(tail.fit.beta[1]) / _SCALE
    return math.hypot(tail.log_intensity(crossing)[1], resonance[1] / resonance[0]) / slope


def _warnings(name: str, spectrum: ExcitationSpectrum) -> list[str]:
    if spectrum.line is None:
        return [f"band '{name}': no line stands out from the noise"]
    found = []
    tail = spectrum.tail
    if tail is not None and tail.bend > _BENT:
        found.append(f"band '{name}': the tail is no straight line in ln I (by {tail.bend:.1f} σ)")
    hidden = int(np.isnan(spectrum.points.intensity).sum())
    if hidden:
        found.append(f"band '{name}': {hidden} points left out, the laser hides the band")
    return found

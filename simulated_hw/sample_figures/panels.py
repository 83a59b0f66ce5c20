"""The panels of a sample's figure beside its level diagram: each computes its curves, then can be drawn.

There is none (None) where there is nothing to show: the emission is dark, or the model says nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.mechanism import Array
from antistokes.simulated_hw.samples.sample import Sample

from .after_pulse import FAINTEST, afterglow
from .light_colour import LineStyle, curve_styles

DECADES = 6  # of irradiance
_MOST_CURVES = 6  # of a sample without bands
_COLDEST, _HOTTEST, _REFERENCE = 10.0, 500.0, 300.0  # K
_STEADY = 1e-3  # relative change below which nothing depends on the temperature
EMISSION = "photons s⁻¹ cm⁻³"
_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps"))


@dataclass(frozen=True, slots=True)
class Band:
    """A band of the sample, or a line of one that has none.

    :ivar window: nm
    :ivar members: 1 for a line of the band, else 0, (lines,)
    """

    name: str
    window: tuple[float, float]
    members: Array
    colour: str
    dashes: LineStyle


@dataclass(frozen=True, slots=True)
class Panel:
    """*draw* puts it on axes; *notes* are numbers that its curves show, by the band's name: *noted*."""

    draw: Callable[[Axes], None]
    noted: str = ""
    notes: dict[str, str] = field(default_factory=dict)


def find_bands(sample: Sample, emission: Array) -> list[Band]:
    """The bands with a line in them; without any band the lines that are strongest in *emission* (lines,)."""
    centres = np.array([line.wavelength for line in sample.lines])
    windows = {
        name: (low, high)
        for name, (low, high) in sample.record.bands.items()
        if np.any((centres >= low) & (centres <= high))
    }
    members = {n: ((centres >= low) & (centres <= high)).astype(float) for n, (low, high) in windows.items()}
    if not windows:
        for i in sorted(np.argsort(emission)[::-1][:_MOST_CURVES]):
            line = sample.lines[i]
            windows[line.name] = (line.wavelength - line.fwhm, line.wavelength + line.fwhm)
            members[line.name] = np.eye(len(centres))[i]
    styles = curve_styles({name: (low + high) / 2 for name, (low, high) in windows.items()})
    return [Band(name, windows[name], members[name], *styles[name]) for name in styles]


def power_panel(
    sample: Sample, bands: list[Band], irradiance: float, conditions: Conditions, top: float
) -> Panel | None:
    """Emission of each band over the irradiances up to *top* in W/cm², with the exponents at both ends."""
    powers = np.geomspace(top * 10.0**-DECADES, top, 20 * DECADES + 1)
    curves = sample.respond(powers, conditions).emission @ members_of(bands)
    limit = sample.record.max_irradiance
    lit = [i for i in range(len(bands)) if np.count_nonzero(curves[:, i] > 0) > 1]
    if not lit:
        return None

    positive = {i: curves[:, i] > 0 for i in lit}
    exponents = {
        i: np.gradient(np.log(curves[shown, i]), np.log(powers[shown])) for i, shown in positive.items()
    }

    def draw(axes: Axes) -> None:
        for i, shown in positive.items():
            axes.plot(powers[shown], curves[shown, i], color=bands[i].colour, linestyle=bands[i].dashes)
        axes.axvline(irradiance, color="0.6", linewidth=0.8, zorder=0)
        if limit is not None and top > limit:
            axes.axvspan(limit, top, color="0.9", linewidth=0, zorder=0)
            axes.text(
                limit, 0.02, " not valid", transform=axes.get_xaxis_transform(), fontsize=7, color="0.4"
            )
        axes.set_xscale("log")
        axes.set_yscale("log", nonpositive="mask")
        strongest = curves.max()
        weakest = min(curves[shown, i].min() for i, shown in positive.items())
        axes.set_ylim(max(weakest / 3, strongest * 1e-20), strongest * 5)
        axes.set_xlim(powers[0], powers[-1])
        _few_ticks(axes)
        axes.set_xlabel("irradiance (W/cm²)")
        axes.set_ylabel(EMISSION)
        axes.set_title("power dependence")

    notes = {bands[i].name: f"{n[0]:.2f} → {n[-1]:.2f}" for i, n in exponents.items()}
    return Panel(draw, "exponent at low → high irradiance", notes)


def temperature_panel(
    sample: Sample, bands: list[Band], irradiance: float, conditions: Conditions
) -> Panel | None:
    """Emission of each band over the temperature, relative to 300 K."""
    low, high = min(_COLDEST, conditions.temperature), max(_HOTTEST, conditions.temperature)
    kelvins = np.union1d(np.linspace(low, high, 50), [_REFERENCE])
    members = members_of(bands)
    rows = [
        sample.respond(irradiance, replace(conditions, temperature=t)).emission[0] @ members
        for t in kelvins.tolist()
    ]
    curves = np.array(rows)
    reference = curves[kelvins == _REFERENCE][0]
    lit = np.flatnonzero(reference > 0)
    if not len(lit) or np.allclose(curves, reference, rtol=_STEADY):
        return None

    def draw(axes: Axes) -> None:
        relative = curves[:, lit] / reference[lit]
        for i, values in zip(lit, relative.T, strict=True):
            axes.plot(kelvins, values, color=bands[i].colour, linestyle=bands[i].dashes)
        lowest, highest = max(relative.min(), relative.max() * 1e-6), relative.max()
        if highest > 10 * lowest:
            axes.set_yscale("log", nonpositive="clip")
            axes.set_ylim(lowest / 1.5, highest * (highest / lowest) ** 0.05)
            _few_ticks(axes)
        else:
            axes.set_ylim(0, highest * 1.08)
        axes.set_xlim(low, high)
        axes.axvline(conditions.temperature, color="0.6", linewidth=0.8, zorder=0)
        axes.set_xlabel("temperature (K)")
        axes.set_ylabel("emission, relative to 300 K")
        axes.set_title("temperature dependence")

    return Panel(draw)


def decay_panel(sample: Sample, bands: list[Band], irradiance: float, conditions: Conditions) -> Panel | None:
    """Emission of each band after a short pulse, over its maximum."""
    found = afterglow(sample, irradiance, members_of(bands), conditions)
    if found is None:
        return None

    lit = [i for i in range(len(bands)) if not np.isnan(found.emission[:, i]).any()]
    end = found.end or float(found.times[-1])
    lifetimes = {bands[i].name: found.after_maximum(i, np.exp(-1)) for i in lit}

    def draw(axes: Axes) -> None:
        unit, symbol = _time_unit(end)
        for i in lit:
            axes.plot(
                found.times / unit, found.emission[:, i], color=bands[i].colour, linestyle=bands[i].dashes
            )
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(FAINTEST, 1.5)
        axes.set_xlim(0, end / unit)
        axes.set_xlabel(f"time ({symbol})")
        axes.set_ylabel("emission, relative to its maximum")
        axes.set_title(f"decay after {_time(found.width)} of excitation")

    return Panel(
        draw, "time from maximum to 1/e", {name: _time(t) for name, t in lifetimes.items() if t is not None}
    )


def members_of(bands: list[Band]) -> Array:
    """(lines, bands)."""
    return np.stack([band.members for band in bands], axis=1)


def _few_ticks(axes: Axes) -> None:
    """Of a logarithmic axis over many decades every so many; over less than two 1, 2 and 5 of each."""
    low, high = axes.get_ylim()
    if high > 100 * low:
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
    else:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _time_unit(seconds: float) -> tuple[float, str]:
    return next((unit for unit in _TIME_UNITS if seconds >= 0.999 * unit[0]), _TIME_UNITS[-1])


def _time(seconds: float) -> str:
    unit, symbol = _time_unit(seconds)
    return f"{seconds / unit:.3g} {symbol}"

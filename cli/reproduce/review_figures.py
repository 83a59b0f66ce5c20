"""Figures 2–4, 6 and 7 of the review (Zhang, Du, Liu, Nanoscale 2024, 16, 2747), drawn from recorded runs.

Panels show what the review's panels show, measured on the virtual samples; one whose run is missing says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from antistokes.analysis import load
from antistokes.analysis.bands import good_points, integrate_bands

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .judge import Verdict

Panel = tuple[str, Callable[["Axes"], None]]
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def review_figures(folder: Path, verdicts: Sequence[Verdict]) -> list[tuple[str, Figure]]:
    """Title and figure, in the order of the review."""
    runs = _Runs(folder)
    return [
        ("Figure 2: phonon-assisted upconversion", _figure(_figure_2(runs, verdicts))),
        ("Figure 3: multiphoton absorption", _figure(_figure_3(runs))),
        ("Figure 4: energy transfer", _figure(_figure_4(runs))),
        ("Figure 6: carrier dynamics and energy migration", _figure(_figure_6(runs))),
        ("Figure 7: applications", _figure(_figure_7(runs))),
    ]


class _Runs:
    """Run files by the names of sample and run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, sample: str, run: str, owner: str = "") -> xr.Dataset:
        """:raises ValueError: it was not recorded"""
        name = f"{sample}-as-{owner}" if owner and owner != sample else sample
        return load(self._folder / f"{name}-{run}.h5".replace(" ", "-"))


def _figure(panels: list[Panel]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(panels), 4.2), dpi=110, layout="constrained")
    for letter, (axes, (title, draw)) in zip(
        "abcdef", zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True), strict=False
    ):
        try:
            draw(axes)
        except ValueError as problem:
            axes.clear()
            axes.text(0.5, 0.5, "not recorded", ha="center", va="center", transform=axes.transAxes)
            axes.set_xlabel(str(problem)[:60], fontsize=6)
        axes.set_title(f"({letter}) {title}", loc="left", fontsize=10)
    return figure


def _figure_2(runs: _Runs, verdicts: Sequence[Verdict]) -> list[Panel]:
    def excitation(axes: Axes) -> None:
        ds = runs("hbn", "ple-scan")
        band = next(iter(ds.attrs["sample"]["bands"]))
        good = good_points(ds)
        good &= integrate_bands(ds)[band].values > 0
        energies = 1239.84193 / ds["excitation_wavelength"].values[good]
        axes.semilogy(energies, integrate_bands(ds)[band].values[good], "o", ms=3)
        axes.set_xlabel("excitation energy (eV)")
        axes.set_ylabel("emission (counts/s)")

    def both_ways(axes: Axes) -> None:
        for nm, colour in ((671, _COLOURS[1]), (450, _COLOURS[0])):
            _spectrum(axes, runs("qd", f"spectrum at {nm} nm"), f"{nm} nm", colour, (600, 665), True)
        axes.legend(frameon=False, title="excitation")

    def cold(axes: Axes) -> None:
        ds = runs("wse2", "temperatures 215 to 300 K")
        integrated = integrate_bands(ds)
        band = next(iter(ds.attrs["sample"]["bands"]))
        axes.errorbar(
            ds["temperature"].values, integrated[band].values, integrated[f"{band}_errors"].values, fmt="o"
        )
        axes.axhline(0, color="0.6", lw=0.8)
        axes.set_xlabel("temperature (K)")
        axes.set_ylabel("upconverted emission (counts/s)")

    def shifts(axes: Axes) -> None:
        wanted = ("gev", "cnt", "cds", "qd", "pepi", "ws2", "wse2", "hbn", "wse2t")
        found = {
            v.system: v.measured
            for v in verdicts
            if v.fact.quantity == "anti-Stokes shift" and v.system in wanted and np.isfinite(v.measured)
        }
        axes.barh(list(found), list(found.values()), color=_COLOURS[0])
        axes.set_xlabel("anti-Stokes shift (meV)")

    return [
        ("h-BN: excitation spectrum", excitation),
        ("CdSe/CdS: both ways", both_ways),
        ("WSe$_2$ against temperature", cold),
        ("anti-Stokes shifts", shifts),
    ]


def _figure_3(runs: _Runs) -> list[Panel]:
    def powers(axes: Axes) -> None:
        for (lo, hi, nm), colour in zip(
            (("1e3", "1e4", 1000), ("560", "1.78e3", 827), ("0.01", "1", 443)), _COLOURS, strict=False
        ):
            ds = runs("mapbr", f"power {lo}-{hi} at {nm} nm")
            _power(axes, ds, f"{1239.84193 / nm:.2f} eV", colour)
        axes.legend(frameon=False)

    def sizes(axes: Axes) -> None:
        name = "compare at 3 kW at 800 nm"
        for size, sample, owner in (
            (4.6, "qdsize-46", "qdsize-114"),
            (11.4, "qdsize-114", "qdsize-114"),
        ):
            total = _total(runs(sample, name, owner))
            axes.loglog([size], [total], "o", color=_COLOURS[0])
        axes.set_xlabel("size of the crystals (nm)")
        axes.set_ylabel("emission at equal irradiance (1/s)")

    return [("MAPbBr$_3$ crystals", powers), ("CsPbBr$_3$ dots", sizes)]


def _figure_4(runs: _Runs) -> list[Panel]:
    def emissions(axes: Axes) -> None:
        for (sample, run), colour in zip(
            (("yber", "spectrum at 980 nm"), ("tm75", "spectrum at 980 nm")), _COLOURS, strict=False
        ):
            _spectrum(axes, runs(sample, run), sample, colour, (400, 700), True)
        axes.legend(frameon=False)

    def shells(axes: Axes) -> None:
        name = "compare at 1 W at 980 nm"
        shells = {
            "none": "cs81-bare",
            "1 nm": "cs81-1nm",
            "2 nm": "cs81-2nm",
            "4 nm": "cs81-4nm",
            "full": "cs81",
        }
        totals = [_total(runs(s, name, "cs81" if s == "cs81-bare" else s), "green") for s in shells.values()]
        axes.plot(list(shells), totals, "o-")
        axes.set_xlabel("inert shell")
        axes.set_ylabel("green emission (1/s)")

    def outside_in(axes: Axes) -> None:
        name = "compare at 150 W at 980 nm"
        for sample, colour in (("oi88", _COLOURS[1]), ("oi88-conventional", _COLOURS[0])):
            _spectrum(axes, runs(sample, name, "oi88"), sample, colour, (400, 700))
        axes.legend(frameon=False)

    return [("spectra under 980 nm", emissions), ("core/shell Yb,Tb", shells), ("outside-in", outside_in)]


def _figure_6(runs: _Runs) -> list[Panel]:
    def two_photons(axes: Axes) -> None:
        for nm, colour in ((400, _COLOURS[0]), (800, _COLOURS[1])):
            ds = runs("cspb116-46", f"spectrum at {nm} nm")
            _spectrum(axes, ds, f"{nm} nm", colour, (430, 560), True)
        axes.legend(frameon=False, title="excitation")

    def decays(axes: Axes) -> None:
        for sample, colour in zip(("retard119-thin", "retard119-1nm", "retard119"), _COLOURS, strict=False):
            _decay(axes, runs(sample, "decay"), sample, colour)
        axes.legend(frameon=False)

    def relays(axes: Axes) -> None:
        for sample, colour in zip(("relay122-thin", "relay122-2nm", "relay122"), _COLOURS, strict=False):
            _decay(axes, runs(sample, "decay"), sample, colour)
        axes.legend(frameon=False)

    return [
        ("CsPbBr$_3$: one and two photons", two_photons),
        ("inert layer", decays),
        ("relay layer", relays),
    ]


def _figure_7(runs: _Runs) -> list[Panel]:
    def cooling(axes: Axes) -> None:
        for nm, colour in ((671, _COLOURS[1]), (532, _COLOURS[2]), (450, _COLOURS[0])):
            ds = runs("qd", f"cooling at {nm} nm")
            per_watt = float(ds["delta_t"].mean() / ds["pump_power"].mean())
            axes.bar([f"{nm} nm"], [per_watt], color=colour)
        axes.axhline(0, color="0.4", lw=0.8)
        axes.set_yscale("symlog", linthresh=0.1)
        axes.set_ylabel("temperature change (K/W)")

    def three_lasers(axes: Axes) -> None:
        ds = runs("lire135", "three lasers")
        for i, (name, colour) in enumerate(
            (("980 nm", _COLOURS[0]), ("800 nm", _COLOURS[2]), ("1532 nm", _COLOURS[1]))
        ):
            axes.plot(ds["wavelength"], ds["spectrum"].values[i], color=colour, lw=0.8, label=name)
        axes.set_xlim(400, 700)
        axes.set_xlabel("wavelength (nm)")
        axes.set_ylabel("counts/s")
        axes.legend(frameon=False)

    def laser(axes: Axes) -> None:
        _power(axes, runs("csio2", "lasing at 800 nm"), "CsPbBr$_3$@SiO$_2$", _COLOURS[0])

    return [
        ("CdSe/CdS: laser cooling", cooling),
        ("LiREF$_4$ under three lasers", three_lasers),
        ("nanodot laser", laser),
    ]


def _spectrum(
    axes: Axes, ds: xr.Dataset, label: str, colour: str, shown: tuple[float, float], normalised: bool = False
) -> None:
    """Mean spectrum in the window *shown*, in nm."""
    part = ds.sel(wavelength=slice(*shown))
    y = part["spectrum"].values.mean(axis=0)
    axes.plot(part["wavelength"], y / (np.nanmax(y) if normalised else 1), color=colour, lw=0.9, label=label)
    axes.set_xlabel("wavelength (nm)")
    axes.set_ylabel("normalised" if normalised else "counts/s")


def _power(axes: Axes, ds: xr.Dataset, label: str, colour: str) -> None:
    band = next(iter(ds.attrs["sample"]["bands"]))
    good = good_points(ds)
    axes.loglog(
        ds["irradiance_mean"].values[good],
        integrate_bands(ds)[band].values[good],
        "o",
        ms=3,
        color=colour,
        label=label,
    )
    axes.set_xlabel("mean irradiance (W/cm²)")
    axes.set_ylabel("emission (counts/s)")


def _decay(axes: Axes, ds: xr.Dataset, label: str, colour: str) -> None:
    counts = ds["decay"].values.sum(axis=0)
    axes.semilogy(
        ds["decay_time"].values * 1e3,
        np.maximum(counts / counts.max(), 1e-4),
        color=colour,
        lw=0.8,
        label=label,
    )
    axes.set_xlabel("time after the trigger (ms)")
    axes.set_ylabel("normalised counts")


def _total(ds: xr.Dataset, band: str = "") -> float:
    band = band or next(iter(ds.attrs["sample"]["bands"]))
    return float(integrate_bands(ds)[band].mean())

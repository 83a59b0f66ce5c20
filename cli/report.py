"""What is reported of a finished run: its analysis as plain data, and its figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antistokes.cli.options import free_path
from antistokes.cli.output import screen

if TYPE_CHECKING:
    import xarray as xr


def report_of(
    path: Path,
    procedure: str,
    windows: dict[str, tuple[float, float]] | None = None,
    figure: bool | Path = False,
) -> dict[str, Any]:
    """Points, exponents per band, and the figure's path when one is wanted.

    :param figure: True: beside the run file, as PNG; a path: there
    """
    from antistokes.analysis import load

    dataset = load(path)
    report: dict[str, Any] = {
        "points": int(dataset.sizes["point"]),
        "excitation_wavelength": dataset.attrs.get("excitation_wavelength"),
    }
    if procedure != "power-sweep":
        return report
    sweeps = _by_temperature(dataset)
    if len(sweeps) == 1:
        return report | _power_sweep(dataset, windows, _image(path, figure))
    report["sweeps"] = [
        {"temperature": temperature}
        | _power_sweep(sweep, windows, _image(path, figure, f"-{temperature:g}K"))
        for temperature, sweep in sweeps.items()
    ]
    return report


def _by_temperature(dataset: xr.Dataset) -> dict[float, xr.Dataset]:
    """The power sweeps of a run, one for each temperature that was set."""
    if "temperature" not in dataset:
        return {math.nan: dataset}
    values = dataset["temperature"].values
    return {float(value): dataset.isel(point=values == value) for value in dict.fromkeys(values.tolist())}


def _image(path: Path, figure: bool | Path, suffix: str = "") -> Path | None:
    """Where a figure goes: beside the run file, or where it was asked for; None: none is wanted."""
    if isinstance(figure, Path):
        return figure.with_stem(figure.stem + suffix)
    return free_path(path.with_name(f"{path.stem}{suffix}.png")) if figure else None


def _power_sweep(
    dataset: xr.Dataset, windows: dict[str, tuple[float, float]] | None, image: Path | None
) -> dict[str, Any]:
    from antistokes.analysis import power_law, power_sweep_figure
    from antistokes.analysis.figures import save_figure

    try:
        results = power_law(dataset, windows)
    except ValueError as error:
        return {"problem": str(error)}
    report: dict[str, Any] = {
        "bands": {
            name: {
                "exponent": law.exponent,
                "stderr": law.stderr,
                "range": list(law.irradiance_range),
                "saturation_onset": law.saturation_onset,
                "local": [row for row in law.local.tolist() if math.isfinite(row[1])],
            }
            for name, law in results.items()
        }
    }
    if image is not None:
        save_figure(power_sweep_figure(dataset, results), image)
        report["figure"] = str(image)
    return report


def tell_sweep(sweep: dict[str, Any]) -> None:
    """Exponents of one power sweep, or why there are none; its figure."""
    if "temperature" in sweep:
        screen.print(f"at {sweep['temperature']:g} K:")
    for name, band in sweep.get("bands", {}).items():
        low, high = band["range"]
        onset = band["saturation_onset"]
        saturates = f"; saturation sets in at {onset:.3g} W/cm²" if onset else ""
        error = f"± {band['stderr']:.3f}" if math.isfinite(band["stderr"]) else "(no error: too few points)"
        screen.print(
            f"  {name}: exponent {band['exponent']:.3f} {error} ({low:.3g} to {high:.3g} W/cm²){saturates}"
        )
    if "problem" in sweep:
        screen.print(f"  not analysed: {sweep['problem']}", markup=False)
    if "figure" in sweep:
        screen.print(f"figure: {sweep['figure']}", markup=False)

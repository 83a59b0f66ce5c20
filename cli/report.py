"""What is reported of a finished run: what its analysis found, as plain data and for people; its figures."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antistokes.cli.options import free_path
from antistokes.cli.output import screen, table

if TYPE_CHECKING:
    import xarray as xr

    from antistokes.analysis.findings import Findings

#: quantities that say what a block is, and how people write them
_UNITS = {
    "temperature": "K",
    "excitation_wavelength": "nm",
    "irradiance": "W/cm²",
    "power": "mW",
    "elapsed": "s",
}

#: exit code: measured, and nothing of it could be analysed
NOTHING_FOUND = 3


def report_of(
    path: Path,
    windows: dict[str, tuple[float, float]] | None = None,
    figure: bool | Path = False,
    most: int | None = None,
) -> dict[str, Any]:
    """Points, what was found, and the figures' paths when they are wanted.

    Where the run has several blocks (a sweep at each temperature) they are listed as ``blocks``.

    :param figure: True: beside the run file, as PNG; a path: there
    :param most: blocks of each procedure that are analysed, spread evenly over the run; None: all
    """
    from antistokes.analysis import load
    from antistokes.analysis.bands import AnalysisError
    from antistokes.analysis.figures import save_figure
    from antistokes.analysis.laser_lines import lasers_of

    dataset = load(path)
    lasers = lasers_of(dataset)
    report: dict[str, Any] = {
        "points": int(dataset.sizes["point"]),
        "excitation_wavelength": lasers[0] if len(lasers) == 1 else None,
    }
    found = list(found_in(dataset, windows, most))
    several = len({one.procedure for one in found}) > 1
    parts = []
    for one in found:
        part = ({"procedure": one.procedure} if several else {}) | one.as_dict()
        if figure and one.figure is not None:
            name = f"-{one.procedure}" if several else ""
            name += "".join(
                f"-{value:g}{_UNITS.get(key, key)}".replace("/", "_") for key, value in one.at.items()
            )
            image = _image(path, figure, name.replace("/", "_"))
            try:
                save_figure(one.figure(), image)
                part["figure"] = str(image)
            except AnalysisError as error:
                part["warnings"] = [*part.get("warnings", ()), f"no figure: {error}"]
        parts.append(part)
    return report | (parts[0] if len(parts) == 1 else {"blocks": parts})


def found_in(
    dataset: xr.Dataset, windows: dict[str, tuple[float, float]] | None = None, most: int | None = None
) -> Iterator[Findings]:
    """What the analysis says; of a power sweep that could not be fitted a figure nevertheless."""
    from antistokes.analysis import analyse
    from antistokes.analysis.analyse import blocks
    from antistokes.analysis.figures.power_sweep import power_sweep_figure

    analysed = analyse(dataset, windows, most=most)
    for found, (name, _, block) in zip(analysed, blocks(dataset, most), strict=True):
        if name == "power-sweep" and found.problem:
            found.figure = functools.partial(power_sweep_figure, block, {}, windows, found.problem)
        yield found


_UNSAID = ("time", "direction", "reference")
#: readings that say most of a run, and what of an array is told
_READ = {
    "pump_power": "",
    "irradiance_mean": "",
    "sample_temperature": "",
    "exposure": "",
    "spectrum": "highest pixel",
    "band_counts": "",
    "count_rate": "",
    "decay": "photons in a histogram",
    "pile_up": "",
    "dose": "",
}


def glance(seen: Mapping[str, Any]) -> None:
    """Print what was set and read, and which points are flagged: an overview, as a dictionary."""
    rows = table("", "from", "to", "unit", "")
    spans = [
        (key, span, f"{span['different']} set-point{'s' * (span['different'] > 1)}")
        for key, span in seen["asked"].items()
    ]
    spans += [(key, seen["read"][key], what) for key, what in _READ.items() if key in seen["read"]]
    for key, span, what in spans:
        if key not in _UNSAID:
            rows.add_row(key, f"{span['low']:.4g}", f"{span['high']:.4g}", span["units"], what)
    screen.print(rows)
    flags = f"; flagged: {flagged(seen['flags'])}" if seen["flags"] else ""
    screen.print(f"{seen['points']} points, {seen['usable']} usable{flags}")


def flagged(flags: Mapping[str, int]) -> str:
    """``3 saturated, 1 below noise``."""
    return ", ".join(f"{count} {flag.replace('_', ' ')}" for flag, count in flags.items())


def found_nothing(report: Mapping[str, Any]) -> bool:
    """Whether no block of the run could be analysed."""
    return all("problem" in block for block in report.get("blocks", [report]))


def _image(path: Path, figure: bool | Path, suffix: str = "") -> Path:
    """Where a figure goes: beside the run file, or where it was asked for."""
    if isinstance(figure, Path):
        return figure.with_stem(figure.stem + suffix)
    return free_path(path.with_name(f"{path.stem}{suffix}.png"))


def tell(report: dict[str, Any]) -> None:
    """What was found, block by block, or why nothing was; the figures."""
    for block in report.get("blocks", [report]):
        where = ", ".join(
            f"{value:g} {_UNITS[key]}" if key in _UNITS else f"{key} {value:g}"
            for key, value in block.get("at", {}).items()
        )
        heading = " at ".join(filter(None, [block.get("procedure") if "blocks" in report else "", where]))
        if heading:
            screen.print(heading if block.get("procedure") else f"at {where}:")
        for finding in block.get("findings", ()):
            screen.print(f"  {line(finding)}")
        for warning in block.get("warnings", ()):
            screen.print(f"  note: {warning}")
        if "problem" in block:
            screen.print(f"  not analysed: {block['problem']}")
        if "figure" in block:
            screen.print(f"figure: {block['figure']}")


def line(finding: dict[str, Any]) -> str:
    """``green: exponent 1.867 ± 0.096 (0.1 to 0.46 W/cm²)``."""
    of = f"{finding['of']}: " if finding.get("of") else ""
    at = set_to(finding.get("at", {}))
    notes = "; ".join(filter(None, [f"at {at}" if at else "", finding.get("note", "")]))
    value, stderr, unit = for_people(finding["value"], finding.get("stderr", math.nan), finding["unit"])
    unit = "" if math.isnan(value) else unit
    return f"{of}{finding['quantity']} {with_error(value, stderr)}{unit}" + (f" ({notes})" if notes else "")


def set_to(at: Mapping[str, float]) -> str:
    """``temperature 300 K, irradiance 10 W/cm²``."""
    return ", ".join(
        f"{key.replace('_', ' ')} {value:g} {_UNITS.get(key, '')}".strip() for key, value in at.items()
    )


def for_people(value: float, stderr: float, unit: str) -> tuple[float, float, str]:
    """Value, error and unit, a blank before it: times in ms, us, ns or ps; nothing for a pure number."""
    if unit == "s" and 0 < abs(value) < 1:
        power = min(3 * math.ceil(-math.log10(abs(value)) / 3), 12)
        return value * 10**power, stderr * 10**power, " " + {3: "ms", 6: "us", 9: "ns", 12: "ps"}[power]
    return value, stderr, "" if unit == "1" else f" {unit.replace('^2', '²')}"


def with_error(value: float, stderr: float) -> str:
    """The value to the digits its error, given with two, allows; of what there is not: none."""
    if math.isnan(value):
        return "none"
    if not math.isfinite(stderr) or stderr <= 0:
        return f"{value:.4g}" + ("" if stderr == 0 else " (no error known)")
    digits = max(0, 1 - math.floor(math.log10(stderr)))
    if digits > 6 or abs(value) >= 1e6:
        return f"{value:.5g} ± {stderr:.2g}"
    return f"{value:.{digits}f} ± {stderr:.{digits}f}"

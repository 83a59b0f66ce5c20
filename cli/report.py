"""What is reported of a finished run: its analysis as plain data, and its figure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from antistokes.cli.options import free_path


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
    report: dict[str, Any] = {"points": int(dataset.sizes["point"])}
    if procedure != "power-sweep":
        return report
    from antistokes.analysis import power_law, power_sweep_figure
    from antistokes.analysis.figures import save_figure

    try:
        results = power_law(dataset, windows)
    except ValueError as error:
        return report | {"problem": str(error)}
    report["bands"] = {
        name: {
            "exponent": law.exponent,
            "stderr": law.stderr,
            "range": list(law.irradiance_range),
            "saturation_onset": law.saturation_onset,
            "local": [row for row in law.local.tolist() if math.isfinite(row[1])],
        }
        for name, law in results.items()
    }
    if figure:
        target = free_path(path.with_suffix(".png")) if figure is True else figure
        save_figure(power_sweep_figure(dataset, results), target)
        report["figure"] = str(target)
    return report

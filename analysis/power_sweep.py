"""What a power sweep shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .findings import Finding, Findings
from .power_law import PowerLaw, power_law

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    irradiance_range: tuple[float, float] | None = None,
) -> Findings:
    """Exponents of all bands, and where they saturate.

    :param ds: a run, see :func:`~antistokes.analysis.power_law.power_law`
    :param irradiance_range: fit the exponents here, W/cm²; by default in the low-power regime
    :raises AnalysisError: there is nothing to fit
    """
    laws = power_law(ds, windows, irradiance_range=irradiance_range)

    def figure() -> Figure:
        from .figures.power_sweep import power_sweep_figure

        return power_sweep_figure(ds, laws)

    findings = [one for name, law in laws.items() for one in _findings(name, law)]
    bands = {
        name: {
            "exponent": law.exponent,
            "stderr": law.stderr,
            "range": list(law.irradiance_range),
            "saturation_onset": law.saturation_onset,
            "local": [row for row in law.local.tolist() if math.isfinite(row[1])],
        }
        for name, law in laws.items()
    }
    return Findings(procedure="power-sweep", findings=findings, details={"bands": bands}, figure=figure)


def _findings(name: str, law: PowerLaw) -> list[Finding]:
    low, high = law.irradiance_range
    found = [
        Finding(
            quantity="exponent",
            of=name,
            value=law.exponent,
            stderr=law.stderr,
            note=f"{low:.3g} to {high:.3g} W/cm²",
        )
    ]
    if law.saturation_onset is not None and law.saturation_onset_stderr is not None:
        found.append(
            Finding(
                quantity="saturation onset",
                of=name,
                value=law.saturation_onset,
                stderr=law.saturation_onset_stderr,
                unit="W/cm^2",
                note="local exponent at 90 % of the exponent",
            )
        )
    return found

"""From a run to what it shows, whatever the procedure.

A run may hold several blocks: one for each procedure of a sequence, at each combination of the axes around
it. Each is analysed by itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError
from .findings import Findings
from .laser_lines import lasers_of

if TYPE_CHECKING:
    import xarray as xr

#: coordinates that are no set-points of an axis
_NO_AXIS = ("point", "time", "direction", "step", "reference")
_POWER = ("irradiance", "power", "photon_flux", "pulse_energy")


class _Analysis(NamedTuple):
    """The module beside this one whose ``analyse`` does it, and the set-points that make one block of it."""

    module: str
    own: tuple[str, ...]


_WAVELENGTH, _TEMPERATURE, _PULSES = ("excitation_wavelength",), ("temperature",), ("pulse_width",)
_ANALYSES = {
    "beam-profile": _Analysis("beam_profile", ("blade",)),
    "calibrate-power": _Analysis("calibrate_power", (*_POWER, "attenuator", "drive")),
    "calibrate-response": _Analysis("calibrate_response", ()),
    "colour-control": _Analysis("colour_control", (*_PULSES, *_POWER)),
    "cooling-scan": _Analysis("cooling_scan", (*_WAVELENGTH, *_POWER)),
    "lasing-threshold": _Analysis("lasing_threshold", _POWER),
    "lifetime": _Analysis("lifetime", ()),
    "ple-scan": _Analysis("ple_scan", (*_WAVELENGTH, *_POWER)),
    "polarisation-scan": _Analysis("polarisation_scan", ("polarisation",)),
    "power-sweep": _Analysis("power_sweep", _POWER),
    "pulse-width-colour": _Analysis("pulse_width_colour", _PULSES),
    "quantum-yield": _Analysis("quantum_yield", ("slot",)),
    "spectrum": _Analysis("spectrum", ()),
    "temperature-sweep": _Analysis("temperature_sweep", (*_TEMPERATURE, *_POWER)),
}


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    *,
    most: int | None = None,
    **options: Any,
) -> list[Findings]:
    """What the run *ds* shows, block by block; a block that cannot be analysed says why.

    :param ds: as :func:`~antistokes.analysis.runfile.load` gives it
    :param windows: bands by hand, name to (low, high) in nm; by default those of the sample
    :param most: so many blocks of each procedure at most, spread evenly over the run
    :param options: further keywords of the analysis, such as ``irradiance_range`` of a power sweep
    """
    found = []
    for procedure, at, block in blocks(ds, most):
        if procedure not in _ANALYSES:
            result = Findings(procedure=procedure, problem=f"nothing is known of analysing '{procedure}'")
        else:
            module = importlib.import_module(f".{_ANALYSES[procedure].module}", __package__)
            try:
                result = module.analyse(block, windows, **options)
            except AnalysisError as error:
                result = Findings(procedure=procedure, problem=str(error))
        result.at = at
        found.append(result)
    return found


class Block(NamedTuple):
    """One procedure at one combination of the axes around it: name, set-points, its points."""

    procedure: str
    at: dict[str, float]
    points: xr.Dataset


def blocks(ds: xr.Dataset, most: int | None = None) -> Iterator[Block]:
    """All of a run; or at *most* so many of each of its procedures, spread evenly over the run."""
    steps = list(steps_of(ds))
    names = [str(step.attrs["procedure"]) for step in steps]
    for number, (name, step) in enumerate(zip(names, steps, strict=True)):
        if not step.sizes["point"]:
            continue  # the run has ended before
        which = {"step": float(number)} if names.count(name) > 1 else {}
        points, found = _parted(name, step)
        wanted = min(most or len(found), len(found))
        for i in np.linspace(0, len(found) - 1, wanted).round().astype(int):
            at, chosen = found[i]
            yield Block(name, which | at, _excited(points.isel(point=chosen)))


def _excited(block: xr.Dataset) -> xr.Dataset:
    """*block*, which says by what wavelength it was excited where an axis tuned the laser to one."""
    tuned, lasers = block.coords.get("excitation_wavelength"), lasers_of(block)
    if tuned is None or len(np.unique(tuned.values)) != 1 or not lasers:
        return block
    return block.assign_attrs(excitation_wavelength=sum(lasers) / len(lasers))


def _parted(
    name: str, step: xr.Dataset
) -> tuple[xr.Dataset, list[tuple[dict[str, float], npt.NDArray[np.bool_]]]]:
    """One procedure of a run; the set-points of each of its blocks, and which points are its."""
    own = _ANALYSES[name].own if name in _ANALYSES else ()
    around = [key for key in axes_of(step) if key not in own and len(set(step[key].values.tolist())) > 1]
    if not around:
        return step, [({}, np.ones(step.sizes["point"], dtype=bool))]
    rows = np.stack([step[key].values.astype(float) for key in around], axis=1)
    visits = _visits(step, rows)
    parts = []
    for *values, visit in dict.fromkeys(map(tuple, np.column_stack([rows, visits]).tolist())):
        at = dict(zip(around, values, strict=True)) | ({"reference": visit} if visit else {})
        parts.append((at, (rows == values).all(axis=1) & (visits == visit)))
    return step.drop_vars("reference") if visits.any() else step, parts


def _visits(step: xr.Dataset, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Which visit to the reference of an axis around the procedure each point belongs to, from 1; 0: none.

    Each visit is a block of its own, for whoever wants to see what has changed. Where all blocks have
    reference points, these are the procedure's own.

    :param rows: set-points of the axes around it, (points, axes)
    """
    none = np.zeros(len(rows), dtype=np.int64)
    if "reference" not in step:
        return none
    reference = step["reference"].values == 1
    if len(np.unique(rows[reference], axis=0)) == len(np.unique(rows, axis=0)):
        return none
    begins = reference & ~np.concatenate([[False], reference[:-1]])
    return np.where(reference, np.cumsum(begins), none)


def steps_of(ds: xr.Dataset) -> Iterator[xr.Dataset]:
    """The procedures of a sequence, each with its own parameters and channels; else the run itself."""
    steps: list[dict[str, Any]] = ds.attrs.get("parameters", {}).get("steps", [])
    if ds.attrs.get("procedure") != "sequence" or not steps:
        yield ds
        return
    for i, parameters in enumerate(steps):
        part = ds.isel(point=ds["step"].values == i) if "step" in ds else ds
        unused = [
            key
            for key, item in part.items()
            if item.dtype.kind == "f" and item.dims[:1] == ("point",) and not np.isfinite(item.values).any()
        ]
        part = part.drop_vars(unused)
        part.attrs = part.attrs | {"procedure": parameters["procedure"], "parameters": parameters}
        yield part


def axes_of(ds: xr.Dataset) -> list[str]:
    """Coordinates along the points that are set-points of an axis."""
    return [
        str(key)
        for key, item in ds.coords.items()
        if item.dims == ("point",) and key not in _NO_AXIS and np.isfinite(item.values.astype(float)).all()
    ]

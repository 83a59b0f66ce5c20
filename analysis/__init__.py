"""Pure functions on recorded data, and the figures: a notebook needs neither device nor window.

::

    from antistokes.analysis import load, power_law
    power_law(load("run.h5"))["green"].exponent

What needs xarray, HDF5 or matplotlib is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Not lazy: importing a module binds its name here, and the function of that name has to come after it.
from .analyse import analyse
from .power_law import power_law

if TYPE_CHECKING:
    from .bands import integrate_bands
    from .figures.power_sweep import power_sweep_figure
    from .grid import gridded
    from .runfile import describe, load, load_monitors

_HOME = {
    "describe": "runfile",
    "gridded": "grid",
    "integrate_bands": "bands",
    "load": "runfile",
    "load_monitors": "runfile",
    "power_sweep_figure": "figures.power_sweep",
}

__all__ = [
    "analyse",
    "describe",
    "gridded",
    "integrate_bands",
    "load",
    "load_monitors",
    "power_law",
    "power_sweep_figure",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)

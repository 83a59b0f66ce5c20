"""What an experiment does: axes × detectors, the runner, the recorder, one file per procedure.

::

    from antistokes.procedures import Lifetime, PowerSweep, Sequence, run
    run(Sequence([], [PowerSweep(), Lifetime(lifetime=1e-3)]), station, "run.h5")

Each procedure is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .power_sweep import PowerSweep
from .procedure import Procedure
from .runner import Outcome, Runner, resume, run

if TYPE_CHECKING:
    from .beam_profile import BeamProfile
    from .calibrate_power import CalibratePower
    from .calibrate_response import CalibrateResponse
    from .colour_control import ColourControl
    from .cooling_scan import CoolingScan
    from .lasing_threshold import LasingThreshold
    from .lifetime import Lifetime
    from .ple_scan import PleScan
    from .polarisation_scan import PolarisationScan
    from .pulse_width_colour import PulseWidthColour
    from .quantum_yield import QuantumYield
    from .sequence import Sequence
    from .spectrum import Spectrum
    from .temperature_sweep import TemperatureSweep

_HOME = {
    "BeamProfile": "beam_profile",
    "CalibratePower": "calibrate_power",
    "CalibrateResponse": "calibrate_response",
    "ColourControl": "colour_control",
    "CoolingScan": "cooling_scan",
    "LasingThreshold": "lasing_threshold",
    "Lifetime": "lifetime",
    "PleScan": "ple_scan",
    "PolarisationScan": "polarisation_scan",
    "PulseWidthColour": "pulse_width_colour",
    "QuantumYield": "quantum_yield",
    "Sequence": "sequence",
    "Spectrum": "spectrum",
    "TemperatureSweep": "temperature_sweep",
}

__all__ = [
    "BeamProfile",
    "CalibratePower",
    "CalibrateResponse",
    "ColourControl",
    "CoolingScan",
    "LasingThreshold",
    "Lifetime",
    "Outcome",
    "PleScan",
    "PolarisationScan",
    "PowerSweep",
    "Procedure",
    "PulseWidthColour",
    "QuantumYield",
    "Runner",
    "Sequence",
    "Spectrum",
    "TemperatureSweep",
    "resume",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)

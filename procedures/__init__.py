"""What an experiment does: axes × detectors, the runner, the recorder, one file per procedure."""

from .power_sweep import PowerSweep
from .procedure import Procedure
from .runner import Outcome, Runner, run

__all__ = ["Outcome", "PowerSweep", "Procedure", "Runner", "run"]

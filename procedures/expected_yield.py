"""How well a quantum yield will be known, told from a short look. Arithmetic alone.

Measurements a (empty sphere), b (sample beside the beam) and c (sample in the beam) give L of the laser line
and P of the emission, per W of pump; A = 1 − L_c/L_b and η = (P_c − (1 − A)·P_b)/(L_a·A), J. C. de Mello et
al., Adv. Mater. 9, 230 (1997). Relative errors are the same whatever the response between L and P is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: relative error of an absorptance above which the yield is skewed (B. van Dam et al., arXiv:1711.06200)
MOST_SKEWED = 0.1


@dataclass(frozen=True, eq=False)
class SphereLook:
    """What the look has read in a, b and c, all (3,); errors are 1 σ.

    :param laser, emission: any scale, per W of pump
    :param laser_errors, emission_errors: of the counts, in the same scale
    :param pump_errors: relative, of the power, as in the long measurement
    """

    laser: Array
    emission: Array
    laser_errors: Array
    emission_errors: Array
    pump_errors: Array

    @property
    def absorptance(self) -> float:
        return float(1 - self.laser[2] / self.laser[1])

    def absorptance_error(self, times: float) -> float:
        """1 σ when *times* as many frames are counted."""
        _, beside, inside = self._line_errors(times)
        return float(np.hypot((1 - self.absorptance) * beside, inside) / self.laser[1])

    def _line_errors(self, times: float) -> Array:
        """Of the laser line per W of pump."""
        errors: Array = np.hypot(self.laser_errors / np.sqrt(times), self.pump_errors * self.laser)
        return errors

    def emission_error(self, times: float) -> float:
        """Relative 1 σ of the light emitted for the beam alone; inf where none is seen."""
        share = 1 - self.absorptance
        light = self.emission[2] - share * self.emission[1]
        sigma = np.hypot(self.emission_errors[2], share * self.emission_errors[1]) / np.sqrt(times)
        return float(sigma / light) if light > 0 else np.inf

    def yield_error(self, times: float, calibration_error: float = 0.0) -> float:
        """Relative 1 σ of the yield; inf where nothing is absorbed or emitted."""
        if self.absorptance <= 0:
            return np.inf
        absorbed = self.absorptance_error(times) / self.absorptance
        empty = self._line_errors(times)[0] / self.laser[0]
        parts = np.array([absorbed, self.emission_error(times), empty, calibration_error])
        return float(np.sqrt((parts**2).sum()))

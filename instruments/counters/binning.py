"""What histogramming counters have in common."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..device import Device


class Binning(Device):
    """Bins of equal width that begin at the trigger; ``LIMITS`` has ``bin_width`` and ``bins``."""

    #: s
    bin_width: float
    bins: int

    @property
    def bin_width_limits(self) -> tuple[float, float]:
        """Get the widths of a bin allowed, in s."""
        low, high, _ = self.limits["bin_width"]
        return low, high

    @property
    def bins_limits(self) -> tuple[int, int]:
        """Get the numbers of bins allowed."""
        low, high, _ = self.limits["bins"]
        return int(low), int(high)

    def times(self) -> npt.NDArray[np.float64]:
        """Start of each bin after the trigger, s, shape (bins,)."""
        return np.arange(self.bins, dtype=np.float64) * self.bin_width

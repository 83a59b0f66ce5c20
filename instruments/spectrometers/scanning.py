"""A spectrometer made of a monochromator that is stepped and a counter behind it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..device import CompositeInstrument
from ..errors import Refused
from ..roles import GatedCounter, Monochromator, Spectrometer

_RUN_UP = 5.0  # nm below the first step, more than the play of a drive
_MOST_STEPS = 10_000


class ScanningSpectrometer(CompositeInstrument):
    """Monochromator with photon counter. Fulfils :class:`~antistokes.instruments.roles.Spectrometer`.

    A frame is counted step by step from *start* to *stop*, each step approached from shorter wavelengths.

    :param parts: ``monochromator`` and ``counter``
    :param start, stop: first and last wavelength, nm (*stop* itself where it is a whole number of steps away)
    :param step: nm
    """

    MODEL = "Monochromator with photon counter"
    VERIFIED = "Against the twins of its parts, with the exponent that an array spectrometer finds there."
    ROLES = (Spectrometer,)
    PARTS: ClassVar[dict[str, type]] = {"monochromator": Monochromator, "counter": GatedCounter}
    SNAPSHOT = ("exposure", "start", "stop", "step")

    signal_unit = ""

    def __init__(
        self,
        parts: dict[str, Any],
        name: str = "",
        *,
        clock: Clock | None = None,
        start: float = 400.0,
        stop: float = 700.0,
        step: float = 1.0,
    ) -> None:
        super().__init__(parts, name, clock=clock)
        self._monochromator: Monochromator = parts["monochromator"]
        self._counter: GatedCounter = parts["counter"]
        self.start, self.stop, self.step = start, stop, step
        self.settle_time = self._counter.settle_time
        self._wavelengths = self._steps()

    def _steps(self) -> npt.NDArray[np.float64]:
        low, high = self._monochromator.wavelength_range
        if not low <= self.start < self.stop <= high:
            raise Refused(
                f"{self.name}: start = {self.start:g} nm, stop = {self.stop:g} nm: must follow each other "
                f"within the {low:g} to {high:g} nm of '{self._monochromator.name}'"
            )
        least = (self.stop - self.start) / _MOST_STEPS
        if not self.step >= least:
            raise Refused(f"{self.name}: step = {self.step:g} nm: must be at least {least:g} nm")
        number = int((self.stop - self.start) / self.step + 1e-9) + 1
        return self.start + self.step * np.arange(number, dtype=float)

    @property
    def exposure(self) -> float:
        """Control the time counted at each step, in s."""
        return self._counter.exposure

    @exposure.setter
    def exposure(self, seconds: float) -> None:
        self._counter.exposure = seconds

    @property
    def exposure_limits(self) -> tuple[float, float]:
        """Get the shortest and the longest time at a step, in s."""
        return self._counter.exposure_limits

    @property
    def saturation(self) -> float:
        """Get the highest count of a step."""
        return self._counter.saturation

    def wavelengths(self) -> npt.NDArray[np.float64]:
        """Wavelength of each step, nm, shape (steps,)."""
        return self._wavelengths.copy()

    def frame(self) -> npt.NDArray[np.float64]:
        """Counts of each step, shape (steps,), dark counts included."""
        self._monochromator.wavelength = max(self.start - _RUN_UP, self._monochromator.wavelength_range[0])
        counts = np.empty(len(self._wavelengths))
        for i, wavelength in enumerate(self._wavelengths):
            self._monochromator.wavelength = float(wavelength)
            self.clock.sleep(self._monochromator.settle_time)
            counts[i] = self._counter.count()
        return counts

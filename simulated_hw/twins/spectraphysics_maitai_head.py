"""The Mai Tai itself: oven, pump, cavity and shutter, without its language.

Assumed: a Gaussian gain around 800 nm; the blade moves at once; mode lock is found some seconds after
emission or a new wavelength; powers and times.
"""

from __future__ import annotations

import math

from antistokes.instruments.records import NonNegative, Positive, Range, Record

from ..bench import Bench

_PEAK_NM, _GAIN_WIDTH_NM = 800.0, 130.0
_WARM_UP_TIME = 120.0  # s


class MaiTaiSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    range_nm: Range = (690.0, 1040.0)
    start_nm: Positive = 800.0
    #: at 800 nm
    power_W: Positive = 2.5
    #: the oven and the diodes are at their temperatures when it gets power, as after a night on standby
    warm: bool = True
    #: from ON to emission, and from emission or a new wavelength to mode lock
    ramp_s: Positive = 10.0
    lock_s: NonNegative = 3.0
    tuning_nm_per_s: Positive = 20.0
    #: software watchdog at power-up, 0: off
    watchdog_s: NonNegative = 3.0
    #: mode-locked pulses: full width, repetition rate
    pulse_fs: Positive = 100.0
    repetition_MHz: Positive = 80.0
    serial: str = "3227/51054/40856"


class MaiTaiHead:
    """A laser behind its own shutter; see :class:`~antistokes.simulated_hw.light_path.Source`."""

    def __init__(self, bench: Bench, settings: MaiTaiSettings) -> None:
        self.clock, self.settings = bench.clock, settings
        self.shutter = False
        self.mode_locker = True
        #: it loses its mode lock and does not find it again
        self.unlocked = False
        #: s without a message after which the pump goes off; 0: never
        self.watchdog = settings.watchdog_s
        self._heard = self.clock.now()
        self._warm_from: float | None = -math.inf if settings.warm else None
        self._pumped_from: float | None = None
        self._from = self.target = settings.start_nm
        self._tuned_from = -math.inf

    # -- what is so now ---------------------------------------------------------------------------

    def warmed_up(self) -> float:
        """Percent of the warm-up."""
        if self._warm_from is None:
            return 0.0
        share = (self.clock.now() - self._warm_from) / _WARM_UP_TIME
        return min(100.0, max(1.0, 100 * share))

    def pumped_for(self) -> float:
        """s since emission began; negative before it, minus infinity with the pump off."""
        self._bark()
        if self._pumped_from is None:
            return -math.inf
        return self.clock.now() - self._pumped_from - self.settings.ramp_s

    def emits(self) -> bool:
        """Is there light in front of the shutter?"""
        return self.pumped_for() >= 0

    def pump_share(self) -> float:
        """Of its power."""
        return min(1.0, max(0.0, 1 + self.pumped_for() / self.settings.ramp_s))

    def mode_locked(self) -> bool:
        """Does it emit pulses?"""
        tuned_at = self._tuned_from + abs(self.target - self._from) / self.settings.tuning_nm_per_s
        since = min(self.pumped_for(), self.clock.now() - tuned_at)
        return since >= self.settings.lock_s and self.mode_locker and not self.unlocked

    @property
    def wavelength(self) -> float:
        """Where it emits, or would, nm."""
        way = self.target - self._from
        passed = (self.clock.now() - self._tuned_from) * self.settings.tuning_nm_per_s
        return self.target if passed >= abs(way) else self._from + math.copysign(passed, way)

    def inside(self) -> float:
        """W in front of the shutter."""
        if not self.emits():
            return 0.0
        x = (self.wavelength - _PEAK_NM) / _GAIN_WIDTH_NM
        return self.settings.power_W * math.exp(-x * x / 2)

    def power(self, volts: float = 0.0) -> float:
        return self.inside() if self.shutter else 0.0

    # -- what happens to it -----------------------------------------------------------------------

    def warm_up(self) -> None:
        self._warm_from = self.clock.now()

    def pump(self) -> None:
        self._bark()
        if self._pumped_from is None:
            self._pumped_from = self.clock.now()

    def stop(self) -> None:
        """The pump goes off; a warm-up that has not ended is given up."""
        self._pumped_from = None
        if self.warmed_up() < 100:
            self._warm_from = None

    def tune(self, wavelength: float) -> None:
        if wavelength != self.target:
            self._from, self.target, self._tuned_from = self.wavelength, wavelength, self.clock.now()

    def hear(self) -> None:
        """A message came that it understood."""
        self._bark()
        self._heard = self.clock.now()

    def _bark(self) -> None:
        if self.watchdog and self.clock.now() > self._heard + self.watchdog:
            self._pumped_from = None

"""Detector: photons per second behind a filter or a monochromator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antistokes.instruments.errors import LimitError, Refused
from antistokes.instruments.roles import GatedCounter

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared

_MOST_DEAD = 0.1  # share of the time that the counter may be blind before a point is flagged


@dataclass
class BandCounts:
    """Counts with the light on, less counts of the same time with the light off.

    A detector is blind for its dead time after each photon: of n photons per second it counts
    n/(1 + n·dead_time) (J. W. Müller, Nucl. Instrum. Methods 112, 47 (1973), not extended). That is taken out
    where the dead time is stated. Inside a gate the rate is another than the mean, so there it is not.

    :param exposure: s, of each count
    :param dead_time: s; 0: not known
    """

    exposure: float = 1.0
    dead_time: float = 0.0

    def bind(self, setup: Setup) -> Declared:
        self._setup, self._counter = setup, setup.station.find(GatedCounter)
        low, high = self._counter.exposure_limits
        if not low <= self.exposure <= high:
            raise LimitError(f"{self._counter.name}: exposure", self.exposure, low, high, "s")
        if self.dead_time and self._counter.gate is not None:
            raise Refused(f"{self._counter.name}: dead_time = {self.dead_time:g} s: must be 0 with a gate")
        return (
            Channel("band_counts", "1/s", "photons, dark counts subtracted"),
            Channel("band_counts_errors", "1/s", "standard error of band_counts"),
            Channel("band_counts_raw", "", "photons counted in one exposure"),
            Channel("band_counts_dark", "", "the same with the light off"),
            Channel("dead_share", "", "share of the time that the counter was blind"),
        ), ()

    def read(self, record: Record) -> Flag:
        self._counter.exposure = self.exposure
        with self._setup.dark():
            dark = self._count()
        raw = self._count()
        blind = raw / self.exposure * self.dead_time
        if blind >= 1:
            raise LimitError("dead_time", self.dead_time, 0, self.exposure / raw, "s")
        # d(true rate)/d(counted rate) = 1/(1 - blind)²
        record["band_counts"] = self._rate(raw) - self._rate(dark)
        variance = max(raw, 1.0) / (1 - blind) ** 4 + dark
        record["band_counts_errors"] = float(np.sqrt(variance)) / self.exposure
        record["band_counts_raw"], record["band_counts_dark"] = raw, dark
        record["dead_share"] = blind
        flag = Flag.SATURATED if raw >= 0.98 * self._counter.saturation else Flag(0)
        return flag | (Flag.PILE_UP if blind > _MOST_DEAD else Flag(0))

    def _rate(self, counts: float) -> float:
        """Photons per second."""
        rate = counts / self.exposure
        return rate / (1 - rate * self.dead_time)

    def _count(self) -> float:
        self._setup.step()
        return self._counter.count()

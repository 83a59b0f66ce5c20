"""Detector: spectrum of a calibrated lamp, which shines whether the laser is on or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..axes.sample_position import SampleExchange
from ..channels import Flag, Record
from ..setup import Setup
from .cosmic_rays import Mean, mean_of
from .detector import Declared
from .emission_spectrum import EmissionSpectrum

if TYPE_CHECKING:
    from ..axes.sample_position import Slot


@dataclass
class LampSpectrum(EmissionSpectrum):
    """As :class:`EmissionSpectrum`; for a dark frame the lamp is taken away.

    :param lamp: slot of the sample holder in which it shines
    :param dark: slot without light
    """

    lamp: Slot = "lamp"
    dark: Slot = "empty"

    def bind(self, setup: Setup) -> Declared:
        self._exchange = SampleExchange(setup, [self.lamp, self.dark])
        return super().bind(setup)

    def read(self, record: Record) -> Flag:
        with self._setup.dark():  # another step's laser may be on
            return super().read(record)

    def _take_dark(self, number: int) -> Mean:
        self._exchange.bring(self.dark)
        frames = np.stack([self._frame() for _ in range(number)])
        self._exchange.bring(self.lamp)
        return mean_of(frames)

"""A laser whose drive stays as it is, for axes that turn something else."""

from __future__ import annotations

import numpy as np

from antistokes.instruments.errors import LimitError

from ..channels import Channel
from ..setup import Setup
from .excitation_power import ExcitationPower

_RESERVE = 1.08  # a calibration drives the laser up to so much more than the attenuator then takes away


class OpenPower(ExcitationPower):
    """The power that a drive gives through the open attenuator.

    :param power: mW on the sample that is not exceeded, and nearly reached
    :param of: the axis that it is for
    """

    def __init__(self, power: float, of: str) -> None:
        super().__init__(np.array([power / _RESERVE]), "mW", "up")
        self.name = of
        self._most = power

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        channels = super().bind(setup)
        beam, sample = setup.station.beam, setup.station.sample
        if self._most > beam.max_power_mW:
            raise LimitError("power on the sample", self._most, 0, beam.max_power_mW, "mW")
        irradiance = beam.mean_irradiance(self._most * 1e-3)
        limit = None if sample is None else sample.max_irradiance
        if sample is not None and limit is not None and irradiance > limit:
            raise LimitError(f"sample {sample.id}: irradiance", irradiance, 0, limit, "W/cm^2")
        return channels

    def set_drive(self) -> None:
        """Calibrate, and drive the laser so; the attenuator stands somewhere."""
        self.prepare()
        self.move(0, {})

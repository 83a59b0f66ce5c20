"""Axis: width of the excitation pulses."""

from __future__ import annotations

import numpy as np

from antistokes.instruments.errors import LimitError, Refused
from antistokes.instruments.roles import PulseGenerator

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Array, Order, ordered


class PulseWidth:
    """Width of the pulses that gate the laser, at fixed period or at fixed duty.

    Put it outside of :class:`~antistokes.procedures.axes.ExcitationPower`, whose powers are those during a
    pulse; with its unit ``uJ`` the energy of the pulses stays as it is. The pulse generator starts with it.
    Spectra are exposed for whole periods.

    :param values: set-points in s
    :param period: s from one pulse to the next; or
    :param duty: fraction of the time that the light is on
    :param settle: s the sample gets to forget the pulses before
    """

    name = "pulse_width"

    def __init__(
        self,
        values: Array,
        period: float | None = None,
        duty: float | None = None,
        order: Order = "up",
        seed: int = 0,
        settle: float = 0.1,
    ) -> None:
        if (period is None) == (duty is None):
            raise Refused("pulse width: either the period or the duty must be given")
        if duty is not None and not 0 < duty < 1:
            raise LimitError("pulse width: duty", duty, 0, 1)
        self.setpoints, self.directions = ordered(np.sort(np.asarray(values, float)), order, seed)
        self._period, self._duty, self._settle = period, duty, settle

    def _period_of(self, width: float) -> float:
        return self._period if self._period is not None else width / (self._duty or 1.0)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._generator = setup, setup.station.find(PulseGenerator)
        power = f"{setup.excitation.laser.name}: power"
        if (mover := setup.mover(power)) is not None:
            raise Refused(
                f"pulse width: must be around {mover}, whose powers are those during the pulses; "
                "put an axis of pulse widths around it"
            )
        setup.excitation.gate.plan(pulsed=True)
        for quantity in ("width", "period"):
            setup.claim(f"{self._generator.name}: {quantity}", self.name)
        for width in (float(self.setpoints.min()), float(self.setpoints.max())):
            period = self._period_of(width)
            if not width < period:
                raise LimitError("pulse width (at this period)", width, 0, period, "s")
            for thing, value, (low, high) in (
                ("width", width, self._generator.width_limits),
                ("period", period, self._generator.period_limits),
            ):
                if not low <= value <= high:
                    raise LimitError(f"{self._generator.name}: {thing}", value, low, high, "s")
        setup.pulse_widths = float(self.setpoints.min()), float(self.setpoints.max())
        return (
            Channel(self.name, "s", "pulse width, set-point", coordinate=True),
            Channel("pulse_width_measured", "s", "pulse width the generator states"),
            Channel("pulse_period", "s", "from one pulse to the next"),
        )

    def prepare(self) -> None:
        self._pulse(float(self.setpoints[0]))

    def move(self, index: int, record: Record) -> Flag:
        return self.go(float(self.setpoints[index]), record)

    def go(self, width: float, record: Record) -> Flag:
        """Pulses of *width* s, between the shortest and the longest set-point."""
        self._pulse(width)
        record[self.name] = width
        record["pulse_width_measured"] = self._generator.width
        record["pulse_period"] = self._generator.period
        self._setup.wait(self._settle)
        return Flag(0)

    def _pulse(self, width: float) -> None:
        generator, period = self._generator, self._period_of(width)
        if width < generator.period:  # a pulse must fit into its period at every moment
            generator.width = width
            generator.period = period
        else:
            generator.period = period
            generator.width = width
        generator.output = True
        self._setup.excitation.pulsed(generator)

"""Radius of the excitation beam, from the power that passes a blade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.station import Station

from .axes import Axis
from .axes.blade_position import BladePosition, UncutPower
from .detectors import Detector
from .detectors.meter_power import MeterPower
from .parameters import Readings
from .procedure import Contradiction, Procedure


class BeamProfile(Procedure, kw_only=True):
    """Knife edge: power against the position of a blade that stands where the sample is otherwise.

    The meter must be behind the blade. At ``start`` the blade is out of the beam: there the power is
    calibrated and set. There and back, so that a drift of the laser is not taken for the beam's flank.
    """

    NAME = "beam-profile"
    SIGNAL = "beam_power"

    start: Annotated[
        float,
        Meta(ge=0, title="Start", description="the blade is out of the beam here", extra={"units": "mm"}),
    ] = 29.5
    stop: Annotated[
        float, Meta(ge=0, title="Stop", description="it covers the beam here", extra={"units": "mm"})
    ] = 30.5
    points: Annotated[int, Meta(ge=8, le=10000, title="Points", description="positions")] = 51
    along: Annotated[
        Literal["x", "y"], Meta(title="Along", description="direction of travel, of w_x or w_y")
    ] = "x"
    power: Annotated[
        float, Meta(gt=0, title="Power", description="of the whole beam", extra={"units": "mW"})
    ] = 1.0
    order: Annotated[Literal["up", "up_down"], Meta(title="Order")] = "up_down"
    readings: Readings = 10

    def contradictions(self) -> Iterator[Contradiction]:
        if self.start == self.stop:
            yield {"start", "stop"}, f"start = {self.start:g} mm; must be another position than stop"

    def axes(self) -> list[Axis]:
        positions = np.linspace(self.start, self.stop, self.points)
        if self.order == "up_down":
            positions = np.concatenate([positions, positions[::-1]])
        blade = BladePosition(positions.tolist())
        return [UncutPower(self.power, blade), blade]

    def detectors(self, station: Station) -> list[Detector]:
        return [MeterPower(self.readings)]

"""What the pick-off, the attenuator and the laser do to the power on the sample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower
from .axes.attenuator_position import AttenuatorPosition
from .axes.laser_drive import LaserDrive
from .axes.span import Span
from .detectors import Detector
from .detectors.meter_power import MeterPower, ReferencePower
from .procedure import Contradiction, Procedure


class CalibratePower(Procedure, kw_only=True):
    """One of three scans, at the laser's present wavelength.

    ``power``: the pick-off meter against a second one at the sample's place, at several powers and again and
    again; its name is ``reference``. ``attenuator``: power against its position. ``laser``: power against its
    drive, all over its range, under an attenuator closed so far that ``power`` is not exceeded. A reference
    may be read in these, too.
    """

    NAME = "calibrate-power"
    SIGNAL = "beam_power"

    scan: Annotated[Literal["power", "attenuator", "laser"], Meta(title="Scan")] = "power"
    reference: Annotated[
        str, Meta(title="Reference", description="instrument: a power meter at the sample's place")
    ] = ""
    power: Annotated[
        float,
        Meta(gt=0, title="Power", description="highest, but of the scan of the laser", extra={"units": "mW"}),
    ] = 10.0
    depth: Annotated[
        float, Meta(gt=1, le=1e5, title="Depth", description="highest over lowest power of the scan")
    ] = 20.0
    points: Annotated[
        int, Meta(ge=3, le=10000, title="Points", description="powers, positions or drives")
    ] = 31
    start: Annotated[
        float | None,
        Meta(title="Start", description="first position or drive; none: the first there is"),
    ] = None
    stop: Annotated[
        float | None, Meta(title="Stop", description="last position or drive; none: the last there is")
    ] = None
    repeats: Annotated[int, Meta(ge=1, le=1000, title="Repeats", description="of the scan")] = 3
    settle: Annotated[
        float,
        Meta(ge=0, title="Settle", description="time the meters get at each point", extra={"units": "s"}),
    ] = 0.1
    readings: Annotated[
        int, Meta(ge=3, le=1000, title="Readings", description="of each power meter per point")
    ] = 20

    def contradictions(self) -> Iterator[Contradiction]:
        if self.scan == "power" and not self.reference:
            text = "reference is missing; must name a power meter at the sample's place"
            yield {"scan", "reference"}, text

    def axes(self) -> list[Axis]:
        if self.scan == "power":
            powers = np.geomspace(self.power / self.depth, self.power, self.points)
            return [ExcitationPower(np.tile(powers, self.repeats), "mW", "shuffled", settle=self.settle)]
        span = Span(self.points, self.repeats, self.start, self.stop)
        if self.scan == "attenuator":
            return [AttenuatorPosition(span, self.power, self.settle)]
        return [LaserDrive(span, self.power, self.settle)]

    def detectors(self, station: Station) -> list[Detector]:
        reference = [ReferencePower(self.reference, self.readings)] if self.reference else []
        return [MeterPower(self.readings), *reference]

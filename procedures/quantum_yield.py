"""Quantum yield in an integrating sphere: empty, sample beside the beam, sample in the beam."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from msgspec import Meta, field

from antistokes.instruments.errors import Refused
from antistokes.instruments.records import Positive
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.station import Station

from .axes import Axis, ExcitationPower
from .axes.sphere_position import SpherePosition, YieldPlan
from .detectors import Detector, EmissionSpectrum, PumpPower, SampleThermometer
from .parameters import Frames, LongestExposure, Readings, Settle
from .procedure import Contradiction, Procedure


class QuantumYield(Procedure, kw_only=True):
    """Laser line and emission in the three measurements of de Mello et al. (doi 10.1002/adma.19970090308).

    Both are in one spectrum: a filter of known transmission weakens the laser line until it leaves room for
    the emission. A filter that was in when the response was calibrated is part of the response.
    """

    NAME = "quantum-yield"
    SIGNAL = "spectrum"

    empty: Annotated[
        int | str, Meta(title="Empty", description="slot of the sample holder with nothing, or a blank")
    ] = "empty"
    aside: Annotated[
        int | str, Meta(title="Aside", description="slot with the sample in the sphere, beside the beam")
    ] = "aside"
    sample: Annotated[int | str, Meta(title="Sample", description="slot with the sample in the beam")] = (
        "sample"
    )
    irradiance: Annotated[
        list[Positive],
        Meta(
            min_length=1,
            title="Irradiance",
            description="mean irradiances P/(π·w_x·w_y), a yield at each",
            extra={"units": "W/cm^2"},
        ),
    ] = field(default_factory=lambda: [10.0])
    settle: Settle = 0.05
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 50
    readings: Readings = 20
    emission: Annotated[
        tuple[Positive, Positive],
        Meta(
            title="Emission",
            description="window of all emission that counts; the laser line is left out",
            extra={"units": "nm"},
        ),
    ] = (400.0, 700.0)
    laser_window: Annotated[
        float,
        Meta(
            gt=0, title="Laser window", description="half width around the laser line", extra={"units": "nm"}
        ),
    ] = 6.0
    stray_light: Annotated[
        float,
        Meta(
            ge=0,
            lt=1e-2,
            title="Stray light",
            description="fraction of all counts that every pixel gets, as a laser line alone shows it",
        ),
    ] = 0.0
    filter_transmission: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            title="Filter transmission",
            description="at the laser line over that at the emission, of a filter the response does not have",
        ),
    ] = 1.0
    calibration_error: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            title="Calibration error",
            description="relative, of filter and response between laser line and emission",
        ),
    ] = 0.0
    reabsorption: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            title="Reabsorption",
            description="fraction of the emission that the sample absorbs again",
        ),
    ] = 0.0
    reabsorption_error: Annotated[float, Meta(ge=0, lt=1, title="Reabsorption error")] = 0.0
    wanted_error: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            title="Wanted error",
            description="relative, of the yield; a short look before the run tells whether enough is "
            "absorbed for it. 0: no look",
        ),
    ] = 0.3
    force: Annotated[
        bool, Meta(title="Force", description="evaluate without response correction, though it is wrong")
    ] = False

    def contradictions(self) -> Iterator[Contradiction]:
        low, high = self.emission
        if not low < high:
            yield {"emission"}, f"emission = {low:g} to {high:g} nm is empty; the lower end comes first"
        slots = [self.empty, self.aside, self.sample]
        if len(set(slots)) < len(slots):
            text = f"slots {slots}: empty, aside and sample must be three different ones"
            yield {"empty", "aside", "sample"}, text

    def axes(self) -> list[Axis]:
        power = ExcitationPower(np.array(self.irradiance), "W/cm^2", "up")
        # the power stays as it is while the samples change
        plan = YieldPlan(
            min(self.irradiance),
            self.emission,
            self.laser_window,
            self.longest_exposure,
            self.frames,
            self.readings,
            self.calibration_error,
            self.wanted_error,
        )
        return [power, SpherePosition([self.empty, self.aside, self.sample], self.settle, plan)]

    def detectors(self, station: Station) -> list[Detector]:
        if station.response is None and not self.force:
            raise Refused(
                f"{self.NAME}: the response of the emission path is not known, which a yield needs: add "
                "[response] to the station (calibrate-response), or set force"
            )
        detectors: list[Detector] = [
            PumpPower(self.readings),
            # the dark frame is common to all points, its error not one of each: it must count for little
            EmissionSpectrum(self.longest_exposure, self.frames, dark_frames=min(4 * self.frames, 1000)),
        ]
        if station.find_optional(TemperatureController) is not None:
            detectors.append(SampleThermometer())
        return detectors

"""Calibration of the excitation: what each drive and each attenuator position means in W on the sample.

At no moment more than the highest power of the plan reaches the sample, wherever the attenuator stands at
first: the drive is raised in small steps, and the attenuator is looked at again as soon as there is light.
A laser with one drive cannot be raised: its sample gets what the attenuator lets through.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import LimitError, Refused
from antistokes.instruments.roles import Attenuator

from .curves import NOISE_READINGS, Anchor, AttenuatorCurve, DriveCurve, MeterNoise

if TYPE_CHECKING:
    from .excitation import Excitation

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]

_COARSE = 19  # positions of the attenuator in a look at its whole range
_READINGS = 8
_VISIBLE = 5.0  # standard deviations of the meter's floor
_DIM = 0.1  # of the plan's highest power: enough to measure the attenuator with
_SEARCHES, _STEPS = 24, 2000
_PER_DECADE = 10  # drives measured for a station without attenuator


class Calibration:
    """Measures the meter's noise, the attenuator's curve and the laser's drives, and gives them to *knob*.

    :param lowest, highest: W on the sample, to be reached
    :param most: W on the sample that is never exceeded; *highest* where the laser can be dimmed
    """

    def __init__(self, knob: Excitation, lowest: float, highest: float, most: float) -> None:
        self._knob, self._lowest, self._highest, self._most = knob, lowest, highest, most
        self._step = 0.0  # of the drive, small enough for the plan
        self._gated = False  # the pulses have been seen to do what they should

    def run(self) -> None:
        """Measure everything; the light is on afterwards. :raises LimitError: the laser cannot do it"""
        attenuator, lowest, highest = self._knob.attenuator, self._lowest, self._highest
        self._knob.meter.wavelength = self._knob.laser.wavelength
        self._knob.off()
        if attenuator is not None:
            # in the dark, because a mount may search its zero when it is first moved
            attenuator.position = attenuator.position_range[0]
        self._knob.pace.wait(self._knob.laser.settle_time)
        self._measure_background()
        low, high = self._knob.laser.drive_limits
        # even where the laser begins to shine, a step adds no more than about a sixth of the highest power
        self._step = (high - low) * min(highest * 1e3 / (6 * self._knob.beam.max_power_mW), 0.05)
        self._knob.laser.drive = low
        self._knob.on()
        self._knob.laser_curve = DriveCurve([Anchor(low, 0.0)])
        if attenuator is None:
            self._measure_laser(lowest, highest)
        else:
            self._light_up(attenuator)
            self._measure_attenuator(attenuator)
            self._choose_anchors(lowest, highest)
        log.info(
            "calibrated %.3g to %.3g W on the sample; meter: %.2g relative noise, %.2g W floor; drives: %s",
            lowest,
            highest,
            self._knob.noise.relative,
            self._knob.noise.floor,
            ", ".join(
                f"{a.drive:.4g} {self._knob.laser.drive_unit} ({a.power:.3g} W open)"
                for a in self._knob.anchors
            ),
        )

    def _measure_background(self) -> None:
        self._knob.background = 0.0
        # of the mean power, which is what the meter sees
        dark = self._knob.readings(NOISE_READINGS) * self._knob.duty
        self._knob.background = float(dark.mean()) / self._knob.beam.sample_to_pickoff
        self._knob.noise = MeterNoise(0.0, float(dark.std(ddof=1)))

    def _measure_noise(self) -> float:
        """The meter's relative noise at the present power, which is returned."""
        readings = self._knob.readings(NOISE_READINGS)
        power, floor = float(readings.mean()), self._knob.noise.floor / self._knob.duty
        relative = np.sqrt(max(readings.var(ddof=1) - floor**2, 0.0)) / power
        self._knob.noise = MeterNoise(float(relative), self._knob.noise.floor)
        return power

    def _light_up(self, attenuator: Attenuator) -> None:
        """Raise the drive until the attenuator can be measured; where it is open is not known at first."""
        first, last = attenuator.position_range
        # at one of them light passes: not both are near the closed position
        places = [first + 0.25 * (last - first), first + 0.75 * (last - first)]
        drive, top = self._knob.laser.drive_limits
        while True:
            power = (
                max(self._knob.power_at(p) for p in places) if len(places) > 1 else self._knob.read_power(1)
            )
            self._check_gate()
            if power > self._most:
                self._refuse_brightness(Anchor(drive, power), self._most)
            if power >= _DIM * self._highest or drive >= top:
                return
            if len(places) > 1 and power > _VISIBLE * self._knob.sigma(0.0, 1):
                coarse, powers = self._scan(attenuator)
                places = [float(coarse[powers.argmax()])]
                self._knob.power_at(places[0])
            drive = min(drive + self._step, top)
            self._knob.set_drive(drive)

    def _check_gate(self) -> None:
        """As soon as there is light where the attenuator stands: do the pulses, if there are any, gate it?"""
        if self._gated or self._knob.duty == 1:
            return
        if self._knob.read_power(1) > 2 * _VISIBLE * self._knob.sigma(0.0, 1):
            self._knob.check_gate()
            self._gated = True

    def _scan(self, attenuator: Attenuator) -> tuple[Array, Array]:
        """Positions over the whole range, and the power at each."""
        positions = np.linspace(*attenuator.position_range, _COARSE)
        return positions, np.array([self._knob.power_at(float(p)) for p in positions])

    def _measure_attenuator(self, attenuator: Attenuator) -> None:
        """Find the stretch between the most and the least transmission and measure it finely."""
        coarse, powers = self._scan(attenuator)
        if powers.max() <= max(_VISIBLE * self._knob.sigma(0.0, 1), 2 * powers.min()):
            raise Refused(
                f"{attenuator.name}: the power on the meter hardly changes with its position "
                f"({powers.min():.3g} to {powers.max():.3g} W): is the beam on the meter?"
            )
        if powers.max() > self._most:
            self._refuse_brightness(Anchor(self._knob.laser.drive, float(powers.max())), self._most)
        fine = AttenuatorCurve.stretch(coarse, powers)
        self._knob.attenuation = AttenuatorCurve(
            fine, np.array([self._knob.power_at(float(p)) for p in fine])
        )

    def _choose_anchors(self, lowest: float, highest: float) -> None:
        """Few drives that, with the attenuator, reach every power of the plan with some overlap."""
        open_power = self._measure_noise()
        self._knob.laser_curve.add(Anchor(self._knob.laser.drive, open_power))
        # attenuated so much, the drive may go beyond the highest power, and afterwards up to it
        ratios = {t: self._ratio(t, open_power) for t in (0.8, 0.1)}
        self._knob.anchors = [self._find_drive(1.05 * highest, ratios[0.1])]
        self._check_reach(self._knob.anchors[0], highest)
        while (reach := self._knob.anchors[-1].power * self._knob.attenuation.least) > lowest:
            self._knob.go_to_transmission(0.8)
            anchor = self._find_drive(1.5 * reach, ratios[0.8])
            if anchor.power > 0.5 * self._knob.anchors[-1].power:
                raise LimitError("power on the sample", lowest * 1e3, reach * 1e3, highest * 1e3, "mW")
            self._knob.anchors.append(anchor)

    def _ratio(self, transmission: float, open_power: float) -> float:
        self._knob.go_to_transmission(transmission)
        return self._knob.read_power(_READINGS) / open_power

    def _measure_laser(self, lowest: float, highest: float) -> None:
        """Without an attenuator: power against drive up to *highest*, closely enough to interpolate."""
        point = self._measure_drive(self._knob.laser.drive)
        while point.power < 0.3 * highest and point.drive < self._knob.laser.drive_limits[1]:
            point = self._measure_drive(min(point.drive + self._step, self._knob.laser.drive_limits[1]))
        if point.power > highest:
            self._refuse_brightness(point, highest)
        # not to the highest power itself, which the last correction could exceed
        self._check_reach(self._find_drive(0.985 * highest, tolerance=0.005), highest, 0.975)
        self._measure_noise()
        number = 2 + int(_PER_DECADE * np.log10(highest / lowest))
        for power in np.geomspace(highest, lowest, number)[1:]:
            self._find_drive(float(power))

    def _check_reach(self, brightest: Anchor, highest: float, share: float = 0.99) -> None:
        if brightest.power < share * highest:
            raise LimitError(self._thing(brightest), highest * 1e3, 0, brightest.power * 1e3, "mW")

    def _refuse_brightness(self, point: Anchor, highest: float) -> None:
        self._knob.off()
        raise LimitError(self._thing(point), point.power * 1e3, 0, highest * 1e3, "mW")

    def _thing(self, point: Anchor) -> str:
        return (
            f"{self._knob.laser.name}: power on the sample at {point.drive:g} {self._knob.laser.drive_unit}"
        )

    def _find_drive(self, wanted: float, ratio: float = 1.0, tolerance: float = 0.02) -> Anchor:
        """The drive that gives *wanted* W with the attenuator open; it stands where *ratio* passes."""
        low, high = self._knob.laser.drive_limits
        tolerance = max(tolerance, 2 * self._knob.sigma(wanted * ratio, 2) / (wanted * ratio))
        searches, highest = 0, low
        for _ in range(_STEPS):
            guess = self._knob.laser_curve.guess(wanted, self._step / ratio, bisect=searches % 3 == 2)
            drive = min(max(guess, low), high)
            point = self._measure_drive(drive, ratio)
            at_limit = drive == (high if point.power < wanted else low)
            # small steps upwards towards a weak laser's limit are no search
            searches += not (drive > highest and point.power < wanted)
            highest = max(highest, drive)
            if at_limit or abs(point.power / wanted - 1) <= tolerance or searches == _SEARCHES:
                break
        return point

    def _measure_drive(self, drive: float, ratio: float = 1.0) -> Anchor:
        self._knob.set_drive(drive)
        # as the device understood it, so that it is recognised later
        point = Anchor(self._knob.laser.drive, self._knob.read_power(2) / ratio)
        self._check_gate()
        self._knob.laser_curve.add(point)
        return point

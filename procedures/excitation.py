"""Laser, attenuator and pick-off meter as one knob: power on the sample, in W.

What a set-point of the laser or a position of the attenuator means in W is never taken from a data
sheet: :meth:`Excitation.calibrate` measures it at the start of a run, without ever putting more than the
plan's highest power on the sample, and every point is verified with the meter again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import DeviceFault, LimitError, Refused
from antistokes.instruments.roles import Attenuator, Laser, PowerMeter
from antistokes.instruments.station import Station

from .pace import Pace

Array = npt.NDArray[np.float64]

#: below this transmission the attenuator's leak makes the power too sensitive to the position
_LEAST_TRANSMISSION = 5e-3
_COARSE, _FINE = 19, 17  # positions at which the attenuator is measured
_NOISE_READINGS, _READINGS = 24, 8
_DIM = 0.1  # of the plan's highest power: enough to measure the attenuator with
#: the plan's highest power may be smaller than what the light path can deliver by this factor
_DEEPEST = 5000
_TRIES, _SEARCHES = 6, 24


class Anchor(NamedTuple):
    """One laser drive and the power on the sample it gives with the attenuator open, in W."""

    drive: float
    power: float


@dataclass(frozen=True, slots=True)
class MeterNoise:
    """σ² = (relative·P)² + floor², of one reading; measured during calibration."""

    relative: float
    floor: float

    def sigma(self, power: float, readings: int) -> float:
        """Standard error of the mean of *readings* at *power*, in W; that of the background included."""
        own = ((self.relative * power) ** 2 + self.floor**2) / readings
        return float(np.sqrt(own + self.floor**2 / _NOISE_READINGS))


class Excitation:
    """Power on the sample.

    :param station: an open station with a Laser and a PowerMeter, and an Attenuator where it has one
    :param pace: waits, and stops when the user asks for it
    """

    def __init__(self, station: Station, pace: Pace) -> None:
        self.beam = station.beam
        self.laser = station.find(Laser)
        self.meter = station.find(PowerMeter)
        self.attenuator = station.find_optional(Attenuator)
        self._pace = pace
        self._background = 0.0
        self.noise = MeterNoise(0.0, 0.0)
        self._curve: list[Anchor] = []  # what was measured, by drive
        self._anchors: list[Anchor] = []  # what is used together with the attenuator, the brightest first
        self._positions: Array = np.zeros(0)
        self._transmissions: Array = np.ones(1)

    # -- before anything moves -------------------------------------------------------------------------

    def check(self, lowest: float, highest: float) -> None:
        """Can the plan's powers (W on the sample) be set and measured at all?

        :raises Refused: says what cannot and what could
        """
        limit = self.beam.max_power_mW
        for power in (lowest, highest):
            if not 0 < power * 1e3 <= limit * (1 + 1e-9):
                raise LimitError("power on the sample", power * 1e3, 0, limit, "mW")
        if highest * 1e3 < limit / _DEEPEST:
            raise LimitError("highest power on the sample", highest * 1e3, limit / _DEEPEST, limit, "mW")
        low, high = self.meter.wavelength_range
        if not low <= self.laser.wavelength <= high:
            raise LimitError(f"{self.meter.name}: wavelength", self.laser.wavelength, low, high, "nm")

    # -- reading and switching ---------------------------------------------------------------------------

    def read_power(self, readings: int) -> float:
        """Mean power on the sample, in W."""
        return float(self._readings(readings).mean())

    def _readings(self, number: int) -> Array:
        readings = np.empty(number)
        for i in range(number):
            self._pace.step()
            readings[i] = self.meter.power
        return (readings - self._background) * self.beam.sample_to_pickoff

    def off(self) -> None:
        """No light."""
        self.laser.emission = False

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """No light inside the block; the same light as before after it, none if the block fails."""
        lit = self.laser.emission
        self.laser.emission = False
        self._pace.wait(self.laser.settle_time)
        yield
        if lit:
            self.laser.emission = True
            self._pace.wait(self.laser.settle_time)

    # -- calibration -----------------------------------------------------------------------------------

    def calibrate(self, lowest: float, highest: float) -> None:
        """Measure the meter's noise, the attenuator's curve and the laser's drives for [lowest, highest] W.

        :raises LimitError: the laser cannot reach *highest* within its limits
        """
        attenuator = self.attenuator
        self.meter.wavelength = self.laser.wavelength
        self.off()
        if attenuator is not None:
            # in the dark, because a mount may search its zero when it is first moved
            attenuator.position = attenuator.position_range[0]
        self._pace.wait(self.laser.settle_time)
        self._background = 0.0
        dark = self._readings(_NOISE_READINGS)
        self._background = float(dark.mean()) / self.beam.sample_to_pickoff
        self.noise = MeterNoise(0.0, float(dark.std(ddof=1)))

        low, high = self.laser.drive_limits
        # even where the laser turns on, one step adds about a sixth of the highest power
        step = (high - low) * min(highest * 1e3 / (6 * self.beam.max_power_mW), 0.05)
        self.laser.drive = low
        self.laser.emission = True
        self._pace.wait(self.laser.settle_time)
        self._curve, self._anchors = [], []
        if attenuator is None:
            self._measure_laser(lowest, highest, step)
        else:
            self._light_up(attenuator, highest, step)
            self._measure_attenuator(attenuator)
            self._choose_anchors(lowest, highest, step)

    def _light_up(self, attenuator: Attenuator, highest: float, step: float) -> None:
        """Raise the drive until the attenuator can be measured; which position is open is not known yet."""
        first, last = attenuator.position_range
        # one of them lets light through: not both lie near the closed position
        places = [first + 0.25 * (last - first), first + 0.75 * (last - first)]
        drive, top = self.laser.drive_limits
        while True:
            power = max(self._power_at(place) for place in places)
            if power > highest:
                self._refuse_brightness(drive, power, highest)
            if power >= _DIM * highest or drive >= top:
                return
            if len(places) > 1 and power > 5 * self.noise.floor:
                coarse, powers = self._scan(attenuator)
                places = [float(coarse[powers.argmax()])]
            drive = min(drive + step, top)
            self._set_drive(drive)

    def _refuse_brightness(self, drive: float, power: float, highest: float) -> None:
        self.off()
        thing = f"{self.laser.name}: power on the sample at {drive:g} {self.laser.drive_unit}"
        raise LimitError(thing, power * 1e3, 0, highest * 1e3, "mW")

    def _scan(self, attenuator: Attenuator) -> tuple[Array, Array]:
        """Positions over the whole range, and the power at each."""
        positions = np.linspace(*attenuator.position_range, _COARSE)
        return positions, np.array([self._power_at(float(p)) for p in positions])

    def _measure_attenuator(self, attenuator: Attenuator) -> None:
        """Find the stretch between the most and the least transmission and measure it finely."""
        coarse, powers = self._scan(attenuator)
        if powers.max() <= 5 * self.noise.floor or powers.max() < 2 * powers.min():
            raise Refused(
                f"{attenuator.name}: the power on the meter hardly changes with its position "
                f"({powers.min():.3g} to {powers.max():.3g} W): is the beam on the meter?"
            )
        brightest, darkest = _extremes(coarse, powers)
        # denser towards the dark end, where transmission goes with the square
        fine = darkest + (brightest - darkest) * np.linspace(0, 1, _FINE) ** 1.5
        measured = np.array([self._power_at(float(p)) for p in fine])
        rising = np.maximum.accumulate(np.maximum(measured, measured.max() * 1e-6))
        keep = np.concatenate([[True], np.diff(rising) > 0])
        self._positions, self._transmissions = fine[keep], rising[keep] / rising.max()

    def _power_at(self, position: float) -> float:
        assert self.attenuator is not None
        self.attenuator.position = position
        self._pace.wait(self.attenuator.settle_time)
        return self.read_power(1)

    def _choose_anchors(self, lowest: float, highest: float, step: float) -> None:
        """Few drives that, with the attenuator, reach every power of the plan with some overlap."""
        drive = self.laser.drive
        open_power = self._measure_noise()
        # at these transmissions the drive may be raised above, and to, the highest power
        ratios = {t: self._ratio(t, open_power) for t in (0.8, 0.1)}
        self._curve = [Anchor(max(drive - step, self.laser.drive_limits[0]), 0.0), Anchor(drive, open_power)]
        self._anchors = [self._find_drive(1.05 * highest, step, ratios[0.1])]
        self._check_reach(self._anchors[0], highest)
        while (reach := self._anchors[-1].power * self._least()) > lowest:
            self._go_to_transmission(0.8)
            anchor = self._find_drive(1.5 * reach, step, ratios[0.8])
            if anchor.power > 0.5 * self._anchors[-1].power:
                raise LimitError("power on the sample", lowest * 1e3, reach * 1e3, highest * 1e3, "mW")
            self._anchors.append(anchor)

    def _measure_noise(self) -> float:
        """The meter's relative noise at the present power, which is returned."""
        readings = self._readings(_NOISE_READINGS)
        power, floor = float(readings.mean()), self.noise.floor
        relative = np.sqrt(max(readings.var(ddof=1) - floor**2, 0.0)) / power
        self.noise = MeterNoise(float(relative), floor)
        return power

    def _ratio(self, transmission: float, open_power: float) -> float:
        self._go_to_transmission(transmission)
        return self.read_power(_READINGS) / open_power

    def _least(self) -> float:
        """The least transmission that is used."""
        return max(_LEAST_TRANSMISSION, 2 * float(self._transmissions.min()))

    def _measure_laser(self, lowest: float, highest: float, step: float) -> None:
        """Without an attenuator: power against drive, closely enough to interpolate, up to *highest*."""
        drive, top = self.laser.drive_limits
        point = self._measure_drive(drive)
        while point.power < 0.3 * highest and point.drive < top:
            point = self._measure_drive(min(point.drive + step, top))
        if point.power > highest:
            self._refuse_brightness(point.drive, point.power, highest)
        self._check_reach(self._find_drive(highest, step, tolerance=0.005), highest)
        self._measure_noise()
        for power in np.geomspace(highest, lowest, 2 + int(5 * np.log10(highest / lowest)))[1:]:
            self._find_drive(float(power), step)

    def _check_reach(self, brightest: Anchor, highest: float) -> None:
        if brightest.power < 0.99 * highest:
            thing = f"{self.laser.name}: power on the sample at {brightest.drive:g} {self.laser.drive_unit}"
            raise LimitError(thing, highest * 1e3, 0, brightest.power * 1e3, "mW")

    def _measure_drive(self, drive: float, ratio: float = 1.0) -> Anchor:
        self._set_drive(drive)
        # as the device understood it, so that it can be recognised later
        point = Anchor(self.laser.drive, self.read_power(2) / ratio)
        self._curve = sorted([*(a for a in self._curve if a.drive != point.drive), point])
        return point

    def _find_drive(self, wanted: float, step: float, ratio: float = 1.0, tolerance: float = 0.02) -> Anchor:
        """The drive that gives *wanted* W with the attenuator open; it stands where *ratio* passes."""
        limits = self.laser.drive_limits
        tolerance = max(tolerance, 2 * self.noise.sigma(wanted * ratio, 2) / (wanted * ratio))
        for i in range(_SEARCHES):
            drive = float(np.clip(self._guess(wanted, 2 * step / ratio, i), *limits))
            point = self._measure_drive(drive, ratio)
            at_limit = drive == (limits[1] if point.power < wanted else limits[0])
            if abs(point.power / wanted - 1) <= tolerance or at_limit:
                break
        return point

    def _guess(self, wanted: float, stride: float, i: int) -> float:
        """A drive for *wanted* W, by secants through measured points; at most *stride* above all of them."""
        curve = self._curve
        above = next((k for k, a in enumerate(curve) if a.power >= wanted), len(curve))
        if above == 0:
            return 2 * curve[0].drive - curve[-1].drive
        if above == len(curve):
            slope = (curve[-1].power - curve[-2].power) / (curve[-1].drive - curve[-2].drive)
            away = (wanted - curve[-1].power) / slope if slope > 0 else stride
            return curve[-1].drive + min(away, stride)
        left, right = curve[above - 1], curve[above]
        if above + 1 < len(curve):  # power rises ever steeper: from above, a secant does not go too far
            slope = (curve[above + 1].power - right.power) / (curve[above + 1].drive - right.drive)
            drive = right.drive - (right.power - wanted) / slope if slope > 0 else left.drive
            if i % 3 < 2 and left.drive < drive < right.drive:
                return drive
        return (left.drive + right.drive) / 2

    # -- setting a power -------------------------------------------------------------------------------

    def set_power(self, power: float, tolerance: float = 0.01) -> bool:
        """Bring *power* W onto the sample and verify it; False when it stays off by more than *tolerance*.

        :raises LimitError: *power* is above what the light path may deliver
        :raises DeviceFault: the light has gone off by itself
        """
        if power * 1e3 > self.beam.max_power_mW * (1 + 1e-9):
            raise LimitError("power on the sample", power * 1e3, 0, self.beam.max_power_mW, "mW")
        if self.attenuator is None:
            reached = self._correct(power, power, tolerance, self._set_power_by_drive)
        else:
            enough = [a for a in self._anchors if a.power >= 1.03 * power]
            anchor = enough[-1] if enough else self._anchors[0]
            if self.laser.drive != anchor.drive:
                # close first: the attenuator still stands where another drive needed it
                self._go_to_transmission(self._least())
                self._set_drive(anchor.drive)
            reached = self._correct(power, power / anchor.power, tolerance, self._go_to_transmission)
        if not reached and not self.laser.emission:
            raise DeviceFault(self.laser.name, "the light has gone off by itself")
        return reached

    def _correct(self, power: float, knob: float, tolerance: float, turn: Callable[[float], None]) -> bool:
        """Turn, measure, turn by what is missing."""
        for _ in range(_TRIES):
            turn(knob)
            measured = self.read_power(2)
            error = measured / power - 1
            if abs(error) <= max(tolerance, 2 * self.noise.sigma(power, 2) / power):
                return True
            knob *= min(max(power / max(measured, 1e-3 * power), 0.2), 5.0)
        return False

    def _set_power_by_drive(self, power: float) -> None:
        drives, powers = np.array(self._curve).T
        self._set_drive(float(np.interp(power, np.maximum.accumulate(powers), drives)))

    def _go_to_transmission(self, transmission: float) -> None:
        assert self.attenuator is not None
        logs = np.log(self._transmissions)
        wanted = np.log(min(max(transmission, float(self._transmissions.min())), 1.0))
        self.attenuator.position = float(np.interp(wanted, logs, self._positions))
        self._pace.wait(self.attenuator.settle_time)

    def _set_drive(self, drive: float) -> None:
        self.laser.drive = drive
        self._pace.wait(self.laser.settle_time)


def _extremes(positions: Array, powers: Array) -> tuple[float, float]:
    """Positions of the most power and of the least power next to it, by parabolas through three points."""
    last = len(powers) - 1
    darkest = int(np.argmin(powers))
    # the brightest sample on the side of the minimum that holds the higher maximum
    left, right = powers[: darkest + 1], powers[darkest:]
    brightest = int(np.argmax(left)) if left.max() >= right.max() else darkest + int(np.argmax(right))

    def vertex(i: int) -> float:
        if not 0 < i < last:
            return float(positions[i])
        a, b, c = powers[i - 1 : i + 2]
        bend = a - 2 * b + c
        shift = 0.0 if bend == 0 else 0.5 * (a - c) / bend
        return float(positions[i] + np.clip(shift, -1, 1) * (positions[1] - positions[0]))

    return vertex(brightest), vertex(darkest)

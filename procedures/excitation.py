"""Laser, attenuator and pick-off meter as one knob: power on the sample, in W.

What a set-point of the laser or a position of the attenuator means in W is never taken from a data
sheet: :meth:`Excitation.calibrate` measures it at the start of a run without ever exceeding the plan's
highest power, and every point is verified with the meter again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import LimitError, Refused
from antistokes.instruments.roles import Attenuator, Laser, PowerMeter
from antistokes.instruments.station import Station

from .pace import Pace

Array = npt.NDArray[np.float64]

#: below this transmission the attenuator's leak makes the power too sensitive to the position
_LEAST_TRANSMISSION = 5e-3
_WORST_EXTINCTION = 1e-3  # light let through while the attenuator's open position is still unknown
_COARSE, _FINE, _DRIVE_STEPS = 19, 17, 20
_NOISE_READINGS = 12
_TRIES = 6


@dataclass(frozen=True, slots=True)
class Anchor:
    """One laser drive and the power on the sample it gives with the attenuator open, in W."""

    drive: float
    power: float


@dataclass(frozen=True, slots=True)
class MeterNoise:
    """σ² = (relative·P)² + floor², of one reading; measured during calibration."""

    relative: float
    floor: float

    def sigma(self, power: float, readings: int) -> float:
        """Standard error of the mean of *readings* at *power*, in W."""
        return float(np.hypot(self.relative * power, self.floor) / np.sqrt(readings))


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
        self._anchors: list[Anchor] = []
        self._positions: Array = np.zeros(0)
        self._transmissions: Array = np.ones(1)

    # -- before anything moves -------------------------------------------------------------------------

    def check(self, lowest: float, highest: float) -> None:
        """Can the plan's powers (W on the sample) be set and measured at all?

        :raises Refused: says what cannot and what could
        """
        limit = self.beam.max_power_mW
        if highest * 1e3 > limit * (1 + 1e-9):
            raise LimitError("power on the sample", highest * 1e3, 0, limit, "mW")
        low, high = self.meter.wavelength_range
        if not low <= self.laser.wavelength <= high:
            raise LimitError(f"{self.meter.name}: wavelength", self.laser.wavelength, low, high, "nm")
        if lowest <= 0:
            raise LimitError("power on the sample", lowest * 1e3, 0, limit, "mW")

    # -- reading and switching ---------------------------------------------------------------------------

    def read_power(self, readings: int) -> float:
        """Mean power on the sample, in W."""
        total = 0.0
        for _ in range(readings):
            self._pace.step()
            total += self.meter.power
        return (total / readings - self._background) * self.beam.sample_to_pickoff

    def off(self) -> None:
        """No light."""
        self.laser.emission = False

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """No light inside the block; the same light as before after it."""
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
        self.meter.wavelength = self.laser.wavelength
        self.laser.emission = False
        self._pace.wait(self.laser.settle_time)
        dark = np.array([self.meter.power for _ in range(_NOISE_READINGS)])
        self._background = float(dark.mean())
        floor = float(dark.std(ddof=1)) * self.beam.sample_to_pickoff

        low, high = self.laser.drive_limits
        self.laser.drive = low
        self.laser.emission = True
        drives = np.linspace(low, high, _DRIVE_STEPS + 1)
        if self.attenuator is not None:
            self._raise_drive(drives, highest * _WORST_EXTINCTION)
            self._measure_attenuator(self.attenuator)
            self._go_to_transmission(max(2 * float(self._transmissions.min()), 2 * _LEAST_TRANSMISSION))
        self._measure_drives(drives, highest)
        readings = np.array([self.read_power(1) for _ in range(_NOISE_READINGS)])
        relative = float(readings.std(ddof=1) / readings.mean())
        self.noise = MeterNoise(relative, floor)
        self._choose_anchors(lowest, highest)

    def _raise_drive(self, drives: Array, enough: float) -> None:
        """Raise the drive until *enough* W reach the sample; the attenuator may be anywhere yet."""
        for drive in drives:
            self._set_drive(float(drive))
            if self.read_power(1) >= enough:
                return

    def _measure_attenuator(self, attenuator: Attenuator) -> None:
        """Find the stretch between the most and the least transmission and measure it finely."""
        coarse = np.linspace(*attenuator.position_range, _COARSE)
        powers = np.array([self._power_at(float(p)) for p in coarse])
        if powers.max() <= 0 or powers.max() < 2 * powers.min():
            raise Refused(
                f"{attenuator.name}: the power on the meter hardly changes with its position "
                f"({powers.min():.3g} to {powers.max():.3g} W): is the beam on the meter?"
            )
        brightest, darkest = _extremes(coarse, powers)
        # quadratic spacing: denser towards the dark end, where transmission goes with the square
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

    def _measure_drives(self, drives: Array, highest: float) -> None:
        """Power with the attenuator open against drive, up to *highest*, at low transmission."""
        transmission = self._present_transmission()
        self._curve: list[Anchor] = []
        for drive in drives:
            self._set_drive(float(drive))
            power = self.read_power(2) / transmission
            self._curve.append(Anchor(float(drive), power))
            if power >= 1.1 * highest:
                return
        reach = self._curve[-1].power
        if reach < 1.02 * highest:
            low, high = self.laser.drive_limits
            raise LimitError(
                f"{self.laser.name}: power on the sample at {high:g} {self.laser.drive_unit}",
                highest * 1e3,
                0,
                reach * 1e3 / 1.02,
                "mW",
            )

    def _choose_anchors(self, lowest: float, highest: float) -> None:
        """Few drives that, with the attenuator, reach every power of the plan with some overlap."""
        self._anchors = []
        if self.attenuator is None:
            return
        wanted = 1.04 * highest
        while True:
            self._anchors.append(self._find_drive(wanted))
            reach = self._anchors[-1].power * self._least()
            if reach <= lowest:
                return
            wanted = 1.5 * reach
            if len(self._anchors) > 6:
                raise LimitError("power on the sample", lowest * 1e3, reach * 1e3, highest * 1e3, "mW")

    def _find_drive(self, wanted: float) -> Anchor:
        """The drive that gives *wanted* W with the attenuator open, by bisection with the meter."""
        transmission = self._present_transmission()
        above = next((a for a in self._curve if a.power >= wanted), self._curve[-1])
        below = next(
            (a for a in reversed(self._curve) if a.power < wanted and a.drive < above.drive), self._curve[0]
        )
        low, high = below.drive, above.drive
        best = above
        for _ in range(12):
            drive = (low + high) / 2
            self._set_drive(drive)
            best = Anchor(drive, self.read_power(1) / transmission)
            if abs(best.power / wanted - 1) < 0.02:
                break
            low, high = (drive, high) if best.power < wanted else (low, drive)
        return best

    def _least(self) -> float:
        """The least transmission that is used."""
        return max(_LEAST_TRANSMISSION, 2 * float(self._transmissions.min()))

    def _present_transmission(self) -> float:
        if self.attenuator is None:
            return 1.0
        return float(np.interp(self.attenuator.position, *_ascending(self._positions, self._transmissions)))

    # -- setting a power -------------------------------------------------------------------------------

    def set_power(self, power: float, tolerance: float = 0.01) -> bool:
        """Bring *power* W onto the sample and verify it; False when it stays off by more than *tolerance*.

        :raises LimitError: *power* is above what the light path may deliver
        """
        if power * 1e3 > self.beam.max_power_mW * (1 + 1e-9):
            raise LimitError("power on the sample", power * 1e3, 0, self.beam.max_power_mW, "mW")
        if self.attenuator is None:
            return self._correct(power, power, tolerance, self._set_power_by_drive)
        anchor = next(a for a in reversed(self._anchors) if a.power >= power or a is self._anchors[0])
        if self.laser.drive != anchor.drive:
            # close first: the attenuator still stands where another drive needed it
            self._go_to_transmission(self._least())
            self._set_drive(anchor.drive)
        return self._correct(power, power / anchor.power, tolerance, self._go_to_transmission)

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
        drives, powers = [a.drive for a in self._curve], [a.power for a in self._curve]
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


def _ascending(x: Array, y: Array) -> tuple[Array, Array]:
    order = np.argsort(x)
    return x[order], y[order]


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

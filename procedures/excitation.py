"""Laser, attenuator and pick-off meter as one knob: power on the sample, in W.

What a set-point of the laser or a position of the attenuator means in W is never taken from a data
sheet: :meth:`Excitation.calibrate` measures it at the start of a run, without ever putting more than the
plan's highest power on the sample (or 1/5000 of what the light path may deliver, where a plan is dimmer
still), and every point is verified with the meter again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import DeviceFault, LimitError, Refused
from antistokes.instruments.roles import Attenuator, Laser, PowerMeter
from antistokes.instruments.station import Station

from .curves import Anchor, AttenuatorCurve, DriveCurve
from .pace import Pace

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]

_COARSE = 19  # positions of the attenuator in a look at its whole range
_NOISE_READINGS, _READINGS = 24, 8
_VISIBLE = 5.0  # standard deviations of the meter's floor
_DIM = 0.1  # of the plan's highest power: enough to measure the attenuator with
#: a plan may be dimmer than what the light path can deliver by more than this, its calibration not
_DEEPEST = 5000
_TRIES, _SEARCHES = 6, 24
_LARGEST_DOUBT = 0.2  # relative; a power that the meter hardly sees has not been verified
_PER_DECADE = 10  # drives measured for a station without attenuator


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
        self.noise = MeterNoise(0.0, 0.0)
        self._pace = pace
        self._background = 0.0  # W on the meter
        self._step = 0.0  # of the drive, small enough for the plan
        self._laser_curve = DriveCurve([])
        self._anchors: list[Anchor] = []  # used together with the attenuator, the brightest first
        self._attenuation: AttenuatorCurve

    # -- before anything moves -------------------------------------------------------------------------

    def check(self, lowest: float, highest: float) -> None:
        """Can the plan's powers (W on the sample) be set and measured at all?

        :raises LimitError: says what cannot and what could
        """
        limit = self.beam.max_power_mW
        for power in (lowest, highest):
            if not 0 < power * 1e3 <= limit * (1 + 1e-9):
                raise LimitError("power on the sample", power * 1e3, 0, limit, "mW")
        rated = self.laser.rated_power
        if rated is not None and highest > rated:
            raise LimitError(f"{self.laser.name}: power", highest * 1e3, 0, rated * 1e3, "mW")
        low, high = self.meter.wavelength_range
        if not low <= self.laser.wavelength <= high:
            raise LimitError(f"{self.meter.name}: wavelength", self.laser.wavelength, low, high, "nm")

    @property
    def least_calibration(self) -> float:
        """The power, in W, that a calibration may put on the sample however dim the plan is."""
        return self.beam.max_power_mW * 1e-3 / _DEEPEST

    # -- reading and switching -------------------------------------------------------------------------

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

        :raises LimitError: the laser cannot reach *highest* within its limits, or not go down to *lowest*
        """
        attenuator = self.attenuator
        highest = max(highest, self.least_calibration)
        self.meter.wavelength = self.laser.wavelength
        self.off()
        if attenuator is not None:
            # in the dark, because a mount may search its zero when it is first moved
            attenuator.position = attenuator.position_range[0]
        self._pace.wait(self.laser.settle_time)
        self._measure_background()
        low, high = self.laser.drive_limits
        # even where the laser begins to shine, a step adds no more than about a sixth of the highest power
        self._step = (high - low) * min(highest * 1e3 / (6 * self.beam.max_power_mW), 0.05)
        self.laser.drive = low
        self.laser.emission = True
        self._pace.wait(self.laser.settle_time)
        self._laser_curve = DriveCurve([Anchor(low, 0.0)])
        if attenuator is None:
            self._measure_laser(lowest, highest)
        else:
            self._light_up(attenuator, highest)
            self._measure_attenuator(attenuator)
            self._choose_anchors(lowest, highest)
        log.info(
            "calibrated %.3g to %.3g W on the sample; meter: %.2g relative noise, %.2g W floor; drives: %s",
            lowest,
            highest,
            self.noise.relative,
            self.noise.floor,
            ", ".join(f"{a.drive:.4g} {self.laser.drive_unit} ({a.power:.3g} W open)" for a in self._anchors),
        )

    def _measure_background(self) -> None:
        self._background = 0.0
        dark = self._readings(_NOISE_READINGS)
        self._background = float(dark.mean()) / self.beam.sample_to_pickoff
        self.noise = MeterNoise(0.0, float(dark.std(ddof=1)))

    def _measure_noise(self) -> float:
        """The meter's relative noise at the present power, which is returned."""
        readings = self._readings(_NOISE_READINGS)
        power, floor = float(readings.mean()), self.noise.floor
        relative = np.sqrt(max(readings.var(ddof=1) - floor**2, 0.0)) / power
        self.noise = MeterNoise(float(relative), floor)
        return power

    def _light_up(self, attenuator: Attenuator, highest: float) -> None:
        """Raise the drive until the attenuator can be measured; where it is open is not known at first."""
        first, last = attenuator.position_range
        # at one of them light passes: not both are near the closed position
        places = [first + 0.25 * (last - first), first + 0.75 * (last - first)]
        drive, top = self.laser.drive_limits
        while True:
            power = max(self._power_at(p) for p in places) if len(places) > 1 else self.read_power(1)
            if power > highest:
                self._refuse_brightness(Anchor(drive, power), highest)
            if power >= _DIM * highest or drive >= top:
                return
            if len(places) > 1 and power > _VISIBLE * self.noise.floor:
                coarse, powers = self._scan(attenuator)
                places = [float(coarse[powers.argmax()])]
                self._power_at(places[0])
            drive = min(drive + self._step, top)
            self._set_drive(drive)

    def _scan(self, attenuator: Attenuator) -> tuple[Array, Array]:
        """Positions over the whole range, and the power at each."""
        positions = np.linspace(*attenuator.position_range, _COARSE)
        return positions, np.array([self._power_at(float(p)) for p in positions])

    def _measure_attenuator(self, attenuator: Attenuator) -> None:
        """Find the stretch between the most and the least transmission and measure it finely."""
        coarse, powers = self._scan(attenuator)
        if powers.max() <= max(_VISIBLE * self.noise.floor, 2 * powers.min()):
            raise Refused(
                f"{attenuator.name}: the power on the meter hardly changes with its position "
                f"({powers.min():.3g} to {powers.max():.3g} W): is the beam on the meter?"
            )
        fine = AttenuatorCurve.stretch(coarse, powers)
        self._attenuation = AttenuatorCurve(fine, np.array([self._power_at(float(p)) for p in fine]))

    def _choose_anchors(self, lowest: float, highest: float) -> None:
        """Few drives that, with the attenuator, reach every power of the plan with some overlap."""
        open_power = self._measure_noise()
        self._laser_curve.add(Anchor(self.laser.drive, open_power))
        # attenuated so much, the drive may go beyond the highest power, and afterwards up to it
        ratios = {t: self._ratio(t, open_power) for t in (0.8, 0.1)}
        self._anchors = [self._find_drive(1.05 * highest, ratios[0.1])]
        self._check_reach(self._anchors[0], highest)
        while (reach := self._anchors[-1].power * self._attenuation.least) > lowest:
            self._go_to_transmission(0.8)
            anchor = self._find_drive(1.5 * reach, ratios[0.8])
            if anchor.power > 0.5 * self._anchors[-1].power:
                raise LimitError("power on the sample", lowest * 1e3, reach * 1e3, highest * 1e3, "mW")
            self._anchors.append(anchor)

    def _ratio(self, transmission: float, open_power: float) -> float:
        self._go_to_transmission(transmission)
        return self.read_power(_READINGS) / open_power

    def _measure_laser(self, lowest: float, highest: float) -> None:
        """Without an attenuator: power against drive up to *highest*, closely enough to interpolate."""
        point = self._measure_drive(self.laser.drive)
        while point.power < 0.3 * highest and point.drive < self.laser.drive_limits[1]:
            point = self._measure_drive(min(point.drive + self._step, self.laser.drive_limits[1]))
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
        self.off()
        raise LimitError(self._thing(point), point.power * 1e3, 0, highest * 1e3, "mW")

    def _thing(self, point: Anchor) -> str:
        return f"{self.laser.name}: power on the sample at {point.drive:g} {self.laser.drive_unit}"

    def _find_drive(self, wanted: float, ratio: float = 1.0, tolerance: float = 0.02) -> Anchor:
        """The drive that gives *wanted* W with the attenuator open; it stands where *ratio* passes."""
        low, high = self.laser.drive_limits
        tolerance = max(tolerance, 2 * self.noise.sigma(wanted * ratio, 2) / (wanted * ratio))
        for i in range(_SEARCHES):
            guess = self._laser_curve.guess(wanted, self._step / ratio, bisect=i % 3 == 2)
            drive = min(max(guess, low), high)
            point = self._measure_drive(drive, ratio)
            at_limit = drive == (high if point.power < wanted else low)
            if at_limit or abs(point.power / wanted - 1) <= tolerance:
                break
        return point

    def _measure_drive(self, drive: float, ratio: float = 1.0) -> Anchor:
        self._set_drive(drive)
        # as the device understood it, so that it is recognised later
        point = Anchor(self.laser.drive, self.read_power(2) / ratio)
        self._laser_curve.add(point)
        return point

    # -- setting a power -------------------------------------------------------------------------------

    def set_power(self, power: float, tolerance: float = 0.01) -> bool:
        """Bring *power* W onto the sample and verify it; False when it stays off by more than *tolerance*.

        :raises LimitError: *power* is above what the light path may deliver
        :raises DeviceFault: the light has gone off by itself
        """
        if power * 1e3 > self.beam.max_power_mW * (1 + 1e-9):
            raise LimitError("power on the sample", power * 1e3, 0, self.beam.max_power_mW, "mW")
        if self.attenuator is None:
            reached = self._correct(power, power, tolerance, self._drive_for)
        else:
            enough = [a for a in self._anchors if a.power >= 1.03 * power]
            anchor = enough[-1] if enough else self._anchors[0]
            if self.laser.drive != anchor.drive:
                # close first: the attenuator still stands where another drive needed it
                self._go_to_transmission(self._attenuation.least)
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
            error, doubt = measured / power - 1, self.noise.sigma(power, 2) / power
            if abs(error) <= max(tolerance, 2 * doubt):
                return doubt < _LARGEST_DOUBT
            knob *= min(max(power / max(measured, 1e-3 * power), 0.2), 5.0)
        return False

    def _go_to_transmission(self, transmission: float) -> None:
        assert self.attenuator is not None
        self.attenuator.position = self._attenuation.position(transmission)
        self._pace.wait(self.attenuator.settle_time)

    def _power_at(self, position: float) -> float:
        assert self.attenuator is not None
        self.attenuator.position = position
        self._pace.wait(self.attenuator.settle_time)
        return self.read_power(1)

    def _drive_for(self, power: float) -> None:
        self._set_drive(min(self._laser_curve.at(power), self.laser.drive_limits[1]))

    def _set_drive(self, drive: float) -> None:
        self.laser.drive = drive
        self._pace.wait(self.laser.settle_time)

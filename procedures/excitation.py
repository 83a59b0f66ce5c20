"""Laser, attenuator and pick-off meter as one knob: power on the sample, in W.

What a set-point of the laser or a position of the attenuator means in W is never taken from a data
sheet: :meth:`Excitation.calibrate` measures it at the start of a run, without ever putting more than the
plan's highest power on the sample (or 1/5000 of what the light path may deliver, where a plan is dimmer
still), and every point is verified with the meter again. Only where a laser has one drive, and cannot be
dimmed, a calibration may put on the sample whatever the light path may deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, Refused
from antistokes.instruments.roles import Attenuator, Laser, PowerMeter, PulseGenerator, Shutter
from antistokes.instruments.station import Station

from .calibration import Calibration
from .curves import Anchor, AttenuatorCurve, DriveCurve, MeterNoise
from .dose import Dose
from .pace import Pace

Array = npt.NDArray[np.float64]

#: a plan may be dimmer than what the light path can deliver by more than this, its calibration not
_DEEPEST = 5000
_TRIES = 6
_GATE_READINGS = 8
_LEAK = 0.5  # of the light during pulses; as much between them means that they do nothing
_SAME_NM = 5.0  # a laser tuned further is calibrated again; nearer by, the meter's feedback is enough
_LARGEST_DOUBT = 0.2  # relative; a power that the meter hardly sees has not been verified


class Excitation:
    """Power on the sample.

    :param station: an open station with a Laser and a PowerMeter, and an Attenuator where it has one
    :param pace: waits, and stops when the user asks for it
    :param laser: one among several, by its name: its drive alone is turned, and it is dark without emission,
        because attenuator and shutter would act on all of them
    """

    def __init__(self, station: Station, pace: Pace, laser: str | None = None) -> None:
        self.beam = station.beam
        self.laser = station.find(Laser, laser)
        self.meter = station.find(PowerMeter)
        self.attenuator = station.find_optional(Attenuator) if laser is None else None
        self.shutter = station.find_optional(Shutter) if laser is None else None
        self.noise = MeterNoise(0.0, 0.0)
        #: fraction of the time that pulses are on; powers are those during a pulse
        self.duty = 1.0
        #: s, of the pulses; nan: the light is continuous, or pulsed by the laser itself
        self.pulse_width = float("nan")
        self.pace = pace
        #: what the sample has got
        self.dose = Dose(pace.clock)
        self._interrupted = False  # light that should be on again after :meth:`blocked`
        self.background = 0.0  # W on the meter
        self.laser_curve = DriveCurve([])
        self.anchors: list[Anchor] = []  # used together with the attenuator, the brightest first
        self.attenuation: AttenuatorCurve
        self._plan: tuple[float, float] | None = None  # W, lowest and highest
        self._calibrated_at = float("nan")  # nm
        self._gate: PulseGenerator | None = None

    # -- before anything moves -------------------------------------------------------------------------

    def check(self, lowest: float, highest: float) -> None:
        """Can the plan's powers (W on the sample) be set and measured at all?

        What one axis asks for is added to what others did: one calibration serves them all.

        :raises Refused: says what cannot and what could
        """
        if self.attenuator is None and self._one_drive and lowest < highest:
            raise Refused(f"{self.laser.name}: its power cannot be set; the station needs an attenuator")
        limit = self.beam.max_power_mW
        for power in (lowest, highest):
            if not 0 < power * 1e3 <= limit * (1 + 1e-9):
                raise LimitError("power on the sample", power * 1e3, 0, limit, "mW")
        rated = self.laser.rated_power
        if rated is not None and highest > rated:
            raise LimitError(f"{self.laser.name}: power", highest * 1e3, 0, rated * 1e3, "mW")
        self.check_wavelength(self.laser.wavelength)
        before = self._plan or (lowest, highest)
        self._plan = min(lowest, before[0]), max(highest, before[1])

    def check_wavelength(self, wavelength: float) -> None:
        """:raises LimitError: the meter's head cannot measure at *wavelength* nm"""
        low, high = self.meter.wavelength_range
        if not low <= wavelength <= high:
            raise LimitError(f"{self.meter.name}: wavelength", wavelength, low, high, "nm")

    @property
    def least_calibration(self) -> float:
        """The power, in W, that a calibration may put on the sample however dim the plan is."""
        return self.beam.max_power_mW * 1e-3 / _DEEPEST

    def most_calibration(self, highest: float) -> float:
        """The most power, in W, that a calibration up to *highest* W may put on the sample."""
        if self._one_drive:
            # what the attenuator lets through is not known before there is light
            return self.beam.max_power_mW * 1e-3
        return max(highest, self.least_calibration)

    @property
    def _one_drive(self) -> bool:
        low, high = self.laser.drive_limits
        return low == high

    # -- reading and switching -------------------------------------------------------------------------

    def read_power(self, readings: int) -> float:
        """Power on the sample, mean of *readings*, in W; of a pulsed beam that during the pulses."""
        return float(self.readings(readings).mean())

    def sigma(self, power: float, readings: int) -> float:
        """Standard error of :meth:`read_power` at *power*, in W."""
        return self.noise.sigma(power * self.duty, readings) / self.duty

    def readings(self, number: int) -> Array:
        readings = np.empty(number)
        for i in range(number):
            self.pace.step()
            readings[i] = power = self.meter.power
            if not np.isfinite(power):
                raise BadAnswer(self.meter.name, f"its power reading is {power} W")
        mean = readings - self.background
        self.dose.measured(float(mean.mean()) * self.beam.sample_to_pickoff)
        return mean * (self.beam.sample_to_pickoff / self.duty)

    def on(self) -> None:
        """Light, as bright as the drive says."""
        self.laser.emission = True
        if self.shutter is None:
            self.dose.light(True)
        self.pace.wait(self.laser.settle_time)
        if self.shutter is not None:
            self._set_light(True)

    def off(self) -> None:
        """No light: the laser off, the shutter closed, the second even if the first fails."""
        self._interrupted = False
        try:
            self.laser.emission = False
            self.dose.light(False)
        finally:
            if self.shutter is not None:
                self.shutter.is_open = False

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """No light inside the block; the same light as before after it, none if the block fails.

        A shutter does it where the station has one, so that the laser stays as warm as it is.
        """
        lit = self._interrupted = self._light or self._interrupted
        self._set_light(False)
        yield
        if lit:
            self._set_light(True)
        self._interrupted = False

    @property
    def _light(self) -> bool:
        return self.laser.emission if self.shutter is None else self.shutter.is_open

    def _set_light(self, on: bool) -> None:
        if self.shutter is None:
            self.laser.emission = on
            self.dose.light(on)
            self.pace.wait(self.laser.settle_time)
        else:
            self.shutter.is_open = on
            self.dose.light(on)
            self.pace.wait(self.shutter.settle_time)

    # -- calibration -----------------------------------------------------------------------------------

    def calibrate(self) -> None:
        """Measure what is needed to set any power of the plan (:class:`Calibration`), if that is not known.

        It is known until the laser is tuned further than the attenuator and the laser stay as they are.

        :raises LimitError: the laser cannot reach the highest power within its limits, or not go down to
            the lowest
        """
        wavelength = self.laser.wavelength
        if abs(wavelength - self._calibrated_at) <= _SAME_NM:
            return
        assert self._plan is not None, "check() comes first"
        lowest, highest = self._plan
        most = self.most_calibration(highest)
        Calibration(self, lowest, highest if self._one_drive else most, most).run()
        self._calibrated_at = wavelength

    def tuned(self) -> None:
        """The laser has another wavelength now: the meter must know it.

        :raises LimitError: the meter's head cannot measure there
        """
        self.check_wavelength(self.laser.wavelength)
        self.meter.wavelength = self.laser.wavelength

    def pulsed(self, generator: PulseGenerator) -> None:
        """The laser is gated by the pulses that *generator* sends now."""
        self._gate = generator
        self.pulse_width, self.duty = generator.width, generator.width / generator.period

    def check_gate(self) -> None:
        """Is it dark without pulses? Otherwise all powers would be wrong by the duty.

        :raises Refused: the light stays on between the pulses
        """
        if self._gate is None:
            return
        lit = self.read_power(_GATE_READINGS)
        self._gate.output = False
        self.pace.wait(self.laser.settle_time)
        between = self.read_power(_GATE_READINGS)
        self._gate.output = True
        self.pace.wait(self.laser.settle_time)
        if between > _LEAK * lit:
            self.off()
            raise Refused(
                f"{self.laser.name}: shines {between / lit:.0%} as bright without pulses; "
                f"{self._gate.name} must gate it (its modulation or gate input must be on)"
            )

    def dim(self) -> None:
        """As little light as the attenuator can, before something changes that may make it brighter."""
        if self.attenuator is not None and self._calibrated_at == self._calibrated_at:
            self.go_to_transmission(self.attenuation.least)

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
            enough = [a for a in self.anchors if a.power >= 1.03 * power]
            anchor = enough[-1] if enough else self.anchors[0]
            if self.laser.drive != anchor.drive:
                # close first: the attenuator still stands where another drive needed it
                self.go_to_transmission(self.attenuation.least)
                self.set_drive(anchor.drive)
            reached = self._correct(power, power / anchor.power, tolerance, self.go_to_transmission)
        if not reached and not (self.laser.emission and self._light):
            raise DeviceFault(self.laser.name, "the light has gone off by itself")
        return reached

    def _correct(self, power: float, knob: float, tolerance: float, turn: Callable[[float], None]) -> bool:
        """Turn, measure, turn by what is missing."""
        for _ in range(_TRIES):
            turn(knob)
            measured = self.read_power(2)
            error, doubt = measured / power - 1, self.sigma(power, 2) / power
            if abs(error) <= max(tolerance, 2 * doubt):
                return doubt < _LARGEST_DOUBT
            knob *= min(max(power / max(measured, 1e-3 * power), 0.2), 5.0)
        return False

    def go_to_transmission(self, transmission: float) -> None:
        assert self.attenuator is not None
        self.dose.turned()
        self.attenuator.position = self.attenuation.position(transmission)
        self.pace.wait(self.attenuator.settle_time)

    def power_at(self, position: float) -> float:
        assert self.attenuator is not None
        self.dose.turned()
        self.attenuator.position = position
        self.pace.wait(self.attenuator.settle_time)
        return self.read_power(1)

    def _drive_for(self, power: float) -> None:
        self.set_drive(min(self.laser_curve.at(power), self.laser.drive_limits[1]))

    def set_drive(self, drive: float) -> None:
        self.dose.turned()
        self.laser.drive = drive
        self.pace.wait(self.laser.settle_time)

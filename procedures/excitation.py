"""Laser, attenuator and pick-off meter as one knob: power on the sample, in W.

What a set-point of the laser or a position of the attenuator means in W is never taken from a data
sheet: :meth:`Excitation.calibrate` measures it at the start of a run, without ever putting more than the
plan's highest power on the sample (or 1/5000 of what the light path may deliver, where a plan is dimmer
still), and every point is verified with the meter again. Only where a laser has one drive, and cannot be
dimmed, a calibration may put on the sample whatever the light path may deliver.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import BadAnswer, LimitError, Refused
from antistokes.instruments.roles import Attenuator, PowerMeter, PulseGenerator
from antistokes.instruments.station import Station

from .calibrated import Calibrated
from .calibration import Calibration
from .light import Light
from .pace import Pace
from .problems import Problems

Array = npt.NDArray[np.float64]

#: a plan may be dimmer than what the light path can deliver by more than this, its calibration not
_DEEPEST = 5000
_TRIES = 6
_SAME_NM = 5.0  # a laser tuned further is calibrated again; nearer by, the meter's feedback is enough
_NONE = 0.5  # of the plan's lowest power
_LARGEST_DOUBT = 0.2  # relative; a power that the meter hardly sees has not been verified


class Excitation(Light):
    """Power on the sample.

    :param station: an open station with a Laser and a PowerMeter, and an Attenuator where it has one
    :param pace: waits, and stops when the user asks for it
    :param laser: one among several, by its name: its drive alone is turned, because the attenuator would act
        on all of them
    """

    def __init__(self, station: Station, pace: Pace, laser: str | None = None) -> None:
        problems = Problems()
        with problems.noted():
            super().__init__(station, pace, laser)
        with problems.noted():
            self.beam = station.beam
        with problems.noted():
            self.meter = station.find(PowerMeter)
        problems.refuse()
        self.attenuator = station.find_optional(Attenuator) if laser is None else None
        self.known = Calibrated(float("nan"))
        self._calibrated: dict[bool, Calibrated] = {}  # pulsed or not
        self._plan: tuple[float, float] | None = None  # W, lowest and highest

    # -- before anything moves -------------------------------------------------------------------------

    def check(self, lowest: float, highest: float) -> None:
        """Can the plan's powers (W on the sample) be set and measured at all?

        What one axis asks for is added to what others did: one calibration serves them all.

        :raises Refused: says what cannot and what could
        """
        if self.attenuator is None and self._one_drive and lowest < highest:
            raise Refused(f"{self.laser.name}: its power cannot be set; the station needs an attenuator")
        limit = self.beam.max_power_mW
        problems = Problems()
        for power in (lowest, highest):
            if not 0 < power * 1e3 <= limit * (1 + 1e-9):
                problems.add(LimitError("power on the sample", power * 1e3, 0, limit, "mW"))
        problems.refuse()
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
    def least(self) -> float:
        """The lowest power of the plan, in W."""
        assert self._plan is not None, "check() comes first"
        return self._plan[0]

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

    # -- reading ---------------------------------------------------------------------------------------

    @property
    def pulse_width(self) -> float:
        """Of the pulses, in s; nan: the light is continuous, or pulsed by the laser itself."""
        return self.gate.width

    def read_power(self, readings: int) -> float:
        """Power on the sample, mean of *readings*, in W; of a pulsed beam that during the pulses."""
        return float(self.readings(readings).mean())

    def lit_power(self, readings: int) -> float:
        """The same. :raises DeviceFault: there is next to none, because the light has gone off by itself"""
        power = self.read_power(readings)
        if power < _NONE * (0.0 if self._plan is None else self.least):
            self.check_lit()
        return power

    def sigma(self, power: float, readings: int) -> float:
        """Standard error of :meth:`read_power` at *power*, in W."""
        return self.known.noise.sigma(power * self.gate.duty, readings) / self.gate.duty

    def enough(self, power: float, relative: float) -> int:
        """Readings after which *power* W is known to *relative*, or as well as the meter can."""
        return self.known.noise.enough(power * self.gate.duty, relative)

    def readings(self, number: int) -> Array:
        readings = np.empty(number)
        for i in range(number):
            self.pace.step()
            readings[i] = power = self.meter.power
            if not np.isfinite(power):
                raise BadAnswer(self.meter.name, f"its power reading is {power} W")
        mean = readings - self.known.background
        self.dose.measured(float(mean.mean()) * self.beam.sample_to_pickoff)
        return mean * (self.beam.sample_to_pickoff / self.gate.duty)

    # -- pulses, wavelength, calibration ---------------------------------------------------------------

    def pulsed(self, generator: PulseGenerator) -> None:
        """The laser is gated by the pulses that *generator* sends now."""
        self._change_gate(self.gate.is_set(True), lambda: self.gate.pulse(generator))

    def continuous(self) -> None:
        """The laser does not follow any pulses."""
        if not self.gate.is_set(False):
            self._change_gate(False, self.gate.open)

    def _change_gate(self, at_once: bool, change: Callable[[], None]) -> None:
        """Changes the light's course in time, unless *at_once* in the dark; then as dim as can be."""
        if at_once:
            change()
            return
        lit = self.is_on
        if lit:
            self.dim()
        self.off()
        change()
        if lit:
            self.on()

    def tuned(self) -> None:
        """The laser has another wavelength now: the meter must know it.

        :raises LimitError: the meter's head cannot measure there
        """
        self.check_wavelength(self.laser.wavelength)
        self.meter.wavelength = self.laser.wavelength

    def calibrate(self) -> None:
        """Measure what is needed to set any power of the plan (:class:`Calibration`), if that is not known.

        It is known until the laser is tuned further than the attenuator and the laser stay as they are, of
        pulses and of continuous light separately.

        :raises LimitError: the laser cannot reach the highest power within its limits, or not go down to
            the lowest
        :raises DeviceFault: the light has gone off by itself
        """
        wavelength, pulsed = self.laser.wavelength, self.gate.pulsed
        found = self._calibrated.get(pulsed)
        if found is None or not abs(wavelength - found.wavelength) <= _SAME_NM:
            assert self._plan is not None, "check() comes first"
            lowest, highest = self._plan
            most = self.most_calibration(highest)
            self.known = Calibrated(wavelength)
            try:
                Calibration(self, lowest, highest if self._one_drive else most, most).run()
            except Refused:
                self.check_lit()
                raise
            self.check_lit()
            self._calibrated[pulsed] = found = self.known
        self.known = found

    def dim(self) -> None:
        """As little light as the attenuator can, before something changes that may make it brighter."""
        if self.known.attenuation is not None:
            self.go_to_transmission(self.known.attenuation.least)

    # -- setting a power -------------------------------------------------------------------------------

    def set_power(self, power: float, tolerance: float = 0.01) -> bool:
        """Bring *power* W onto the sample and verify it; False when it stays off by more than *tolerance*.

        :raises LimitError: *power* is above what the light path may deliver
        :raises DeviceFault: the light has gone off by itself
        """
        if power * 1e3 > self.beam.max_power_mW * (1 + 1e-9):
            raise LimitError("power on the sample", power * 1e3, 0, self.beam.max_power_mW, "mW")
        self.restore()
        if self.attenuator is None:
            reached = self._correct(power, power, tolerance, self._drive_for)
        else:
            anchor = self.known.anchor(power)
            if self.laser.drive != anchor.drive:
                # close first: the attenuator still stands where another drive needed it
                self.dim()
                self.set_drive(anchor.drive)
            reached = self._correct(power, power / anchor.power, tolerance, self.go_to_transmission)
        if not reached:
            self.check_lit()
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
        assert self.known.attenuation is not None
        self.go_to_position(self.known.attenuation.position(transmission))

    def go_to_position(self, position: float) -> None:
        assert self.attenuator is not None
        self.dose.turned()
        self.attenuator.position = position
        self.pace.wait(self.attenuator.settle_time)

    def _drive_for(self, power: float) -> None:
        self.set_drive(min(self.known.laser_curve.at(power), self.laser.drive_limits[1]))

    def set_drive(self, drive: float) -> None:
        self.dose.turned()
        self.laser.drive = drive
        self.pace.wait(self.laser.settle_time)

"""The drives of a laser that give wanted powers, found without ever giving much more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from antistokes.instruments.errors import LimitError, Refused

from .curves import Anchor, DriveCurve

if TYPE_CHECKING:
    from .excitation import Excitation

_VISIBLE = 5.0  # standard deviations of the meter's floor
_SEARCHES, _STEPS = 24, 2000
#: of the drive's range, with nothing on the meter: thresholds of diodes are lower, light set in W has none
_BLIND, _BLIND_LINEAR = 0.5, 0.05
_GATE_READINGS = 8
_LEAK = 0.5  # of the light during pulses; as much between them means that they do nothing


class DriveSearch:
    """Turns the laser's drive and looks, for :attr:`Calibrated.laser_curve`.

    :param highest: W on the sample, the highest power that is needed
    :param most: W on the sample that is never exceeded
    """

    def __init__(self, knob: Excitation, highest: float, most: float) -> None:
        self._knob, self._known = knob, knob.known
        low, high = knob.laser.drive_limits
        #: of the drive, the largest to what has not been tried; even where the laser begins to shine, it adds
        #: no more than about a sixth of the highest power
        self.step = (high - low) * min(highest * 1e3 / (6 * knob.beam.max_power_mW), 0.05)
        #: the drive at which the meter must see something
        self.blind = low + _BLIND * (high - low)
        if knob.laser.drive_unit == "W":
            share = max(most * 1e3 / knob.beam.max_power_mW, _BLIND_LINEAR)
            self.blind = min(self.blind, low + share * (high - low))
        self._gate_seen = False  # the pulses have been seen to do what they should

    def sees(self, power: float, readings: int) -> bool:
        """Is there light, when the mean of *readings* is *power* W?"""
        return power > _VISIBLE * self._knob.sigma(0.0, readings)

    def start(self, point: Anchor) -> None:
        """A new curve, from the dark over *point*."""
        dark = Anchor(self._knob.laser.drive_limits[0], 0.0)
        self._known.laser_curve = DriveCurve([dark])
        self._known.laser_curve.add(point)

    # -- is all as it should be? -----------------------------------------------------------------------

    def check_gate(self) -> None:
        """As soon as there is light: is it dark without pulses? Otherwise all powers are wrong by the duty.

        :raises Refused: the light stays on between the pulses
        """
        knob, generator = self._knob, self._knob.gate.generator
        if generator is None or self._gate_seen:
            return
        lit = knob.read_power(_GATE_READINGS)
        if not self.sees(lit / 2, _GATE_READINGS):
            return
        generator.output = False
        knob.pace.wait(knob.laser.settle_time)
        between = knob.read_power(_GATE_READINGS)
        generator.output = True
        knob.pace.wait(knob.laser.settle_time)
        if between > _LEAK * lit:
            knob.off()
            raise Refused(
                f"{knob.laser.name}: shines {between / lit:.0%} as bright without pulses; "
                f"{generator.name} must gate it ({knob.gate.cure})"
            )
        self._gate_seen = True

    def check_brightness(self, point: Anchor, most: float) -> None:
        """:raises LimitError: *point* is brighter than *most* W; it is dark then"""
        if point.power > most:
            self._knob.off()
            raise LimitError(self._thing(point), point.power * 1e3, 0, most * 1e3, "mW")

    def refuse_blindness(self, drive: float) -> None:
        """:raises Refused: the meter should see something by now
        :raises DeviceFault: the light has gone off by itself
        """
        knob = self._knob
        knob.check_lit()
        knob.off()
        also = ""
        if (generator := knob.gate.generator) is not None:
            also = f", and do the pulses of {generator.name} open it (set = {{ high = …, low = … }})"
        raise Refused(
            f"{knob.meter.name}: sees nothing of {knob.laser.name} at {drive:.4g} {knob.laser.drive_unit}: "
            f"is the beam on the meter{also}?"
        )

    def check_reach(self, brightest: Anchor, highest: float, share: float = 0.99) -> None:
        """:raises LimitError: *brightest* is below that *share* of *highest* W"""
        if brightest.power < share * highest:
            raise LimitError(self._thing(brightest), highest * 1e3, 0, brightest.power * 1e3, "mW")

    def _thing(self, point: Anchor) -> str:
        return (
            f"{self._knob.laser.name}: power on the sample at {point.drive:.4g} {self._knob.laser.drive_unit}"
        )

    def find(self, wanted: float, ratio: float = 1.0, tolerance: float = 0.02, stride: float = 0.0) -> Anchor:
        """The drive that gives *wanted* W with the attenuator open; it stands where *ratio* passes.

        :param stride: largest step to drives not tried yet; 0: what is safe behind *ratio*
        """
        low, high = self._knob.laser.drive_limits
        readings = max(self._knob.enough(wanted * ratio, tolerance / 2), 2)
        tolerance = max(tolerance, 2 * self._knob.sigma(wanted * ratio, readings) / (wanted * ratio))
        searches, highest = 0, low
        for _ in range(_STEPS):
            guess = self._known.laser_curve.guess(wanted, stride or self.step / ratio, searches % 3 == 2)
            drive = min(max(guess, low), high)
            point = self.measure(drive, ratio, readings)
            at_limit = drive == (high if point.power < wanted else low)
            # small steps upwards towards a weak laser's limit are no search
            searches += not (drive > highest and point.power < wanted)
            highest = max(highest, drive)
            if at_limit or abs(point.power / wanted - 1) <= tolerance or searches == _SEARCHES:
                break
        return point

    def measure(self, drive: float, ratio: float = 1.0, readings: int = 2) -> Anchor:
        """The power at *drive* with the attenuator open; it goes into the curve."""
        self._knob.set_drive(drive)
        # as the device understood it, so that it is recognised later
        point = Anchor(self._knob.laser.drive, self._knob.read_power(readings) / ratio)
        self.check_gate()
        self._known.laser_curve.add(point)
        return point

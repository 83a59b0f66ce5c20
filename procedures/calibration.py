"""Calibration of the excitation: what each drive and each attenuator position means in W on the sample.

At no moment more than the highest power of the plan reaches the sample, wherever the attenuator stands at
first: the drive is raised in small steps, and the attenuator is looked at again as soon as there is light.
While the meter sees nothing, the drive is raised so far only, because the sample may see more. A laser with
one drive cannot be raised: its sample gets what the attenuator lets through.

The meter averages over pulses: short ones leave little above its floor. So each power is read until it is
known as well as is needed, and the plan is refused where the meter cannot know its highest power.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import LimitError, Refused
from antistokes.instruments.roles import Attenuator

from .curves import MOST_READINGS, NOISE_READINGS, Anchor, AttenuatorCurve, MeterNoise
from .drive_search import DriveSearch

if TYPE_CHECKING:
    from .excitation import Excitation

log = logging.getLogger(__name__)

Array = npt.NDArray[np.float64]

_COARSE = 19  # positions of the attenuator in a look at its whole range
_DIM, _HALF = 0.1, 0.5  # of the plan's highest power: to find the attenuator's open position, to measure with
_CAUTIOUS = 0.1  # transmission behind which the drive for the highest power is looked for
_ROUGH, _CLOSE, _EXACT = 0.1, 0.03, 0.005  # relative errors of powers, as far as each step needs
_UNKNOWN = 0.02  # relative error of the highest power that is too much
_PER_DECADE = 10  # drives measured for a station without attenuator


class Calibration:
    """Measures the meter's noise, the attenuator's curve and the laser's drives: :attr:`Excitation.known`.

    :param lowest, highest: W on the sample, to be reached
    :param most: W on the sample that is never exceeded; *highest* where the laser can be dimmed
    """

    def __init__(self, knob: Excitation, lowest: float, highest: float, most: float) -> None:
        self._knob, self._lowest, self._highest, self._most = knob, lowest, highest, most
        self._known = knob.known
        self._drives = DriveSearch(knob, highest, most)

    def run(self) -> None:
        """Measure everything; the light is on afterwards. :raises LimitError: the laser cannot do it"""
        knob, attenuator = self._knob, self._knob.attenuator
        knob.meter.wavelength = knob.laser.wavelength
        knob.off()
        if attenuator is not None:
            # in the dark, because a mount may search its zero when it is first moved
            attenuator.position = attenuator.position_range[0]
        knob.pace.wait(knob.laser.settle_time)
        self._measure_background()
        knob.laser.drive = knob.laser.drive_limits[0]
        knob.on()
        if attenuator is None:
            self._measure_laser()
        else:
            self._light_up(attenuator)
            self._measure_attenuator(attenuator)
            self._choose_anchors()
        log.info(
            "calibrated %.3g to %.3g W on the sample; meter: %.2g relative noise, %.2g W floor; drives: %s",
            self._lowest,
            self._highest,
            self._known.noise.relative,
            self._known.noise.floor,
            ", ".join(
                f"{a.drive:.4g} {knob.laser.drive_unit} ({a.power:.3g} W open)" for a in self._known.anchors
            ),
        )

    # -- the meter -------------------------------------------------------------------------------------

    def _measure_background(self) -> None:
        """The meter in the dark, so well that its error does not count at the highest power.

        :raises Refused: it is too noisy for the highest power
        """
        duty = self._knob.gate.duty
        # of the mean power, which is what the meter sees
        dark = self._knob.readings(NOISE_READINGS) * duty
        floor, need = float(dark.std(ddof=1)), _EXACT / 10 * self._highest * duty
        more = int(min((floor / need) ** 2, 4 * MOST_READINGS)) - len(dark)
        if more > 0:
            dark = np.concatenate([dark, self._knob.readings(more) * duty])
            floor = float(dark.std(ddof=1))
        self._known.background = float(dark.mean()) / self._knob.beam.sample_to_pickoff
        self._known.noise = MeterNoise(0.0, floor, len(dark))
        doubt = self._knob.sigma(self._highest, MOST_READINGS) / self._highest
        if doubt > _UNKNOWN:
            power, mean = self._highest * 1e3, self._highest * duty / self._knob.beam.sample_to_pickoff
            raise Refused(
                f"{self._knob.meter.name}: {power:.3g} mW on the sample, {mean:.2g} W on the meter on "
                f"average, are known to {doubt:.0%}; must be {_UNKNOWN:.0%}: more power or longer pulses help"
            )

    def _measure_noise(self) -> float:
        """The meter's relative noise at the present power, which is returned."""
        readings = self._knob.readings(NOISE_READINGS)
        power, noise = float(readings.mean()), self._known.noise
        floor = noise.floor / self._knob.gate.duty
        relative = np.sqrt(max(readings.var(ddof=1) - floor**2, 0.0)) / power
        self._known.noise = MeterNoise(float(relative), noise.floor, noise.dark)
        return power

    # -- the first light -------------------------------------------------------------------------------

    def _light_up(self, attenuator: Attenuator) -> None:
        """Raise the drive until the attenuator can be looked at; where it is open is not known at first."""
        knob = self._knob
        first, last = attenuator.position_range
        # at one of them light passes: not both are near the closed position
        places = [first + 0.25 * (last - first), first + 0.75 * (last - first)]
        drive, top = knob.laser.drive_limits
        readings = knob.enough(_DIM * self._highest, _ROUGH)
        while True:
            power = (
                max(self._power_at(place, readings) for place in places)
                if len(places) > 1
                else knob.read_power(readings)
            )
            self._drives.check_gate()
            self._drives.check_brightness(Anchor(drive, power), self._most)
            if power >= _DIM * self._highest or drive >= top:
                return
            if not self._drives.sees(power, readings):
                if drive >= self._drives.blind:
                    self._drives.refuse_blindness(drive)
            elif len(places) > 1:
                coarse, powers = self._scan(attenuator, readings)
                places = [float(coarse[powers.argmax()])]
                knob.go_to_position(places[0])
            drive = min(drive + self._drives.step, top)
            knob.set_drive(drive)

    def _power_at(self, position: float, readings: int) -> float:
        self._knob.go_to_position(position)
        return self._knob.read_power(readings)

    # -- the attenuator --------------------------------------------------------------------------------

    def _scan(self, attenuator: Attenuator, readings: int) -> tuple[Array, Array]:
        """Positions over the whole range, and the power at each."""
        positions = np.linspace(*attenuator.position_range, _COARSE)
        return positions, np.array([self._power_at(float(p), readings) for p in positions])

    def _measure_attenuator(self, attenuator: Attenuator) -> None:
        """Find the stretch between the most and the least transmission and measure it finely."""
        knob, drive = self._knob, self._knob.laser.drive
        readings = knob.enough(_DIM * self._highest, _ROUGH)
        coarse, powers = self._scan(attenuator, readings)
        if not self._drives.sees(powers.max(), readings):
            self._drives.refuse_blindness(drive)
        if powers.max() <= 2 * powers.min():
            raise Refused(
                f"{attenuator.name}: the power on the meter hardly changes with its position "
                f"({powers.min():.3g} to {powers.max():.3g} W): is it in the beam, and the beam on the meter?"
            )
        self._drives.check_brightness(Anchor(drive, float(powers.max())), self._most)
        knob.go_to_position(float(coarse[powers.argmax()]))
        self._drives.start(Anchor(drive, float(powers.max())))
        # in smaller steps: the attenuator is open
        careful = self._drives.step / 3
        bright = self._drives.find(_HALF * self._highest, tolerance=_ROUGH, stride=careful).power
        fine = AttenuatorCurve.stretch(coarse, powers)
        # what is closed needs no better error than what is open
        looks = [self._look(float(position), _CLOSE * bright / 10) for position in fine]
        found, errors = np.array(looks).T
        self._known.attenuation = AttenuatorCurve(fine, found, errors)

    def _look(self, position: float, error: float) -> tuple[float, float]:
        """Power at *position* and its error, which is at most *error* or 3 %, if the meter can."""
        power = self._power_at(position, 1)
        level = max(power, error / _CLOSE)
        readings = self._knob.enough(level, _CLOSE)
        if readings > 1:
            power = self._knob.read_power(readings)
        return power, self._knob.sigma(level, readings)

    # -- the laser -------------------------------------------------------------------------------------

    def _choose_anchors(self) -> None:
        """Few drives that, with the attenuator, reach every power of the plan with some overlap."""
        known = self._known
        assert known.attenuation is not None
        open_power = self._measure_noise()
        self._drives.start(Anchor(self._knob.laser.drive, open_power))
        # attenuated so much, the drive may go beyond the highest power, and afterwards up to it
        ratios = {t: self._ratio(t, open_power) for t in (0.8, _CAUTIOUS)}
        known.anchors = [self._drives.find(1.05 * self._highest, ratios[_CAUTIOUS])]
        self._drives.check_reach(known.anchors[0], self._highest)
        while (reach := known.anchors[-1].power * known.attenuation.least) > self._lowest:
            self._knob.go_to_transmission(0.8)
            anchor = self._drives.find(1.5 * reach, ratios[0.8])
            if anchor.power > 0.5 * known.anchors[-1].power:
                limits = reach * 1e3, self._highest * 1e3
                raise LimitError("power on the sample", self._lowest * 1e3, *limits, "mW")
            known.anchors.append(anchor)

    def _ratio(self, transmission: float, open_power: float) -> float:
        self._knob.go_to_transmission(transmission)
        readings = max(self._knob.enough(open_power * transmission, _EXACT), 8)
        return self._knob.read_power(readings) / open_power

    def _measure_laser(self) -> None:
        """Without an attenuator: power against drive up to the highest, closely enough to interpolate."""
        top, highest = self._knob.laser.drive_limits[1], self._highest
        self._drives.start(point := self._drives.measure(self._knob.laser.drive))
        while point.power < 0.3 * highest and point.drive < top:
            if point.drive >= self._drives.blind and not self._drives.sees(point.power, 2):
                self._drives.refuse_blindness(point.drive)
            point = self._drives.measure(min(point.drive + self._drives.step, top))
        self._drives.check_brightness(point, highest)
        # not to the highest power itself, which the last correction could exceed
        self._drives.check_reach(self._drives.find(0.985 * highest, tolerance=_EXACT), highest, 0.975)
        self._measure_noise()
        number = 2 + int(_PER_DECADE * np.log10(highest / self._lowest))
        for power in np.geomspace(highest, self._lowest, number)[1:]:
            self._drives.find(float(power))

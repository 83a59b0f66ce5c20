"""Axis: the three measurements in an integrating sphere, with a short look at all before the long ones."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antistokes.instruments.errors import AntistokesError, LimitError

from ..channels import Channel, Flag, Record
from ..detectors.emission_spectrum import TOO_BRIGHT, EmissionSpectrum
from ..expected_yield import MOST_SKEWED, SphereLook
from ..setup import Setup
from .axis import Array
from .sample_position import SamplePosition, Slot

log = logging.getLogger(__name__)

_FRAMES = 5  # of the look
_SEEN = 3.0  # errors by which the laser line must exceed 0
_CERTAIN = 2.0  # standard deviations of the look by which more may be absorbed than it shows


@dataclass(frozen=True)
class YieldPlan:
    """What is to be measured, as far as the look needs to know it.

    :param irradiance: W/cm², of the look
    :param emission: nm, window of the emission
    :param laser_window: nm, half width around the laser line
    :param longest_exposure: s
    :param frames, readings: of each of the three measurements
    :param calibration_error: relative
    :param wanted_error: relative, of the yield; 0: no look
    """

    irradiance: float
    emission: tuple[float, float]
    laser_window: float
    longest_exposure: float
    frames: int
    readings: int
    calibration_error: float
    wanted_error: float


class SpherePosition(SamplePosition):
    """Empty, sample beside the beam, sample in the beam.

    Before the first point a look with few frames tells the error that the yield will have. Where too little
    is absorbed for the error that is wanted, the run ends there.

    :param slots: in this order
    """

    def __init__(self, slots: Sequence[Slot], settle: float, plan: YieldPlan) -> None:
        super().__init__(slots, settle)
        self._plan = plan
        # dark frames in the proportion of the long measurement
        self._spectrum = EmissionSpectrum(plan.longest_exposure, _FRAMES, dark_frames=4 * _FRAMES)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        channels = super().bind(setup)
        _, (wavelength,) = self._spectrum.bind(setup)
        self._nm = wavelength.values
        low, high = setup.wavelengths or (setup.excitation.laser.wavelength,) * 2
        room = 2 * self._plan.laser_window  # what lies beside the line is subtracted from it
        first, last = float(self._nm.min()) + room, float(self._nm.max()) - room
        for laser in (low, high):
            if not first <= laser <= last:
                raise LimitError("laser line in the spectrum", laser, first, last, "nm")
        return channels

    def prepare(self) -> None:
        """:raises AntistokesError: the yield would not be known as well as wanted: too little is absorbed"""
        plan, beam = self._plan, self._setup.station.beam
        if not plan.wanted_error:
            return
        self._setup.excitation.set_power(plan.irradiance * beam.area_cm2)
        look, times = self._look(), plan.frames / _FRAMES
        absorptance, sigma = look.absorptance, look.absorptance_error(times)
        error = look.yield_error(times, plan.calibration_error)
        found = f"absorptance {100 * absorptance:.3g} ± {100 * sigma:.2g} % at {plan.irradiance:g} W/cm²"
        most = min(plan.wanted_error, MOST_SKEWED)
        if sigma > most * (absorptance + _CERTAIN * look.absorptance_error(1.0)):
            raise AntistokesError(
                f"quantum-yield: {found}: must be above {1 / most:.3g} errors for a yield known to "
                f"{100 * plan.wanted_error:.2g} %; needs a sample that absorbs more, or more frames and "
                "readings"
            )
        expected = f"quantum yield: {found}; expected error of the yield {100 * error:.2g} %"
        if error > plan.wanted_error or sigma > most * absorptance:
            log.warning("%s, too much; more frames and readings would help", expected)
        else:
            log.info(expected)

    def _look(self) -> SphereLook:
        laser = self._setup.excitation.laser.wavelength
        away, half = np.abs(self._nm - laser), self._plan.laser_window
        line, beside = away <= half, (away > half) & (away <= 2 * half)
        low, high = self._plan.emission
        emission = (self._nm >= low) & (self._nm <= high) & ~line
        weights = np.array([line - beside * (line.sum() / beside.sum()), emission])
        look = SphereLook(*np.array([self._read(slot, weights) for slot in self._slots]).T)
        seen = look.laser / look.laser_errors
        if not (seen[:2] > _SEEN).all():  # a sample in the beam may absorb all of it
            raise AntistokesError(
                f"quantum-yield: no laser line is seen at {laser:.0f} nm: {seen[0]:.2g} errors in the empty "
                f"sphere, {seen[1]:.2g} with the sample beside the beam, must be {_SEEN:g}; needs longer "
                "exposures, more light, or a spectrometer that responds there"
            )
        return look

    def _read(self, slot: Slot, weights: Array) -> Array:
        """In one slot: laser line and emission per W of pump, the errors of both, that of the pump."""
        self._exchange.bring(slot)
        self._setup.wait(self._settle)
        excitation, record = self._setup.excitation, Record()
        pump = excitation.read_power(self._plan.readings)
        if self._spectrum.read(record) & Flag.SATURATED:
            raise AntistokesError(
                f"quantum-yield: the spectrometer is saturated at {record['exposure']:.3g} s, its shortest "
                f"exposure, in slot '{slot}' at {self._plan.irradiance:g} W/cm²; {TOO_BRIGHT}"
            )
        sums = weights @ record["spectrum"] / pump
        errors = np.sqrt(weights**2 @ record["spectrum_errors"] ** 2) / pump
        return np.array([*sums, *errors, excitation.sigma(pump, self._plan.readings) / pump])

"""Axis: wavelength of a tunable laser."""

from __future__ import annotations

import numpy as np

from antistokes.instruments.errors import DeviceFault, Refused
from antistokes.instruments.roles import Laser, TunableLaser

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Array, Order, ordered
from .span import checked

_METER_STEP = 1.0  # nm; meters keep the wavelength they correct for in whole nanometres, some of them


class ExcitationWavelength:
    """Wavelength of the laser; the power meter follows it.

    Put it outside of :class:`~antistokes.procedures.axes.ExcitationPower`, which holds irradiance, power or
    photon flux as the wavelength moves. Before a move the attenuator is turned to its darkest position, so
    that a wavelength at which the laser is brighter is met from below.

    The laser that excites is tuned: where there are several, ``laser`` under ``[roles]`` says which.

    :param values: set-points in nm
    :param order: up, down, up_down or shuffled with *seed*
    :param tolerance: nm; a point further off is flagged, the measured wavelength counts
    """

    name = "excitation_wavelength"

    def __init__(self, values: Array, order: Order = "up", seed: int = 0, tolerance: float = 0.5) -> None:
        self.setpoints, self.directions = ordered(np.sort(np.asarray(values, float)), order, seed)
        self.tolerance = tolerance

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        station, self._excitation = setup.station, setup.excitation
        exciting = self._excitation.laser.name
        found = station.find_optional(TunableLaser, exciting)
        if found is None:
            other = station.find(TunableLaser).name
            cure = "its light cannot be switched, which a laser that excites needs"
            if station.find_optional(Laser, other) is not None:
                cure = f'say laser = "{other}" under [roles] of the station file'
            raise Refused(
                f"{exciting}: excites and cannot be tuned, {other} can; both must be one laser: {cure}"
            )
        self._laser = found
        setup.claim(f"{self._laser.name}: wavelength", self.name)
        checked(self.setpoints, *self._laser.wavelength_range, f"{self._laser.name}: wavelength", "nm")
        setup.wavelengths = float(self.setpoints.min()), float(self.setpoints.max())
        for value in setup.wavelengths:
            self._excitation.check_wavelength(value)
        return (
            Channel(self.name, "nm", "excitation wavelength, set-point", coordinate=True),
            Channel("excitation_wavelength_measured", "nm", "excitation wavelength the laser states"),
            Channel("wavelength_direction", "", "+1 to longer wavelengths, -1 to shorter", dtype="i1"),
        )

    def prepare(self) -> None:
        self._tune(float(self.setpoints[0]))

    def move(self, index: int, record: Record) -> Flag:
        wanted = float(self.setpoints[index])
        reached = self._tune(wanted)
        record[self.name] = wanted
        record["excitation_wavelength_measured"] = reached
        record["wavelength_direction"] = self.directions[index]
        return Flag(0) if abs(reached - wanted) <= self.tolerance else Flag.OFF_TARGET

    def _tune(self, wavelength: float) -> float:
        """The wavelength reached, in nm; the meter is corrected for it.

        :raises DeviceFault: the meter stays at another wavelength: its powers would be wrong
        """
        self._excitation.dim()
        self._laser.wavelength = wavelength
        self._excitation.tuned()
        reached, meter = self._laser.wavelength, self._excitation.meter
        if abs(meter.wavelength - reached) > _METER_STEP:
            raise DeviceFault(
                meter.name,
                f"is corrected for {meter.wavelength:g} nm; must follow the laser to {reached:g} nm",
            )
        return reached

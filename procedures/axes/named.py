"""Axes by the names of their set-points: what plan files and the command line speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from antistokes.instruments.errors import Refused, nearest

from .attenuator_position import AttenuatorPosition
from .axis import Array, Axis
from .blade_position import BladePosition
from .elapsed_time import ElapsedTime
from .excitation_power import ExcitationPower
from .excitation_wavelength import ExcitationWavelength
from .gate_delay import GateDelay
from .laser_drive import LaserDrive
from .monochromator_wavelength import MonochromatorWavelength
from .polarisation import Polarisation
from .pulse_width import PulseWidth
from .referenced import referenced
from .sample_position import SamplePosition
from .sample_temperature import SampleTemperature

#: name to what makes the axis from set-points in the unit given, and further keywords
AXES: dict[str, tuple[Callable[..., Axis], str, dict[str, Any]]] = {
    "temperature": (SampleTemperature, "K", {}),
    "excitation_wavelength": (ExcitationWavelength, "nm", {}),
    "irradiance": (ExcitationPower, "W/cm^2", {"unit": "W/cm^2"}),
    "power": (ExcitationPower, "mW", {"unit": "mW"}),
    "photon_flux": (ExcitationPower, "1/s", {"unit": "1/s"}),
    "pulse_energy": (ExcitationPower, "uJ", {"unit": "uJ"}),
    "pulse_width": (PulseWidth, "s", {}),
    "slot": (SamplePosition, "", {}),
    "polarisation": (Polarisation, "deg", {}),
    "blade": (BladePosition, "mm", {}),
    "attenuator": (AttenuatorPosition, "", {}),
    "drive": (LaserDrive, "", {}),
    "monochromator_wavelength": (MonochromatorWavelength, "nm", {}),
    "gate_delay": (GateDelay, "s", {}),
    "elapsed": (ElapsedTime, "s", {}),
}


def make_axis(name: str, values: Array | list[float], reference_every: int = 0, **options: Any) -> Axis:
    """The axis called *name*.

    :param values: set-points, in the unit :data:`AXES` says
    :param reference_every: set-points between two visits to the one in the middle, which tell drift; 0: none
    :param options: further keywords of the axis: ``order="shuffled"``, ``period=0.03``
    :raises Refused: an unknown axis or keyword
    """
    if name not in AXES:
        raise Refused(f"axis '{name}' is unknown; {nearest(name, AXES)}")
    kind, _, fixed = AXES[name]
    try:
        axis = kind(np.asarray(values, float), **fixed, **options)
    except TypeError as error:
        raise Refused(f"axis '{name}': {error}") from None
    if not isinstance(reference_every, int) or reference_every < 0:
        raise Refused(f"axis '{name}': reference_every is {reference_every!r}; must be a whole number from 0")
    if reference_every and isinstance(axis, ElapsedTime):
        raise Refused(f"axis '{name}': reference_every: nothing returns to a time that has passed")
    return referenced(axis, reference_every)

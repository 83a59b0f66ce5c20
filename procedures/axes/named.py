"""Axes by the names of their set-points: what plan files and the command line speak of."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, get_type_hints

import numpy as np

from antistokes.instruments.errors import LimitError, Refused, nearest
from antistokes.instruments.records import convert

from ..parameters import LONGEST_WAIT
from ..problems import Problems
from ..units import number_in
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

_TIMES = ("period", "settle", "dark_between", "width")


def make_axis(name: str, values: Array | list[float], reference_every: int = 0, **options: Any) -> Axis:
    """The axis called *name*.

    :param values: set-points, in the unit :data:`AXES` says
    :param reference_every: set-points between two visits to the one in the middle, which tell drift; 0: none
    :param options: further keywords of the axis: ``order="shuffled"``, ``period=0.03`` or ``"30 ms"``
    :raises Refused: an unknown axis, or keywords that are unknown or wrong, all at once
    """
    if name not in AXES:
        raise Refused(f"axis '{name}' is unknown; {nearest(name, AXES)}")
    kind, _, fixed = AXES[name]
    axis = kind(np.asarray(values, float), **fixed, **_options(name, kind, options))
    if not isinstance(reference_every, int) or reference_every < 0:
        raise Refused(f"axis '{name}': reference_every is {reference_every!r}; must be a whole number from 0")
    if reference_every and isinstance(axis, ElapsedTime):
        raise Refused(f"axis '{name}': reference_every: nothing returns to a time that has passed")
    return referenced(axis, reference_every)


def _options(name: str, kind: Callable[..., Axis], given: dict[str, Any]) -> dict[str, Any]:
    """As the axis wants them: times in s. :raises Refused: all that are wrong"""
    kinds = get_type_hints(kind.__init__)
    parameters = list(signature(kind).parameters.values())[1:]  # the first one are the set-points
    known = [each.name for each in parameters if each.name not in AXES[name][2]]
    problems = Problems()
    options = {}
    for key, value in given.items():
        with problems.noted(f"axis '{name}'"):
            if key not in known:
                raise Refused(f"option {key} is unknown; {nearest(key, [*known, 'reference_every'])}")
            number = number_in("s", value, key) if key in _TIMES else value
            options[key] = convert(number, kinds[key], key)
            if key in _TIMES and number is not None and not 0 <= number <= LONGEST_WAIT:
                raise LimitError(key, number, 0, LONGEST_WAIT, "s")
    for each in parameters:
        if each.default is Parameter.empty and each.name not in given:
            problems.add(Refused(f"axis '{name}': option {each.name} is missing"))
    problems.refuse()
    return options

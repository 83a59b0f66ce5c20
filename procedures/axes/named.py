"""Axes by the names of their set-points: what plan files and the command line speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from inspect import Parameter, signature
from typing import Any, get_type_hints

import numpy as np

from antistokes.instruments.errors import LimitError, Refused, nearest
from antistokes.instruments.records import convert

from ..parameters import LONGEST_WAIT, ReferenceEvery
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
from .sample_position import SamplePosition, Slot
from .sample_temperature import SampleTemperature

#: name to what makes the axis from set-points in the unit given, None: they may be names; further keywords
AXES: dict[str, tuple[Callable[..., Axis], str | None, dict[str, Any]]] = {
    "temperature": (SampleTemperature, "K", {}),
    "excitation_wavelength": (ExcitationWavelength, "nm", {}),
    "irradiance": (ExcitationPower, "W/cm^2", {"unit": "W/cm^2"}),
    "power": (ExcitationPower, "mW", {"unit": "mW"}),
    "photon_flux": (ExcitationPower, "1/s", {"unit": "1/s"}),
    "pulse_energy": (ExcitationPower, "uJ", {"unit": "uJ"}),
    "pulse_width": (PulseWidth, "s", {}),
    "slot": (SamplePosition, None, {}),
    "polarisation": (Polarisation, "deg", {}),
    "blade": (BladePosition, "mm", {}),
    "attenuator": (AttenuatorPosition, "", {}),
    "drive": (LaserDrive, "", {}),
    "monochromator_wavelength": (MonochromatorWavelength, "nm", {}),
    "gate_delay": (GateDelay, "s", {}),
    "elapsed": (ElapsedTime, "s", {}),
}

_TIMES = ("period", "settle", "dark_between", "width")
_EVERY = "reference_every"


def make_axis(name: str, values: Array | Sequence[Slot], **options: Any) -> Axis:
    """The axis called *name*.

    :param values: set-points, in the unit :data:`AXES` says; of slots also their names
    :param options: further keywords of the axis: ``order="shuffled"``, ``period=0.03`` or ``"30 ms"``, and
        ``reference_every``: set-points between two visits to the one in the middle, which tell drift; 0: none
    :raises Refused: an unknown axis, or keywords that are unknown or wrong, all at once
    """
    if name not in AXES:
        raise Refused(f"axis '{name}' is unknown; {nearest(name, AXES)}")
    problems = Problems()
    axis = looked_at(name, values, options, problems)
    problems.refuse()
    assert axis is not None, "else there is a problem"
    return axis


def looked_at(
    name: str, values: Array | Sequence[Slot], options: Mapping[str, Any], problems: Problems
) -> Axis | None:
    """Like :func:`make_axis`, but keywords that are wrong are left out, and added to *problems*.

    :return: None where the axis cannot be without one of them
    """
    kind, unit, fixed = AXES[name]
    kinds = get_type_hints(kind.__init__) | {_EVERY: ReferenceEvery}
    parameters = list(signature(kind).parameters.values())[1:]  # the first one are the set-points
    known = [*(each.name for each in parameters if each.name not in fixed), _EVERY]
    right, here, before = {}, f"axis '{name}'", len(problems.found)
    for key, value in options.items():
        with problems.noted(here):
            if key not in known:
                raise Refused(f"option {key} is unknown; {nearest(key, known)}")
            right[key] = _option(key, value, kinds[key])
            if key == _EVERY and value and kind is ElapsedTime:
                raise Refused(f"{_EVERY}: nothing returns to a time that has passed")
    needed = [each.name for each in parameters if each.default is Parameter.empty]
    for key in needed:
        if key not in options:
            problems.add(Refused(f"{here}: option {key} is missing"))
    if not right.keys() >= set(needed):
        return None
    every = right.pop(_EVERY, 0)
    # what is missing, because it was wrong, has been said
    with problems.noted(here) if len(problems.found) == before else suppress(Refused):
        axis = kind(list(values) if unit is None else np.asarray(values, float), **fixed, **right)
        return axis if kind is ElapsedTime else referenced(axis, every)
    return None


def _option(key: str, value: Any, kind: Any) -> Any:
    """As the axis wants it: times in s. :raises Refused: it is none of *kind*"""
    number = number_in("s", value, key) if key in _TIMES else value
    plain = convert(number, kind, key)
    if key in _TIMES and number is not None and not 0 <= number <= LONGEST_WAIT:
        raise LimitError(key, number, 0, LONGEST_WAIT, "s")
    return plain

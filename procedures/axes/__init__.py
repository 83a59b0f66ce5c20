"""Axes: what is moved, one file each. Each knows its set-points, how to move and when it has settled."""

from .axis import Adaptive, Axis, Finished, Order, ordered
from .excitation_power import ExcitationPower
from .excitation_wavelength import ExcitationWavelength
from .pulse_width import PulseWidth
from .referenced import Referenced, referenced
from .sample_position import SamplePosition
from .sample_temperature import SampleTemperature

__all__ = [
    "Adaptive",
    "Axis",
    "ExcitationPower",
    "ExcitationWavelength",
    "Finished",
    "Order",
    "PulseWidth",
    "Referenced",
    "SamplePosition",
    "SampleTemperature",
    "ordered",
    "referenced",
]

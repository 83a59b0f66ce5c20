"""Axes: what is moved, one file each. Each knows its set-points, how to move and when it has settled."""

from .axis import Axis, Order, ordered
from .excitation_power import ExcitationPower
from .excitation_wavelength import ExcitationWavelength
from .pulse_width import PulseWidth
from .sample_temperature import SampleTemperature

__all__ = [
    "Axis",
    "ExcitationPower",
    "ExcitationWavelength",
    "Order",
    "PulseWidth",
    "SampleTemperature",
    "ordered",
]

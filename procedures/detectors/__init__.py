"""Detectors: what is read at every point, one file each."""

from .crystal_thermometer import CrystalThermometer
from .detector import Declared, Detector, Remembers
from .emission_spectrum import EmissionSpectrum
from .lamp_spectrum import LampSpectrum
from .pump_power import PumpPower, PumpPowerAfter
from .sample_thermometer import SampleThermometer

__all__ = [
    "CrystalThermometer",
    "Declared",
    "Detector",
    "EmissionSpectrum",
    "LampSpectrum",
    "PumpPower",
    "PumpPowerAfter",
    "Remembers",
    "SampleThermometer",
]

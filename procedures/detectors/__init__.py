"""Detectors: what is read at every point, one file each."""

from .detector import Declared, Detector
from .emission_spectrum import EmissionSpectrum
from .pump_power import PumpPower
from .sample_thermometer import SampleThermometer

__all__ = ["Declared", "Detector", "EmissionSpectrum", "PumpPower", "SampleThermometer"]

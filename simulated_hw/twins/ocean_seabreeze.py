"""Twin of a compact Ocean Insight spectrometer behind the Python SDK seabreeze.

Plays the module ``seabreeze.spectrometers``: names, blocking and refusals as in python-seabreeze
2.11.0 (docstrings there; pyseabreeze's USB2000PLUS). Not from there, settable: the first frame after
a change of the integration time still has the old one (python-seabreeze#283).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Record

from ..bench import Bench
from ..detection import Detector, DetectorSettings, Surroundings
from ..faulty_messages import SdkTwin

Array = npt.NDArray[np.float64]

_TRIGGERED_MODES = (2, 3, 4)  # wait for a pulse that nobody gives on this bench
_PATIENCE = 10.0  # s beyond the integration time until the SDK gives up


class SeaBreezeError(Exception):
    """What the SDK raises."""


class OceanSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``. The detector's numbers are assumed."""

    model: str = "USB2000PLUS"
    #: shortest and longest integration time
    limits_us: tuple[int, int] = (1000, 65_535_000)
    #: the first frame after a change of the integration time still has the old one
    stale_frame: bool = True
    detector: DetectorSettings = DetectorSettings()


class OceanTwin(SdkTwin):
    """One spectrometer that looks at what the bench's optics collect.

    :param name: the instrument's name in the station
    :param bench: the shared world
    :param settings: the twin's own table ``[simulation.twins.NAME]``
    """

    model = "Ocean Insight spectrometer"
    Settings = OceanSettings
    #: serial number; the world sets it to the station file's resource
    resource_name = "USB2+H00980"

    def __init__(self, name: str, bench: Bench, settings: OceanSettings | None = None) -> None:
        self.name, self.bench = name, bench
        self.settings = OceanSettings() if settings is None else settings
        self.surroundings = Surroundings()
        self.detector = Detector(self.settings.detector, bench.rng(name), self.surroundings)
        self.is_open = False
        self.trigger_mode = 0
        self.integration_time_us = self._next_us = self.settings.limits_us[0]

    def sdk(self) -> Any:
        """The object that plays ``seabreeze.spectrometers`` with this one device plugged in."""
        device = SeaBreezeDevice(self)

        class PluggedSpectrometer(Spectrometer):
            _attached = (device,)

        return SimpleNamespace(
            list_devices=lambda: [device], Spectrometer=PluggedSpectrometer, SeaBreezeError=SeaBreezeError
        )

    def set_integration_time(self, micros: int) -> None:
        """The upper limit itself is refused, as in pyseabreeze."""
        low, high = self.settings.limits_us
        if not low <= micros < high:
            raise SeaBreezeError(f"Integration not in [{low:d}, {high:d}]")
        self.integration_time_us = int(micros)
        if not self.settings.stale_frame:
            self._next_us = self.integration_time_us

    def expose(self) -> Array:
        """One frame of the light there is when it begins; returns when it ends."""
        if self.trigger_mode in _TRIGGERED_MODES:
            self.bench.clock.sleep(self.integration_time_us / 1e6 + _PATIENCE)
            raise SeaBreezeError("Operation timed out: no trigger")
        with self.bench.lock:
            seconds = self._next_us / 1e6
            self._next_us = self.integration_time_us
            frame = self.detector.expose(self.bench.collected(), seconds)
        self.bench.clock.sleep(seconds)
        return frame


class SeaBreezeDevice:
    """A spectrometer as ``list_devices`` shows it."""

    def __init__(self, twin: OceanTwin) -> None:
        self.twin = twin

    @property
    def model(self) -> str:
        return self.twin.settings.model

    @property
    def serial_number(self) -> str:
        return self.twin.resource_name

    @property
    def is_open(self) -> bool:
        return self.twin.is_open

    def open(self) -> None:
        self.twin.is_open = True

    def close(self) -> None:
        self.twin.is_open = False

    def __repr__(self) -> str:
        return f"<SeaBreezeDevice {self.model}:{self.serial_number}>"


class Spectrometer:
    """``seabreeze.spectrometers.Spectrometer`` for one twin."""

    _attached: tuple[SeaBreezeDevice, ...] = ()

    def __init__(self, device: SeaBreezeDevice) -> None:
        if not isinstance(device, SeaBreezeDevice):
            raise TypeError(f"`device` has to be a `SeaBreezeDevice` instance, got {device!r}")
        self._dev = device
        self.open()

    @classmethod
    def from_first_available(cls) -> Spectrometer:
        for device in cls._attached:
            if not device.is_open:
                return cls(device)
        raise SeaBreezeError("No unopened device found.")

    @classmethod
    def from_serial_number(cls, serial: str | None = None) -> Spectrometer:
        if serial is None:
            return cls.from_first_available()
        for device in cls._attached:
            if device.serial_number == str(serial):
                if device.is_open:
                    raise SeaBreezeError("Device already opened.")
                return cls(device)
        raise SeaBreezeError(f"No device attached with serial number '{serial}'.")

    def wavelengths(self) -> Array:
        return self._dev.twin.detector.wavelengths

    def intensities(self, correct_dark_counts: bool = False, correct_nonlinearity: bool = False) -> Array:
        twin = self._opened("intensities")
        first, last = twin.settings.detector.dark_pixels
        if correct_dark_counts and first >= last:
            raise SeaBreezeError("This device does not support dark count correction.")
        if correct_nonlinearity:
            raise SeaBreezeError("This device does not support nonlinearity correction.")
        frame = twin.handed_over(twin.expose())
        return frame - frame[first:last].mean() if correct_dark_counts else frame

    def spectrum(self, correct_dark_counts: bool = False, correct_nonlinearity: bool = False) -> Array:
        return np.vstack((self.wavelengths(), self.intensities(correct_dark_counts, correct_nonlinearity)))

    def integration_time_micros(self, integration_time_micros: int) -> None:
        self._opened("integration_time_micros").set_integration_time(integration_time_micros)

    def trigger_mode(self, mode: int) -> None:
        twin = self._opened("trigger_mode")
        if mode not in (0, 1, *_TRIGGERED_MODES):
            raise SeaBreezeError(f"Only supports: {(0, 1, *_TRIGGERED_MODES)}")
        twin.trigger_mode = mode

    @property
    def integration_time_micros_limits(self) -> tuple[int, int]:
        return self._dev.twin.settings.limits_us

    @property
    def max_intensity(self) -> float:
        return float(self._dev.twin.settings.detector.maximum_counts)

    @property
    def serial_number(self) -> str:
        return self._dev.serial_number

    @property
    def model(self) -> str:
        return self._dev.model

    @property
    def pixels(self) -> int:
        return self._dev.twin.settings.detector.pixels

    def open(self) -> None:
        self._dev.open()

    def close(self) -> None:
        self._dev.close()

    def _opened(self, call: str) -> OceanTwin:
        if not self._dev.is_open:
            raise SeaBreezeError("Device not opened.")
        if self._dev.twin.call_fails(call):
            raise SeaBreezeError("Error: Data transfer error")
        return self._dev.twin

    def __repr__(self) -> str:
        return f"<Spectrometer {self.model}:{self.serial_number}>"

"""PHLib 3.0, PicoQuant's C library for the PicoHarp 300: the calls the driver uses, with errors by name.

Source: phlib.h, phdefin.h and errorcodes.h of PHLib 3.0.0.3. The library comes with the device and is
loaded when it is first needed.
"""

# ruff: noqa: N802 (names of the library)

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..counts import check_counts
from ..errors import BadAnswer, ConnectionFailed, DeviceFault, MissingDependency

MAX_DEVICES = 8
FULL_BIN = 65_535
HISTOGRAM_BINS = 65_536
MAX_RECORDS = 131_072
MODE_HISTOGRAM, MODE_T2, MODE_T3 = 0, 2, 3
FEATURE_TTTR = 0x0002

_FIFO_FULL, _SYSTEM_ERROR = 0x0003, 0x0100
_NO_DEVICE = -1
_SERIAL = 7  # characters the library gives of a serial number
_LOST = (-10, -36, -37)  # not open, USB command failed, USB bulk read failed
_FILES = ("phlib64.dll", "phlib.dll") if os.name == "nt" else ("libph300.so", "phlib.so")


class PHLib(Protocol):
    """The functions of the library the driver calls; each returns 0, or an error code below 0."""

    # fmt: off
    def PH_GetLibraryVersion(self, version: Any) -> int: ...
    def PH_GetErrorString(self, text: Any, code: int) -> int: ...
    def PH_OpenDevice(self, device: int, serial: Any) -> int: ...
    def PH_CloseDevice(self, device: int) -> int: ...
    def PH_Initialize(self, device: int, mode: int) -> int: ...
    def PH_GetHardwareInfo(self, device: int, model: Any, part: Any, version: Any) -> int: ...
    def PH_GetFeatures(self, device: int, features: Any) -> int: ...
    def PH_GetBaseResolution(self, device: int, resolution: Any, steps: Any) -> int: ...
    def PH_Calibrate(self, device: int) -> int: ...
    def PH_SetInputCFD(self, device: int, channel: int, level: int, zero_cross: int) -> int: ...
    def PH_SetSyncDiv(self, device: int, divider: int) -> int: ...
    def PH_SetStopOverflow(self, device: int, stop: int, count: int) -> int: ...
    def PH_SetBinning(self, device: int, binning: int) -> int: ...
    def PH_SetOffset(self, device: int, offset: int) -> int: ...
    def PH_SetMultistopEnable(self, device: int, enable: int) -> int: ...
    def PH_SetMarkerEnable(self, device: int, one: int, two: int, three: int, four: int) -> int: ...
    def PH_SetMarkerEdges(self, device: int, one: int, two: int, three: int, four: int) -> int: ...
    def PH_GetResolution(self, device: int, resolution: Any) -> int: ...
    def PH_GetCountRate(self, device: int, channel: int, rate: Any) -> int: ...
    def PH_GetWarnings(self, device: int, warnings: Any) -> int: ...
    def PH_GetWarningsText(self, device: int, text: Any, warnings: int) -> int: ...
    def PH_ClearHistMem(self, device: int, block: int) -> int: ...
    def PH_StartMeas(self, device: int, milliseconds: int) -> int: ...
    def PH_StopMeas(self, device: int) -> int: ...
    def PH_CTCStatus(self, device: int, status: Any) -> int: ...
    def PH_GetElapsedMeasTime(self, device: int, elapsed: Any) -> int: ...
    def PH_GetFlags(self, device: int, flags: Any) -> int: ...
    def PH_GetHistogram(self, device: int, counts: Any, block: int) -> int: ...
    def PH_ReadFiFo(self, device: int, buffer: Any, count: int, actual: Any) -> int: ...
    # fmt: on


def load() -> PHLib:
    """The library. :raises MissingDependency: it is not installed"""
    loader: Any = getattr(ctypes, "WinDLL", ctypes.CDLL)  # stdcall on 32-bit Windows
    problems = []
    for file in _FILES:
        try:
            library: PHLib = loader(file)
        except OSError as error:
            problems.append(" ".join(str(error).split()))
        else:
            return library
    raise MissingDependency(
        "the PicoHarp 300 needs PicoQuant's library PHLib 3.0, which is not installed "
        f"({'; '.join(problems)}); it comes with the device's software"
    )


class PicoHarpConnection:
    """One device behind the library, found by its serial number.

    :param name: of the device in the station, for errors
    :raises ConnectionFailed: no such device, or an older library
    """

    def __init__(self, library: PHLib, serial: str, name: str) -> None:
        self._library, self._name = library, name
        version = ctypes.create_string_buffer(16)
        self._check("PH_GetLibraryVersion", library.PH_GetLibraryVersion(version))
        self.library_version = _text(version)
        if not self.library_version.startswith("3."):
            raise ConnectionFailed(name, f"PHLib is version {self.library_version}; must be 3.0")
        self._device = self._find(serial)
        self._mode = MODE_HISTOGRAM

    def _find(self, serial: str) -> int:
        found = []
        for device in range(MAX_DEVICES):
            buffer = ctypes.create_string_buffer(16)
            code = self._library.PH_OpenDevice(device, buffer)
            if code == _NO_DEVICE:
                continue
            if code == 0 and _text(buffer) == serial[:_SERIAL]:
                return device
            found.append(_text(buffer) if code == 0 else self._error(code))
            if code == 0:
                self._library.PH_CloseDevice(device)
        there = ", ".join(found) or "none"
        raise ConnectionFailed(self._name, f"no PicoHarp with serial number '{serial}'; attached: {there}")

    def call(self, function: str, *arguments: Any) -> None:
        """Call ``PH_<function>`` for this device.

        :raises ConnectionFailed: the device is gone
        :raises DeviceFault: it refused
        """
        name = f"PH_{function}"
        self._check(name, getattr(self._library, name)(self._device, *arguments))

    def integer(self, function: str, *arguments: Any) -> int:
        """The whole number that ``PH_<function>`` gives in its last argument."""
        value = ctypes.c_int()
        self.call(function, *arguments, ctypes.byref(value))
        return value.value

    def real(self, function: str) -> float:
        """The real number that ``PH_<function>`` gives in its last argument."""
        value = ctypes.c_double()
        self.call(function, ctypes.byref(value))
        return value.value

    def hardware(self) -> tuple[str, str, str]:
        """Model, part number and version."""
        texts = [ctypes.create_string_buffer(64) for _ in range(3)]
        self.call("GetHardwareInfo", *texts)
        model, part, version = map(_text, texts)
        return model, part, version

    def base_resolution(self) -> float:
        """ps."""
        resolution, steps = ctypes.c_double(), ctypes.c_int()
        self.call("GetBaseResolution", ctypes.byref(resolution), ctypes.byref(steps))
        return resolution.value

    def initialise(
        self, mode: int, discriminators: Sequence[tuple[int, int]], markers: Sequence[bool]
    ) -> None:
        """Begin anew in *mode*, which loses all settings, and calibrate.

        :param discriminators: level and zero crossing of inputs 0 and 1, mV
        :param markers: which of the four marker inputs are heard, with their rising edge
        """
        self.call("Initialize", mode)
        self.call("Calibrate")
        self.call("SetSyncDiv", 1)
        for channel, (level, zero_cross) in enumerate(discriminators):
            self.call("SetInputCFD", channel, level, zero_cross)
        self.call("SetOffset", 0)
        if mode == MODE_HISTOGRAM:
            self.call("SetMultistopEnable", 1)
        else:
            self.call("SetMarkerEdges", *map(int, markers))
            self.call("SetMarkerEnable", *map(int, markers))
        self._mode = mode

    def start(self, milliseconds: int) -> str:
        """Begin to measure; what the device warns of, empty for nothing."""
        for channel in (0, 1):  # the warnings go by the rates read last
            self.integer("GetCountRate", channel)
        warnings = self.warnings()
        self.call("StartMeas", milliseconds)
        return warnings

    def check_flags(self) -> None:
        """:raises DeviceFault: a system error, or events were lost"""
        flags = self.integer("GetFlags")
        if flags & _SYSTEM_ERROR:
            raise DeviceFault(self._name, f"it reports a system error (flags 0x{flags:04X})")
        if self._mode != MODE_HISTOGRAM and flags & _FIFO_FULL:
            raise DeviceFault(
                self._name,
                f"events were lost: its buffer was full (flags 0x{flags:04X}); "
                "fewer photons or a faster reader are needed",
            )

    def warnings(self) -> str:
        """In words, on one line; the count rates of both inputs must have been read before."""
        code = self.integer("GetWarnings")
        if not code:
            return ""
        text = ctypes.create_string_buffer(16_384)
        self.call("GetWarningsText", text, code)
        return " ".join(_text(text).split())

    def histogram(self) -> npt.NDArray[np.uint32]:
        """Counts of all bins, (65536,)."""
        counts = np.zeros(HISTOGRAM_BINS, dtype=np.uint32)
        self.call("GetHistogram", counts.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32)), 0)
        check_counts(self._name, "PH_GetHistogram", counts, FULL_BIN)
        return counts

    def records(self) -> npt.NDArray[np.uint32]:
        """What the buffer in the device holds, at most 131072 words; empty where it holds nothing."""
        words, actual = np.empty(MAX_RECORDS, dtype=np.uint32), ctypes.c_int()
        pointer = words.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
        self.call("ReadFiFo", pointer, MAX_RECORDS, ctypes.byref(actual))
        if not 0 <= actual.value <= MAX_RECORDS:
            raise BadAnswer(self._name, f"'PH_ReadFiFo' gave {actual.value} records of {MAX_RECORDS}")
        return words[: actual.value]

    def close(self) -> None:
        """Give the device back."""
        self.call("CloseDevice")

    def _check(self, function: str, code: int) -> None:
        if code < 0:
            kind = ConnectionFailed if code in _LOST else DeviceFault
            raise kind(self._name, f"'{function}' failed: {self._error(code)}")

    def _error(self, code: int) -> str:
        text = ctypes.create_string_buffer(80)
        self._library.PH_GetErrorString(text, code)
        return f"error {code} {_text(text)}".strip()


def _text(buffer: ctypes.Array[ctypes.c_char]) -> str:
    return buffer.value.decode("latin-1")

"""The functions of PHLib 3.0, played for one PicoHarp 300 twin.

They take what a C library loaded by ctypes takes: whole numbers or ``c_int``; arrays, pointers, ``byref``,
``numpy.ndarray.ctypes`` and addresses where the library writes. Sources as in
:mod:`.picoharp_300`. Where two errors fit, which one the library gives is assumed.
"""

# ruff: noqa: N802 (names of the library)

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .picoharp_300 import PicoHarp300Twin

_OPEN_FAIL, _NOT_OPEN, _LOCKED, _RUNNING, _INVALID, _MODE, _OPTION, _NO_INIT, _NO_CALIBRATION, _USB = (
    -1, -10, -11, -16, -17, -18, -19, -22, -23, -36,
)  # fmt: skip
ERRORS = {
    0: "ERROR_NONE",
    _OPEN_FAIL: "ERROR_DEVICE_OPEN_FAIL",
    _NOT_OPEN: "ERROR_DEVICE_NOT_OPEN",
    _LOCKED: "ERROR_DEVICE_LOCKED",
    _RUNNING: "ERROR_INSTANCE_RUNNING",
    _INVALID: "ERROR_INVALID_ARGUMENT",
    _OPTION: "ERROR_INVALID_OPTION",
    _MODE: "ERROR_INVALID_MODE",
    _NO_INIT: "ERROR_NOT_INITIALIZED",
    _NO_CALIBRATION: "ERROR_NOT_CALIBRATED",
    _USB: "ERROR_USB_VCMD_FAIL",
}
WARNINGS = {
    0x0001: "WARNING_INP0_RATE_ZERO",
    0x0002: "WARNING_INP0_RATE_TOO_LOW",
    0x0004: "WARNING_INP0_RATE_TOO_HIGH",
    0x0010: "WARNING_INP1_RATE_ZERO",
    0x0040: "WARNING_INP1_RATE_TOO_HIGH",
    0x0100: "WARNING_INP_RATE_RATIO",
    0x0200: "WARNING_DIVIDER_GREATER_ONE",
    0x0400: "WARNING_TIME_SPAN_TOO_SMALL",
    0x0800: "WARNING_OFFSET_UNNECESSARY",
}
_LONGEST_READ = 131_072
_HISTOGRAM, _T2, _T3 = 0, 2, 3


_DEVICE = inspect.Parameter("device", inspect.Parameter.POSITIONAL_ONLY, annotation="int")


class _Refusal(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class PHLibrary:
    """The loaded library. Its functions can be given ``argtypes``, like those of ctypes."""

    def __init__(self, twin: PicoHarp300Twin) -> None:
        self._twin = twin
        for name in dir(type(self)):
            if name.startswith("ph_"):
                exported = "PH_" + name.removeprefix("ph_")
                setattr(self, exported, self._function(getattr(self, name), exported))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"function '{name}' not found")

    def _function(self, body: Callable[..., None], exported: str) -> Callable[..., int]:
        parameters = list(inspect.signature(body).parameters.values())
        if exported not in ("PH_GetLibraryVersion", "PH_GetErrorString"):
            parameters.insert(0, _DEVICE)

        def function(*arguments: Any) -> int:
            if len(arguments) != len(parameters):
                raise TypeError(f"{exported} takes {len(parameters)} arguments ({len(arguments)} given)")
            given = [
                getattr(argument, "value", argument) if parameter.annotation == "int" else argument
                for argument, parameter in zip(arguments, parameters, strict=True)
            ]
            try:
                if parameters[0] is _DEVICE:
                    self._check_device(exported, given.pop(0))
                if exported == "PH_ReadFiFo":  # takes the lock itself, to give it back while it waits
                    body(*given)
                else:
                    with self._twin.bench.lock:
                        body(*given)
            except _Refusal as refusal:
                return refusal.code
            return 0

        return function

    def _check_device(self, exported: str, device: int) -> None:
        twin = self._twin
        if not 0 <= device < 8:
            raise _Refusal(_INVALID)
        if exported == "PH_OpenDevice":
            _refuse(device != 0 or not twin.plugged, _OPEN_FAIL)
            _refuse(twin.is_open, _LOCKED)
            return
        _refuse(device != 0 or not twin.is_open, _NOT_OPEN)
        if exported == "PH_CloseDevice":
            return
        _refuse(not twin.plugged or twin.call_fails(exported), _USB)
        _refuse(exported != "PH_Initialize" and twin.mode is None, _NO_INIT)

    # -- general ------------------------------------------------------------------------------------

    def ph_GetLibraryVersion(self, version: Any) -> None:
        _text(version, self._twin.settings.library, 8)

    def ph_GetErrorString(self, text: Any, code: int) -> None:
        _refuse(code not in ERRORS, _INVALID)
        _text(text, ERRORS[code], 40)

    def ph_OpenDevice(self, serial: Any) -> None:
        self._twin.is_open = True
        _text(serial, self._twin.resource_name, 8)

    def ph_CloseDevice(self) -> None:
        self._twin.is_open = False
        self._twin.reset(None)

    def ph_Initialize(self, mode: int) -> None:
        _refuse(mode not in (_HISTOGRAM, _T2, _T3), _INVALID)
        _refuse(mode != _HISTOGRAM and not self._twin.settings.features & 2, _OPTION)
        self._twin.reset(mode)

    def ph_GetHardwareInfo(self, model: Any, part: Any, version: Any) -> None:
        _text(model, self._twin.settings.hardware, 16)
        _text(part, "930004", 8)
        _text(version, "2.0", 8)

    def ph_GetSerialNumber(self, serial: Any) -> None:
        _text(serial, self._twin.resource_name, 8)

    def ph_GetFeatures(self, features: Any) -> None:
        _put(features, ctypes.c_int, self._twin.settings.features)

    def ph_GetBaseResolution(self, resolution: Any, steps: Any) -> None:
        _put(resolution, ctypes.c_double, 4.0)
        _put(steps, ctypes.c_int, 8)

    def ph_GetHardwareDebugInfo(self, text: Any) -> None:
        _text(text, "no error", 16_384)

    def ph_Calibrate(self) -> None:
        self._idle()
        self._twin.calibrated = True

    # -- settings -----------------------------------------------------------------------------------

    def ph_SetInputCFD(self, channel: int, level: int, zero_cross: int) -> None:
        _refuse(channel not in (0, 1) or not 0 <= level <= 800 or not 0 <= zero_cross <= 20, _INVALID)
        self._twin.levels[channel] = (level, zero_cross)

    def ph_SetSyncDiv(self, divider: int) -> None:
        self._idle()
        _refuse(divider not in (1, 2, 4, 8), _INVALID)
        self._twin.divider = divider
        self._twin.rates_valid = self._twin.bench.clock.now() + 0.1

    def ph_SetSyncOffset(self, offset: int) -> None:
        _refuse(abs(offset) > 99_999, _INVALID)

    def ph_SetStopOverflow(self, stop: int, count: int) -> None:
        _refuse(stop not in (0, 1) or not 1 <= count <= 65_535, _INVALID)
        self._twin.stop_at = count if stop else None

    def ph_SetBinning(self, binning: int) -> None:
        self._idle()
        _refuse(not 0 <= binning < 8, _INVALID)
        self._twin.binning = binning

    def ph_SetOffset(self, offset: int) -> None:
        _refuse(not 0 <= offset <= 1_000_000_000, _INVALID)
        self._twin.offset_ps = offset

    def ph_SetMultistopEnable(self, enable: int) -> None:
        _refuse(enable not in (0, 1), _INVALID)

    def ph_SetMarkerEnable(self, one: int, two: int, three: int, four: int) -> None:
        self._twin.markers_enabled = [bool(each) for each in (one, two, three, four)]

    def ph_SetMarkerEdges(self, one: int, two: int, three: int, four: int) -> None:
        _refuse(not {one, two, three, four} <= {0, 1}, _INVALID)

    def ph_SetMarkerHoldoffTime(self, nanoseconds: int) -> None:
        _refuse(not 0 <= nanoseconds <= 210_480, _INVALID)

    def ph_GetRoutingChannels(self, channels: Any) -> None:
        _put(channels, ctypes.c_int, 1)

    def ph_EnableRouting(self, enable: int) -> None:
        _refuse(enable != 0, _OPTION)

    # -- state --------------------------------------------------------------------------------------

    def ph_GetResolution(self, resolution: Any) -> None:
        _put(resolution, ctypes.c_double, 4.0 * 2**self._twin.binning)

    def ph_GetCountRate(self, channel: int, rate: Any) -> None:
        _refuse(channel not in (0, 1), _INVALID)
        _put(rate, ctypes.c_int, self._twin.rate(channel))

    def ph_GetFlags(self, flags: Any) -> None:
        twin = self._twin
        twin.advance()
        value = 0x0003 * twin.fifo_full | 0x0040 * twin.overflow | 0x0100 * twin.system_error
        _put(flags, ctypes.c_int, value)

    def ph_GetElapsedMeasTime(self, elapsed: Any) -> None:
        self._twin.advance()
        _put(elapsed, ctypes.c_double, self._twin.seen * 1e3)

    def ph_GetWarnings(self, warnings: Any) -> None:
        _put(warnings, ctypes.c_int, self._twin.warnings())

    def ph_GetWarningsText(self, text: Any, warnings: int) -> None:
        _text(text, "\n".join(name for bit, name in WARNINGS.items() if warnings & bit), 16_384)

    # -- measuring ----------------------------------------------------------------------------------

    def ph_ClearHistMem(self, block: int) -> None:
        self._in_mode(_HISTOGRAM)
        _refuse(block != 0, _INVALID)
        self._twin.histogram[:] = 0

    def ph_StartMeas(self, milliseconds: int) -> None:
        _refuse(not 1 <= milliseconds <= 360_000_000, _INVALID)
        _refuse(not self._twin.calibrated, _NO_CALIBRATION)
        self._idle()
        self._twin.begin(milliseconds / 1e3)

    def ph_StopMeas(self) -> None:
        if self._twin.running:
            self._twin.end()

    def ph_CTCStatus(self, status: Any) -> None:
        _put(status, ctypes.c_int, int(self._twin.has_ended()))

    def ph_GetHistogram(self, counts: Any, block: int) -> None:
        self._in_mode(_HISTOGRAM)
        _refuse(block != 0, _INVALID)
        self._twin.advance()
        _write(counts, self._twin.handed_over(self._twin.histogram.astype(np.uint32)))

    def ph_ReadFiFo(self, buffer: Any, count: int, actual: Any) -> None:
        self._in_mode(_T2, _T3)
        _refuse(not 0 < count <= _LONGEST_READ, _INVALID)
        words = self._twin.take(count)
        _write(buffer, words)
        _put(actual, ctypes.c_int, len(words))

    def _idle(self) -> None:
        _refuse(self._twin.running, _RUNNING)

    def _in_mode(self, *modes: int) -> None:
        _refuse(self._twin.mode not in modes, _MODE)


def _refuse(condition: bool, code: int) -> None:
    if condition:
        raise _Refusal(code)


def _address(target: Any) -> int:
    if isinstance(target, ctypes._SimpleCData):  # a function with argtypes passes its address
        return ctypes.addressof(target)
    address = ctypes.cast(getattr(target, "_as_parameter_", target), ctypes.c_void_p).value
    _refuse(not address, _INVALID)
    return int(address or 0)


def _put(target: Any, kind: Any, value: float) -> None:
    kind.from_address(_address(target)).value = value


def _text(target: Any, text: str, size: int) -> None:
    """With the zero at its end in *size* bytes."""
    content = text.encode("latin-1")[: size - 1] + b"\0"
    ctypes.memmove(_address(target), content, len(content))


def _write(target: Any, words: Any) -> None:
    ctypes.memmove(_address(target), words.ctypes.data, words.nbytes)

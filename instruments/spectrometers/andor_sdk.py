"""The calls of Andor's SDK2 (atmcd) and Shamrock library the driver needs, by ctypes.

Every function returns what the library returned, the code first. The libraries come with Andor's own
software and are looked up when first called: ``atmcd64d.dll`` and ``ShamrockCIF.dll`` on Windows,
``libandor.so`` and ``libshamrockcif.so`` elsewhere. Signatures: headers ATMCD32D.H and ShamrockCIF.h.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, byref, c_float, c_int, c_long, c_ulong
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MissingDependency

_LIBRARIES = {
    "camera": ("atmcd64d.dll", "libandor.so"),
    "spectrograph": ("ShamrockCIF.dll", "libshamrockcif.so"),
}
_TEXT = 256  # bytes; longer than any name the SDK gives


@cache
def _library(which: str) -> Any:
    windows, other = _LIBRARIES[which]
    name = windows if sys.platform == "win32" else other
    try:
        if sys.platform == "win32":
            return ctypes.WinDLL(name)
        return ctypes.CDLL(name)
    except OSError as error:
        raise MissingDependency(
            f"Andor {which}: the library '{name}' cannot be loaded ({error}); "
            "it comes with Andor SDK2 or Solis, whose folder must be on the search path"
        ) from error


def _camera(name: str, *arguments: Any) -> int:
    return int(getattr(_library("camera"), name)(*arguments))


def _spectrograph(name: str, *arguments: Any) -> int:
    return int(getattr(_library("spectrograph"), "Shamrock" + name)(*arguments))


# -- camera ---------------------------------------------------------------------------------------


def get_available_cameras() -> tuple[int, int]:
    """Code and number of cameras."""
    number = c_long()
    return _camera("GetAvailableCameras", byref(number)), number.value


def set_current_camera(index: int) -> int:
    """Make camera *index* the one all further calls mean; GetCameraHandle comes before."""
    handle = c_long()
    success = 20002
    if (code := _camera("GetCameraHandle", c_long(index), byref(handle))) != success:
        return code
    return _camera("SetCurrentCamera", handle)


def initialize(folder: str) -> int:
    """*folder* holds the detector's files; empty for most cameras."""
    return _camera("Initialize", folder.encode())


def shut_down() -> int:
    """Give the camera back; cooling stays as SetCoolerMode says."""
    return _camera("ShutDown")


def get_head_model() -> tuple[int, str]:
    """Code and model."""
    text = ctypes.create_string_buffer(_TEXT)
    return _camera("GetHeadModel", text), text.value.decode("ascii", "replace")


def get_camera_serial_number() -> tuple[int, str]:
    """Code and serial number."""
    number = c_int()
    return _camera("GetCameraSerialNumber", byref(number)), str(number.value)


def get_detector() -> tuple[int, int, int]:
    """Code, columns and rows."""
    x, y = c_int(), c_int()
    return _camera("GetDetector", byref(x), byref(y)), x.value, y.value


def get_pixel_size() -> tuple[int, float, float]:
    """Code, width and height in µm."""
    x, y = c_float(), c_float()
    return _camera("GetPixelSize", byref(x), byref(y)), x.value, y.value


def get_bit_depth(channel: int) -> tuple[int, int]:
    """Code and bits of the converter *channel*."""
    bits = c_int()
    return _camera("GetBitDepth", c_int(channel), byref(bits)), bits.value


def set_read_mode(mode: int) -> int:
    """0: full vertical binning."""
    return _camera("SetReadMode", c_int(mode))


def set_acquisition_mode(mode: int) -> int:
    """1: single scan."""
    return _camera("SetAcquisitionMode", c_int(mode))


def set_trigger_mode(mode: int) -> int:
    """0: internal."""
    return _camera("SetTriggerMode", c_int(mode))


def set_exposure_time(seconds: float) -> int:
    """What it really becomes, :func:`get_acquisition_timings` tells."""
    return _camera("SetExposureTime", c_float(seconds))


def get_acquisition_timings() -> tuple[int, float, float, float]:
    """Code, exposure, accumulation cycle and kinetic cycle, in s."""
    exposure, accumulate, kinetic = c_float(), c_float(), c_float()
    code = _camera("GetAcquisitionTimings", byref(exposure), byref(accumulate), byref(kinetic))
    return code, exposure.value, accumulate.value, kinetic.value


def set_shutter(ttl: int, mode: int, closing_ms: int, opening_ms: int) -> int:
    """*mode* 0: open during exposures, 1: open, 2: closed."""
    return _camera("SetShutter", c_int(ttl), c_int(mode), c_int(closing_ms), c_int(opening_ms))


def get_temperature_range() -> tuple[int, int, int]:
    """Code, lowest and highest set-point in °C."""
    low, high = c_int(), c_int()
    return _camera("GetTemperatureRange", byref(low), byref(high)), low.value, high.value


def set_temperature(celsius: int) -> int:
    """The set-point."""
    return _camera("SetTemperature", c_int(celsius))


def get_temperature_f() -> tuple[int, float]:
    """State of the cooling, which is the code, and temperature in °C."""
    celsius = c_float()
    return _camera("GetTemperatureF", byref(celsius)), celsius.value


def cooler_on() -> int:
    """Start cooling."""
    return _camera("CoolerON")


def cooler_off() -> int:
    """Stop cooling."""
    return _camera("CoolerOFF")


def set_cooler_mode(keep: int) -> int:
    """1: stay cold after :func:`shut_down`."""
    return _camera("SetCoolerMode", c_int(keep))


def start_acquisition() -> int:
    """Begin; returns at once."""
    return _camera("StartAcquisition")


def abort_acquisition() -> int:
    """End at once; the code says idle when there was nothing to end."""
    return _camera("AbortAcquisition")


def get_status() -> tuple[int, int]:
    """Code, and a code for what the camera does."""
    status = c_int()
    return _camera("GetStatus", byref(status)), status.value


def get_acquired_data(size: int) -> tuple[int, npt.NDArray[np.int32]]:
    """Code and counts, shape (size,)."""
    counts = np.zeros(size, np.int32)
    pointer = counts.ctypes.data_as(POINTER(ctypes.c_int32))
    return _camera("GetAcquiredData", pointer, c_ulong(size)), counts


# -- spectrograph ---------------------------------------------------------------------------------


def shamrock_initialize(folder: str) -> int:
    """Look for spectrographs."""
    return _spectrograph("Initialize", folder.encode())


def shamrock_close() -> int:
    """Give all spectrographs back."""
    return _spectrograph("Close")


def shamrock_get_number_devices() -> tuple[int, int]:
    """Code and number of spectrographs."""
    number = c_int()
    return _spectrograph("GetNumberDevices", byref(number)), number.value


def shamrock_get_number_gratings(device: int) -> tuple[int, int]:
    """Code and number of gratings."""
    number = c_int()
    return _spectrograph("GetNumberGratings", c_int(device), byref(number)), number.value


def shamrock_get_grating(device: int) -> tuple[int, int]:
    """Code and grating in the beam, counted from 1."""
    grating = c_int()
    return _spectrograph("GetGrating", c_int(device), byref(grating)), grating.value


def shamrock_set_grating(device: int, grating: int) -> int:
    """Turn the turret; returns when it has arrived, after 10 to 20 s."""
    return _spectrograph("SetGrating", c_int(device), c_int(grating))


def shamrock_get_grating_info(device: int, grating: int) -> tuple[int, float]:
    """Code and lines per mm."""
    lines, blaze, home, offset = c_float(), ctypes.create_string_buffer(_TEXT), c_int(), c_int()
    code = _spectrograph(
        "GetGratingInfo", c_int(device), c_int(grating), byref(lines), blaze, byref(home), byref(offset)
    )
    return code, lines.value


def shamrock_get_wavelength(device: int) -> tuple[int, float]:
    """Code and wavelength at the centre, nm."""
    nm = c_float()
    return _spectrograph("GetWavelength", c_int(device), byref(nm)), nm.value


def shamrock_set_wavelength(device: int, nm: float) -> int:
    """Turn the grating; returns when it has arrived."""
    return _spectrograph("SetWavelength", c_int(device), c_float(nm))


def shamrock_get_wavelength_limits(device: int, grating: int) -> tuple[int, float, float]:
    """Code, shortest and longest wavelength of *grating*, nm."""
    low, high = c_float(), c_float()
    code = _spectrograph("GetWavelengthLimits", c_int(device), c_int(grating), byref(low), byref(high))
    return code, low.value, high.value


def shamrock_set_number_pixels(device: int, pixels: int) -> int:
    """Columns of the camera."""
    return _spectrograph("SetNumberPixels", c_int(device), c_int(pixels))


def shamrock_set_pixel_width(device: int, um: float) -> int:
    """Width of a column, µm."""
    return _spectrograph("SetPixelWidth", c_int(device), c_float(um))


def shamrock_get_calibration(device: int, pixels: int) -> tuple[int, npt.NDArray[np.float32]]:
    """Code and wavelength of each column, nm; only after the two calls above."""
    nm = np.zeros(pixels, np.float32)
    pointer = nm.ctypes.data_as(POINTER(c_float))
    return _spectrograph("GetCalibration", c_int(device), pointer, c_int(pixels)), nm

"""The calls of Andor's two libraries as the twin of camera and spectrograph answers them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .andor_shamrock import AndorShamrockTwin

_SUCCESS, _NO_NEW_DATA, _ACQUIRING, _IDLE = 20002, 20024, 20072, 20073
_NOT_INITIALIZED, _NO_CAMERA = 20075, 20990
_P1, _P2 = 20066, 20067
_S_SUCCESS, _S_P1, _S_P2, _S_NOT_INITIALIZED = 20202, 20266, 20267, 20275
_USB_ERROR, _S_COMMUNICATION_ERROR = 20089, 20201
_AUTO, _OPEN, _CLOSED = 0, 1, 2


class AndorCalls:
    """The calls; every one returns its code first."""

    def __init__(self, twin: AndorShamrockTwin) -> None:
        self._twin = twin
        self._selected = False
        self._pixels, self._width = 0, 0.0

    def _ready(self, *valid: bool) -> int:
        """Code of a call that is refused during an acquisition; *valid*: its parameters, one by one."""
        if not self._twin.initialized:
            return _NOT_INITIALIZED
        if self._twin.call_fails("camera"):
            return _USB_ERROR
        if self._twin.acquiring:
            return _ACQUIRING
        return _P1 + valid.index(False) if False in valid else _SUCCESS

    # -- camera -----------------------------------------------------------------------------------

    def get_available_cameras(self) -> tuple[int, int]:
        return _SUCCESS, 1

    def set_current_camera(self, index: int) -> int:
        self._selected = index == 0
        return _SUCCESS if self._selected else _P1

    def initialize(self, folder: str) -> int:
        if not self._selected:
            return _NO_CAMERA
        self._twin.initialized, self._twin.shutter = True, _CLOSED
        return _SUCCESS

    def shut_down(self) -> int:
        twin = self._twin
        if not twin.initialized:
            return _NOT_INITIALIZED
        twin.initialized, twin.ends, twin.frame, twin.shutter = False, None, None, _CLOSED
        if not twin.keep_cold:
            twin.cooler.change(on=False)
        return _SUCCESS

    def _known(self) -> int:
        return _SUCCESS if self._twin.initialized else _NOT_INITIALIZED

    def get_head_model(self) -> tuple[int, str]:
        return self._known(), self._twin.settings.head

    def get_camera_serial_number(self) -> tuple[int, str]:
        return self._known(), self._twin.resource_name

    def get_detector(self) -> tuple[int, int, int]:
        return self._known(), self._twin.settings.detector.pixels, self._twin.settings.rows

    def get_pixel_size(self) -> tuple[int, float, float]:
        return self._known(), self._twin.settings.pixel_um, self._twin.settings.pixel_um

    def get_bit_depth(self, channel: int) -> tuple[int, int]:
        return (self._known() if channel == 0 else _P1), self._twin.settings.bits

    def set_read_mode(self, mode: int) -> int:
        """Only full vertical binning is played."""
        return self._ready(mode == 0)

    def set_acquisition_mode(self, mode: int) -> int:
        """Only single scans are played."""
        return self._ready(mode == 1)

    def set_trigger_mode(self, mode: int) -> int:
        """Nobody triggers the camera on this bench."""
        return self._ready(mode == 0)

    def set_exposure_time(self, seconds: float) -> int:
        if (code := self._ready(seconds >= 0)) == _SUCCESS:
            step = self._twin.settings.shortest_s
            self._twin.exposure = max(1, math.ceil(round(seconds / step, 6))) * step
        return code

    def get_acquisition_timings(self) -> tuple[int, float, float, float]:
        twin = self._twin
        cycle = twin.exposure + twin.settings.readout_s
        return self._ready(), float(np.float32(twin.exposure)), cycle, cycle

    def set_shutter(self, ttl: int, mode: int, closing_ms: int, opening_ms: int) -> int:
        valid = (ttl in (0, 1), mode in (_AUTO, _OPEN, _CLOSED), closing_ms >= 0, opening_ms >= 0)
        if (code := self._ready(*valid)) == _SUCCESS:
            self._twin.shutter = mode
        return code

    def get_temperature_range(self) -> tuple[int, int, int]:
        return self._ready(), *self._twin.settings.temperature_range

    def set_temperature(self, celsius: int) -> int:
        low, high = self._twin.settings.temperature_range
        if (code := self._ready(low <= celsius <= high)) == _SUCCESS:
            self._twin.cooler.change(setpoint=celsius)
        return code

    def get_temperature_f(self) -> tuple[int, float]:
        code = self._ready()
        return (self._twin.cooler.state() if code == _SUCCESS else code), self._twin.cooler.temperature()

    def cooler_on(self) -> int:
        if (code := self._ready()) == _SUCCESS and not self._twin.cooler.on:
            self._twin.cooler.change(on=True)
        return code

    def cooler_off(self) -> int:
        if (code := self._ready()) == _SUCCESS:
            self._twin.cooler.change(on=False)
        return code

    def set_cooler_mode(self, keep: int) -> int:
        if (code := self._ready(keep in (0, 1))) == _SUCCESS:
            self._twin.keep_cold = keep == 1
        return code

    def start_acquisition(self) -> int:
        if (code := self._ready()) == _SUCCESS:
            self._twin.start()
        return code

    def abort_acquisition(self) -> int:
        if self._twin.initialized and not self._twin.acquiring:
            return _IDLE
        self._twin.ends = self._twin.frame = None
        return self._known()

    def get_status(self) -> tuple[int, int]:
        return self._known(), _ACQUIRING if self._twin.acquiring else _IDLE

    def get_acquired_data(self, size: int) -> tuple[int, npt.NDArray[np.int32]]:
        """A frame is given once."""
        twin = self._twin
        counts = np.zeros(size, np.int32)
        if (code := self._ready(True, size == twin.settings.detector.pixels)) != _SUCCESS:
            return code, counts
        if twin.frame is None:
            return _NO_NEW_DATA, counts
        counts = twin.handed_over(twin.frame.astype(np.int32))
        twin.frame = None
        return _SUCCESS, counts

    # -- spectrograph -----------------------------------------------------------------------------

    def _there(self, device: int, *valid: bool) -> int:
        if not self._twin.spectrograph_open:
            return _S_NOT_INITIALIZED
        if self._twin.call_fails("spectrograph"):
            return _S_COMMUNICATION_ERROR
        if device != 0:
            return _S_P1
        return _S_P2 + valid.index(False) if False in valid else _S_SUCCESS

    def _has(self, grating: int) -> bool:
        return 1 <= grating <= len(self._twin.settings.gratings)

    def shamrock_initialize(self, folder: str) -> int:
        self._twin.spectrograph_open = True
        return _S_SUCCESS

    def shamrock_close(self) -> int:
        self._twin.spectrograph_open = False
        return _S_SUCCESS

    def shamrock_get_number_devices(self) -> tuple[int, int]:
        return self._there(0), 1

    def shamrock_get_number_gratings(self, device: int) -> tuple[int, int]:
        return self._there(device), len(self._twin.settings.gratings)

    def shamrock_get_grating(self, device: int) -> tuple[int, int]:
        return self._there(device), self._twin.grating

    def shamrock_set_grating(self, device: int, grating: int) -> int:
        """Blocks while the turret turns; a wavelength beyond the new grating becomes its longest."""
        twin = self._twin
        if (code := self._there(device, self._has(grating))) == _S_SUCCESS and grating != twin.grating:
            self._move(twin.settings.grating_s)
            twin.grating, twin.center = grating, min(twin.center, twin.longest_wavelength(grating))
        return code

    def shamrock_get_grating_info(self, device: int, grating: int) -> tuple[int, float]:
        code = self._there(device, self._has(grating))
        return code, self._twin.settings.gratings[grating - 1] if code == _S_SUCCESS else 0.0

    def shamrock_get_wavelength(self, device: int) -> tuple[int, float]:
        return self._there(device), self._twin.center

    def shamrock_set_wavelength(self, device: int, nm: float) -> int:
        longest = self._twin.longest_wavelength(self._twin.grating)
        if (code := self._there(device, 0 <= nm <= longest)) == _S_SUCCESS:
            self._move(self._twin.settings.move_s)
            self._twin.center = round(nm, 3)
        return code

    def _move(self, seconds: float) -> None:
        self._twin.clock.sleep(seconds)

    def shamrock_get_wavelength_limits(self, device: int, grating: int) -> tuple[int, float, float]:
        code = self._there(device, self._has(grating))
        return code, 0.0, self._twin.longest_wavelength(grating) if code == _S_SUCCESS else 0.0

    def shamrock_set_number_pixels(self, device: int, pixels: int) -> int:
        if (code := self._there(device, pixels > 0)) == _S_SUCCESS:
            self._pixels = pixels
        return code

    def shamrock_set_pixel_width(self, device: int, um: float) -> int:
        if (code := self._there(device, um > 0)) == _S_SUCCESS:
            self._width = um
        return code

    def shamrock_get_calibration(self, device: int, pixels: int) -> tuple[int, npt.NDArray[np.float32]]:
        """Zeros before pixels and width are set."""
        nm = np.zeros(pixels, np.float32)
        code = self._there(device, True, pixels == self._pixels or not self._pixels)
        if code == _S_SUCCESS and self._pixels and self._width:
            nm[:] = self._twin.detector.wavelengths
        return code, nm

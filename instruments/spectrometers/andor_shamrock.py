"""Andor CCD camera (SDK2) on a Shamrock or Kymera spectrograph.

Source: headers of the two libraries and how public drivers use them (see andor_sdk). The SDK knows one
current camera per process, so a station may have one. Its state of the cooling is a return code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..counts import check_counts
from ..device import Limit, SdkInstrument, do_all, try_twice
from ..errors import BadAnswer, ConnectionFailed, DeviceFault, DeviceTimeout, LimitError, Refused
from ..roles import Spectrometer
from . import andor_codes as codes
from .andor_calls import AndorSdk

Array = npt.NDArray[np.float64]

_FVB, _SINGLE, _INTERNAL = 0, 1, 0
_TTL_HIGH, _AUTO, _CLOSED = 1, 0, 2
_KEEP_COLD = 1
_POLL = 0.01  # s between two looks at a frame that should be ready
_LATE = 10.0  # s a frame may take longer than the SDK says
_COOLING_PAUSE = 1.0  # s between two looks at the temperature
_WARM = -20.0  # °C; cooling may be switched off above


class AndorShamrock(SdkInstrument):
    """Camera, fully binned, on a spectrograph. Fulfils :class:`~antistokes.instruments.roles.Spectrometer`.

    Frames wait until the cooling has stabilised. Cooling outlives the program (SetCoolerMode 1): neither
    :meth:`make_safe` nor :meth:`close` ends it, :meth:`warm_up` does. The shutter is open during exposures
    only. Grating and centre stay as they are unless they are given.

    :param resource: serial number of the camera
    :param exposure: s, to begin with
    :param setpoint: °C of the sensor; cooling starts at opening
    :param grating: number of the grating, from 1
    :param center: nm at the middle of the sensor
    :param spectrograph: its number among those attached, from 0
    :param shutter_ms: the shutter's time to close and to open
    :param cooling_time: s, the longest wait for a stable temperature
    :param folder: of the detector's files, for the cameras that need one
    """

    MODEL = "Andor CCD + Shamrock"
    SDK_MODULE = "antistokes.instruments.spectrometers.andor_sdk"
    ROLES = (Spectrometer,)
    INTERFACES = ("Andor SDK2 (USB, PCI)", "Shamrock library (USB)")
    VERIFIED = (
        "Against its own twin; names and signatures of the SDK against public drivers; never against the "
        "libraries or a camera."
    )
    LIMITS: ClassVar[dict[str, Limit]] = {
        "exposure": Limit(1e-5, 3600, "s"),
        "setpoint": Limit(-120, 30, "°C"),
        "center": Limit(0, 12000, "nm"),
    }
    SNAPSHOT = (
        "model",
        "serial_number",
        "pixels",
        "exposure",
        "setpoint",
        "temperature",
        "grating",
        "grating_lines",
        "center",
    )

    settle_time = 0.0
    signal_unit = ""

    def __init__(
        self,
        sdk: AndorSdk,
        resource: str,
        name: str = "",
        *,
        clock: Clock | None = None,
        exposure: float = 0.1,
        setpoint: float = -60.0,
        grating: int | None = None,
        center: float | None = None,
        spectrograph: int = 0,
        shutter_ms: tuple[int, int] = (30, 30),
        cooling_time: float = 1800.0,
        folder: str = "",
    ) -> None:
        self._begin(name or self.MODEL, clock)
        self._sdk, self._device = sdk, spectrograph
        self._shutter_ms, self._cooling_time, self._folder = shutter_ms, cooling_time, folder
        self._camera_open = self._spectrograph_open = False
        self._open_camera(resource)
        self._configure_camera(setpoint)
        self._open_spectrograph()
        self.exposure = exposure
        if grating is not None:
            self.grating = grating
        if center is not None:
            self.center = center
        self._read_axis()

    # -- opening and closing ----------------------------------------------------------------------

    def _open_camera(self, serial: str) -> None:
        """Each camera tells its number only once it is initialised."""
        sdk = self._sdk
        (number,) = self._ask(sdk.get_available_cameras)
        there = []
        for index in range(number):
            self._do(sdk.set_current_camera, index)
            self._do(sdk.initialize, self._folder)
            self._camera_open = True
            there.append(self._ask(sdk.get_camera_serial_number)[0])
            if there[-1] == serial:
                return
            self._do(sdk.shut_down)
            self._camera_open = False
        raise ConnectionFailed(
            self.name, f"no camera with serial number '{serial}'; attached: {', '.join(there) or 'none'}"
        )

    def _configure_camera(self, setpoint: float) -> None:
        sdk = self._sdk
        self._set_shutter(_CLOSED)
        if sdk.set_cooler_mode(_KEEP_COLD) not in (codes.SUCCESS, codes.NOT_SUPPORTED):
            self._do(sdk.set_cooler_mode, _KEEP_COLD)
        (self.model,) = self._ask(sdk.get_head_model)
        (self.serial_number,) = self._ask(sdk.get_camera_serial_number)
        self.pixels, _ = self._ask(sdk.get_detector)
        self._pixel_width, _ = self._ask(sdk.get_pixel_size)
        (bits,) = self._ask(sdk.get_bit_depth, 0)
        #: counts at which a column is full
        self.saturation = float(2**bits - 1)
        self._do(sdk.set_read_mode, _FVB)
        self._do(sdk.set_acquisition_mode, _SINGLE)
        self._do(sdk.set_trigger_mode, _INTERNAL)
        low, high = self._ask(sdk.get_temperature_range)
        self.told_limit("setpoint", low, high)
        self.setpoint = setpoint
        self._do(sdk.cooler_on)

    def _open_spectrograph(self) -> None:
        sdk = self._sdk
        self._do(sdk.shamrock_initialize, self._folder)
        self._spectrograph_open = True
        (number,) = self._ask(sdk.shamrock_get_number_devices)
        if not 0 <= self._device < number:
            raise ConnectionFailed(self.name, f"no spectrograph {self._device}; {number} are attached")
        (self.gratings,) = self._ask(sdk.shamrock_get_number_gratings, self._device)
        # without these two the library computes no wavelengths
        self._do(sdk.shamrock_set_number_pixels, self._device, self.pixels)
        self._do(sdk.shamrock_set_pixel_width, self._device, self._pixel_width)

    def make_safe(self) -> None:
        """End the acquisition and close the shutter. Cooling goes on: a sudden end harms the sensor."""
        with self.lock:
            try_twice(lambda: do_all(self._abort, lambda: self._set_shutter(_CLOSED)))

    def _abort(self) -> None:
        code = self._sdk.abort_acquisition()
        if code != codes.IDLE:
            self._check("AbortAcquisition", code)

    def close(self) -> None:
        steps = []
        if self.__dict__.get("_spectrograph_open"):
            steps.append(partial(self._do, self._sdk.shamrock_close))
        if self.__dict__.get("_camera_open"):
            steps.append(partial(self._do, self._sdk.shut_down))
        self._spectrograph_open = self._camera_open = False
        do_all(*steps)

    # -- cooling ----------------------------------------------------------------------------------

    @property
    def setpoint(self) -> float:
        """Control the temperature the sensor is cooled to, in °C; whole degrees."""
        return self._setpoint

    @setpoint.setter
    def setpoint(self, celsius: float) -> None:
        degrees = round(celsius)
        self.check_limit("setpoint", degrees)
        with self.lock:
            self._do(self._sdk.set_temperature, degrees)
            self._setpoint = float(degrees)

    @property
    def temperature(self) -> float:
        """Measure the temperature of the sensor, in °C."""
        return self._cooling()[1]

    @property
    def stabilized(self) -> bool:
        """Get whether the sensor has come to rest at its set-point."""
        return self._cooling()[0] == codes.STABILIZED

    def _cooling(self) -> tuple[int, float]:
        """The state is the return code."""
        with self.lock:
            state, celsius = self._sdk.get_temperature_f()
            if state not in codes.COOLING_STATES:
                self._check("GetTemperatureF", state)
            return state, celsius

    def wait_until_cold(self) -> None:
        """Wait until the temperature is stable.

        :raises DeviceFault: cooling is off
        :raises DeviceTimeout: not within ``cooling_time``
        """
        if not self.wait_for(self._is_cold, self._cooling_time, _COOLING_PAUSE):
            state, celsius = self._cooling()
            raise DeviceTimeout(
                self.name,
                f"after {self._cooling_time:g} s the sensor is at {celsius:.1f} °C, set to "
                f"{self._setpoint:g} °C: {codes.name_of(state)}",
            )

    def _is_cold(self) -> bool:
        state, celsius = self._cooling()
        if state == codes.COOLER_OFF:
            raise DeviceFault(self.name, f"cooling is off, the sensor is at {celsius:.1f} °C")
        return state == codes.STABILIZED

    def warm_up(self) -> None:
        """Let the sensor come to ``-20 °C`` under control, then switch cooling off.

        :raises Refused: the station allows no set-point above that
        :raises DeviceTimeout: not within ``cooling_time``
        """
        warmest = math.floor(min(self.limits["setpoint"].high, 10.0))
        if warmest <= _WARM:
            raise Refused(
                f"{self.name}: warm_up needs a set-point above {_WARM:g} °C; "
                f"the station allows up to {warmest:g} °C"
            )
        self.setpoint = warmest
        if not self.wait_for(lambda: self.temperature >= _WARM, self._cooling_time, _COOLING_PAUSE):
            raise DeviceTimeout(
                self.name, f"after {self._cooling_time:g} s the sensor is at {self.temperature:.1f} °C"
            )
        self._do(self._sdk.cooler_off)

    # -- spectrograph -----------------------------------------------------------------------------

    @property
    def grating(self) -> int:
        """Control the grating in the beam, a number from 1; a change takes 10 to 20 s."""
        with self.lock:
            return int(self._ask(self._sdk.shamrock_get_grating, self._device)[0])

    @grating.setter
    def grating(self, number: int) -> None:
        if number not in range(1, self.gratings + 1):
            raise Refused(f"{self.name}: grating = {number!r}: must be 1 to {self.gratings}")
        with self.lock:
            if number != self.grating:
                self._do(self._sdk.shamrock_set_grating, self._device, number)
                self._read_axis()

    @property
    def grating_lines(self) -> float:
        """Get the lines of the grating, per mm."""
        with self.lock:
            return float(self._ask(self._sdk.shamrock_get_grating_info, self._device, self.grating)[0])

    @property
    def center(self) -> float:
        """Control the wavelength at the middle of the sensor, in nm, within what the grating reaches."""
        with self.lock:
            return float(self._ask(self._sdk.shamrock_get_wavelength, self._device)[0])

    @center.setter
    def center(self, nm: float) -> None:
        with self.lock:
            low, high = self._ask(self._sdk.shamrock_get_wavelength_limits, self._device, self.grating)
            if not low <= nm <= high:
                raise LimitError(f"{self.name}: center", nm, low, high, "nm")
            self._do(self._sdk.shamrock_set_wavelength, self._device, nm)
            self._read_axis()

    def _read_axis(self) -> None:
        """:raises BadAnswer: what the library says are no wavelengths"""
        (nm,) = self._ask(self._sdk.shamrock_get_calibration, self._device, self.pixels)
        steps = np.diff(axis := np.asarray(nm, dtype=np.float64))
        if axis.shape != (self.pixels,) or not ((steps > 0).all() or (steps < 0).all()):
            raise BadAnswer(
                self.name, f"'GetCalibration' gave no wavelengths: {axis[:1]} to {axis[-1:]} nm, {axis.shape}"
            )
        self._wavelengths = axis

    def wavelengths(self) -> Array:
        """Get the wavelength of each column, in nm, shape (pixels,)."""
        return self._wavelengths.copy()

    # -- spectra ----------------------------------------------------------------------------------

    @property
    def exposure(self) -> float:
        """Control the exposure time, in s; reading tells what the camera made of it."""
        return self._exposure

    @exposure.setter
    def exposure(self, seconds: float) -> None:
        with self.lock:
            self._do(self._sdk.set_exposure_time, seconds)
            self._exposure, _, self._cycle = self._ask(self._sdk.get_acquisition_timings)

    @property
    def exposure_limits(self) -> tuple[float, float]:
        """Get the exposure times allowed, in s."""
        limit = self.limits["exposure"]
        return limit.low, limit.high

    def frame(self) -> Array:
        """Take one exposure: counts of each column, shape (pixels,), dark signal included.

        Waits for a stable temperature first.

        :raises DeviceTimeout: the temperature is not stable, or the frame does not come
        :raises BadAnswer: wrong number of columns, or values that cannot be counts
        """
        with self.lock:
            self.wait_until_cold()
            if self._shutter != _AUTO:
                self._set_shutter(_AUTO)
            self._do(self._sdk.start_acquisition)
            try:
                self._wait_for_frame()
            except BaseException:  # Ctrl-C too: the next frame must not find the camera busy
                self._sdk.abort_acquisition()
                raise
            (counts,) = self._ask(self._sdk.get_acquired_data, self.pixels)
            if np.shape(counts) != (self.pixels,):
                raise BadAnswer(
                    self.name,
                    f"'GetAcquiredData' gave an array of shape {np.shape(counts)}, expected ({self.pixels},)",
                )
            check_counts(self.name, "GetAcquiredData", counts, self.saturation)
            return np.asarray(counts, dtype=np.float64)

    def _wait_for_frame(self) -> None:
        self.clock.sleep(self._cycle)
        if not self.wait_for(self._has_ended, _LATE, _POLL):
            raise DeviceTimeout(self.name, f"no frame {_LATE:g} s after its {self._cycle:g} s")

    def _has_ended(self) -> bool:
        (status,) = self._ask(self._sdk.get_status)
        if status not in (codes.IDLE, codes.ACQUIRING, codes.TEMPERATURE_CYCLE):
            raise DeviceFault(self.name, f"acquisition failed: {codes.name_of(status)}")
        return bool(status == codes.IDLE)

    def _set_shutter(self, mode: int) -> None:
        self._do(self._sdk.set_shutter, _TTL_HIGH, mode, *self._shutter_ms)
        self._shutter = mode

    # -- return codes -----------------------------------------------------------------------------

    def _do(self, call: Callable[..., int], *arguments: Any) -> None:
        self._check(_sdk_name(call), call(*arguments))

    def _ask(self, call: Callable[..., tuple[Any, ...]], *arguments: Any) -> list[Any]:
        code, *values = call(*arguments)
        self._check(_sdk_name(call), code)
        return values

    def _check(self, what: str, code: int) -> None:
        """:raises ConnectionFailed: the device is gone. :raises DeviceFault: any other code but success"""
        if code not in (codes.SUCCESS, codes.SHAMROCK_SUCCESS):
            kind = ConnectionFailed if code in codes.LOST else DeviceFault
            raise kind(self.name, f"'{what}' failed: {codes.name_of(code)}")


def _sdk_name(call: Callable[..., Any]) -> str:
    return "".join(word.capitalize() for word in call.__name__.split("_"))

"""Ocean Insight (Ocean Optics) spectrometers through python-seabreeze.

Source: python-seabreeze 2.11.0. The first frames after a change of the integration time may still have
the old one (python-seabreeze#283), so that one is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..counts import check_counts
from ..device import Limit, SdkInstrument
from ..errors import BadAnswer, ConnectionFailed, DeviceFault
from ..roles import Spectrometer

Array = npt.NDArray[np.float64]
T = TypeVar("T")


class SeaBreezeDevice(Protocol):
    """An entry of the list of devices."""

    @property
    def serial_number(self) -> str: ...


class SeaBreezeSpectrometer(Protocol):
    """What the driver uses of ``seabreeze.spectrometers.Spectrometer``."""

    @property
    def serial_number(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def max_intensity(self) -> float: ...
    @property
    def integration_time_micros_limits(self) -> tuple[int, int]: ...
    def integration_time_micros(self, integration_time_micros: int) -> None: ...
    def trigger_mode(self, mode: int) -> None: ...
    def wavelengths(self) -> Array: ...
    def intensities(self) -> Array: ...
    def close(self) -> None: ...


class SeaBreezeClass(Protocol):
    """The class ``Spectrometer`` of the SDK."""

    def from_serial_number(self, serial: str) -> SeaBreezeSpectrometer: ...


class SeaBreeze(Protocol):
    """What the driver uses of the module ``seabreeze.spectrometers``."""

    @property
    def SeaBreezeError(self) -> type[Exception]: ...  # noqa: N802
    @property
    def Spectrometer(self) -> SeaBreezeClass: ...  # noqa: N802
    def list_devices(self) -> Sequence[SeaBreezeDevice]: ...


class OceanSpectrometer(SdkInstrument):
    """A spectrometer seabreeze knows. Fulfils :class:`~antistokes.instruments.roles.Spectrometer`.

    The limits of the exposure are read from the device when it opens. Frames run freely (trigger mode 0).

    :param sdk: the module ``seabreeze.spectrometers``, or the twin of it
    :param resource: serial number
    :param exposure: integration time to begin with, s
    :param discard: frames thrown away after a change of the exposure
    """

    MODEL = "Ocean Insight spectrometer"
    INTERFACES = ("USB through python-seabreeze",)
    VERIFIED = (
        "Its twin, whose names and signatures are those of python-seabreeze 2.11; seatease 0.4, which lacks "
        "trigger_mode and the exception (supplied in the test); not on a real spectrometer."
    )
    SDK_MODULE = "seabreeze.spectrometers"
    ROLES = (Spectrometer,)
    LIMITS: ClassVar[dict[str, Limit]] = {"exposure": Limit(1e-6, 4000, "s")}
    SNAPSHOT = ("model", "serial_number", "pixels", "exposure")

    settle_time = 0.0
    signal_unit = ""

    def __init__(
        self,
        sdk: SeaBreeze,
        resource: str,
        name: str = "",
        *,
        clock: Clock | None = None,
        exposure: float = 0.1,
        discard: int = 1,
    ) -> None:
        self._begin(name or self.MODEL, clock)
        self._sdk = sdk
        self.discard = discard
        self._spectrometer = self._open(resource)
        try:
            self._configure(exposure)
        except BaseException:
            self.close()
            raise

    def _open(self, serial: str) -> SeaBreezeSpectrometer:
        attached = [device.serial_number for device in self._ask("list_devices", self._sdk.list_devices)]
        if serial not in attached:
            there = ", ".join(attached) or "none"
            raise ConnectionFailed(
                self.name, f"no spectrometer with serial number '{serial}'; attached: {there}"
            )
        try:
            return self._sdk.Spectrometer.from_serial_number(serial)
        except Exception as error:
            raise ConnectionFailed(self.name, f"cannot open '{serial}': {error}") from error

    def _configure(self, exposure: float) -> None:
        device = self._spectrometer
        self.model: str = self._ask("model", lambda: device.model)
        self.serial_number: str = self._ask("serial_number", lambda: device.serial_number)
        #: counts at which a pixel is full
        self.saturation = float(self._ask("max_intensity", lambda: device.max_intensity))
        self._wavelengths = self._array("wavelengths", device.wavelengths)
        self.pixels = len(self._wavelengths)
        low, high = self._ask("integration_time_micros_limits", lambda: device.integration_time_micros_limits)
        # pyseabreeze refuses the upper limit itself
        self.told_limit("exposure", low / 1e6, (high - 1) / 1e6)
        self._ask("trigger_mode", device.trigger_mode, 0)
        self._stale = 0
        self.exposure = exposure

    @property
    def exposure(self) -> float:
        """Control the integration time of one frame, in s; the device knows whole microseconds."""
        return self._exposure

    @exposure.setter
    def exposure(self, seconds: float) -> None:
        micros = round(seconds * 1e6)
        with self.lock:
            self._ask("integration_time_micros", self._spectrometer.integration_time_micros, micros)
            self._exposure = micros / 1e6
            self._stale = self.discard

    @property
    def exposure_limits(self) -> tuple[float, float]:
        """Get the integration times allowed, in s."""
        limit = self.limits["exposure"]
        return limit.low, limit.high

    def wavelengths(self) -> Array:
        """Get the wavelength of each pixel, in nm, shape (pixels,)."""
        return self._wavelengths.copy()

    def frame(self) -> Array:
        """Take one exposure: counts per pixel, shape (pixels,), dark signal included.

        Blocks until it is done. It cannot be interrupted, and the SDK has its own time-out.

        :raises BadAnswer: wrong number of pixels, or values that cannot be counts
        """
        with self.lock:
            while self._stale:
                self._ask("intensities", self._spectrometer.intensities)
                self._stale -= 1
            counts = self._array("intensities", self._spectrometer.intensities, self.pixels)
            check_counts(self.name, "intensities", counts, self.saturation)
            return counts

    def close(self) -> None:
        if "_spectrometer" in self.__dict__:
            with self.lock:
                self._ask("close", self._spectrometer.close)

    def _array(self, what: str, call: Callable[[], Any], size: int | None = None) -> Array:
        """A copy of the array that *call* answers. :raises BadAnswer: it is none that can be used"""
        answer = np.array(self._ask(what, call), dtype=np.float64)
        if answer.ndim != 1 or len(answer) != (size or len(answer)) or not len(answer):
            expected = f"({size},)" if size else "(pixels,)"
            raise BadAnswer(self.name, f"'{what}' gave an array of shape {answer.shape}, expected {expected}")
        if not np.isfinite(answer).all():
            raise BadAnswer(
                self.name, f"'{what}' gave {np.sum(~np.isfinite(answer))} values that are not finite"
            )
        return answer

    def _ask(self, what: str, call: Callable[..., T], *args: Any) -> T:
        """Call the SDK. :raises DeviceFault: whatever it raises"""
        try:
            return call(*args)
        except self._sdk.SeaBreezeError as error:
            raise DeviceFault(self.name, f"'{what}' failed: {error}") from error
        except (OSError, RuntimeError) as error:  # pyusb and pyseabreeze, when the cable is pulled
            raise ConnectionFailed(
                self.name, f"connection lost at '{what}': {type(error).__name__}: {error}"
            ) from error

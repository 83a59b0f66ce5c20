"""A laser that can excite, made of one whose light nothing switches and the shutter in its beam."""

from __future__ import annotations

from typing import Any, ClassVar

from ..clock import Clock
from ..device import CompositeInstrument
from ..errors import DeviceFault, LimitError
from ..light_switch import LightSwitch
from ..roles import Laser, Shutter, TunableLaser

_DRIVE = 100.0  # %


class ShutteredLaser(LightSwitch, CompositeInstrument):
    """Tunable laser behind a shutter. Fulfils :class:`~antistokes.instruments.roles.Laser` and TunableLaser.

    It shines all the time at one brightness: an attenuator sets the power on the sample.

    :param parts: ``source`` and ``shutter``; no other shutter is needed in its beam
    """

    MODEL = "Tunable laser behind a shutter"
    VERIFIED = "Against the twins of its parts, with the exponent that another laser finds there."
    ROLES = (Laser, TunableLaser)
    PARTS: ClassVar[dict[str, type]] = {"source": TunableLaser, "shutter": Shutter}
    SNAPSHOT = ("wavelength", "emission")

    drive_unit = "%"
    drive_limits = (_DRIVE, _DRIVE)
    rated_power = None

    def __init__(self, parts: dict[str, Any], name: str = "", *, clock: Clock | None = None) -> None:
        super().__init__(parts, name, clock=clock)
        self._source: TunableLaser = parts["source"]
        self._shutter: Shutter = parts["shutter"]
        self.settle_time = max(self._source.settle_time, self._shutter.settle_time)

    @property
    def wavelength(self) -> float:
        """Control the wavelength, in nm; returns when the source has tuned."""
        return self._source.wavelength

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        self._source.wavelength = wavelength

    @property
    def wavelength_range(self) -> tuple[float, float]:
        """Get the shortest and the longest wavelength, in nm."""
        return self._source.wavelength_range

    @property
    def drive(self) -> float:
        """Control the brightness, in %: there is one, 100."""
        return _DRIVE

    @drive.setter
    def drive(self, drive: float) -> None:
        if drive != _DRIVE:
            raise LimitError(f"{self.name}: drive", drive, _DRIVE, _DRIVE, self.drive_unit)

    @property
    def emission(self) -> bool:
        """Control whether its light gets past the shutter."""
        return self._shutter.is_open

    @emission.setter
    def emission(self, on: bool) -> None:
        self.switch(on)

    def _light_up(self) -> None:
        self._set(True)

    def _go_dark(self) -> None:
        self._set(False)

    def _disarm(self) -> None:
        """The shutter closed is all there is."""

    def _set(self, is_open: bool) -> None:
        self._shutter.is_open = is_open
        if self._shutter.is_open != is_open:
            raise DeviceFault(self.name, f"the shutter did not {'open' if is_open else 'close'}")

"""Roles: what a procedure may ask of an instrument, whatever its model.

Procedures and windows see only these. A driver fulfils a role by having its members; nothing is
inherited. Every device also has ``name``, ``settle_time``, ``limits``, ``make_safe``, ``snapshot``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@runtime_checkable
class Role(Protocol):
    """Common to all roles."""

    name: str
    #: s from a changed set-point to the moment its effect can be measured
    settle_time: float

    def make_safe(self) -> None: ...
    def snapshot(self) -> dict[str, Any]: ...


@runtime_checkable
class Laser(Role, Protocol):
    """An excitation source with one set-point that makes it brighter.

    The set-point (``drive``) is in whatever the source is driven by: A for a diode, W for a laser
    head, % for a supercontinuum; ``drive_unit`` says which. What it means in W is measured.
    """

    #: nm
    wavelength: float
    drive_unit: str
    #: lowest and highest drive allowed, in drive_unit
    drive_limits: tuple[float, float]
    drive: float
    #: the most it can emit within drive_limits by its data sheet, W; None when that is not known
    rated_power: float | None
    #: light on or off; setting it returns when the source has done so
    emission: bool


@runtime_checkable
class Attenuator(Role, Protocol):
    """Something with a position that changes the transmitted power. Transmission is always measured."""

    position_unit: str
    #: a stretch of positions that contains the most and the least transmission
    position_range: tuple[float, float]
    #: setting it returns when the move has ended
    position: float


@runtime_checkable
class PowerMeter(Role, Protocol):
    """Optical power meter."""

    #: wavelength its reading is corrected for, nm
    wavelength: float
    #: wavelengths its head can be corrected for, nm
    wavelength_range: tuple[float, float]
    #: one reading, W; raises OverRange rather than return a number it cannot trust
    power: float


@runtime_checkable
class Spectrometer(Role, Protocol):
    """Array spectrometer."""

    #: integration time of one frame, s
    exposure: float
    exposure_limits: tuple[float, float]
    #: counts at which a pixel is full
    saturation: float

    def wavelengths(self) -> npt.NDArray[np.float64]:
        """Wavelength of each pixel, nm, shape (pixels,)."""

    def frame(self) -> npt.NDArray[np.float64]:
        """Take one exposure: counts per pixel, shape (pixels,), dark signal included."""


@runtime_checkable
class TemperatureController(Role, Protocol):
    """Holds the sample at a temperature."""

    #: K, of the sensor at the sample
    temperature: float
    #: K; setting it starts the approach and returns at once
    setpoint: float
    setpoint_range: tuple[float, float]
    #: heater allowed to work
    control: bool


#: by the name a station file's ``[roles]`` uses
ROLES: dict[str, type] = {
    "laser": Laser,
    "attenuator": Attenuator,
    "power_meter": PowerMeter,
    "spectrometer": Spectrometer,
    "temperature_controller": TemperatureController,
}

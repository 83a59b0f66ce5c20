"""Roles: what a procedure may ask of an instrument, whatever its model.

Procedures and windows see only these. A driver fulfils a role by having its members; nothing is
inherited. Every device also has ``name``, ``settle_time``, ``limits``, ``make_safe``, ``snapshot``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from .tags import Tags


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
class TunableLaser(Role, Protocol):
    """A source whose wavelength can be set. Whether its light can be switched is the role Laser."""

    #: nm; setting it returns when the source emits there
    wavelength: float
    wavelength_range: tuple[float, float]


@runtime_checkable
class GatedLaser(Role, Protocol):
    """A source with an input for the pulses of a generator. That it is a source is the role Laser."""

    #: a generator is connected to that input
    gate_connected: bool
    #: there is light only while the input is high; set in the dark, it counts when the light comes on
    gated: bool


@runtime_checkable
class PulseGenerator(Role, Protocol):
    """Gates the pump and starts the counters: rectangular pulses at a fixed rate."""

    #: s from one pulse to the next
    period: float
    period_limits: tuple[float, float]
    #: s, of one pulse
    width: float
    width_limits: tuple[float, float]
    #: pulses are sent
    output: bool


@runtime_checkable
class Shutter(Role, Protocol):
    """Lets a beam pass or not."""

    #: setting it returns when the blade has moved
    is_open: bool


@runtime_checkable
class FilterWheel(Role, Protocol):
    """A wheel of filters."""

    #: the filter in the beam, 1 to slots; setting it returns when it is there
    slot: int
    slots: int


@runtime_checkable
class SampleHolder(Role, Protocol):
    """Brings one of several samples into the beam, or none."""

    #: the slot in the beam, 1 to slots; setting it returns when it is there
    slot: int
    slots: int
    #: what is in the slots, from the first
    names: tuple[str, ...]


@runtime_checkable
class Attenuator(Role, Protocol):
    """Something with a position that changes the transmitted power. Transmission is always measured."""

    position_unit: str
    #: a stretch of positions that contains the most and the least transmission
    position_range: tuple[float, float]
    #: setting it returns when the move has ended
    position: float


@runtime_checkable
class PolarisationRotator(Role, Protocol):
    """Turns the polarisation of the excitation."""

    #: degrees, of the light's electric field; setting it returns when it is there
    polarisation: float
    polarisation_range: tuple[float, float]


@runtime_checkable
class LinearStage(Role, Protocol):
    """Moves something along a line."""

    #: mm; setting it returns when the move has ended
    position: float
    position_range: tuple[float, float]


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
    """Gives a whole spectrum: an array behind a grating, a scanned monochromator, a spectrum analyser."""

    #: "" for counts, which grow with the exposure; "W/nm" for spectral power, which does not
    signal_unit: str
    #: integration time of one frame, s; of one step for an instrument that scans
    exposure: float
    exposure_limits: tuple[float, float]
    #: signal at which a pixel is full
    saturation: float

    def wavelengths(self) -> npt.NDArray[np.float64]:
        """Wavelength of each pixel, nm, shape (pixels,)."""

    def frame(self) -> npt.NDArray[np.float64]:
        """Take one exposure: the signal of each pixel, shape (pixels,), dark signal included."""


@runtime_checkable
class Monochromator(Role, Protocol):
    """Passes one wavelength at a time."""

    #: nm; setting it returns when it has arrived
    wavelength: float
    wavelength_range: tuple[float, float]


@runtime_checkable
class GatedCounter(Role, Protocol):
    """Counts photons for a set time, all of them or those inside a gate after each trigger."""

    #: time of one count, s
    exposure: float
    exposure_limits: tuple[float, float]
    #: the highest count it can give
    saturation: float
    #: s from the trigger to the gate and width of the gate; None: no gate, every photon counts
    gate: tuple[float, float] | None

    def count(self) -> float:
        """Photons counted in one exposure, dark counts included."""


@runtime_checkable
class PhotonCounter(Role, Protocol):
    """Histograms the arrival times of photons after a trigger."""

    #: s; setting it chooses the device's nearest width that is not shorter, reading says which it is
    bin_width: float
    bin_width_limits: tuple[float, float]
    #: bins of one histogram; setting it chooses the device's nearest number that is not smaller
    bins: int
    bins_limits: tuple[int, int]
    #: counts at which a bin is full
    saturation: float
    #: triggers in the last histogram
    triggers: float

    def times(self) -> npt.NDArray[np.float64]:
        """Start of each bin after the trigger, s, shape (bins,)."""

    def histogram(self, seconds: float) -> npt.NDArray[np.float64]:
        """Collect for *seconds*: photons per bin, shape (bins,), dark counts included."""

    def count_rate(self) -> float:
        """Photons per second now, for pile-up."""


@runtime_checkable
class TimeTagger(Role, Protocol):
    """Delivers the time of every single event."""

    #: channels of the excitation's trigger and of the photons
    trigger_channel: int
    photon_channel: int

    def stream(self, seconds: float) -> Iterator[Tags]:
        """Every event of the next *seconds* in blocks, in order of time.

        :raises DeviceFault: events were lost
        """


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


@runtime_checkable
class Thermometer(Role, Protocol):
    """Sees the lit sample itself, which light warms or cools beyond what holds it."""

    #: K, of the lit sample; None: no sensor of it is set up
    crystal_temperature: float | None


#: by the name a station file's ``[roles]`` uses
ROLES: dict[str, type] = {
    "laser": Laser,
    "tunable_laser": TunableLaser,
    "gated_laser": GatedLaser,
    "pulse_generator": PulseGenerator,
    "shutter": Shutter,
    "filter_wheel": FilterWheel,
    "sample_holder": SampleHolder,
    "attenuator": Attenuator,
    "polarisation_rotator": PolarisationRotator,
    "linear_stage": LinearStage,
    "power_meter": PowerMeter,
    "spectrometer": Spectrometer,
    "monochromator": Monochromator,
    "gated_counter": GatedCounter,
    "photon_counter": PhotonCounter,
    "time_tagger": TimeTagger,
    "temperature_controller": TemperatureController,
    "thermometer": Thermometer,
}

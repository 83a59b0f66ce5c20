"""Twin of an Andor CCD on a Shamrock spectrograph, behind the driver's seam to the two libraries.

Plays the calls as ATMCD32D.H and ShamrockCIF.h name them, with their codes: the state of the cooling is a
return code, nothing works before Initialize or during an acquisition, a calibration asked for too early is
all zeros, the shutter starts closed, cooling ends at ShutDown unless it was told to go on. Optics:
Czerny-Turner with a fixed angle between the arms. All numbers are assumed, of the size of a Newton camera
on a 303 mm spectrograph.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import NonNegative, Positive, Record

from ..bench import Bench
from ..detection import Detector, DetectorSettings, Surroundings
from ..faulty_messages import SdkTwin
from .andor_calls import AndorCalls

_OFF, _NOT_STABILIZED, _STABILIZED, _NOT_REACHED = 20034, 20035, 20036, 20037
_CLOSED = 2


class AndorShamrockSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``. The detector's calibration and resolution follow from the optics."""

    head: str = "DU940P_BV"
    rows: int = 512
    pixel_um: Positive = 13.5
    bits: int = 16
    shortest_s: Positive = 1e-5
    readout_s: NonNegative = 0.02
    temperature_range: tuple[int, int] = (-100, 20)
    ambient_C: float = 20.0
    #: K/s, and s from the set-point to rest
    cooling_rate: Positive = 0.5
    rest_s: NonNegative = 30.0
    #: dark signal doubles every so many K; the detector's is that at -60 °C
    doubling_K: Positive = 7.0
    #: lines per mm
    gratings: tuple[Positive, ...] = (150.0, 600.0, 1200.0)
    focal_mm: Positive = 303.0
    #: angle between the arms
    deviation_deg: Positive = 23.0
    slit_um: Positive = 100.0
    grating_s: NonNegative = 15.0
    move_s: NonNegative = 1.5
    detector: DetectorSettings = DetectorSettings(
        dark_pixels=(0, 0),
        dark_e_per_s=0.5,
        read_noise_e=4.0,
        gain_e_per_count=2.0,
        offset_counts=300.0,
        full_well_e=300_000.0,
    )


class AndorShamrockTwin(SdkTwin):
    """One camera on one spectrograph, which look at what the bench's optics collect.

    :param name: the instrument's name in the station
    :param bench: the shared world
    :param settings: the twin's own table ``[simulation.twins.NAME]``
    """

    model = "Andor CCD + Shamrock"
    Settings = AndorShamrockSettings
    #: serial number of the camera; the world sets it to the station file's resource
    resource_name = "18123"

    def __init__(self, name: str, bench: Bench, settings: AndorShamrockSettings | None = None) -> None:
        self.name, self.bench, self.clock = name, bench, bench.clock
        self.settings = AndorShamrockSettings() if settings is None else settings
        self.cooler = Cooler(self.settings, self.clock.now)
        self.initialized = self.spectrograph_open = self.keep_cold = False
        self.grating, self.center = 1, 600.0
        self.exposure, self.shutter = 0.1, _CLOSED
        self.ends: float | None = None
        self.frame: npt.NDArray[np.float64] | None = None
        self.surroundings = Surroundings()
        self._rng = bench.rng(name)
        self._pattern = self._rng.bit_generator.state
        self._noise: Any = None
        self._key: tuple[float, ...] = ()

    def sdk(self) -> AndorCalls:
        """What plays the two libraries with this one camera and spectrograph attached."""
        return AndorCalls(self)

    @property
    def acquiring(self) -> bool:
        return self.ends is not None and self.clock.now() < self.ends

    @property
    def detector(self) -> Detector:
        """As it is now: the same pixels at whatever wavelengths and temperature."""
        kelvin_above = round(self.cooler.temperature() + 60.0)
        key = (self.grating, self.center, kelvin_above)
        if key != self._key:
            s = self.settings
            coefficients, resolution = self._optics()
            dark = s.detector.dark_e_per_s * 2 ** (kelvin_above / s.doubling_K)
            settings = msgspec.structs.replace(
                s.detector,
                calibration_nm=coefficients,
                resolution_nm=resolution,
                dark_e_per_s=dark,
                maximum_counts=2.0**s.bits - 1,
            )
            noise = self._rng.bit_generator.state
            self._rng.bit_generator.state = self._pattern
            self._detector = Detector(settings, self._rng, self.surroundings)
            if self._key:  # the noise goes on where it was
                self._rng.bit_generator.state = noise
            self._key = key
        return self._detector

    def _optics(self) -> tuple[tuple[float, float, float, float], float]:
        """Wavelength of a pixel as a polynomial, and width of the slit's image, in nm."""
        s = self.settings
        spacing, half = 1e6 / s.gratings[self.grating - 1], math.radians(s.deviation_deg) / 2
        turn = math.asin(self.center / (2 * spacing * math.cos(half)))
        pixels = np.arange(float(s.detector.pixels))
        off = np.arctan((pixels - pixels.mean()) * s.pixel_um * 1e-3 / s.focal_mm)
        nm = spacing * (math.sin(turn - half) + np.sin(turn + half + off))
        fit = np.polynomial.Polynomial.fit(pixels, nm, 3).convert().coef
        a, b, c, d = (float(x) for x in fit)
        dispersion = spacing * math.cos(turn + half) / s.focal_mm  # nm per mm
        return (a, b, c, d), dispersion * s.slit_um * 1e-3

    def longest_wavelength(self, grating: int) -> float:
        """nm, with the grating turned by 45°."""
        spacing, half = (
            1e6 / self.settings.gratings[grating - 1],
            math.radians(self.settings.deviation_deg) / 2,
        )
        return round(2 * spacing * math.cos(half) * math.sin(math.radians(45.0)), 1)

    def start(self) -> None:
        """A frame of the light there is when it begins."""
        with self.bench.lock:
            lights = [] if self.shutter == _CLOSED else self.bench.collected()
            self.frame = self.detector.expose(lights, self.exposure)
            self.ends = self.clock.now() + self.exposure + self.settings.readout_s


class Cooler:
    """Takes the sensor to its set-point at a steady rate.

    :param now: the present time, s
    """

    def __init__(self, settings: AndorShamrockSettings, now: Any) -> None:
        self._settings, self._now = settings, now
        self.setpoint, self.on = settings.ambient_C, False
        self._since, self._from = 0.0, settings.ambient_C

    def change(self, *, setpoint: float | None = None, on: bool | None = None) -> None:
        """Another set-point, or switched; the way begins where the sensor is."""
        self._from, self._since = self.temperature(), self._now()
        self.setpoint = self.setpoint if setpoint is None else setpoint
        self.on = self.on if on is None else on

    def _goal(self) -> float:
        return min(self.setpoint, self._settings.ambient_C) if self.on else self._settings.ambient_C

    def _arrival(self) -> float:
        return self._since + abs(self._goal() - self._from) / self._settings.cooling_rate

    def temperature(self) -> float:
        """°C, now."""
        if self._now() >= self._arrival():
            return self._goal()
        way = self._settings.cooling_rate * (self._now() - self._since)
        return self._from + math.copysign(way, self._goal() - self._from)

    def state(self) -> int:
        """The code for it."""
        if not self.on:
            return _OFF
        if self._now() < self._arrival():
            return _NOT_REACHED
        return _STABILIZED if self._now() >= self._arrival() + self._settings.rest_s else _NOT_STABILIZED

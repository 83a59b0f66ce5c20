"""An array detector behind a grating: spectral lines in, counts per pixel out.

    electrons = Poisson(light·t·QE + dark·t) + Normal(0, read noise);   counts = electrons/gain + offset

Electron multiplication multiplies the Poisson number by G with an excess noise factor F² = 2 − 1/G
(M. S. Robbins and B. J. Hadwen, IEEE Trans. Electron Devices 50, 1227 (2003), for many stages).

(PHYSICS.md 2h.1 to 2h.3). Lines are Gaussian, widened by the instrument's resolution, integrated over
each pixel. All default numbers are assumed, of the size an uncooled-to-mildly-cooled compact
spectrometer with a 2048-pixel CCD shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from scipy.special import erf

from antistokes.instruments.records import Fraction, NonNegative, Positive, Record

from .light import Light
from .physics.constants import FWHM_PER_SIGMA

Array = npt.NDArray[np.float64]

# quantum efficiency of a front-illuminated silicon CCD with coating, nm (typical shape, assumed)
_QE_NM = (300, 340, 400, 450, 500, 550, 600, 650, 700, 750, 800, 850, 900, 950, 1000, 1050, 1100)
_QE = (0.05, 0.20, 0.38, 0.46, 0.50, 0.50, 0.46, 0.41, 0.35, 0.29, 0.23, 0.17, 0.12, 0.075, 0.03, 0.008, 0.0)


class DetectorSettings(Record, kw_only=True, frozen=True):
    """Everything between slit and counts."""

    #: wavelength of pixel 0 and the coefficients of pixel, pixel², pixel³: 340 to 1030 nm over 2048 pixels
    calibration_nm: tuple[float, float, float, float] = (340.0, 0.3740, -1.65e-5, -7.8e-10)
    pixels: int = 2048
    #: first and one past the last of the pixels that are covered; none: equal
    dark_pixels: tuple[int, int] = (6, 21)
    resolution_nm: Positive = 1.5
    #: fraction of the photons at the slit that reach the detector
    throughput: Fraction = 0.4
    #: pedestal on every pixel, as a fraction of all light that reaches the detector; 0 turns it off
    stray_light: Fraction = 1e-5
    #: at *dark_C*; the sensor is at *sensor_C*, and every *dark_doubling_K* more double it
    dark_e_per_s: NonNegative = 400.0
    dark_C: float = 20.0
    sensor_C: float = 20.0
    dark_doubling_K: Positive = 6.5
    #: relative spread of dark current and of sensitivity over the pixels
    dark_spread: NonNegative = 0.1
    sensitivity_spread: NonNegative = 0.01
    read_noise_e: NonNegative = 40.0
    gain_e_per_count: Positive = 1.0
    offset_counts: NonNegative = 1500.0
    #: highest count of the converter, and the electrons a pixel holds
    maximum_counts: Positive = 65535.0
    full_well_e: Positive = 65000.0
    #: mean electrons out per electron in, before the read noise; 1: no multiplication
    em_gain: Annotated[float, Meta(ge=1)] = 1.0
    #: hits per minute and cm² (at sea level about 2; 0 turns them off), of 1 to 3 pixels, and the electrons
    #: of one, any order of magnitude being equally likely
    cosmics_per_min_cm2: NonNegative = 0.0
    cosmic_e: tuple[Positive, Positive] = (1e3, 1e4)
    #: light-sensitive area: 2048 pixels of 14 µm × 200 µm
    area_cm2: Positive = 0.057


@dataclass
class Surroundings:
    """What gets to a detector besides the light of the experiment.

    :ivar room_light: electrons per second in every pixel
    :ivar cosmics_per_min_cm2: besides those of the settings
    """

    room_light: float = 0.0
    cosmics_per_min_cm2: float = 0.0


class Detector:
    """One detector, its pixels fixed by the random stream it is made with."""

    def __init__(
        self,
        settings: DetectorSettings,
        rng: np.random.Generator,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.settings = s = settings
        self._surroundings = surroundings or Surroundings()
        self._rng = rng
        calibration = np.polynomial.Polynomial(s.calibration_nm)
        self._edges: Array = calibration(np.arange(-0.5, s.pixels))
        #: nm, shape (pixels,)
        self.wavelengths: Array = calibration(np.arange(float(s.pixels)))
        dark = s.dark_e_per_s * 2 ** ((s.sensor_C - s.dark_C) / s.dark_doubling_K)
        self._dark: Array = dark * np.abs(1 + s.dark_spread * rng.standard_normal(s.pixels))
        self._sensitivity: Array = np.abs(1 + s.sensitivity_spread * rng.standard_normal(s.pixels))
        first, last = s.dark_pixels
        if first < last:
            self._sensitivity[:last] = 0.0
        self._shapes: dict[tuple[tuple[float, float], ...], Array] = {}

    def expose(self, lights: Sequence[Light], seconds: float) -> Array:
        """Counts of one frame, shape (pixels,)."""
        s = self.settings
        mean = (self.light_rate(lights) + self._dark + self._surroundings.room_light) * seconds
        electrons = self._poisson(mean)
        if hits := s.cosmics_per_min_cm2 + self._surroundings.cosmics_per_min_cm2:
            self._add_cosmics(electrons, hits * s.area_cm2 * seconds / 60)
        electrons = np.minimum(electrons, s.full_well_e)
        if s.em_gain > 1:
            electrons = self._multiplied(electrons)
        electrons += s.read_noise_e * self._rng.standard_normal(s.pixels)
        counts: Array = np.rint(electrons / s.gain_e_per_count + s.offset_counts)
        return np.clip(counts, 0.0, s.maximum_counts, out=counts)

    def light_rate(self, lights: Sequence[Light]) -> Array:
        """Electrons per second that light makes in each pixel, shape (pixels,)."""
        photons = np.array([light.photons for light in lights])
        lines = tuple((light.wavelength, light.fwhm) for light in lights)
        if lines not in self._shapes:
            if len(self._shapes) > 64:
                self._shapes.clear()
            self._shapes[lines] = self._response(lines)
        rate: Array = photons @ self._shapes[lines]
        return rate

    def _response(self, lines: tuple[tuple[float, float], ...]) -> Array:
        """Electrons in each pixel per photon of each line at the slit, shape (lines, pixels)."""
        s = self.settings
        if not lines:
            return np.zeros((0, s.pixels))
        center, fwhm = np.array(lines).T
        sigma = np.hypot(fwhm, s.resolution_nm) / FWHM_PER_SIGMA
        below = 0.5 * erf((self._edges - center[:, None]) / (np.sqrt(2) * sigma[:, None]))
        stray = s.stray_light * self._efficiency(center)[:, None]
        response: Array = (np.diff(below) * self._efficiency(self.wavelengths) + stray) * self._sensitivity
        return response * s.throughput

    def _add_cosmics(self, electrons: Array, expected: float) -> None:
        s = self.settings
        hits = self._rng.poisson(expected)
        first = self._rng.integers(s.pixels, size=hits)
        lengths = self._rng.integers(1, 4, size=hits)
        least, most = s.cosmic_e
        deposits = least * (most / least) ** self._rng.random(hits)
        for pixel, length, deposit in zip(first, lengths, deposits, strict=True):
            track = electrons[pixel : pixel + length]
            track += deposit / len(track)

    def _multiplied(self, electrons: Array) -> Array:
        """Gamma-distributed: n electrons become n·G with variance n·G²·(F² − 1)."""
        gain = self.settings.em_gain
        excess = 1 - 1 / gain  # F² − 1
        return self._rng.gamma(electrons / excess, gain * excess)

    @staticmethod
    def _efficiency(wavelength: Array) -> Array:
        return np.interp(wavelength, _QE_NM, _QE)

    def _poisson(self, mean: Array) -> Array:
        """Poisson numbers; above 1000 the normal distribution is near enough and much faster."""
        few = mean < 1000
        many = mean[~few]
        result = np.empty_like(mean)
        result[few] = self._rng.poisson(mean[few])
        result[~few] = many + np.sqrt(many) * self._rng.standard_normal(len(many))
        return result

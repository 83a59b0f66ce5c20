"""Optical elements of the virtual bench: what makes light, what weakens it, what splits it.

Powers in W, wavelengths in nm, angles in degrees. Default numbers are typical of the parts named
and assumed; a station file overrides them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, Protocol

from msgspec import Meta

from antistokes.instruments.records import Beam, Fraction, NonNegative, Positive, Range, Record


class Source(Protocol):
    """Something that shines down the excitation path."""

    @property
    def wavelength(self) -> float:
        """In nm, now."""

    def power(self, volts: float = 0.0) -> float:
        """Optical power leaving the source now, in W, with *volts* at its modulation input."""


class Element(Protocol):
    """Something the excitation beam passes on its way to the sample."""

    def transmission(self, wavelength: float) -> float:
        """Transmitted fraction now."""


class Passband(Protocol):
    """What stands between the collected light and a counter."""

    def transmission(self, wavelength: float, fwhm: float) -> float:
        """Transmitted fraction now of a line, both in nm."""


class DiodeSettings(Record, kw_only=True, frozen=True):
    """Light–current line of a fibre-coupled 980 nm pump diode."""

    wavelength_nm: Positive = 980.0
    threshold_A: NonNegative = 0.06
    slope_W_per_A: Positive = 0.6
    #: relative change of the threshold per K of diode temperature (characteristic temperature 140 K)
    threshold_per_K: NonNegative = 1 / 140
    #: light below threshold, as a fraction of the slope above it
    spontaneous: Fraction = 1e-4


class Diode:
    """A laser diode: P = slope·(I − I_th(T)), a little spontaneous emission below threshold."""

    def __init__(self, settings: DiodeSettings) -> None:
        self.settings = settings
        self.wavelength = settings.wavelength_nm
        self.current = 0.0
        self.temperature = 25.0

    def threshold(self) -> float:
        """Threshold current at the present temperature, A."""
        s = self.settings
        return s.threshold_A * math.exp((self.temperature - 25.0) * s.threshold_per_K)

    def power(self, volts: float = 0.0) -> float:
        s = self.settings
        threshold = self.threshold()
        spontaneous = s.slope_W_per_A * s.spontaneous * min(self.current, threshold)
        return spontaneous + s.slope_W_per_A * max(0.0, self.current - threshold)


class WavePlateSettings(Record, kw_only=True, frozen=True):
    """Half-wave plate before a polariser (PHYSICS.md 2h.8)."""

    #: plate angle of full transmission
    zero_deg: float = 12.4
    #: transmission when crossed
    extinction: Fraction = 1e-3
    #: transmission of plate and polariser when open
    peak: Fraction = 0.95


class WavePlate:
    """T = peak·(cos²(2(θ − θ₀)) + extinction)/(1 + extinction)."""

    def __init__(self, settings: WavePlateSettings) -> None:
        self.settings = settings
        self.angle = 0.0

    def transmission(self, wavelength: float) -> float:
        s = self.settings
        open_part = math.cos(2 * math.radians(self.angle - s.zero_deg)) ** 2
        return s.peak * (open_part + s.extinction) / (1 + s.extinction)


class KnifeSettings(Record, kw_only=True, frozen=True):
    """An edge that a stage moves across the beam; it has passed the beam at the stage's far end."""

    #: position of the stage at which the edge is on the beam's axis
    center_mm: NonNegative = 30.0
    #: the radius it measures
    along: Literal["x", "y"] = "x"


class KnifeEdge:
    """Lets pass what it does not cover: of a Gaussian beam T = ½ erfc(√2·u), with u the edge's distance from
    the axis in radii; of a top hat the rest of its area, (arccos u - u·√(1 - u²))/π.

    :param place: where the stage is now, mm
    """

    def __init__(self, settings: KnifeSettings, beam: Beam, place: Callable[[], float]) -> None:
        self.settings, self._place, self._profile = settings, place, beam.profile
        self._radius = 1e-3 * (beam.w_x_um if settings.along == "x" else beam.w_y_um)

    def transmission(self, wavelength: float) -> float:
        u = (self._place() - self.settings.center_mm) / self._radius
        if self._profile == "gaussian":
            return 0.5 * math.erfc(math.sqrt(2) * u)
        u = min(max(u, -1.0), 1.0)
        return (math.acos(u) - u * math.sqrt(1 - u * u)) / math.pi


class ShortPassSettings(Record, kw_only=True, frozen=True):
    """Emission filter that keeps the pump out of the spectrometer."""

    edge_nm: Positive = 875.0
    edge_width_nm: Positive = 2.0
    pass_transmission: Fraction = 0.93
    optical_density: NonNegative = 6.0
    #: between the light and the filter's normal, and the effective index of the coating
    angle_deg: Annotated[float, Meta(ge=0, lt=90)] = 0.0
    effective_index: Annotated[float, Meta(gt=1)] = 1.8
    #: photons the filter sends on per photon it stops, evenly over *fluorescence_nm* (typical: 1e-6)
    fluorescence: Fraction = 0.0
    fluorescence_nm: Range = (400.0, 875.0)

    def __post_init__(self) -> None:
        low, high = self.fluorescence_nm
        if not low < high:
            raise ValueError(f"fluorescence_nm = {low:g} to {high:g} nm is empty; the lower end comes first")


class ShortPass:
    """Transmits below the edge, blocks with 10^-OD above it; a logistic edge in between.

    The edge of an interference coating moves to the blue as light comes in at an angle,
    λ(θ) = λ₀·√(1 − (sinθ/n_eff)²) (H. A. Macleod, Thin-Film Optical Filters).
    """

    def __init__(self, settings: ShortPassSettings) -> None:
        self.settings = settings

    @property
    def edge(self) -> float:
        """Where the transmission has fallen to half, nm."""
        s = self.settings
        return s.edge_nm * math.sqrt(1 - (math.sin(math.radians(s.angle_deg)) / s.effective_index) ** 2)

    def fluorescence(self, wavelength: float) -> float:
        """Photons that the filter itself sends on per nm, for each of *wavelength* nm that comes in."""
        s = self.settings
        low, high = s.fluorescence_nm
        return s.fluorescence * max(s.pass_transmission - self.transmission(wavelength), 0.0) / (high - low)

    def transmission(self, wavelength: float) -> float:
        s = self.settings
        x = (wavelength - self.edge) / s.edge_width_nm
        edge = 1 / (1 + math.exp(min(max(x, -60.0), 60.0)))
        return s.pass_transmission * edge + 10**-s.optical_density


class NeutralDensitySettings(Record, kw_only=True, frozen=True):
    """A metal film on glass: nominal optical density and how far it is off elsewhere."""

    optical_density: NonNegative = 1.0
    #: wavelength at which the density is the nominal one
    nominal_nm: Positive = 633.0
    #: relative change of the density *range_nm* and more to the red of it; the opposite to the blue
    variation: Annotated[float, Meta(ge=-1, le=1)] = 0.05
    range_nm: Positive = 350.0


class NeutralDensity:
    """T = 10^-OD(λ), OD(λ) = OD·(1 + v·(λ − λ₀)/range), the change limited to ±v."""

    def __init__(self, settings: NeutralDensitySettings) -> None:
        self.settings = settings

    def optical_density(self, wavelength: float) -> float:
        s = self.settings
        x = (wavelength - s.nominal_nm) / s.range_nm
        return s.optical_density * (1 + s.variation * min(max(x, -1.0), 1.0))

    def transmission(self, wavelength: float) -> float:
        return 10 ** -self.optical_density(wavelength)

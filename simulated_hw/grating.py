"""What a Czerny-Turner monochromator with two slits passes.

The entrance slit's image, of the width of the slit or of the light that fills it, falls on the exit slit: a
line passes by the overlap of the two, a trapezoid in wavelength, widened by the line's own width and by the
optics. With grating constant d, half included angle φ and focal length f (Princeton Instruments, "Grating
dispersion and resolution calculations"):

    λ = 2 d cosφ sinθ;   nm per mm at the exit = d cos(θ + φ) / f
"""

from __future__ import annotations

import math

from antistokes.instruments.records import Fraction, NonNegative, Positive, Record

from .physics.constants import FWHM_PER_SIGMA


class OpticsSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME.optics]``; typical of a monochromator of 0.3 m, efficiencies assumed."""

    focal_length_mm: Positive = 300.0
    half_angle_deg: Positive = 15.2
    #: width of the light's image on the entrance slit
    image_um: Positive = 200.0
    #: width that the optics add
    blur_um: NonNegative = 20.0
    #: light that passes in the zeroth, first and second order
    efficiency: tuple[Fraction, Fraction, Fraction] = (0.3, 0.6, 0.03)
    #: light of any wavelength that passes anyway
    stray: Fraction = 1e-6


class Grating:
    """A grating on its turret.

    :param grooves: per mm; 0 for a mirror
    """

    def __init__(self, grooves: float, optics: OpticsSettings) -> None:
        self.grooves, self.optics = grooves, optics

    def angle(self, wavelength: float) -> float:
        """Of the grating that passes *wavelength* nm, degrees."""
        half = math.radians(self.optics.half_angle_deg)
        return math.degrees(math.asin(min(wavelength * self.grooves * 5e-7 / math.cos(half), 1.0)))

    def dispersion(self, setting: float) -> float:
        """nm per mm at the exit slit."""
        angle = math.radians(self.angle(setting) + self.optics.half_angle_deg)
        return 1e6 / self.grooves * math.cos(angle) / self.optics.focal_length_mm

    def bandpass(self, setting: float, entrance: float, exit_: float) -> float:
        """Full width of the passed band in nm for slits in µm."""
        return self.dispersion(setting) * max(min(entrance, self.optics.image_um), exit_) * 1e-3

    def transmission(
        self, setting: float, entrance: float, exit_: float, wavelength: float, fwhm: float
    ) -> float:
        """Passed fraction of a line (nm) when the grating stands at *setting* nm; slits in µm."""
        o = self.optics
        image = min(entrance, o.image_um)
        filled = image / o.image_um
        if not self.grooves:
            return filled * min(exit_ / image, 1.0) * o.efficiency[0]
        nm = self.dispersion(setting) * 1e-3  # per µm
        passed = o.stray
        for order, efficiency in enumerate(o.efficiency):
            sigma = math.hypot(order * fwhm / nm, o.blur_um) / FWHM_PER_SIGMA
            passed += efficiency * _overlap((order * wavelength - setting) / nm, image, exit_, sigma)
        return filled * passed


def _overlap(x: float, image: float, slit: float, sigma: float) -> float:
    """Fraction of an image, blurred and centred *x* beside a slit, that falls into it."""
    sigma = max(sigma, 1e-6)

    def ramp(y: float) -> float:
        z = y / sigma
        return 0.5 * y * (1 + math.erf(z / math.sqrt(2))) + sigma * math.exp(-z * z / 2) / math.sqrt(
            2 * math.pi
        )

    outer, inner = (image + slit) / 2, abs(image - slit) / 2
    return max(ramp(x + outer) - ramp(x + inner) - ramp(x - inner) + ramp(x - outer), 0.0) / image

"""What a calibration has found."""

from __future__ import annotations

from dataclasses import dataclass, field

from .curves import Anchor, AttenuatorCurve, DriveCurve, MeterNoise


@dataclass
class Calibrated:
    """How drive, attenuator and meter go together, in one mode of the laser (continuous or pulsed).

    Powers are those on the sample, in W, of pulses those while they last; noise is that of the mean power.
    """

    #: nm, of the laser
    wavelength: float
    #: W on the meter, in the dark
    background: float = 0.0
    noise: MeterNoise = field(default_factory=lambda: MeterNoise(0.0, 0.0))
    laser_curve: DriveCurve = field(default_factory=lambda: DriveCurve([]))
    #: drives that are used together with the attenuator, the brightest first
    anchors: list[Anchor] = field(default_factory=list)
    attenuation: AttenuatorCurve | None = None

    def anchor(self, power: float) -> Anchor:
        """The dimmest that reaches *power*, with some reserve; the brightest where none does."""
        enough = [a for a in self.anchors if a.power >= 1.03 * power]
        return enough[-1] if enough else self.anchors[0]

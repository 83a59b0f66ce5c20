"""Photon avalanche: weak absorption from the ground level, strong absorption from an excited one.

Three levels: cross relaxation of an ion in level 3 with one in the ground level leaves two ions in
level 2, each of which absorbs again. Beyond a threshold the loop more than sustains itself. Mean field
overstates how steep that is: 8 % Tm in nanocrystals shows slopes near 26 (Lee et al., Nature 589, 230
(2021)), the largest true derivative here is 192.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .processes import Array, Decay, Ion, Pump, Transfer, photons
from .rate_equations import RateEquations


def threshold_rate(
    intermediate: npt.ArrayLike, upper: npt.ArrayLike, branching: npt.ArrayLike, relaxation: npt.ArrayLike
) -> Array:
    """Excited-state pump rate R₂ in s⁻¹ at which the loop gains as much as it loses; inf where it never does.

    The populations of levels 2 and 3 of an ion that is mostly in its ground level grow when::

        R₂ > W₂/[(a·W₃ + 2s)/(W₃ + s) - 1]

    (determinant of the linearised rate equations; Joubert, Opt. Mater. 11, 181 (1999)).

    :param intermediate: decay rate W₂ of level 2, s⁻¹
    :param upper: decay rate W₃ of level 3, s⁻¹
    :param branching: share a of that decay that ends in level 2
    :param relaxation: cross relaxation s of an ion in level 3 among ions in the ground level, s⁻¹
    """
    w2 = checked("decay of the intermediate level", intermediate, "s⁻¹")
    w3 = checked("decay of the upper level", upper, "s⁻¹", above=True)
    s = checked("cross relaxation", relaxation, "s⁻¹")
    gain = (checked("branching", branching, high=1.0) * w3 + 2 * s) / (w3 + s) - 1
    return np.divide(w2, gain, out=np.full(np.broadcast(w2, gain).shape, math.inf), where=gain > 0)


@dataclass(frozen=True, slots=True)
class AvalancheIon:
    """Tm³⁺ at 1064 nm in NaYF₄ unless told otherwise: levels 3H6, 3F4 and 3H4.

    :ivar intermediate: decay rate W₂ of level 2, s⁻¹ (Judd–Ofelt, Tm 3F4)
    :ivar upper: decay rate W₃ of level 3, s⁻¹ (Judd–Ofelt, Tm 3H4)
    :ivar branching: share of W₃ that ends in level 2
    :ivar relaxation: cross relaxation K if every cation were Tm, s⁻¹ (simetuc 1.8.2: 3H4+3H6 → 2 3F4)
    :ivar cross_section: excited-state absorption 2 → 3, cm² (assumed)
    :ivar contrast: excited- over ground-state absorption (assumed)
    :ivar wavelength: of the excitation, nm
    """

    intermediate: float = 125.0
    upper: float = 870.0
    branching: float = 0.1
    relaxation: float = 3.23e5
    cross_section: float = 1e-21
    contrast: float = 1e4
    wavelength: float = 1064.0

    def __post_init__(self) -> None:
        checked("branching", self.branching, high=1.0)
        checked("cross relaxation", self.relaxation, "s⁻¹")
        for quantity, value, unit in (
            ("decay of the intermediate level", self.intermediate, "s⁻¹"),
            ("decay of the upper level", self.upper, "s⁻¹"),
            ("cross-section", self.cross_section, "cm²"),
            ("contrast", self.contrast, ""),
            ("wavelength", self.wavelength, "nm"),
        ):
            checked(quantity, value, unit, above=True)

    def threshold(self, fraction: npt.ArrayLike) -> Array:
        """Irradiance in W/cm² at which a crystal with this fraction of Tm avalanches; inf: it never does."""
        s = self.relaxation * checked("fraction of the cations", fraction, high=1.0)
        rate = threshold_rate(self.intermediate, self.upper, self.branching, s)
        return rate / (self.cross_section * photons(1.0, self.wavelength))

    def equations(self, fraction: float) -> RateEquations:
        """Rate equations of levels ``Tm:3H6``, ``Tm:3F4``, ``Tm:3H4``, pumped by absorption 1 → 2 and 2 → 3.

        :param fraction: Tm as a fraction of the cation sites, above 0
        """
        total = float(checked("fraction of the cations", fraction, above=True, high=1.0))
        ground, middle, top = levels = ("Tm:3H6", "Tm:3F4", "Tm:3H4")
        decays = [
            Decay(middle, ground, self.intermediate),
            Decay(top, middle, self.upper * self.branching),
            Decay(top, ground, self.upper * (1 - self.branching)),
        ]
        pumps = [
            Pump(ground, middle, self.wavelength, self.cross_section / self.contrast),
            Pump(middle, top, self.wavelength, self.cross_section),
        ]
        transfers = [Transfer((ground, top), (middle, middle), self.relaxation)]
        return RateEquations([Ion(total, levels)], decays, transfers, pumps)

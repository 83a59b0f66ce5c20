"""What quenches upconversion: the surface, impurities, and the emitting ions themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .processes import Array, Decay, Ion


def surface_quenching(depth: npt.ArrayLike, bare: npt.ArrayLike, length: npt.ArrayLike = 1.0) -> Array:
    """k_q(d) = k_q0·exp(-d/d₀) in s⁻¹: quenching of ions under a shell.

    :param depth: thickness d of the shell, nm
    :param bare: rate k_q0 of the unprotected particle, s⁻¹
    :param length: d₀ in nm (1 nm: assumed)
    """
    shells = checked("shell thickness", depth, "nm") / checked("decay length", length, "nm", above=True)
    return checked("quenching rate", bare, "s⁻¹") * np.exp(-shells)


def quencher(ions: Sequence[Ion], levels: Iterable[str], rate: float) -> list[Decay]:
    """Decays that take each of *levels* to the ground level of its ion at *rate* s⁻¹.

    :raises ValueError: for a level that no ion has, and for ground levels
    """
    rate = float(checked("quenching rate", rate, "s⁻¹"))
    ground = {level: ion.levels[0] for ion in ions for level in ion.levels[1:]}
    decays = []
    for level in levels:
        if level not in ground:
            raise ValueError(f"quenched level = {level!r}; allowed: {', '.join(ground)}")
        decays.append(Decay(level, ground[level], rate))
    return decays


def activator_brightness(fraction: npt.ArrayLike, critical: npt.ArrayLike) -> Array:
    """Emission against activator content, x/(1 + (x/x_c)²): highest, x_c/2, at x = x_c.

    More ions emit, and pairs of them quench (assumed form). x_c near 0.1 under protection from the
    surface and 0.02 without (both assumed) place the optimum of Er where it is found.

    :param fraction: activator as a fraction x of the cations
    :param critical: x_c
    """
    x = checked("activator fraction", fraction, high=1.0)
    return x / (1 + (x / checked("critical fraction", critical, above=True, high=1.0)) ** 2)


def cooperative_enhancement(
    quenching: npt.ArrayLike, donor_decay: float = 613.0, acceptor_decay: float = 1 / 3e-3
) -> Array:
    """How much brighter a weakly pumped cooperative pair gets when a quencher of both ions is removed.

    ((k_Yb + k_q)/k_Yb)²·(1 + k_q/k_Tb): the square of what each of the two Yb loses, times what Tb loses.
    That two Yb excite one Tb: Ostermayer and Van Uitert, Phys. Rev. B 1, 4208 (1970).

    :param quenching: k_q in s⁻¹
    :param donor_decay, acceptor_decay: k_Yb and k_Tb in s⁻¹ without quencher (3 ms of Tb: assumed)
    """
    k_q = checked("quenching rate", quenching, "s⁻¹")
    k_yb = checked("decay of Yb", donor_decay, "s⁻¹", above=True)
    return (1 + k_q / k_yb) ** 2 * (1 + k_q / checked("decay of Tb", acceptor_decay, "s⁻¹", above=True))

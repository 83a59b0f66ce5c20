"""Excitation that hops from Yb to Yb through the core and shells of a particle, as diffusion.

dn/dt = D·Δn - k·n + source in a sphere, by finite volumes: number of excitations in thin concentric cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.special import exprel

from .arguments import checked
from .processes import Array

_NM2 = 1e14  # nm² per cm²
_NM = 1e7  # nm per cm
_THICKEST = 40.0  # nm of spacer; through more arrives less than rounding leaves


def diffusion_coefficient(fraction: npt.ArrayLike, c6: npt.ArrayLike, l4: npt.ArrayLike) -> Array:
    """D = x·C₆·L₄/6 in cm²/s: hops of all lengths r at C₆/r⁶ among a fraction x of the cations, D = Σ r²·W/6.

    :param fraction: x
    :param c6: of one ion to another of its kind, cm⁶/s
    :param l4: lattice sum of r⁻⁴, Å⁻⁴
    """
    hopping = checked("C6", c6, "cm⁶/s") * checked("lattice sum", l4, "Å⁻⁴") * 1e32
    return checked("fraction of the cations", fraction, high=1.0) * hopping / 6


def diffusion_length(diffusion: npt.ArrayLike, lifetime: npt.ArrayLike) -> Array:
    """√(6·D·τ) in nm: root mean square distance travelled in a time τ in s at D in cm²/s."""
    return _NM * np.sqrt(6 * checked("diffusion", diffusion, "cm²/s") * checked("lifetime", lifetime, "s"))


def diffusion_time(distance: npt.ArrayLike, diffusion: npt.ArrayLike) -> Array:
    """L²/(2·D) in s: time to spread through a thickness L in nm at D in cm²/s."""
    length = checked("distance", distance, "nm") / _NM
    return length**2 / (2 * checked("diffusion", diffusion, "cm²/s", above=True))


def spacer_lifetime(
    thickness: npt.ArrayLike, bare: npt.ArrayLike, isolated: npt.ArrayLike, length: npt.ArrayLike = 1.0
) -> Array:
    """Lifetime of an emitter behind an inert or relay layer, 1/τ = 1/τ_max + (1/τ₀ - 1/τ_max)·exp(-L/l).

    Phenomenological: what quenches the emitter (Nd, the surface) fades with distance. Migration itself
    cannot make lifetimes of 7 to 10 ms.

    :param thickness: L in nm
    :param bare: τ₀ without layer; the result has its unit
    :param isolated: τ_max behind a thick one
    :param length: l in nm (1 nm: assumed)
    """
    slow = 1 / checked("isolated lifetime", isolated, above=True)
    layers = checked("layer thickness", thickness, "nm") / checked("decay length", length, "nm", above=True)
    return 1 / (slow + (1 / checked("bare lifetime", bare, above=True) - slow) * np.exp(-layers))


@dataclass(frozen=True, slots=True)
class Layer:
    """The core or a shell of a particle.

    :ivar thickness: nm, of the core its radius; without thickness it is left out
    :ivar diffusion: cm²/s; 0 where nothing migrates
    :ivar decay: of the migrating excitation by itself, s⁻¹
    :ivar sink: transfer to other ions of the layer, s⁻¹
    """

    thickness: float
    diffusion: float
    decay: float = 0.0
    sink: float = 0.0

    def __post_init__(self) -> None:
        checked("thickness", self.thickness, "nm")
        checked("diffusion", self.diffusion, "cm²/s")
        checked("decay", self.decay, "s⁻¹")
        checked("sink", self.sink, "s⁻¹")


class ShellDiffusion:
    """Excitations in the m cells of a layered sphere, from the centre outwards.

    :param layers: the core first
    :param quenching_velocity: s in cm/s of the outer surface, flux = s·n (Robin condition); 0: no flux
    :param step: largest thickness of a cell, nm
    :ivar volumes: of the cells, nm³, (m,)
    :ivar layer: index into *layers* of each cell, (m,)
    :ivar losses: decay, sink and surface together, s⁻¹, (m,)
    """

    def __init__(self, layers: Sequence[Layer], quenching_velocity: float = 0.0, step: float = 0.25) -> None:
        checked("quenching velocity", quenching_velocity, "cm/s")
        checked("step", step, "nm", above=True)
        counts = [math.ceil(layer.thickness / step - 1e-9) for layer in layers]
        if not sum(counts):
            raise ValueError("thickness of all layers = 0 nm; must be above 0 nm")
        self.layer = np.repeat(np.arange(len(layers)), counts)
        width = np.repeat(
            [layer.thickness / max(n, 1) for layer, n in zip(layers, counts, strict=True)], counts
        )
        diffusion = np.repeat([_NM2 * layer.diffusion for layer in layers], counts)
        edges = np.append(0.0, np.cumsum(width))
        self.volumes: Array = 4 / 3 * math.pi * np.diff(edges**3)
        # conductance between the middles of neighbours in nm³/s: two half cells in series
        half = width / 2
        self._conductances = (
            4 * math.pi * edges[1:-1] ** 2 * _series(diffusion[:-1], half[:-1], diffusion[1:], half[1:])
        )
        surface = _series(diffusion[-1:], half[-1:], np.array([_NM * quenching_velocity]), np.ones(1))
        self.losses: Array = np.repeat([layer.decay + layer.sink for layer in layers], counts)
        self.losses[-1] += 4 * math.pi * edges[-1] ** 2 * surface[0] / self.volumes[-1]
        self._rates, self._modes = self._normal_modes()

    def cells(self) -> tuple[Array, Array]:
        """Volumes (m,) in nm³, and hop rates (m, m) in s⁻¹ of an excitation from cell [row] to [column].

        Only neighbours exchange. V[i]·hop[i, j] = V[j]·hop[j, i]: left alone, excitations spread evenly.
        """
        hops = np.diag(self._conductances, 1) + np.diag(self._conductances, -1)
        return self.volumes, hops / self.volumes[:, None]

    def evolve(
        self,
        times: npt.ArrayLike,
        start: npt.ArrayLike,
        source: npt.ArrayLike = 0.0,
        source_decay: float = 0.0,
    ) -> Array:
        """Number of excitations per cell, (n, m), at *times* (n,) in s ≥ 0 in any order; exact in time.

        :param start: numbers at time 0, (m,)
        :param source: excitations that arrive per second at time 0, (m,)
        :param source_decay: rate in s⁻¹ at which the source dies out
        """
        times = np.atleast_1d(checked("time", times, "s"))[:, None]
        decay = float(checked("decay of the source", source_decay, "s⁻¹"))
        root, rates, modes = np.sqrt(self.volumes), self._rates, self._modes
        m = len(root)
        initial = modes.T @ (np.broadcast_to(checked("number at the start", start), m) / root)
        arriving = modes.T @ (np.broadcast_to(checked("source", source, "s⁻¹"), m) / root)
        # ∫ exp(-k(t-t')) exp(-k_s t') dt' = t·exp(-slower·t)·(1 - exp(-x))/x, x = |k - k_s|·t
        fed = times * np.exp(-np.minimum(rates, decay) * times) * exprel(-np.abs(rates - decay) * times)
        return np.asarray(((initial * np.exp(-rates * times) + arriving * fed) @ modes.T) * root)

    def _normal_modes(self) -> tuple[Array, Array]:
        """Decay rates (m,) and shapes (m, m) of the normal modes of N/√V, whose matrix is symmetric."""
        root = np.sqrt(self.volumes)
        outflow = np.append(self._conductances, 0.0) + np.append(0.0, self._conductances)
        coupling = self._conductances / (root[:-1] * root[1:])
        matrix = np.diag(outflow / self.volumes + self.losses) - np.diag(coupling, 1) - np.diag(coupling, -1)
        rates, modes = np.linalg.eigh(matrix)
        return np.maximum(rates, 0.0), modes  # rounding may leave -1e-10


def _series(first: Array, width: Array, second: Array, second_width: Array) -> Array:
    """1/(w₁/D₁ + w₂/D₂), 0 where either D is."""
    product = first * second
    return np.divide(
        product, width * second + second_width * first, out=np.zeros_like(product), where=product > 0
    )


@dataclass(frozen=True, slots=True)
class Sensitised:
    """Kinetics after a flash at time 0 that excites one Nd: numbers at the times asked for, each (n,)."""

    core: Array
    """Excited Yb in the core."""
    intermediate: Array
    """Er that one Yb has excited."""
    green: Array
    """Er that two have excited, in units of (one Nd)² s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NdSensitisedParticle:
    """Core with Yb and Er, spacer with Yb, shell with Nd and Yb: emission waits for what migrates inwards.

    A flash excites Nd evenly in its shell, N(t) excitations of Yb arrive in the core, and::

        dm/dt = k_sink·N - k_m·m          (intermediate level of Er)
        dg/dt = m·N - k_g·g               (green: the second Yb meets an Er that is excited already)

    Numbers are assumed, of the size Er and quenched Yb show, unless noted.

    :ivar diffusion: of the excitation among Yb, everywhere, cm²/s
    :ivar core_radius, nd_shell: nm
    :ivar nd_transfer, nd_decay: of Nd to Yb, and by itself (Judd–Ofelt, 4F3/2), s⁻¹
    :ivar yb_decay: s⁻¹ (0.6 ms)
    :ivar core_sink: transfer from Yb to Er in the core, s⁻¹
    :ivar intermediate_decay, green_decay: s⁻¹ (150 µs, 120 µs)
    """

    diffusion: float = 3.5e-10
    core_radius: float = 8.0
    nd_shell: float = 3.0
    nd_transfer: float = 2e4
    nd_decay: float = 4.5e3
    yb_decay: float = 1 / 0.6e-3
    core_sink: float = 1e4
    intermediate_decay: float = 1 / 150e-6
    green_decay: float = 1 / 120e-6

    def __post_init__(self) -> None:
        checked("core radius", self.core_radius, "nm", above=True)
        checked("Nd shell", self.nd_shell, "nm", above=True)
        checked("Nd transfer", self.nd_transfer, "s⁻¹")
        checked("Nd decay", self.nd_decay, "s⁻¹")
        checked("intermediate decay", self.intermediate_decay, "s⁻¹")
        checked("green decay", self.green_decay, "s⁻¹", above=True)

    def migration(self, spacer: float, step: float = 0.25) -> ShellDiffusion:
        """The diffusion of Yb excitation with a spacer in nm; layers 0, 1, 2 are core, spacer, Nd shell."""
        core = Layer(self.core_radius, self.diffusion, self.yb_decay, self.core_sink)
        inert, shell = (Layer(t, self.diffusion, self.yb_decay) for t in (spacer, self.nd_shell))
        return ShellDiffusion([core, inert, shell], step=step)

    def after_flash(self, times: npt.ArrayLike, spacer: float) -> Sensitised:
        """Kinetics at increasing *times* (n,) in s ≥ 0 behind a spacer in nm."""
        times = np.atleast_1d(checked("time", times, "s"))
        if np.any(np.diff(times) <= 0):
            raise ValueError("times must increase")
        migration = self.migration(float(checked("spacer", spacer, "nm", high=_THICKEST)))
        shell = np.where(migration.layer == 2, migration.volumes, 0.0)
        source = self.nd_transfer * shell / shell.sum()

        def core(at: npt.ArrayLike) -> Array:
            numbers = migration.evolve(at, 0.0, source, self.nd_transfer + self.nd_decay)
            return numbers[:, migration.layer == 0].sum(axis=1)

        arrived = core(times)
        scale = float(arrived.max(initial=0.0))  # so that tolerances are relative
        if scale <= 0:
            return Sensitised(arrived, np.zeros_like(times), np.zeros_like(times))

        def rates(t: float, y: Array) -> list[float]:
            n = float(core(t)[0]) / scale
            intermediate = self.core_sink * n - self.intermediate_decay * y[0]
            return [intermediate, self.green_decay * (y[0] * n - y[1])]

        solution = solve_ivp(
            rates, (0.0, times[-1]), [0.0, 0.0], t_eval=times, method="LSODA", rtol=1e-9, atol=1e-12
        )
        if not solution.success:
            raise ArithmeticError(f"kinetics after the flash fail: {solution.message}")
        intermediate, green = solution.y
        return Sensitised(arrived, intermediate * scale, green * scale**2 / self.green_decay)

"""Radiative rates of lanthanide ions by the theory of Judd and Ofelt, with the magnetic-dipole part.

B. R. Judd, Phys. Rev. 127, 750 (1962); G. S. Ofelt, J. Chem. Phys. 37, 511 (1962); the rates as in B. M.
Walsh, Advances in Spectroscopy for Lasers and Sensing (Springer, 2006), p. 403. Strong lines are good to
some 10 %. Ions, levels and matrix elements, with their sources: reduced_matrix_elements.toml.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.constants import c, e, epsilon_0, hbar, physical_constants

from .arguments import checked
from .processes import Array

T = TypeVar("T")

Omegas = tuple[float, float, float]

_BOHR_MAGNETON = physical_constants["Bohr magneton"][0]
_ORBITALS = "SPDFGHIKLMNOQ"


@dataclass(frozen=True, slots=True)
class Ion:
    """An ion in NaYF₄.

    :ivar levels: barycentres in cm⁻¹ above the lowest Stark level, ground level first
    :ivar omegas: intensity parameters Ω₂, Ω₄, Ω₆ in 1e-20 cm²
    :ivar elements: |<upper||U(t)||lower>|² for t = 2, 4, 6 of (upper, lower)
    """

    levels: Mapping[str, float]
    omegas: Omegas
    elements: Mapping[tuple[str, str], Omegas]


@dataclass(frozen=True, slots=True)
class Emission:
    """A transition to a lower level.

    :ivar wavelength: in vacuum, between barycentres, in nm
    :ivar electric, magnetic: rates of the electric- and magnetic-dipole parts in s⁻¹
    """

    lower: str
    wavelength: float
    electric: float
    magnetic: float


@dataclass(frozen=True, slots=True)
class Radiative:
    """Spontaneous emission of a level: rate in s⁻¹, 1/rate in s (inf for a ground level), its shares."""

    rate: float
    lifetime: float
    branching: dict[str, float]


@cache
def ions() -> Mapping[str, Ion]:
    """The ions with data by element: Yb, Er, Tm, Ho, Nd."""
    tables = tomllib.loads(Path(__file__).with_name("reduced_matrix_elements.toml").read_text("utf-8"))
    return MappingProxyType({symbol: _ion(table) for symbol, table in tables.items()})


def levels(ion: str) -> dict[str, float]:
    """Barycentres in cm⁻¹ by level, ground level first.

    :param ion: element symbol (:func:`ions`)
    """
    return dict(_known("ion", ion, ions()).levels)


def electric_rate(
    wavenumber: npt.ArrayLike, strength: npt.ArrayLike, j: float, index: npt.ArrayLike = 1.5
) -> Array:
    """A(J→J') in s⁻¹ = 64π⁴e²ν³/(3h(2J+1))·n(n²+2)²/9·S in Gaussian units; Lorentz local field.

    :param wavenumber: ν in cm⁻¹
    :param strength: S = Σ Ω_t·|<U(t)>|² in 1e-20 cm²
    :param j: J of the upper level
    :param index: n of the host
    """
    n = checked("refractive index", index, low=1.0)
    dipole = e**2 * 1e-24 * checked("line strength", strength, "1e-20 cm²")  # C²·m²
    return _spontaneous(wavenumber, j) * n * (n**2 + 2) ** 2 / 9 * dipole


def magnetic_rate(
    wavenumber: npt.ArrayLike, strength: npt.ArrayLike, j: float, index: npt.ArrayLike = 1.5
) -> Array:
    """A(J→J') in s⁻¹ = 64π⁴ν³/(3h(2J+1))·n³·μ_B²·|<L+2S>|² in Gaussian units.

    :param wavenumber: ν in cm⁻¹
    :param strength: |<L+2S>|² (:func:`magnetic_strength`)
    :param j: J of the upper level
    :param index: n of the host
    """
    n = checked("refractive index", index, low=1.0)
    dipole = (_BOHR_MAGNETON / c) ** 2 * checked("line strength", strength)  # C²·m²
    return _spontaneous(wavenumber, j) * n**3 * dipole


def magnetic_strength(upper: str, lower: str) -> float:
    """|<SLJ||L+2S||S'L'J'>|² between two levels of one term in LS coupling, e.g. 4I13/2 and 4I15/2; else 0.

    ((S+L+1)² - J²)·(J² - (L-S)²)/(4J), J the larger of two that differ by 1 (B. G. Wybourne, Spectroscopic
    Properties of Rare Earths (1965)). Good for ground multiplets; levels that mix terms (Er ⁴I₉/₂, Tm ³H₄)
    differ.
    """
    s, orbital, j = _quantum_numbers(upper)
    *term, other = _quantum_numbers(lower)
    if term != [s, orbital] or abs(j - other) != 1:
        return 0.0
    j = max(j, other)
    return ((s + orbital + 1) ** 2 - j**2) * (j**2 - (orbital - s) ** 2) / (4 * j)


def emissions(ion: str, level: str, index: float = 1.5, omegas: Omegas | None = None) -> tuple[Emission, ...]:
    """All transitions of a level to those below it, ground level first.

    :param ion: element symbol (:func:`ions`)
    :param level: as in :func:`levels`
    :param index: refractive index of the host
    :param omegas: Ω₂, Ω₄, Ω₆ in 1e-20 cm² of another host; None: those for NaYF₄
    :raises ValueError: for an ion or level without data (it lists those with), n < 1, or a negative Ω
    """
    data = _known("ion", ion, ions())
    start = _known(f"level of {ion}", level, data.levels)
    intensity = checked("Ω", data.omegas if omegas is None else omegas, "1e-20 cm²")
    if intensity.shape != (3,):
        raise ValueError(f"Ω has shape {intensity.shape}: must be the three numbers Ω₂, Ω₄, Ω₆")
    j = _quantum_numbers(level)[2]
    found = []
    for lower, end in data.levels.items():
        if end >= start:
            break
        strength = float(intensity @ np.array(data.elements[level, lower]))
        found.append(
            Emission(
                lower,
                1e7 / (start - end),
                float(electric_rate(start - end, strength, j, index)),
                float(magnetic_rate(start - end, magnetic_strength(level, lower), j, index)),
            )
        )
    return tuple(found)


def radiative(
    ion: str, level: str, index: float = 1.5, omegas: Omegas | None = None, magnetic: bool = True
) -> Radiative:
    """Radiative rate, lifetime and branching ratios of a level; arguments as for :func:`emissions`.

    :param magnetic: with the magnetic-dipole part; published Judd–Ofelt rates often leave it out
    """
    rates = {
        line.lower: line.electric + (line.magnetic if magnetic else 0.0)
        for line in emissions(ion, level, index, omegas)
    }
    total = sum(rates.values())
    branching = {lower: rate / total for lower, rate in rates.items()} if total > 0 else {}
    return Radiative(total, 1 / total if total > 0 else math.inf, branching)


def _spontaneous(wavenumber: npt.ArrayLike, j: float) -> Array:
    """ω³/(3π·ε₀·ħ·c³·(2J+1)) in s⁻¹ per C²·m²."""
    omega = 2 * np.pi * c * 100 * checked("wavenumber", wavenumber, "cm⁻¹")
    return omega**3 / (3 * np.pi * epsilon_0 * hbar * c**3 * (2 * checked("J", j) + 1))


def _quantum_numbers(level: str) -> tuple[float, float, float]:
    """S, L, J of a level named like 4I15/2 or 3H6."""
    match = re.fullmatch(rf"(\d)([{_ORBITALS}])(\d+)(/2)?", level)
    if match is None:
        raise ValueError(f"level {level!r}: must be named like 4I15/2 or 3H6")
    multiplicity, orbital, j, half = match.groups()
    return (int(multiplicity) - 1) / 2, float(_ORBITALS.index(orbital)), int(j) / (2 if half else 1)


def _ion(table: dict[str, Any]) -> Ion:
    elements = {tuple(line.split(" -> ")): tuple(values) for line, values in table["elements"].items()}
    return Ion(MappingProxyType(table["levels"]), tuple(table["omega"]), MappingProxyType(elements))


def _known(kind: str, name: str, table: Mapping[str, T]) -> T:
    if name not in table:
        raise ValueError(f"no {kind} {name!r}: there are {', '.join(table)}")
    return table[name]

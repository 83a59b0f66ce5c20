"""The keys of ``[model]`` with ``mechanism = "phonon-assisted"``. Units as in :mod:`.schema`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import NonNegative, Positive, Record
from antistokes.simulated_hw.physics.semiconductor import odonnell_chen_gap, varshni_gap

from .schema import (
    COLDEST,
    HOTTEST,
    Absorption,
    Density,
    Irradiance,
    MilliElectronVolt,
    Seconds,
    Share,
    Source,
    Temperature,
)

Slope = Annotated[float, Meta(ge=-10, le=10, extra={"unit": "meV/K"})]

_TEMPERATURES = (COLDEST, 100.0, 300.0, HOTTEST)
_LOWEST_GAP = 100.0  # meV; its light has 12.4 µm


class ODonnellChenTable(Record, kw_only=True, frozen=True):
    """E₀ - S·ħω·(coth(ħω/2kT) - 1), S the *coupling*, negative where the gap rises on heating."""

    coupling: float
    phonon: MilliElectronVolt


class VarshniTable(Record, kw_only=True, frozen=True):
    """E₀ - a·T²/(T + b), a the *slope*, b the *offset*."""

    slope: Slope
    offset: Annotated[float, Meta(gt=0, extra={"unit": "K"})]


class LinearTable(Record, kw_only=True, frozen=True):
    """E₀ + *slope*·T."""

    slope: Slope


class GapTable(Record, kw_only=True, frozen=True):
    """``[model.gap]``: *energy* of the line, and of the absorption edge, at *temperature*.

    One of the laws takes it to other temperatures; without one it stays.
    """

    energy: MilliElectronVolt
    temperature: Temperature = 300.0
    odonnell_chen: ODonnellChenTable | None = None
    varshni: VarshniTable | None = None
    linear: LinearTable | None = None
    source: Source
    doubtful: bool = False

    def at(self, temperature: float) -> float:
        """In eV at a temperature in K."""
        return 1e-3 * self.energy + self._law(temperature) - self._law(self.temperature)

    def _law(self, temperature: float) -> float:
        """Energy in eV but for a constant."""
        if (law := self.odonnell_chen) is not None:
            return float(odonnell_chen_gap(temperature, 1.0, law.coupling, law.phonon))
        if self.varshni is not None:
            return float(varshni_gap(temperature, 1.0, self.varshni.slope, self.varshni.offset))
        return 1e-3 * self.linear.slope * temperature if self.linear is not None else 0.0


class AbsorptionTable(Record, kw_only=True, frozen=True):
    """``[model.absorption]``: *density* emitters of *cross_section* at the gap and above it.

    *background*: absorption coefficient that excites nothing, at all wavelengths. *bleaching*: an excited
    emitter absorbs no more (colour centres).
    """

    density: Density
    cross_section: Annotated[float, Meta(gt=0, extra={"unit": "cm**2"})]
    background: Absorption = 0.0
    bleaching: bool = False
    source: Source
    doubtful: bool = False


class TailTable(Record, kw_only=True, frozen=True):
    """``[model.tail]``: Urbach absorption exp(-ΔE/E_U), E_U = ħω/(2·steepness)·coth(ħω/2kT)."""

    phonon: MilliElectronVolt
    steepness: Positive
    source: Source
    doubtful: bool = False


class PhononTable(Record, kw_only=True, frozen=True):
    """``[model.phonons]``: absorption strength·n(ħω, T)^(ΔE/ħω), at most that at the gap."""

    phonon: MilliElectronVolt
    strength: Positive = 1.0
    source: Source
    doubtful: bool = False


class TwoPhotonTable(Record, kw_only=True, frozen=True):
    """``[model.two_photon]``: *cross_section* of an emitter in GM (1e-50 cm⁴ s)."""

    cross_section: NonNegative
    source: Source
    doubtful: bool = False


class TrapTable(Record, kw_only=True, frozen=True):
    """``[model.traps]``: absorption below the gap goes by traps, x^m/(1 + x^m) with x = I/*saturation*.

    m is the *stretch*, below 1 for traps spread in energy.
    """

    saturation: Irradiance
    stretch: Share = 1.0
    source: Source
    doubtful: bool = False


class AugerTable(Record, kw_only=True, frozen=True):
    """``[model.auger]``: N/lifetime + pair·N² + triple·N³ excitations are lost per cm³ and second."""

    pair: Annotated[float, Meta(ge=0, extra={"unit": "cm**3/s"})] = 0.0
    triple: Annotated[float, Meta(ge=0, extra={"unit": "cm**6/s"})] = 0.0
    source: Source
    doubtful: bool = False


class ThermalQuenchingTable(Record, kw_only=True, frozen=True):
    """``[model.quenching]``: emission over 1 + strength·exp(-activation/kT)."""

    strength: NonNegative
    activation: MilliElectronVolt
    source: Source
    doubtful: bool = False


class DarkExcitonTable(Record, kw_only=True, frozen=True):
    """``[model.dark_exciton]``: lies *splitting* below the bright one; emission times exp(-splitting/kT)."""

    splitting: MilliElectronVolt
    source: Source
    doubtful: bool = False


class ExcitonLineTable(Record, kw_only=True, frozen=True):
    """``[model.emission]``: the line, at the gap.

    *efficiency*: photons that leave per excitation, but for quenching and dark exciton. *lifetime* holds at
    the gap's temperature. FWHM in meV: *width* + *acoustic*·T + *optical*·n(*phonon*, T).
    """

    name: str
    efficiency: Share
    lifetime: Seconds
    width: MilliElectronVolt
    acoustic: Annotated[float, Meta(ge=0, extra={"unit": "meV/K"})] = 0.0
    optical: Annotated[float, Meta(ge=0, extra={"unit": "meV"})] = 0.0
    phonon: MilliElectronVolt = 30.0
    source: Source
    doubtful: bool = False


class PhononAssistedTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "phonon-assisted"``."""

    source: Source
    doubtful: bool = False
    gap: GapTable
    absorption: AbsorptionTable
    emission: ExcitonLineTable
    tail: TailTable | None = None
    phonons: PhononTable | None = None
    two_photon: TwoPhotonTable | None = None
    traps: TrapTable | None = None
    auger: AugerTable | None = None
    quenching: ThermalQuenchingTable | None = None
    dark_exciton: DarkExcitonTable | None = None


def check(table: PhononAssistedTable, file: object) -> None:
    """Refuse a model that contradicts itself, or that nothing below its gap excites."""
    gap = table.gap
    laws = [name for name in ("odonnell_chen", "varshni", "linear") if getattr(gap, name) is not None]
    if len(laws) > 1:
        raise FileRefused(file, "model.gap", f"has {' and '.join(laws)}; at most one law")
    for temperature in (*_TEMPERATURES, gap.temperature):
        if (energy := 1000 * gap.at(temperature)) < _LOWEST_GAP:
            problem = f"is {energy:.4g} meV at {temperature:g} K; must be at least {_LOWEST_GAP:g} meV"
            raise FileRefused(file, "model.gap", problem)
    if table.tail is None and table.phonons is None:
        if table.traps is not None:
            raise FileRefused(file, "model.traps", "needs [model.tail] or [model.phonons] to be filled by")
        if table.two_photon is None:
            problem = "has no tail, phonons or two_photon; at least one must excite below the gap"
            raise FileRefused(file, "model", problem)

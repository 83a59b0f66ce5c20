"""The keys of ``[model]`` with ``mechanism = "energy-transfer"``. Units as in :mod:`.schema`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from antistokes.instruments.records import Fraction, NonNegative, Record

from .schema import (
    CrossSection,
    Density,
    Nanometres,
    PairRate,
    Phonon,
    Rate,
    Share,
    Source,
    Temperature,
    Wavelength,
    Wavenumber,
    Width,
)

IonName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+$")]
LevelName = Annotated[str, Meta(pattern=r"^[^\s:]+$")]


class IonTable(Record, kw_only=True, frozen=True):
    """``[[model.ions]]``. *active* is the share of the ions that take part; the rest stays dark."""

    name: IonName
    fraction: Share
    active: Share = 1.0
    levels: dict[LevelName, Wavenumber]
    source: Source
    doubtful: bool = False


class RadiativeTable(Record, kw_only=True, frozen=True):
    """``[[model.radiative]]``. What *branching* leaves to 1 goes to the ground level."""

    ion: str
    start: str = field(name="from")
    rate: Rate
    branching: dict[str, Fraction] = field(default_factory=dict)
    source: Source
    doubtful: bool = False


class NonradiativeTable(Record, kw_only=True, frozen=True):
    """``[[model.nonradiative]]``. *rate* holds at the reference temperature; phonons scale it or not."""

    ion: str
    start: str = field(name="from")
    end: str = field(name="to")
    rate: Rate
    temperature_scaling: bool = True
    source: Source
    doubtful: bool = False


class TransferTable(Record, kw_only=True, frozen=True):
    """``[[model.transfers]]``: ``"Yb:2F5/2 + Er:4I15/2 -> Yb:2F7/2 + Er:4I11/2"``."""

    process: str
    rate: PairRate
    source: Source
    doubtful: bool = False


class CooperativeTable(Record, kw_only=True, frozen=True):
    """``[[model.cooperative]]``: three ions on each side of the arrow, *rate* in cm⁶/s."""

    process: str
    rate: Annotated[float, Meta(ge=0, extra={"unit": "cm**6/s"})]
    source: Source
    doubtful: bool = False


class QuenchingTable(Record, kw_only=True, frozen=True):
    """``[model.quenching]``: levels lose rate·exp(-shell/reach) in s⁻¹ to their ground level at the surface.

    Depends on no temperature. *shell*: thickness of an inert shell, *reach*: over which it protects, nm.
    """

    levels: tuple[str, ...]
    rate: Rate
    shell: Nanometres = 0.0
    reach: Width = 1.0
    source: Source
    doubtful: bool = False


class AbsorptionTable(Record, kw_only=True, frozen=True):
    """``[[model.absorption]]``: a Gaussian about *peak* that is *cross_section* at *wavelength*."""

    ion: str
    start: str = field(name="from")
    end: str = field(name="to")
    wavelength: Wavelength
    cross_section: Annotated[float, Meta(gt=0, extra={"unit": "cm**2"})]
    emission_cross_section: CrossSection = 0.0
    peak: Wavelength
    fwhm: Width
    source: Source
    doubtful: bool = False


class HotLineTable(Record, kw_only=True, frozen=True):
    """``[model.emission.hot]``: takes I_hot/I_cold = prefactor·exp(-gap/kT) out of its line's photons."""

    name: str
    wavelength: Wavelength
    fwhm: Width
    prefactor: NonNegative
    gap: Wavenumber
    source: Source
    doubtful: bool = False


class EmissionTable(Record, kw_only=True, frozen=True):
    """``[[model.emission]]``: a line that carries *fraction* of a radiative transition's photons."""

    name: str
    ion: str
    start: str = field(name="from")
    end: str = field(name="to")
    fraction: Share = 1.0
    wavelength: Wavelength
    fwhm: Width
    hot: HotLineTable | None = None
    source: Source
    doubtful: bool = False


class EnergyTransferTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "energy-transfer"``."""

    site_density: Density
    phonon_energy: Phonon
    reference_temperature: Temperature = 300.0
    source: Source
    doubtful: bool = False
    ions: Annotated[tuple[IonTable, ...], Meta(min_length=1)]
    radiative: tuple[RadiativeTable, ...] = ()
    nonradiative: tuple[NonradiativeTable, ...] = ()
    transfers: tuple[TransferTable, ...] = ()
    cooperative: tuple[CooperativeTable, ...] = ()
    quenching: QuenchingTable | None = None
    absorption: tuple[AbsorptionTable, ...] = ()
    emission: tuple[EmissionTable, ...] = ()

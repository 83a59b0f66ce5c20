"""The keys of a sample file. docs/sample-files.md explains them with examples.

Units: wavelengths and widths in nm, level energies and phonons in cm⁻¹, rates of single ions in s⁻¹,
of pairs in cm³/s, cross-sections in cm², densities in cm⁻³, temperatures in K.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Fraction, NonNegative, Positive, Record, SampleRecord

FORMAT = "antistokes-sample"
VERSION = 1

SHORTEST, LONGEST = 100.0, 20000.0  # nm
COLDEST, HOTTEST = 1.0, 1000.0  # K
Wavelength = Annotated[float, Meta(ge=SHORTEST, le=LONGEST)]
Temperature = Annotated[float, Meta(ge=COLDEST, le=HOTTEST)]
Energy = Annotated[float, Meta(ge=0, le=1e5)]  # cm⁻¹
Phonon = Annotated[float, Meta(ge=100, le=5000)]  # cm⁻¹
Share = Annotated[float, Meta(gt=0, le=1)]
IonName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+$")]
LevelName = Annotated[str, Meta(pattern=r"^[^\s:]+$")]


class SampleFile(Record, kw_only=True, frozen=True):
    """The file: who the sample is, and how it responds (read by the mechanism it names)."""

    sample: SampleRecord
    model: dict[str, Any]


class IonTable(Record, kw_only=True, frozen=True):
    """``[[model.ions]]``. *active* is the share of the ions that take part; the rest stays dark."""

    name: IonName
    fraction: Share
    active: Share = 1.0
    levels: dict[LevelName, Energy]
    source: str = ""


class RadiativeTable(Record, kw_only=True, frozen=True):
    """``[[model.radiative]]``. What *branching* leaves to 1 goes to the ground level."""

    ion: str
    start: str = field(name="from")
    rate: NonNegative
    branching: dict[str, Fraction] = field(default_factory=dict)
    source: str = ""


class NonradiativeTable(Record, kw_only=True, frozen=True):
    """``[[model.nonradiative]]``. *rate* holds at the reference temperature; phonons scale it or not."""

    ion: str
    start: str = field(name="from")
    end: str = field(name="to")
    rate: NonNegative
    temperature_scaling: bool = True
    source: str = ""


class TransferTable(Record, kw_only=True, frozen=True):
    """``[[model.transfers]]``: ``"Yb:2F5/2 + Er:4I15/2 -> Yb:2F7/2 + Er:4I11/2"``."""

    process: str
    rate: NonNegative
    source: str = ""


class AbsorptionTable(Record, kw_only=True, frozen=True):
    """``[[model.absorption]]``: a Gaussian about *peak* that is *cross_section* at *wavelength*."""

    ion: str
    start: str = field(name="from")
    end: str = field(name="to")
    wavelength: Wavelength
    cross_section: Positive
    emission_cross_section: NonNegative = 0.0
    peak: Wavelength
    fwhm: Positive
    source: str = ""


class HotLineTable(Record, kw_only=True, frozen=True):
    """``[model.emission.hot]``: takes I_hot/I_cold = prefactor·exp(-gap/kT) out of its line's photons."""

    name: str
    wavelength: Wavelength
    fwhm: Positive
    prefactor: NonNegative
    gap: Energy
    source: str = ""


class EmissionTable(Record, kw_only=True, frozen=True):
    """``[[model.emission]]``: a line that carries *fraction* of a radiative transition's photons."""

    name: str
    ion: str
    start: str = field(name="from")
    end: str = field(name="to")
    fraction: Share = 1.0
    wavelength: Wavelength
    fwhm: Positive
    hot: HotLineTable | None = None
    source: str = ""


class EnergyTransferTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "energy-transfer"``."""

    site_density: Positive
    phonon_energy: Phonon
    reference_temperature: Temperature = 300.0
    source: str = ""
    ions: Annotated[tuple[IonTable, ...], Meta(min_length=1)]
    radiative: tuple[RadiativeTable, ...] = ()
    nonradiative: tuple[NonradiativeTable, ...] = ()
    transfers: tuple[TransferTable, ...] = ()
    absorption: tuple[AbsorptionTable, ...] = ()
    emission: tuple[EmissionTable, ...] = ()


class PowerLawLineTable(Record, kw_only=True, frozen=True):
    """``[[model.lines]]``: *photon_rate* photons s⁻¹ cm⁻³ at the reference irradiance."""

    name: str
    wavelength: Wavelength
    fwhm: Positive
    exponent: Positive
    photon_rate: NonNegative
    source: str = ""


class PowerLawTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "power-law"``; *absorption_coefficient* in cm⁻¹."""

    reference_irradiance: Positive
    absorption_coefficient: NonNegative = 0.0
    source: str = ""
    lines: Annotated[tuple[PowerLawLineTable, ...], Meta(min_length=1)]


def check_bands(sample: SampleRecord, file: object) -> None:
    """Refuse a band whose window [low, high] is not one."""
    for name, (low, high) in sample.bands.items():
        key = f"sample.bands.{name}"
        if low < SHORTEST or high > LONGEST:
            raise FileRefused(
                file, key, f"is [{low:g}, {high:g}] nm; must lie within {SHORTEST:g} to {LONGEST:g} nm"
            )
        if low >= high:
            raise FileRefused(file, key, f"is [{low:g}, {high:g}] nm; the low end must be below the high end")


def check_unique(names: list[str], file: object, key: str, what: str) -> None:
    """Refuse the first name that comes twice."""
    for i, name in enumerate(names):
        if name in names[:i]:
            raise FileRefused(file, key, f"has two {what} named '{name}'; each needs a name of its own")

"""The keys of a sample file that every mechanism has. docs/sample-files.md explains them with examples.

A number may be written with a unit, ``"0.98 um"``: it is converted to the unit named here
(:mod:`~antistokes.simulated_hw.samples.units`). Units: wavelengths and widths in nm, level energies and
phonons in cm⁻¹, other energies in meV, rates of single ions in s⁻¹, of pairs in cm³/s, cross-sections in cm²,
densities in cm⁻³, temperatures in K.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Record, SampleRecord

from .facts import Fact, Run

FORMAT = "antistokes-sample"
VERSION = 1

SHORTEST, LONGEST = 100.0, 20000.0  # nm
COLDEST, HOTTEST = 1.0, 1000.0  # K
Wavelength = Annotated[float, Meta(ge=SHORTEST, le=LONGEST, extra={"unit": "nm"})]
Width = Annotated[float, Meta(ge=1e-4, le=1e5, extra={"unit": "nm"})]
Temperature = Annotated[float, Meta(ge=COLDEST, le=HOTTEST, extra={"unit": "K"})]
Wavenumber = Annotated[float, Meta(ge=0, le=1e5, extra={"unit": "1/cm"})]
Phonon = Annotated[float, Meta(ge=100, le=5000, extra={"unit": "1/cm"})]
MilliElectronVolt = Annotated[float, Meta(ge=0.01, le=1e4, extra={"unit": "meV"})]
Rate = Annotated[float, Meta(ge=0, le=1e16, extra={"unit": "1/s"})]
PairRate = Annotated[float, Meta(ge=0, le=1e-6, extra={"unit": "cm**3/s"})]
Seconds = Annotated[float, Meta(ge=1e-15, le=1e6, extra={"unit": "s"})]
CrossSection = Annotated[float, Meta(ge=0, le=1e-10, extra={"unit": "cm**2"})]
Density = Annotated[float, Meta(ge=1, le=1e24, extra={"unit": "1/cm**3"})]
Irradiance = Annotated[float, Meta(ge=1e-12, le=1e15, extra={"unit": "W/cm**2"})]
Absorption = Annotated[float, Meta(ge=0, le=1e7, extra={"unit": "1/cm"})]
Nanometres = Annotated[float, Meta(ge=0, extra={"unit": "nm"})]
Share = Annotated[float, Meta(ge=1e-12, le=1)]
Source = Annotated[
    str,
    Meta(pattern=r"\S", description="text that says where the numbers come from: 'Table 1 of …', 'assumed'"),
]


class MediumAbsorption(Record, kw_only=True, frozen=True):
    """``[[thermal.medium]]``: what absorbs pump light beside the emitter, e.g. water around particles."""

    wavelength: Wavelength
    coefficient: Absorption
    source: Source
    doubtful: bool = False


class Thermal(Record, kw_only=True, frozen=True):
    """``[thermal]``: how the spot warms under the beam, ΔT = P/conductance after *time_constant*."""

    conductance: Annotated[float, Meta(ge=1e-15, le=1e6, extra={"unit": "W/K"})]
    time_constant: Seconds = 1.0
    #: of the beam in the medium, cm
    path: Annotated[float, Meta(ge=0, extra={"unit": "cm"})] = 0.0
    medium: tuple[MediumAbsorption, ...] = ()
    source: Source
    doubtful: bool = False


class SampleFile(Record, kw_only=True, frozen=True):
    """The file: who the sample is, how it responds (read by the mechanism it names), what it should show."""

    sample: SampleRecord
    model: dict[str, Any]
    facts: tuple[Fact, ...] = ()
    runs: tuple[Run, ...] = ()
    thermal: Thermal | None = None
    #: a row of Table 1 of Zhang, Du, Liu, Nanoscale 2024, 16, 2747
    table1: bool = False


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

"""The keys of ``[model]`` with ``mechanism = "shell-migration"``. Units as in :mod:`.schema`."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from msgspec import Meta

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Record

from .energy_transfer_tables import IonName
from .schema import (
    CrossSection,
    Density,
    Nanometres,
    Rate,
    Share,
    Source,
    Wavelength,
    Wavenumber,
    Width,
    check_unique,
)

_MOST_CELLS = 200
_ROUNDING = 1e-9  # by which shares may exceed 1 in sum
_WARM = 200.0  # cm⁻¹ of heat that one step may take up

DecayRate = Annotated[float, Meta(gt=0, extra={"unit": "1/s"})]


class LayersTable(Record, kw_only=True, frozen=True):
    """``[model.layers]``: radius of the core, and thicknesses, in nm; *step*: of the cells, at most."""

    core: Width
    spacer: Nanometres = 0.0
    shell: Width
    step: Width = 0.5
    source: Source
    doubtful: bool = False


class SensitizerTable(Record, kw_only=True, frozen=True):
    """``[model.sensitizer]``, in the shell. *fraction* of the cations there; *transfer* to migrating ions."""

    name: IonName
    fraction: Share
    energy: Wavenumber
    decay: DecayRate
    transfer: Rate
    source: Source
    doubtful: bool = False


class MigratingTable(Record, kw_only=True, frozen=True):
    """``[model.migrating]``, in all layers. *decay* by itself, *diffusion* of its excitation in cm²/s."""

    name: IonName
    fraction: Share
    energy: Wavenumber
    decay: DecayRate
    diffusion: Annotated[float, Meta(ge=0, extra={"unit": "cm**2/s"})]
    source: Source
    doubtful: bool = False


class EmitterTable(Record, kw_only=True, frozen=True):
    """``[model.emitter]``, in the core. *first*, *second*: at which an excitation in the core is taken, s⁻¹.

    That is with all emitters in the ground level, and in the intermediate level.
    """

    name: IonName
    fraction: Share
    intermediate: Wavenumber
    upper: Wavenumber
    intermediate_decay: DecayRate
    upper_decay: DecayRate
    first: Rate
    second: Rate
    source: Source
    doubtful: bool = False


class MigrationAbsorptionTable(Record, kw_only=True, frozen=True):
    """``[[model.absorption]]`` of the sensitizer or the migrating ion: *cross_section* at the peak."""

    ion: str
    wavelength: Wavelength
    cross_section: CrossSection
    fwhm: Width
    source: Source
    doubtful: bool = False


class MigrationEmissionTable(Record, kw_only=True, frozen=True):
    """``[[model.emission]]``: *share* of the decays of a level (``"Er:upper"``) that send out this line."""

    name: str
    level: str
    share: Share
    wavelength: Wavelength
    fwhm: Width
    source: Source
    doubtful: bool = False


class ShellMigrationTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "shell-migration"``."""

    site_density: Density
    source: Source
    doubtful: bool = False
    layers: LayersTable
    sensitizer: SensitizerTable
    migrating: MigratingTable
    emitter: EmitterTable
    absorption: Annotated[tuple[MigrationAbsorptionTable, ...], Meta(min_length=1)]
    emission: Annotated[tuple[MigrationEmissionTable, ...], Meta(min_length=1)]

    @property
    def energies(self) -> dict[str, float]:
        """``Ion:level`` to cm⁻¹."""
        a, b, e = self.sensitizer, self.migrating, self.emitter
        return {
            f"{a.name}:ground": 0.0,
            f"{a.name}:excited": a.energy,
            f"{b.name}:ground": 0.0,
            f"{b.name}:excited": b.energy,
            f"{e.name}:ground": 0.0,
            f"{e.name}:intermediate": e.intermediate,
            f"{e.name}:upper": e.upper,
        }


def check(table: ShellMigrationTable, file: object) -> None:
    """Refuse a model that contradicts itself: names, steps that go uphill, light that is not there."""
    sensitizer, migrating, emitter = table.sensitizer, table.migrating, table.emitter
    check_unique([sensitizer.name, migrating.name, emitter.name], file, "model", "ions")
    check_unique([line.name for line in table.emission], file, "model.emission", "lines")
    for key, upper, lower in (
        ("sensitizer.energy", sensitizer.energy, migrating.energy),
        ("migrating.energy", migrating.energy, emitter.intermediate),
        ("emitter.upper", emitter.upper, emitter.intermediate),
    ):
        if upper + _WARM < lower:
            problem = f"is {upper:g} cm-1; must not lie below the {lower:g} cm-1 that it hands its energy to"
            raise FileRefused(file, f"model.{key}", problem)
    reached = emitter.intermediate + migrating.energy
    if emitter.upper > reached + _WARM:
        problem = (
            f"is {emitter.upper:g} cm-1; {migrating.name} lifts {emitter.name} to {reached:g} cm-1 at most"
        )
        raise FileRefused(file, "model.emitter.upper", problem)
    layers = table.layers
    cells = (layers.core + layers.spacer + layers.shell) / layers.step
    if cells > _MOST_CELLS:
        problem = f"is {layers.step:g} nm, which makes {cells:.0f} cells; at most {_MOST_CELLS}"
        raise FileRefused(file, "model.layers.step", problem)
    for i, entry in enumerate(table.absorption):
        if entry.ion not in (sensitizer.name, migrating.name):
            known = f"{sensitizer.name} and {migrating.name} absorb"
            raise FileRefused(file, f"model.absorption[{i}].ion", f"is '{entry.ion}'; {known}")
    _check_emission(table, file)


def _check_emission(table: ShellMigrationTable, file: object) -> None:
    energies, shares = table.energies, defaultdict[str, float](float)
    for i, line in enumerate(table.emission):
        key = f"model.emission[{i}]"
        energy = energies.get(line.level, 0.0)
        if energy == 0:
            known = ", ".join(level for level, above in energies.items() if above > 0)
            raise FileRefused(file, f"{key}.level", f"is '{line.level}'; light comes from {known}")
        if 1e7 / line.wavelength > energy + _WARM:
            problem = f"is {line.wavelength:g} nm; {line.level} at {energy:g} cm-1 cannot send it out"
            raise FileRefused(file, f"{key}.wavelength", problem)
        shares[line.level] += line.share
        if shares[line.level] > 1 + _ROUNDING:
            problem = f"makes the lines of {line.level} sum to {shares[line.level]:.6g}; at most 1"
            raise FileRefused(file, f"{key}.share", problem)

"""The keys of ``[model]`` with ``mechanism = "multiphoton"``. Units as in :mod:`.schema`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import NonNegative, Record
from antistokes.simulated_hw.physics.constants import EV_NM
from antistokes.simulated_hw.physics.nanocrystal_size import emission_energy

from .schema import Absorption, Density, MilliElectronVolt, Seconds, Share, Source, Wavelength, Width

Micrometres = Annotated[float, Meta(gt=0, extra={"unit": "um"})]
Fluence = Annotated[float, Meta(gt=0, extra={"unit": "mJ/cm**2"})]
SizeExponent = Annotated[float, Meta(ge=0, le=10)]
Photons = Annotated[int, Meta(ge=1, le=8)]

#: excitations of an emitter by a pulse of the fluence that :class:`PulseTable` states
REFERENCE_EXCITATIONS = 0.01
_WIDEST_SHIFT = 1.0  # eV, by which sizes may move the line
_STRENGTHS = ("cross_section", "coefficient", "pulse")


class PulseTable(Record, kw_only=True, frozen=True):
    """``[model.orders.pulse]``: a pulse of this fluence excites a hundredth of the emitters.

    For emitters whose cross-section nobody has published. *width*: full width at half maximum.
    """

    fluence: Fluence
    wavelength: Wavelength
    width: Seconds
    shape: Literal["gaussian", "sech2"] = "sech2"


class OrderTable(Record, kw_only=True, frozen=True):
    """``[[model.orders]]``: absorption that goes with the irradiance to the power *order*, n.

    It takes *photons* (n unless given) whose energies together reach *onset* (the gap unless given). Its
    strength is a *cross_section* in cm²ⁿ s⁽ⁿ⁻¹⁾ (two photons: 1 GM is 1e-50), or for a crystal the
    two-photon *coefficient* in cm/GW at *wavelength*, or a *pulse*. It goes with diameter^*size_exponent*.
    """

    order: Photons
    photons: Photons | None = None
    onset: MilliElectronVolt | None = None
    cross_section: NonNegative | None = None
    coefficient: Annotated[float, Meta(ge=0, extra={"unit": "cm/GW"})] | None = None
    wavelength: Wavelength | None = None
    pulse: PulseTable | None = None
    size_exponent: SizeExponent | None = None
    source: Source
    doubtful: bool = False


class BandTable(Record, kw_only=True, frozen=True):
    """``[model.emission]``: the line. *efficiency*: photons that leave per excitation."""

    name: str
    wavelength: Wavelength
    fwhm: Width
    efficiency: Share
    lifetime: Seconds
    source: Source
    doubtful: bool = False


class SizesTable(Record, kw_only=True, frozen=True):
    """``[model.sizes]``: nanocrystals of CsPbBr₃, Gaussian in diameter (nm) about *mean*.

    Crystals of the diameter *reference* have the gap, line, lifetime and cross-sections that the file states;
    *relative_width* is the standard deviation over the mean. Lifetimes go with diameter^*lifetime_exponent*.
    """

    mean: Width
    reference: Width
    relative_width: Annotated[float, Meta(ge=0, lt=0.25)]
    lifetime_exponent: SizeExponent = 1.0
    source: Source
    doubtful: bool = False


class SurfaceTable(Record, kw_only=True, frozen=True):
    """``[model.surface]``: a *layer* in which excitations live but *lifetime*, on a crystal.

    One photon is absorbed with the coefficient *absorption*, several throughout the *thickness*.
    """

    layer: Micrometres
    thickness: Micrometres
    absorption: Absorption
    lifetime: Seconds
    source: Source
    doubtful: bool = False


class MultiphotonTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "multiphoton"``."""

    density: Density
    gap: MilliElectronVolt
    source: Source
    doubtful: bool = False
    emission: BandTable
    orders: Annotated[tuple[OrderTable, ...], Meta(min_length=1)]
    sizes: SizesTable | None = None
    surface: SurfaceTable | None = None


def check(table: MultiphotonTable, file: object) -> None:
    """Refuse strengths that are not exactly one, and light that carries more energy than was absorbed."""
    photon = 1000 * EV_NM / table.emission.wavelength
    if photon > table.gap:
        what = f"is {table.gap:g} meV; must be at least the {photon:.5g} meV of the emission"
        raise FileRefused(file, "model.gap", what)
    for i, entry in enumerate(table.orders):
        key = f"model.orders[{i}]"
        stated = [name for name in _STRENGTHS if getattr(entry, name) is not None]
        if len(stated) != 1:
            found = " and ".join(stated) or "no strength"
            raise FileRefused(file, key, f"has {found}; must have one of {', '.join(_STRENGTHS)}")
        if entry.coefficient is not None and entry.order != 2:
            what = "is of two-photon absorption; another order needs a cross_section or a pulse"
            raise FileRefused(file, f"{key}.coefficient", what)
        if (entry.coefficient is None) != (entry.wavelength is None):
            raise FileRefused(file, f"{key}.wavelength", "is of the coefficient: both must be given, or none")
        if entry.onset is not None and entry.onset < table.gap:
            what = f"is {entry.onset:g} meV; must be at least the gap, {table.gap:g} meV"
            raise FileRefused(file, f"{key}.onset", what)
        if table.sizes is not None and entry.size_exponent is None:
            raise FileRefused(file, f"{key}.size_exponent", "is missing; needed where there are sizes")
    if (sizes := table.sizes) is not None:
        shift = float(emission_energy(sizes.mean) - emission_energy(sizes.reference))
        if abs(shift) > _WIDEST_SHIFT:
            what = f"moves the line by {shift:.3g} eV from that of {sizes.reference:g} nm; at most 1 eV"
            raise FileRefused(file, "model.sizes.mean", what)
    if (surface := table.surface) is not None:
        if surface.layer > surface.thickness:
            what = f"is {surface.layer:g} um; must be at most the thickness, {surface.thickness:g} um"
            raise FileRefused(file, "model.surface.layer", what)
        if surface.lifetime > table.emission.lifetime:
            what = f"is {surface.lifetime:g} s; must be at most that of the bulk"
            raise FileRefused(file, "model.surface.lifetime", what)

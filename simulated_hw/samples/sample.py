"""Samples: what glows on the virtual bench, read from a TOML file (docs/sample-files.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import FileRefused, LimitError, Refused, nearest
from antistokes.instruments.records import SampleRecord, check_format
from antistokes.simulated_hw.conditions import Conditions

from .energy_transfer import EnergyTransfer
from .enhancement import Enhanced
from .facts import Fact, Run, check_facts, check_runs
from .families import read_family
from .lasing import Lasing
from .mechanism import Array, Line, Mechanism, Response
from .multiphoton import Multiphoton
from .phonon_assisted import PhononAssisted
from .power_law import PowerLaw
from .schema import COLDEST, FORMAT, HOTTEST, LONGEST, SHORTEST, VERSION, SampleFile, Thermal, check_bands
from .shell_migration import ShellMigration
from .units import read_table

_SHIPPED = Path(__file__).parent
_HIGHEST = 1e15  # W/cm²; no solid is left there
_VISIBLE = (400.0, 700.0)  # nm
_ANY_THERMAL = Thermal(conductance=1e-3, source="assumed")  # of a sample whose file says nothing


class _Reader(Protocol):
    def read(self, model: dict[str, Any], file: object) -> Mechanism: ...


class _Modifier(Protocol):
    def read(self, inner: Mechanism, table: Any, file: object) -> Mechanism: ...


#: Mechanism names of the ``[model]`` table; a further mechanism is a class with ``read`` and one entry here.
MECHANISMS: dict[str, _Reader] = {
    "energy-transfer": EnergyTransfer,
    "multiphoton": Multiphoton,
    "phonon-assisted": PhononAssisted,
    "shell-migration": ShellMigration,
    "power-law": PowerLaw,
}
#: tables of ``[model]`` that any mechanism may have, in the order in which they are put around it
MODIFIERS: dict[str, _Modifier] = {"enhancement": Enhanced, "lasing": Lasing}


@dataclass(frozen=True, slots=True)
class Solution:
    """Steady state at one irradiance.

    :ivar populations: ``Ion:level`` to fraction of the cation sites, ground levels included
    :ivar bands: band name to photons s⁻¹ cm⁻³ of the lines centred in the band's window
    :ivar quantum_yield: visible (400 to 700 nm) photons emitted per photon absorbed; None without
        populations or in the dark
    """

    populations: dict[str, float]
    bands: dict[str, float]
    quantum_yield: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What may be known of a sample (*record*), the physics (*mechanism*), what it should show (*facts*).

    How that is measured: *runs*.

    :ivar text: the file, and the files it extends
    :ivar kind: name of the mechanism
    """

    record: SampleRecord
    text: str
    kind: str
    mechanism: Mechanism
    facts: tuple[Fact, ...] = ()
    thermal: Thermal | None = None
    table1: bool = False
    runs: tuple[Run, ...] = ()

    @classmethod
    def load(cls, source: str | Path) -> Sample:
        """A shipped sample by its id, or a file by its path (ends in .toml, or has a folder in it).

        :raises Refused: no sample has this id
        :raises FileRefused: the file cannot be used as it stands
        """
        path = _locate(source)
        return _read_shipped(path) if path.parent == _SHIPPED else cls._read(path)

    @classmethod
    def _read(cls, path: Path) -> Sample:
        data, text = read_family(path, _parent)
        file = read_table(check_format(data, path, FORMAT, VERSION), SampleFile, path, "")
        check_bands(file.sample, path)
        model = dict(file.model)
        if "mechanism" not in model:
            raise FileRefused(path, "model.mechanism", f"is missing; known: {', '.join(MECHANISMS)}")
        kind = model.pop("mechanism")
        if not isinstance(kind, str) or kind not in MECHANISMS:
            raise FileRefused(path, "model.mechanism", f"is {kind!r}; {nearest(str(kind), MECHANISMS)}")
        modifiers = {key: model.pop(key) for key in MODIFIERS if key in model}
        mechanism = MECHANISMS[kind].read(model, path)
        for key, table in modifiers.items():
            mechanism = MODIFIERS[key].read(mechanism, table, path)
        check_facts(file.facts, [*file.sample.bands, *(line.name for line in mechanism.lines)], path)
        check_runs(file.facts, file.runs, path)
        return cls(file.sample, text, kind, mechanism, file.facts, file.thermal, file.table1, file.runs)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Emission lines in the order of :meth:`emission`, as they are nominally."""
        return self.mechanism.lines

    @property
    def excitation(self) -> float:
        """The first wavelength the sample is meant to be excited at, nm; 980 where its file says none."""
        return self.record.excitation[0] if self.record.excitation else 980.0

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        """:attr:`lines` as they are at an irradiance in W/cm²."""
        return self.mechanism.lines_at(irradiance, conditions)

    def respond(self, irradiance: npt.ArrayLike, conditions: Conditions) -> Response:
        """Steady state at uniform irradiances (n,) in W/cm².

        :raises LimitError: for a value that no experiment can have
        """
        irradiance = np.atleast_1d(np.asarray(irradiance, dtype=float))
        _check_conditions(irradiance, conditions)
        return self.mechanism.respond(irradiance, conditions)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        """Emission at *times* of a period: irradiance *high* until *width*, then *low*, (n, k, lines).

        Units and ranges as :meth:`respond`; *high*, *low* (n,), *times* (k,) in s from 0 to the period.
        """
        for irradiance in (high, low):
            _check_conditions(irradiance, conditions)
        return self.mechanism.pulsed(high, low, width, times, conditions)

    def emission(self, irradiance: npt.ArrayLike, temperature: float, wavelength: float) -> Array:
        """Photons s⁻¹ per cm³ of crystal into all directions under a continuous laser, (n, lines).

        :param irradiance: uniform, in W/cm², (n,)
        :param temperature: of the sample in K
        :param wavelength: of the excitation in nm
        :raises LimitError: for a value that no experiment can have
        """
        return self.respond(irradiance, Conditions(temperature, wavelength)).emission

    def absorbed(self, irradiance: npt.ArrayLike, temperature: float, wavelength: float) -> Array:
        """Photons taken out of the excitation, s⁻¹ per cm³, (n,); arguments as :meth:`emission`."""
        return self.respond(irradiance, Conditions(temperature, wavelength)).absorbed

    @property
    def time_constant(self) -> float:
        """Of the warming under the beam, s."""
        return self._thermal.time_constant

    @property
    def _thermal(self) -> Thermal:
        return self.thermal or _ANY_THERMAL

    def warming(self, power: float, area: float, thickness: float, conditions: Conditions) -> float:
        """Temperature rise of the spot in K, ΔT = P_heat/K, that it ends at; K = 1 mW/K without [thermal].

        :param power: of the excitation in W, spread evenly over *area* in cm²
        :param thickness: of the emitting layer, cm
        """
        if power <= 0:
            return 0.0
        crystal = float(self.respond([power / area], conditions).heat[0]) * area * thickness
        lines = sorted(self._thermal.medium, key=lambda entry: entry.wavelength)
        if lines:
            at, coefficient = zip(*((e.wavelength, e.coefficient) for e in lines), strict=True)
            absorbance = float(np.interp(conditions.wavelength, at, coefficient)) * self._thermal.path
            crystal += power * -np.expm1(-absorbance)
        return float(crystal / self._thermal.conductance)

    def solve(
        self, irradiance: float, temperature: float = 300.0, wavelength: float | None = None
    ) -> Solution:
        """Populations, band emission and quantum yield at one irradiance; arguments as :meth:`emission`.

        Without a wavelength at :attr:`excitation`.
        """
        response = self.respond(
            irradiance, Conditions(temperature, self.excitation if wavelength is None else wavelength)
        )
        emission, absorbed = response.emission[0], float(response.absorbed[0])
        populations = dict(zip(self.mechanism.levels, map(float, response.populations[0]), strict=True))
        bands = {name: self._within(window, emission) for name, window in self.record.bands.items()}
        known = populations and absorbed > 0
        return Solution(populations, bands, self._within(_VISIBLE, emission) / absorbed if known else None)

    def _within(self, window: tuple[float, float], emission: Array) -> float:
        low, high = window
        pairs = zip(self.lines, emission, strict=True)
        return float(sum(rate for line, rate in pairs if low <= line.wavelength <= high))


def shipped() -> list[str]:
    """Ids of the samples that come with the package: ``yber-micro`` is the file yber_micro.toml."""
    return sorted(path.stem.replace("_", "-") for path in _SHIPPED.glob("*.toml"))


def template_file(mechanism: str) -> Path:
    """A commented file to start a sample with this mechanism from."""
    return _SHIPPED / "templates" / f"{mechanism}.toml"


def _parent(name: str, child: Path) -> Path:
    """Path of the sample that the file *child* extends."""
    try:
        return _locate(name, child.parent)
    except Refused as refused:
        raise FileRefused(child, "extends", str(refused)) from None


@lru_cache(maxsize=8)
def _read_shipped(path: Path) -> Sample:
    """Those files do not change, and nothing changes a sample."""
    return Sample._read(path)


def _locate(source: str | Path, beside: Path | None = None) -> Path:
    """Path of a shipped sample's file, or of one in the folder *beside* (the present one)."""
    path = Path(source)
    if not (isinstance(source, str) and path.suffix != ".toml" and path.name == source):
        return path if beside is None else beside / path
    if source not in shipped():
        known = nearest(source, shipped(), "'antistokes samples'")
        raise Refused(f"sample '{source}' is unknown; {known}")
    return _SHIPPED / f"{source.replace('-', '_')}.toml"


def _check_conditions(irradiance: Array, conditions: Conditions) -> None:
    _check("irradiance", irradiance, 0.0, _HIGHEST, "W/cm²")
    _check("sample temperature", np.array([conditions.temperature]), COLDEST, HOTTEST, "K")
    _check("excitation wavelength", np.array([conditions.wavelength]), SHORTEST, LONGEST, "nm")


def _check(thing: str, values: Array, low: float, high: float, unit: str) -> None:
    outside = values[~((values >= low) & (values <= high))]  # nan is outside
    if len(outside):
        raise LimitError(thing, float(outside[0]), low, high, unit)

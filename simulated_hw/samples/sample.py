"""Samples: what glows on the virtual bench, read from a TOML file (docs/sample-files.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import FileRefused, LimitError, Refused, nearest
from antistokes.instruments.records import SampleRecord, check_format, convert, read_toml

from .energy_transfer import EnergyTransfer
from .mechanism import Array, Line, Mechanism, Response
from .power_law import PowerLaw
from .schema import COLDEST, FORMAT, HOTTEST, LONGEST, SHORTEST, VERSION, SampleFile, check_bands

_SHIPPED = Path(__file__).parent
_HIGHEST = 1e15  # W/cm²; no solid is left there
_VISIBLE = (400.0, 700.0)  # nm


class _Reader(Protocol):
    def read(self, model: dict[str, Any], file: object) -> Mechanism: ...


#: Mechanism names of the ``[model]`` table; a further mechanism is a class with ``read`` and one entry here.
MECHANISMS: dict[str, _Reader] = {"energy-transfer": EnergyTransfer, "power-law": PowerLaw}


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
    """What may be known of a sample (*record*), its file (*text*), and the physics behind (*mechanism*)."""

    record: SampleRecord
    text: str
    mechanism: Mechanism

    @classmethod
    def load(cls, source: str | Path) -> Sample:
        """A shipped sample by its id, or a file by its path (ends in .toml, or has a folder in it).

        :raises Refused: no sample has this id
        :raises FileRefused: the file cannot be used as it stands
        """
        path = Path(source)
        if isinstance(source, str) and path.suffix != ".toml" and path.name == source:
            if source not in shipped():
                raise Refused(f"sample '{source}' is unknown; {nearest(source, shipped())}")
            path = _SHIPPED / f"{source.replace('-', '_')}.toml"
        data = check_format(read_toml(path), path, FORMAT, VERSION)
        file = convert(data, SampleFile, path)
        check_bands(file.sample, path)
        model = dict(file.model)
        if "mechanism" not in model:
            raise FileRefused(path, "model.mechanism", f"is missing; known: {', '.join(MECHANISMS)}")
        name = model.pop("mechanism")
        if not isinstance(name, str) or name not in MECHANISMS:
            raise FileRefused(path, "model.mechanism", f"is {name!r}; {nearest(str(name), MECHANISMS)}")
        return cls(file.sample, path.read_text(encoding="utf-8"), MECHANISMS[name].read(model, path))

    @property
    def lines(self) -> tuple[Line, ...]:
        """Emission lines in the order of :meth:`emission`."""
        return self.mechanism.lines

    def emission(self, irradiance: npt.ArrayLike, temperature: float, wavelength: float) -> Array:
        """Photons s⁻¹ per cm³ of crystal into all directions, (n, lines).

        :param irradiance: uniform, in W/cm², (n,)
        :param temperature: of the sample in K
        :param wavelength: of the excitation in nm
        :raises LimitError: for a value that no experiment can have
        """
        return self._respond(irradiance, temperature, wavelength).emission

    def pulsed(
        self, high: Array, low: Array, width: float, times: Array, temperature: float, wavelength: float
    ) -> Array:
        """Emission at *times* of a period: irradiance *high* until *width*, then *low*, (n, k, lines).

        Units and ranges as :meth:`emission`; *high*, *low* (n,), *times* (k,) in s from 0 to the period.
        """
        for irradiance in (high, low):
            _check_conditions(irradiance, temperature, wavelength)
        return self.mechanism.pulsed(high, low, width, times, temperature, wavelength)

    def absorbed(self, irradiance: npt.ArrayLike, temperature: float, wavelength: float) -> Array:
        """Photons taken out of the excitation, s⁻¹ per cm³, (n,); arguments as :meth:`emission`."""
        return self._respond(irradiance, temperature, wavelength).absorbed

    def solve(self, irradiance: float, temperature: float = 300.0, wavelength: float = 980.0) -> Solution:
        """Populations, band emission and quantum yield at one irradiance; arguments as :meth:`emission`."""
        response = self._respond(irradiance, temperature, wavelength)
        emission, absorbed = response.emission[0], float(response.absorbed[0])
        populations = dict(zip(self.mechanism.levels, map(float, response.populations[0]), strict=True))
        bands = {name: self._within(window, emission) for name, window in self.record.bands.items()}
        known = populations and absorbed > 0
        return Solution(populations, bands, self._within(_VISIBLE, emission) / absorbed if known else None)

    def _within(self, window: tuple[float, float], emission: Array) -> float:
        low, high = window
        pairs = zip(self.lines, emission, strict=True)
        return float(sum(rate for line, rate in pairs if low <= line.wavelength <= high))

    def _respond(self, irradiance: npt.ArrayLike, temperature: float, wavelength: float) -> Response:
        irradiance = np.atleast_1d(np.asarray(irradiance, dtype=float))
        _check_conditions(irradiance, temperature, wavelength)
        return self.mechanism.respond(irradiance, temperature, wavelength)


def shipped() -> list[str]:
    """Ids of the samples that come with the package: ``yber-micro`` is the file yber_micro.toml."""
    return sorted(path.stem.replace("_", "-") for path in _SHIPPED.glob("*.toml"))


def _check_conditions(irradiance: Array, temperature: float, wavelength: float) -> None:
    _check("irradiance", irradiance, 0.0, _HIGHEST, "W/cm²")
    _check("sample temperature", np.array([temperature]), COLDEST, HOTTEST, "K")
    _check("excitation wavelength", np.array([wavelength]), SHORTEST, LONGEST, "nm")


def _check(thing: str, values: Array, low: float, high: float, unit: str) -> None:
    outside = values[~((values >= low) & (values <= high))]  # nan is outside
    if len(outside):
        raise LimitError(thing, float(outside[0]), low, high, unit)

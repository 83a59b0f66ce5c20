"""What types cannot say about an energy-transfer model: names that exist, sums, directions, ways down."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from antistokes.instruments.errors import FileRefused

from .schema import EnergyTransferTable, RadiativeTable, check_unique

_ROUNDING = 1e-9  # by which shares may exceed 1 in sum
_LEVEL = r"([^\s:]+:[^\s:]+)"
_PROCESS = re.compile(rf"{_LEVEL}\s+\+\s+{_LEVEL}\s+->\s+{_LEVEL}\s+\+\s+{_LEVEL}")


def parse_process(text: str) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """``"A:a + B:b -> A:c + B:d"`` as (("A:a", "B:b"), ("A:c", "B:d")); None if it is not of this form."""
    match = _PROCESS.fullmatch(text.strip())
    return ((match[1], match[2]), (match[3], match[4])) if match else None


def ground_level(energies: dict[str, float]) -> str:
    """Name of an ion's lowest level."""
    return min(energies, key=energies.__getitem__)


def branches(table: RadiativeTable, ground: str) -> dict[str, float]:
    """End level to rate in s⁻¹; what the branching leaves goes to the ground level."""
    shares = dict(table.branching)
    shares[ground] = shares.get(ground, 0.0) + max(0.0, 1 - sum(shares.values()))
    return {level: table.rate * share for level, share in shares.items() if share > 0}


class EnergyTransferChecks:
    """Refuses (:class:`FileRefused`) an energy-transfer model that contradicts itself."""

    def __init__(self, table: EnergyTransferTable, file: object) -> None:
        self._table, self._file = table, file
        self._energies = {ion.name: ion.levels for ion in table.ions}

    def run(self) -> None:
        self._ions()
        self._radiative()
        self._nonradiative()
        self._ways_down()
        self._transfers()
        self._absorption()
        self._emission()

    def _refuse(self, key: str, problem: str) -> FileRefused:
        return FileRefused(self._file, key, problem)

    def _energy(self, ion: str, level: str, key: str) -> float:
        """Energy of a level in cm⁻¹; refuses one that the file does not declare."""
        if ion not in self._energies:
            raise self._refuse(key, f"names the ion '{ion}'; the ions are {', '.join(self._energies)}")
        if level not in self._energies[ion]:
            known = ", ".join(self._energies[ion])
            raise self._refuse(key, f"names the level '{level}'; {ion} has {known}")
        return self._energies[ion][level]

    def _above(self, ion: str, upper: str, lower: str, key: str) -> None:
        """Refuse unless *upper* lies above *lower*."""
        high, low = self._energy(ion, upper, key), self._energy(ion, lower, key)
        if high <= low:
            problem = f"goes between {upper} ({high:g} cm-1) above and {lower} ({low:g} cm-1) below"
            raise self._refuse(key, f"{problem}; the upper level must be the higher one")

    def _ions(self) -> None:
        ions = self._table.ions
        check_unique([ion.name for ion in ions], self._file, "model.ions", "ions")
        total = sum(ion.fraction for ion in ions)
        if total > 1 + _ROUNDING:
            raise self._refuse("model.ions", f"have fractions that sum to {total:.6g}; at most 1")
        for i, ion in enumerate(ions):
            grounds = [name for name, energy in ion.levels.items() if energy == 0]
            if len(grounds) != 1:
                found = " and ".join(grounds) or "no level"
                problem = f"has {found} at 0 cm-1; exactly one level, the ground level, must be there"
                raise self._refuse(f"model.ions[{i}].levels", problem)

    def _radiative(self) -> None:
        entries = self._table.radiative
        names = [f"{entry.ion}:{entry.start}" for entry in entries]
        check_unique(names, self._file, "model.radiative", "entries")
        for i, entry in enumerate(entries):
            key = f"model.radiative[{i}]"
            if self._energy(entry.ion, entry.start, key) == 0:
                raise self._refuse(f"{key}.from", f"is '{entry.start}', the ground level; must lie above it")
            for end in entry.branching:
                self._above(entry.ion, entry.start, end, f"{key}.branching")
            total = sum(entry.branching.values())
            if total > 1 + _ROUNDING:
                problem = f"from {entry.ion}:{entry.start} sums to {total:.6g}; at most 1"
                raise self._refuse(f"{key}.branching", problem)

    def _nonradiative(self) -> None:
        for i, entry in enumerate(self._table.nonradiative):
            self._above(entry.ion, entry.start, entry.end, f"model.nonradiative[{i}]")

    def _ways_down(self) -> None:
        table = self._table
        falling = {(entry.ion, entry.start) for entry in table.radiative if entry.rate > 0}
        falling |= {(entry.ion, entry.start) for entry in table.nonradiative if entry.rate > 0}
        for i, ion in enumerate(table.ions):
            for level, energy in ion.levels.items():
                if energy > 0 and (ion.name, level) not in falling:
                    problem = "has no radiative or nonradiative rate; every level above the ground needs one"
                    raise self._refuse(f"model.ions[{i}].levels.{level}", problem)

    def _transfers(self) -> None:
        entries = self._table.transfers
        check_unique([entry.process for entry in entries], self._file, "model.transfers", "processes")
        for i, entry in enumerate(entries):
            key = f"model.transfers[{i}].process"
            process = parse_process(entry.process)
            if process is None:
                form = "Yb:2F5/2 + Er:4I15/2 -> Yb:2F7/2 + Er:4I11/2"
                raise self._refuse(key, f"is '{entry.process}'; must read like '{form}'")
            pairs = [[tuple(name.split(":", 1)) for name in side] for side in process]
            for ion, level in pairs[0] + pairs[1]:
                self._energy(ion, level, key)
            if all(self._energy(ion, level, key) == 0 for ion, level in pairs[0]):
                raise self._refuse(key, f"is '{entry.process}'; one ion at least must start excited")
            if Counter(ion for ion, _ in pairs[0]) != Counter(ion for ion, _ in pairs[1]):
                raise self._refuse(key, f"is '{entry.process}'; the same ions must stand on both sides")

    def _absorption(self) -> None:
        for i, entry in enumerate(self._table.absorption):
            key = f"model.absorption[{i}]"
            self._above(entry.ion, entry.end, entry.start, key)
            if abs(entry.wavelength - entry.peak) > entry.fwhm:
                problem = f"is {entry.wavelength:g} nm; must lie within {entry.fwhm:g} nm (fwhm) of the peak"
                raise self._refuse(f"{key}.wavelength", f"{problem} at {entry.peak:g} nm")

    def _emission(self) -> None:
        entries = self._table.emission
        names = [line.name for entry in entries for line in (entry, entry.hot) if line is not None]
        check_unique(names, self._file, "model.emission", "lines")
        radiative = {(entry.ion, entry.start): entry for entry in self._table.radiative}
        shares: defaultdict[tuple[str, str, str], float] = defaultdict(float)
        for i, entry in enumerate(entries):
            key = f"model.emission[{i}]"
            self._above(entry.ion, entry.start, entry.end, key)
            source = radiative.get((entry.ion, entry.start))
            ends = branches(source, ground_level(self._energies[entry.ion])) if source else {}
            if entry.end not in ends:
                known = f"{entry.start} decays radiatively to {', '.join(ends) or 'no level'}"
                raise self._refuse(f"{key}.to", f"is '{entry.end}'; {known}")
            transition = entry.ion, entry.start, entry.end
            shares[transition] += entry.fraction
            if shares[transition] > 1 + _ROUNDING:
                problem = f"makes the lines of {entry.start} -> {entry.end} sum to {shares[transition]:.6g}"
                raise self._refuse(f"{key}.fraction", f"{problem}; at most 1")

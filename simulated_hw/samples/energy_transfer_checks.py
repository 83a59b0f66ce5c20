"""What types cannot say about an energy-transfer model: names that exist, sums, directions, ways down."""

from __future__ import annotations

from collections import Counter, defaultdict

from antistokes.instruments.errors import FileRefused

from .energy_transfer_process import branches, canonical_process, ground_level, parse_process
from .energy_transfer_tables import EnergyTransferTable
from .schema import check_unique

_ROUNDING = 1e-9  # by which shares may exceed 1 in sum
_UPHILL = 2000.0  # cm⁻¹ that phonons may add to a transfer, an absorption or a line


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
        self._quenching()
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
        entries = self._table.nonradiative
        names = [f"{entry.ion}:{entry.start} -> {entry.ion}:{entry.end}" for entry in entries]
        check_unique(names, self._file, "model.nonradiative", "entries")
        for i, entry in enumerate(entries):
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
        two = "Yb:2F5/2 + Er:4I15/2 -> Yb:2F7/2 + Er:4I11/2"
        three = "Yb:2F5/2 + Yb:2F5/2 + Tb:7F6 -> Yb:2F7/2 + Yb:2F7/2 + Tb:5D4"
        self._processes("transfers", [entry.process for entry in self._table.transfers], 2, two)
        self._processes("cooperative", [entry.process for entry in self._table.cooperative], 3, three)

    def _processes(self, name: str, texts: list[str], ions: int, form: str) -> None:
        check_unique([canonical_process(text) for text in texts], self._file, f"model.{name}", "processes")
        for i, text in enumerate(texts):
            key = f"model.{name}[{i}].process"
            process = parse_process(text)
            if process is None or any(len(side) != ions for side in process):
                raise self._refuse(key, f"is '{text}'; must read like '{form}'")
            start, end = ([tuple(level.split(":", 1)) for level in side] for side in process)
            for ion, level in start + end:
                self._energy(ion, level, key)
            if all(self._energy(ion, level, key) == 0 for ion, level in start):
                raise self._refuse(key, f"is '{text}'; one ion at least must start excited")
            if Counter(ion for ion, _ in start) != Counter(ion for ion, _ in end):
                raise self._refuse(key, f"is '{text}'; the same ions must stand on both sides")
            gained = sum(self._energies[ion][level] for ion, level in end)
            gained -= sum(self._energies[ion][level] for ion, level in start)
            self._not_far_up(gained, key)

    def _not_far_up(self, gained: float, key: str) -> None:
        """Refuse more than phonons can give."""
        if gained > _UPHILL:
            raise self._refuse(key, f"goes {gained:.6g} cm-1 uphill; phonons give at most {_UPHILL:g}")

    def _quenching(self) -> None:
        if self._table.quenching is None:
            return
        for i, text in enumerate(self._table.quenching.levels):
            key = f"model.quenching.levels[{i}]"
            ion, _, level = text.partition(":")
            if self._energy(ion, level, key) == 0:
                raise self._refuse(key, f"is '{text}', a ground level; must lie above it")

    def _absorption(self) -> None:
        entries = self._table.absorption
        names = [f"{e.ion}:{e.start} -> {e.ion}:{e.end} at {e.wavelength:.9g} nm" for e in entries]
        check_unique(names, self._file, "model.absorption", "entries")
        for i, entry in enumerate(entries):
            key = f"model.absorption[{i}]"
            self._above(entry.ion, entry.end, entry.start, key)
            levels = self._energies[entry.ion]
            self._not_far_up(levels[entry.end] - levels[entry.start] - 1e7 / entry.peak, f"{key}.peak")
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
            gap = self._energies[entry.ion][entry.start] - self._energies[entry.ion][entry.end]
            self._not_far_up(1e7 / entry.wavelength - gap, f"{key}.wavelength")
            if entry.hot is not None:
                hot = 1e7 / entry.hot.wavelength - gap - entry.hot.gap
                self._not_far_up(hot, f"{key}.hot.wavelength")
            transition = entry.ion, entry.start, entry.end
            shares[transition] += entry.fraction
            if shares[transition] > 1 + _ROUNDING:
                problem = f"makes the lines of {entry.start} -> {entry.end} sum to {shares[transition]:.6g}"
                raise self._refuse(f"{key}.fraction", f"{problem}; at most 1")

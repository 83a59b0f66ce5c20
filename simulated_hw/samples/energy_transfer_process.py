"""Processes of an energy-transfer model as sample files write them, and which level is the ground level."""

from __future__ import annotations

import re

from .energy_transfer_tables import RadiativeTable

_LEVEL = r"[^\s:+]+:[^\s:]+"
_SIDE = rf"{_LEVEL}(?:\s+\+\s+{_LEVEL})+"
_PROCESS = re.compile(rf"{_SIDE}\s+->\s+{_SIDE}")


def parse_process(text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """``"A:a + B:b -> A:c + B:d"`` as (("A:a", "B:b"), ("A:c", "B:d")); None if it is not of this form."""
    if not _PROCESS.fullmatch(text.strip()):
        return None
    start, end = (tuple(re.findall(_LEVEL, side)) for side in text.split("->"))
    return start, end


def canonical_process(text: str) -> str:
    """The same for texts that say the same with other blanks, or with the ions in another order."""
    if (process := parse_process(text)) is None:
        return text
    steps = sorted(zip(*process, strict=False))
    return transfer_label(*(tuple(side) for side in zip(*steps, strict=True)))


def transfer_label(start: tuple[str, ...], end: tuple[str, ...]) -> str:
    """A process as sample files write it: the inverse of :func:`parse_process`."""
    return f"{' + '.join(start)} -> {' + '.join(end)}"


def ground_level(energies: dict[str, float]) -> str:
    """Name of an ion's lowest level."""
    return min(energies, key=energies.__getitem__)


def branches(table: RadiativeTable, ground: str) -> dict[str, float]:
    """End level to rate in s⁻¹; what the branching leaves goes to the ground level."""
    shares = dict(table.branching)
    shares[ground] = shares.get(ground, 0.0) + max(0.0, 1 - sum(shares.values()))
    return {level: table.rate * share for level, share in shares.items() if share > 0}

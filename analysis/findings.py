"""What the analysis of a run returns, whatever the procedure: numbers with errors, warnings, a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One number that was measured.

    :param quantity: in the words of the sample files' facts: ``exponent``, ``lifetime``, ``quantum yield`` …
    :param value: NaN when it could not be found; *note* says why
    :param stderr: 1 σ; NaN when it is not known
    :param unit: ``1`` for a pure number
    :param of: the band or line; empty when it is one of the whole sample
    :param at: set-points it belongs to, by channel: ``{"pulse_width": 1e-3}``; none: of the whole run
    :param interval: 68 % interval where it is not symmetric
    :param note: what it was found from, or what to know about it
    """

    quantity: str
    value: float
    stderr: float = math.nan
    unit: str = "1"
    of: str = ""
    at: Mapping[str, float] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data, empty parts left out."""
        parts: dict[str, Any] = {
            "quantity": self.quantity,
            "of": self.of,
            "value": self.value,
            "stderr": self.stderr,
            "unit": self.unit,
            "at": dict(self.at),
            "interval": self.interval,
            "note": self.note,
        }
        return {key: value for key, value in parts.items() if value not in ("", {}, None)}


@dataclass(kw_only=True)
class Findings:
    """What one run of one procedure, or one block of it, has shown.

    :param procedure: its name
    :param at: set-points of the axes around it; empty when there are none
    :param findings: the numbers
    :param warnings: what a careful person should know before believing them
    :param details: further results as plain data, by the procedure's own names
    :param figure: draws the figure; None: there is nothing to draw
    :param problem: why it could not be analysed; empty when it could
    """

    procedure: str
    at: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    figure: Callable[[], Figure] | None = None
    problem: str = ""

    def find(self, quantity: str, of: str = "", **at: float) -> Finding:
        """The number asked for.

        :raises KeyError: it was not found
        """
        for one in self.findings:
            near = all(math.isclose(one.at.get(key, math.nan), x, rel_tol=1e-6) for key, x in at.items())
            if (one.quantity, one.of) == (quantity, of) and near:
                return one
        raise KeyError(f"{quantity} of {of or 'the sample'} at {at}" if at else f"{quantity} of {of}")

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        plain: dict[str, Any] = {"at": self.at} if self.at else {}
        if self.problem:
            return plain | {"problem": self.problem}
        plain["findings"] = [one.as_dict() for one in self.findings]
        return plain | ({"warnings": self.warnings} if self.warnings else {}) | self.details

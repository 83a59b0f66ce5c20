"""What was measured beside what is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antistokes.analysis.findings import Finding, Findings
from antistokes.simulated_hw.samples.facts import Fact


@dataclass(frozen=True)
class Verdict:
    """One fact and what was measured of it."""

    system: str
    fact: Fact
    measured: float = math.nan
    stderr: float = math.nan
    file: str = ""
    #: why nothing was measured
    problem: str = ""

    @property
    def ok(self) -> bool:
        """A run file gave the value within the tolerance or beyond the bound, precisely enough to say so.

        The standard error must be known, no larger than the tolerance, and smaller than the distance from
        a bound.
        """
        if not self.file or not math.isfinite(self.measured) or not math.isfinite(self.stderr):
            return False
        if self.fact.relation == "above":
            return self.measured - self.stderr > self.fact.value
        if self.fact.relation == "below":
            return self.measured + self.stderr < self.fact.value
        margin = (self.fact.margin or 0.0) * (1 + 1e-9)
        return abs(self.measured - self.fact.value) <= margin and self.stderr <= margin

    def as_dict(self) -> dict[str, Any]:
        """One line for programs."""
        fact = self.fact
        name = f"{fact.quantity} of {fact.of}" if fact.of else fact.quantity
        return {
            "system": self.system,
            "fact": f"{name} over {fact.over}" if fact.over else name,
            "conditions": fact.conditions,
            "procedure": fact.procedure,
            "kind": fact.kind,
            "relation": fact.relation,
            "expected": fact.value,
            "unit": fact.unit,
            "tolerance": fact.margin,
            "measured": self.measured,
            "stderr": self.stderr,
            "ok": self.ok,
            "doubtful": fact.doubtful,
            "file": self.file,
            "problem": self.problem,
        }


def judge(system: str, fact: Fact, found: list[Findings], path: Path) -> Verdict:
    """The verdict on a fact that one run shows."""
    if fact.per:
        return _of_parts(
            system, fact, [path], *(find("intensity", fact, found, of) for of in (fact.of, fact.per))
        )
    finding = find(fact.quantity, fact, found)
    if isinstance(finding, str):
        return Verdict(system, fact, problem=finding)
    value, stderr = in_unit(finding, fact.unit)
    return Verdict(system, fact, value, stderr, str(path), "" if math.isfinite(value) else finding.note)


#: a comparison's quantity to that of the two runs whose ratio or difference it is
_RATIOS = {
    "lifetime ratio": "lifetime",
    "linewidth ratio": "linewidth",
    "temperature change ratio": "temperature change",
    "enhancement": "intensity",
    "cross-section ratio": "intensity",
    "band ratio": "intensity",
}
_DIFFERENCES = {"centroid shift": "centroid"}
#: what is better the lower it is; an enhancement divides the other sample's by that of this one
_LOWER_IS_BETTER = ("saturation irradiance", "threshold")


def compare(
    system: str, fact: Fact, path: Path, other: Path, first: list[Findings], second: list[Findings]
) -> Verdict:
    """The verdict on a fact that two runs show: *first* over *second*, or their difference."""
    quantity = fact.by or _RATIOS.get(fact.quantity) or _DIFFERENCES.get(fact.quantity)
    if quantity is None:
        return Verdict(system, fact, problem=f"two runs do not show a {fact.quantity}")
    a, b = (find(quantity, fact, found) for found in (first, second))
    if quantity in _LOWER_IS_BETTER:
        a, b = b, a
    return _of_parts(system, fact, [path, other], a, b)


def _of_parts(system: str, fact: Fact, paths: list[Path], a: Finding | str, b: Finding | str) -> Verdict:
    """The verdict on a ratio or a difference of two findings."""
    if isinstance(a, str) or isinstance(b, str):
        return Verdict(system, fact, problem=a if isinstance(a, str) else str(b))
    divisor, error = in_unit(b, a.unit)
    if fact.quantity in _DIFFERENCES:
        value, stderr = a.value - divisor, math.hypot(a.stderr, error)
    else:
        value = a.value / divisor
        stderr = abs(value) * math.hypot(a.stderr / a.value, error / divisor)
    return Verdict(system, fact, value, stderr, " ".join(map(str, paths)))


def in_unit(finding: Finding, unit: str) -> tuple[float, float]:
    """Value and error of *finding* in *unit*."""
    if finding.unit == unit:
        return finding.value, finding.stderr
    import pint

    factor = _factor(pint, finding.unit, unit)
    return finding.value * factor, finding.stderr * factor


def _factor(pint: Any, found: str, wanted: str) -> float:
    one, other = ("dimensionless" if unit == "1" else unit for unit in (found, wanted))
    return float(pint.Quantity(1.0, one).to(other, "spectroscopy").magnitude)


def find(quantity: str, fact: Fact, found: list[Findings], of: str = "") -> Finding | str:
    """*quantity* of what the fact is of (or *of*), at its set-points; else why it is not there."""
    of = of or fact.of
    for block in found:
        for finding in block.findings:
            at = block.at | dict(finding.at)
            here = all(math.isclose(at.get(key, math.nan), x, rel_tol=1e-6) for key, x in fact.at.items())
            if (finding.quantity, finding.of) == (quantity, of) and here:
                return finding
    said = "; ".join(dict.fromkeys(block.problem for block in found if block.problem))
    return said or f"the run shows no {quantity} of {of or 'it'}"

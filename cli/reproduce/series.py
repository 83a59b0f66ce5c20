"""Facts that several runs show together: how something changes from one sample or laser to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.compare import best_concentration, size_exponent
from antistokes.analysis.findings import Finding, Findings
from antistokes.simulated_hw.samples.facts import Fact

from .judge import Verdict, find, in_unit

#: a fact's quantity to that of each of its runs
_READ = {"best concentration": "intensity", "size exponent": "intensity", "exponent step": "exponent"}
#: of either process; an exponent tells no smaller one
_LEAST_SHARE = 0.01


def follow(
    system: str, fact: Fact, at: Sequence[float], paths: Sequence[Path], found: Sequence[list[Findings]]
) -> Verdict:
    """The verdict on a fact that runs *at* sizes, concentrations or detunings show; all of one length."""
    quantity = _READ.get(fact.quantity)
    if quantity is None:
        return Verdict(system, fact, problem=f"several runs do not show a {fact.quantity}")
    values, errors = [], []
    for x, blocks in zip(at, found, strict=True):
        finding = find(quantity, fact, blocks)
        if isinstance(finding, str):
            return Verdict(system, fact, problem=f"at {x:g}: {finding}")
        values.append(finding.value)
        errors.append(finding.stderr)
    try:
        one = _read(fact, at, values, errors)
    except AnalysisError as problem:
        return Verdict(system, fact, problem=str(problem))
    value, stderr = in_unit(one, fact.unit)
    return Verdict(system, fact, value, stderr, " ".join(map(str, paths)))


def _read(fact: Fact, at: Sequence[float], values: Sequence[float], errors: Sequence[float]) -> Finding:
    if fact.quantity == "best concentration":
        measured = zip(values, errors, strict=True)
        return best_concentration(dict(zip(at, measured, strict=True)), fact.of)
    if fact.quantity == "size exponent":
        return size_exponent(at, values, errors, fact.of)
    value, stderr = exponent_step(at, values, errors)
    return Finding(quantity=fact.quantity, of=fact.of, value=value, stderr=stderr, unit="meV")


def exponent_step(
    detunings: Sequence[float], exponents: Sequence[float], errors: Sequence[float]
) -> tuple[float, float]:
    """Where the exponent passes 1.5 on its way from 1, of one photon, to 2, of two; and 1 σ.

    Of light that two processes give, the share of the second is the exponent less 1. As absorption below a
    gap falls exponentially (Urbach), the logit of the share is nearly linear in the detuning: a straight line
    between two neighbours finds its zero. How far that is from the zero of a smooth monotonic curve through
    all (Fritsch & Carlson, SIAM J. Numer. Anal. 1980, 17, 238) is part of the error.

    :param errors: 1 σ of *exponents*
    :raises AnalysisError: they do not pass it, or more than once
    """
    from scipy.interpolate import PchipInterpolator
    from scipy.optimize import brentq
    from scipy.special import logit

    x, share, sigma = np.array(sorted(zip(detunings, exponents, errors, strict=True))).T
    share = np.clip(share - 1, _LEAST_SHARE, 1 - _LEAST_SHARE)
    y, sigma = logit(share), sigma / (share * (1 - share))
    steps = np.flatnonzero(np.diff(y > 0))
    if len(steps) != 1:
        raise AnalysisError(f"the exponent passes 1.5 {len(steps)} times within the detunings; must be once")
    i = int(steps[0])
    slope = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
    line = float(x[i] - y[i] / slope)
    curve = float(brentq(PchipInterpolator(x, y), x[i], x[i + 1]))
    part = (line - x[i]) / (x[i + 1] - x[i])
    counts = math.hypot((1 - part) * sigma[i], part * sigma[i + 1]) / abs(slope)
    return line, math.hypot(counts, curve - line)

"""Set-points in the steps that go over the wire: a value is rounded first, and then checked."""

from __future__ import annotations

import math

_SLACK = 1e-6  # steps; 33.3 × 10 need not be 333


def range_in_steps(low: float, high: float, per_unit: float) -> tuple[float, float]:
    """The first and the last step inside [low, high]; *per_unit* steps make one unit."""
    return math.ceil(low * per_unit - _SLACK) / per_unit, math.floor(high * per_unit + _SLACK) / per_unit

"""Arguments that no experiment can have are refused with their name, their value and what is allowed."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .processes import Array


def checked(
    quantity: str,
    value: npt.ArrayLike,
    unit: str = "",
    low: float = 0.0,
    high: float = math.inf,
    above: bool = False,
) -> Array:
    """*value* as an array of floats, all finite and in [low, high]; in (low, high] with *above*.

    :raises ValueError: with the quantity, the first value outside, and what is allowed
    """
    array = np.asarray(value, dtype=float)
    inside = np.isfinite(array) & ((array > low) if above else (array >= low)) & (array <= high)
    if not np.all(inside):
        wrong = f"{array[~inside].flat[0]:.9g} {unit}".rstrip()
        bounds = f", {'above' if above else 'at least'} {low:.6g}" if low > -math.inf else ""
        bounds += f", at most {high:.6g}" if high < math.inf else ""
        raise ValueError(f"{quantity} = {wrong}: must be finite{bounds}")
    return array + 0.0  # -0.0 would turn limits around

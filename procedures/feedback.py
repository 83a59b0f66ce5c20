"""Steering towards a colour: what can be reached, and what to do next. Arithmetic alone.

Light of several lasers adds, and so do the tristimulus values of what it makes shine: the colour of a mixture
is the mean of the colours of its parts, each weighted with its X + Y + Z. So the colours that can be reached
are those inside the polygon of the parts (Grassmann's laws; CIE 015:2018, Colorimetry).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from antistokes.instruments.errors import AntistokesError

Array = npt.NDArray[np.float64]

_STIFF = 1e4  # weight of "the shares add up to 1" against distances in the chromaticity diagram
_LEAST_EXPONENT, _MOST_EXPONENT = 0.7, 5.0
_LARGEST_STEP = np.log(5.0)
_CLEAR_STEP = 0.1  # change of ln P from which an exponent can be told


class OutOfReach(AntistokesError):
    """A colour that cannot be reached: says why, and which is the nearest one."""


def nearest_shares(target: Array, corners: Array) -> Array:
    """How much of each colour mixes the colour that is nearest to *target*: shares of X + Y + Z, their sum 1.

    :param target: (x, y)
    :param corners: (x, y) of the parts, (parts, 2)
    """
    matrix = np.vstack([corners.T, np.full(len(corners), _STIFF)])
    shares: Array = nnls(matrix, np.append(target, _STIFF))[0]
    return shares / shares.sum()


def amounts(tristimulus: Array, corners: Array) -> Array:
    """X + Y + Z that each part contributes to a mixture, none below 0; (parts,).

    :param tristimulus: of the mixture, (3,)
    :param corners: (x, y) of the parts, (parts, 2)
    """
    parts = np.column_stack([corners, 1 - corners.sum(axis=1)])
    result: Array = nnls(parts.T, tristimulus)[0]
    return result


def nearest_on_track(target: Array, position: Array, track: Array) -> tuple[float, Array]:
    """Where a line through measured colours comes nearest to *target*: position, and (x, y) there.

    :param position: of the colours, any order, (points,), at least 2
    :param track: (x, y), (points, 2)
    """
    order = np.argsort(position, kind="stable")
    position, track = position[order], track[order]
    step = np.diff(track, axis=0)
    length = (step**2).sum(axis=1)
    along = ((target - track[:-1]) * step).sum(axis=1) / np.where(length > 0, length, 1.0)
    along = np.clip(along, 0.0, 1.0)
    nearest = track[:-1] + along[:, None] * step
    i = int(((nearest - target) ** 2).sum(axis=1).argmin())
    return float(position[i] + along[i] * (position[i + 1] - position[i])), nearest[i]


def exponents(powers: Array, signals: Array, before: Array) -> Array:
    """d ln signal/d ln power of each part between the last two points; *before* where that cannot be told.

    :param powers, signals: (2, parts)
    """
    clear = (powers > 0).all(axis=0) & (signals > 0).all(axis=0)
    rise = np.diff(np.log(np.where(clear, powers, 1.0)), axis=0)[0]
    told = clear & (np.abs(rise) > _CLEAR_STEP)
    found = np.diff(np.log(np.where(told, signals, 1.0)), axis=0)[0] / np.where(told, rise, 1.0)
    return np.where(told, np.clip(found, _LEAST_EXPONENT, _MOST_EXPONENT), before)


def corrected_powers(powers: Array, signals: Array, wanted: Array, exponent: Array) -> Array:
    """Powers that should bring each signal to what is *wanted*, by its local power law; (parts,)."""
    ratio = np.log(wanted / np.maximum(signals, 1e-3 * wanted)) / exponent
    return powers * np.exp(np.clip(ratio, -_LARGEST_STEP, _LARGEST_STEP))

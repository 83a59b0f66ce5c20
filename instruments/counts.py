"""What an SDK hands over as counts: is it any?"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from .errors import BadAnswer

#: of what is full: what a device may have added or subtracted itself
_LEAST, _MOST = -0.01, 2.0


def check_counts(device: str, what: str, counts: npt.NDArray[Any], full: float) -> None:
    """Of the call *what* of *device*'s SDK.

    :param full: the most that a pixel or a bin holds
    :raises BadAnswer: *counts* cannot be
    """
    wrong = counts[~((counts >= _LEAST * full) & (counts <= _MOST * full))]
    if len(wrong):
        raise BadAnswer(
            device,
            f"'{what}' gave {len(wrong)} values that are no counts, such as {wrong[0]:g}; full is {full:g}",
        )

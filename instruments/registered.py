"""What installed packages register: drivers, twins, procedures, backends."""

from __future__ import annotations

import functools
import sys
from importlib.metadata import EntryPoint, entry_points


def registered(group: str) -> dict[str, EntryPoint]:
    """The entry points of *group*, such as ``antistokes.drivers``, by name.

    They are looked up again when the path on which packages are found has changed, else once: every station
    asks several times, and each look takes 15 ms.
    """
    return _looked_up(group, tuple(sys.path))


@functools.cache
def _looked_up(group: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}

"""What happens to a device, or to the room, by itself: a laser trips or hops, a cryostat never settles, …

Each kind fits some devices; one function begins it and says how it ends, if it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from .bench import Bench
from .cryostat import Cryostat
from .detection import Surroundings

EventKind = Literal["laser trip", "mode hop", "interlock opened", "never settles", "saturated", "cosmic rays"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)

#: electrons per second in every pixel: full at the shortest exposure of any detector
_ROOM_LIGHT = 1e11
#: ends what has begun
End = Callable[[], None]


@runtime_checkable
class Tripping(Protocol):
    """A laser."""

    def trip_by_itself(self) -> None:
        """The light goes off; the device shows why, and wants what the real one does to light up."""


@runtime_checkable
class Hopping(Protocol):
    """A laser that knows its modes."""

    def hop(self) -> None:
        """To the next one."""


@runtime_checkable
class Interlocked(Protocol):
    """A laser or a shutter with an interlock circuit."""

    interlock_open: bool


@runtime_checkable
class Thermostated(Protocol):
    """A temperature controller."""

    cryostat: Cryostat


@runtime_checkable
class Exposed(Protocol):
    """An array detector."""

    surroundings: Surroundings


@dataclass(frozen=True)
class Extent:
    """How bad it is.

    :ivar hop_nm, hop_power: change of wavelength, and relative loss of power
    :ivar swing_K: around the set-point
    :ivar cosmics_per_min_cm2: hits of an array detector
    """

    hop_nm: float
    hop_power: float
    swing_K: float
    cosmics_per_min_cm2: float


def fits(kind: EventKind, twin: Any, bench: Bench) -> bool:
    """Can it happen to *twin*?"""
    wanted: dict[EventKind, type] = {
        "laser trip": Tripping,
        "interlock opened": Interlocked,
        "never settles": Thermostated,
        "saturated": Exposed,
        "cosmic rays": Exposed,
    }
    return twin.name in bench.sources if kind == "mode hop" else isinstance(twin, wanted[kind])


def begin(kind: EventKind, twin: Any, bench: Bench, extent: Extent) -> End | None:
    """It happens to *twin*, which it fits. :returns: what ends it; None: it is over, or a person ends it"""
    if kind == "laser trip":
        twin.trip_by_itself()
        return None
    if kind == "mode hop":
        if isinstance(twin, Hopping):
            twin.hop()
        else:
            bench.drift(twin.name).hop(-extent.hop_power, extent.hop_nm)
        return None
    if kind == "interlock opened":
        twin.interlock_open = True
        return lambda: setattr(twin, "interlock_open", False)
    if kind == "never settles":
        twin.cryostat.swing_by(extent.swing_K)
        return lambda: twin.cryostat.swing_by(0.0)
    name, value = (
        ("room_light", _ROOM_LIGHT)
        if kind == "saturated"
        else ("cosmics_per_min_cm2", extent.cosmics_per_min_cm2)
    )
    setattr(twin.surroundings, name, value)
    return lambda: setattr(twin.surroundings, name, 0.0)

"""What every driver has, whatever it talks to.

:class:`SdkInstrument` talks to a maker's SDK, :class:`CompositeInstrument` is made of other instruments; for
those on a wire see :mod:`~antistokes.instruments.instrument`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from .clock import Clock, RealClock
from .errors import BadAnswer, InstrumentError, LimitError, Refused

_ROUNDING = 1e-6  # relative, of what a device says


class Limit(NamedTuple):
    """Allowed range of a set-point, with its unit as text."""

    low: float
    high: float
    unit: str


class Device:
    """What every driver has.

    ``LIMITS`` maps the name of a settable quantity to its :class:`Limit`. Setting the quantity outside
    it raises :class:`LimitError` before anything is sent; a station may only narrow a limit.
    """

    MODEL: ClassVar[str] = ""
    #: how it is connected, in words: "USB", "RS-232", "TCP 7777"
    INTERFACES: ClassVar[tuple[str, ...]] = ()
    #: what the driver was checked against, and what was not, in one sentence
    VERIFIED: ClassVar[str] = ""
    #: the roles it fulfils
    ROLES: ClassVar[tuple[type, ...]] = ()
    LIMITS: ClassVar[dict[str, Limit]] = {}
    #: quantities written into the snapshot
    SNAPSHOT: ClassVar[tuple[str, ...]] = ()
    #: roles of the instruments it is made of, by the word a station file's ``parts`` uses
    PARTS: ClassVar[dict[str, type]] = {}
    #: s from a changed set-point to the moment its effect can be measured
    settle_time: float = 0.0

    name: str
    clock: Clock
    #: one caller at a time
    lock: threading.RLock

    def _begin(self, name: str, clock: Clock | None) -> None:
        """Called first by a driver's constructor."""
        self.__dict__["limits"] = dict(self.LIMITS)
        self.__dict__["lock"] = threading.RLock()
        self.name = name
        self.clock = RealClock() if clock is None else clock

    def __setattr__(self, attribute: str, value: Any) -> None:
        if attribute in self.__dict__.get("limits", ()):
            self.check_limit(attribute, value)
        super().__setattr__(attribute, value)

    def check_limit(self, quantity: str, value: float) -> None:
        """:raises LimitError: when *value* is outside the limit of *quantity* (nan always is)."""
        low, high, unit = self.limits[quantity]
        if isinstance(value, str):
            raise Refused(f"{self.name}: {quantity} = {value!r}: must be a number in {unit}")
        if not low <= value <= high:
            raise LimitError(f"{self.name}: {quantity}", value, low, high, unit)

    def narrow_limit(self, quantity: str, low: float, high: float) -> None:
        """Restrict *quantity* to the part of its limit inside [low, high].

        :raises Refused: no part of it is
        """
        old = self.limits[quantity]
        new = Limit(max(old.low, low), min(old.high, high), old.unit)
        if new.low > new.high:
            raise Refused(
                f"{self.name}: limits of {quantity} = [{low:g}, {high:g}] {old.unit}; "
                f"this device allows {old.low:g} to {old.high:g} {old.unit}"
            )
        self.limits[quantity] = new

    def told_limit(self, quantity: str, low: float, high: float) -> None:
        """:meth:`narrow_limit` to what the device says of itself. :raises BadAnswer: that cannot be"""
        try:
            self.narrow_limit(quantity, low, high)
        except Refused as refused:
            raise BadAnswer(self.name, str(refused).removeprefix(f"{self.name}: ")) from None

    def possible(self, quantity: str, value: float) -> float:
        """*value*, which the device says of itself. :raises BadAnswer: no device of this model can have it"""
        low, high, unit = self.LIMITS[quantity]
        if not low - _ROUNDING * abs(low) <= value <= high + _ROUNDING * abs(high):
            range_ = f"{low:g} to {high:g} {unit}".rstrip()
            raise BadAnswer(self.name, f"says that {quantity} = {value:.9g}; a {self.MODEL} has {range_}")
        return value

    @property
    def limits(self) -> dict[str, Limit]:
        """Limits in force, by quantity."""
        result: dict[str, Limit] = self.__dict__["limits"]
        return result

    def wait_for(self, fact: Callable[[], bool], maximum: float, pause: float = 0.2) -> bool:
        """Ask every *pause* s until *fact* is true; False when it is not after *maximum* seconds."""
        end = self.clock.now() + maximum
        while not fact():
            if self.clock.now() >= end:
                return False
            self.clock.sleep(pause)
        return True

    def make_safe(self) -> None:
        """Bring the device into the state a person may walk up to; may be called any number of times."""

    def snapshot(self) -> dict[str, Any]:
        """Its settings now, as plain values."""
        return {"model": self.MODEL} | {quantity: getattr(self, quantity) for quantity in self.SNAPSHOT}

    def close(self) -> None:
        """Give the connection back; also after a constructor that failed half way."""


class SdkInstrument(Device):
    """Base of drivers that talk to a maker's SDK instead of a wire.

    :param sdk: the SDK's module, or the twin of it, behind the Protocol the driver declares
    """

    SDK_MODULE: ClassVar[str] = ""


class CompositeInstrument(Device):
    """Base of drivers that make one instrument of others in the station.

    :param parts: those others by the words of ``PARTS``, each seen through its role. They are made safe
        and closed by the station, after this one
    """

    def __init__(self, parts: dict[str, Any], name: str = "", *, clock: Clock | None = None) -> None:
        self._begin(name or self.MODEL, clock)
        self.parts = parts


def do_all(*steps: Callable[[], object]) -> None:
    """Do every step, also after one that failed: what makes a device safe does not end half way.

    :raises BaseException: what the first failed step raised, after the last step
    """
    first: BaseException | None = None
    for step in steps:
        try:
            step()
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first


def try_twice(step: Callable[[], object]) -> None:
    """*step*, and once more when an instrument fails: one lost message must not leave light on."""
    try:
        step()
    except InstrumentError:
        step()

"""Any pymeasure instrument in a station file, given roles by a small mapping (docs/drivers.md).

    [instruments.generator]
    driver = "pymeasure.instruments.agilent:Agilent33500"
    resource = "TCPIP0::192.168.1.40::5025::SOCKET"
    settings = { read_termination = "\\n", write_termination = "\\n" }
    limits = { width = [1e-6, 1e-2] }
    [instruments.generator.role.pulse_generator]
    period = "ch_1.pulse_period"                # the attribute that serves this member of the role
    width = "ch_1.pulse_width"
    output = "ch_1.output"
    period_limits = [1e-6, 1.0]                 # a value that the instrument does not know
    width_limits = [1e-6, 1e-2]

An attribute in other units is ``{ attribute = "power", scale = 1e-3 }`` (role = scale × attribute), a text
``{ value = "W" }``.
"""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from pymeasure.instruments import Instrument

from .clock import Clock
from .device import Device, Limit
from .errors import (
    AntistokesError,
    ConnectionFailed,
    DeviceTimeout,
    FileRefused,
    InstrumentError,
    Refused,
    nearest,
)
from .instrument import named_error
from .records import Record, convert
from .roles import ROLES
from .roleview import members_of
from .stationfile import StationFile

#: members of roles that are switched off to make an instrument safe
_SAFE = {"emission": False, "output": False, "is_open": False}
_GIVEN = {"name", "make_safe", "snapshot"}
_SETTLE = "settle_time"


class Mapped(Record, kw_only=True, frozen=True):
    """One member of a role: an attribute of the instrument, or a value."""

    attribute: str = ""
    scale: float = 1.0
    value: Any = None


class StockInstrument(Device):
    """An instrument class of others behind roles. Made by :func:`stock_driver`.

    Limits are checked before anything is sent; every exception gets the device's name.
    """

    INSTRUMENT: ClassVar[Any]
    MAPPING: ClassVar[dict[str, Mapped]] = {}
    SAFE: ClassVar[dict[str, Any]] = {}
    #: its constructor's keywords are the instrument's own
    ANY_SETTINGS = True

    def __init__(self, adapter: Any, name: str = "", *, clock: Clock | None = None, **settings: Any) -> None:
        self._begin(name or self.MODEL, clock)
        try:
            with warnings.catch_warnings():
                # meant for pymeasure's maintainers
                warnings.filterwarnings("ignore", "It is not known whether", FutureWarning)
                self.instrument = self.INSTRUMENT(adapter, **settings)
        except Exception as error:
            raise self._in_words(error, "open") from error
        self._check_attributes()

    def __getattr__(self, attribute: str) -> Any:
        """What no role names, as the instrument has it: to be recorded, or watched, beside a run."""
        instrument = self.__dict__.get("instrument")
        if attribute.startswith("_") or not hasattr(type(instrument), attribute):
            raise AttributeError(f"{type(self).__name__} has no '{attribute}'")
        with self.lock:
            try:
                return getattr(instrument, attribute)
            except Exception as error:
                raise self._in_words(error, attribute) from error

    def read_member(self, member: str) -> Any:
        """The present value of a role's *member*, in the role's unit."""
        mapped = self.MAPPING[member]
        if not mapped.attribute:
            return mapped.value
        with self.lock:
            try:
                value = self._owner(mapped.attribute)
                return value if callable(value) or mapped.scale == 1.0 else mapped.scale * value
            except Exception as error:
                raise self._in_words(error, mapped.attribute) from error

    def write_member(self, member: str, value: Any) -> None:
        """Set a role's *member*. :raises LimitError: outside its limit, nothing is sent"""
        mapped = self.MAPPING[member]
        if not mapped.attribute:
            raise Refused(f"{self.name}: {member} = {value!r}: it is fixed by the station file")
        self._set(mapped.attribute, value if mapped.scale == 1.0 else value / mapped.scale)

    def _check_attributes(self) -> None:
        """Python makes an attribute of what is misspelt, and the instrument would never hear of it.

        :raises Refused: one that the mapping or ``safe`` names does not exist
        """
        for path in (*(mapped.attribute for mapped in self.MAPPING.values() if mapped.attribute), *self.SAFE):
            thing = self.instrument
            *owners, last = path.split(".")
            for step in owners:
                thing = getattr(thing, step, None)
            there = {name for name in dir(thing) if not name.startswith("_")}
            if last not in there:
                kind = type(self.instrument).__name__
                raise Refused(f"{self.name}: a {kind} has no '{path}'; {nearest(last, there)}")

    def _owner(self, path: str) -> Any:
        thing = self.instrument
        for step in path.split("."):
            thing = getattr(thing, step)
        return thing

    def _set(self, path: str, value: Any) -> None:
        *owners, last = path.split(".")
        with self.lock:
            try:
                setattr(self._owner(".".join(owners)) if owners else self.instrument, last, value)
            except Exception as error:
                raise self._in_words(error, path) from error

    def make_safe(self) -> None:
        """Set all that ``safe`` and the roles name, each even if another fails; the first is raised."""
        problems: list[InstrumentError] = []
        for path, value in self.SAFE.items():
            try:
                self._set(path, value)
            except InstrumentError as error:
                problems.append(error)
        if problems:
            raise problems[0]

    def snapshot(self) -> dict[str, Any]:
        values = {member: getattr(self, member) for member in self.MAPPING}
        return {"model": self.MODEL} | {m: v for m, v in values.items() if not callable(v)}

    def identity(self) -> str:
        """What the instrument says it is; its class where it does not say."""
        try:
            answer = self.instrument.id
        except Exception as error:  # many have none; what cannot be reached must be said
            named = self._in_words(error, "id")
            if isinstance(named, (ConnectionFailed, DeviceTimeout)):
                raise named from error
            return self.MODEL
        return str(answer).strip()

    def close(self) -> None:
        if "instrument" in self.__dict__:
            self.instrument.adapter.close()

    def _in_words(self, error: Exception, what: str) -> Exception:
        named = named_error(self.name, error, what, self._timeout)
        if isinstance(named, AntistokesError):
            return named
        if what == "open":
            return ConnectionFailed(self.name, f"cannot open: {type(error).__name__}: {error}")
        return InstrumentError(self.name, f"'{what}' failed: {type(error).__name__}: {error}")

    def _timeout(self) -> float:
        connection = getattr(self.instrument.adapter, "connection", None)
        return (getattr(connection, "timeout", None) or 0) / 1000


def stock_driver(file: StationFile, name: str) -> type[StockInstrument]:
    """A driver class for the entry *name*, whose ``driver`` is ``module:Class``.

    :raises FileRefused: no such class, or a mapping that lacks a member of its role
    """
    entry = file.instruments[name]
    key = f"instruments.{name}"
    instrument = _imported(file, key, entry.driver)
    mapping: dict[str, Mapped] = {_SETTLE: Mapped(value=0.0)}
    roles = []
    for word, table in entry.role.items():
        where = f"{key}.role.{word}"
        if word not in ROLES:
            raise FileRefused(file.path, where, f"unknown role; {nearest(word, ROLES)}")
        wanted = members_of(ROLES[word]) - _GIVEN
        for member in table:
            if member not in wanted:
                raise FileRefused(
                    file.path, f"{where}.{member}", f"unknown member; {nearest(member, wanted)}"
                )
        missing = sorted(wanted - {_SETTLE} - table.keys())
        if missing:
            raise FileRefused(file.path, where, f"lacks {', '.join(missing)}; a role needs all its members")
        for member, value in table.items():
            mapped = _mapped(value, file, f"{where}.{member}")
            if member != _SETTLE and mapping.get(member, mapped) != mapped:
                problem = "another role of this instrument has the same member with another meaning"
                raise FileRefused(file.path, f"{where}.{member}", problem)
            mapping[member] = mapped
        roles.append(ROLES[word])
    safe = {mapping[m].attribute: off for m, off in _SAFE.items() if m in mapping and mapping[m].attribute}
    for quantity in entry.limits:
        if quantity not in mapping:
            raise FileRefused(file.path, f"{key}.limits.{quantity}", f"unknown; {nearest(quantity, mapping)}")
    facts = {
        "__doc__": f"{entry.driver} as {', '.join(entry.role) or 'no role'}.",
        "INSTRUMENT": instrument,
        "MODEL": entry.driver.partition(":")[2],
        "ROLES": tuple(roles),
        "LIMITS": _limits(mapping, entry.limits),
        "MAPPING": mapping,
        "SAFE": safe | entry.safe,
    }
    members = {member: _property(member) for member in mapping}
    return type(entry.driver.partition(":")[2], (StockInstrument,), facts | members)


def _limits(mapping: dict[str, Mapped], narrower: Mapping[str, tuple[float, float]]) -> dict[str, Limit]:
    """What the mapping says by a member such as ``period_limits``, and what the entry's ``limits`` say."""
    limits = {}
    for member in mapping:
        told = mapping.get(f"{member}_limits", mapping.get(f"{member}_range"))
        if told is not None and not told.attribute:
            low, high = told.value
            limits[member] = Limit(low, high, "")
    return {member: Limit(*narrower[member], "") for member in narrower if member not in limits} | limits


def _imported(file: StationFile, key: str, driver: str) -> Any:
    module, _, kind = driver.partition(":")
    try:
        found = getattr(importlib.import_module(module), kind)
        if not (isinstance(found, type) and issubclass(found, Instrument)):
            raise TypeError("it is no pymeasure instrument")
        return found
    except TypeError as error:
        raise FileRefused(file.path, f"{key}.driver", f"is '{driver}'; {error}") from None
    except (ImportError, AttributeError, ValueError) as error:
        problem = f"is '{driver}', which cannot be imported: {error}"
        raise FileRefused(file.path, f"{key}.driver", problem) from None


def _mapped(value: Any, file: StationFile, where: str) -> Mapped:
    if isinstance(value, dict):
        mapped = convert(value, Mapped, file.path, where)
    elif isinstance(value, str):
        mapped = Mapped(attribute=value)
    else:
        mapped = Mapped(value=tuple(value) if isinstance(value, list) else value)
    if bool(mapped.attribute) == (mapped.value is not None):
        raise FileRefused(file.path, where, f"is {value!r}; must be an attribute, or {{ value = … }}")
    if not mapped.scale:
        raise FileRefused(file.path, where, "scale = 0 leaves nothing")
    if where.endswith(("_limits", "_range")) and mapped.value is not None and not _is_range(mapped.value):
        raise FileRefused(file.path, where, f"is {mapped.value!r}; must be [low, high]")
    return mapped


def _is_range(value: Any) -> bool:
    if not (isinstance(value, tuple) and len(value) == 2 and all(type(end) in (int, float) for end in value)):
        return False
    return bool(-math.inf < value[0] <= value[1] < math.inf)


def _property(member: str) -> property:
    return property(
        lambda device: device.read_member(member),
        lambda device, value: device.write_member(member, value),
        doc=f"Control '{member}' of the role.",
    )

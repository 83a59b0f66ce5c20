"""Which driver class an entry of a station file means, and whether the entry fits it."""

from __future__ import annotations

import inspect
from typing import Any, get_type_hints

from .backend import plugin
from .errors import FileRefused, Refused, nearest
from .records import convert
from .roles import ROLES
from .stationfile import InstrumentEntry, StationFile, check_resource

#: what is never set by opening a station
_NOT_AT_OPENING = {"emission", "output", "is_open"}


def driver_of(file: StationFile, name: str) -> Any:
    """The driver class of the instrument *name*; limits, settings and parts are checked against it.

    :raises FileRefused: with the key and what would be right
    """
    entry = file.instruments[name]
    key = f"instruments.{name}"
    if ":" in entry.driver:
        from .stock import stock_driver  # imports pymeasure

        driver = stock_driver(file, name)
    else:
        for only_stock in ("role", "safe", "twin"):
            if getattr(entry, only_stock):
                problem = "is for drivers named as module:Class; this one knows its own"
                raise FileRefused(file.path, f"{key}.{only_stock}", problem)
        try:
            driver = plugin("antistokes.drivers", entry.driver).load()
        except Refused as error:
            raise FileRefused(file.path, f"{key}.driver", str(error)) from None
    _check_limits(file, key, entry, driver)
    _check_parts(file, key, entry, driver)
    _check_set(file, key, entry, driver)
    if entry.resource and not getattr(driver, "SDK_MODULE", ""):
        check_resource(file, name)
    known = _keywords(driver)
    for setting, value in entry.settings.items():
        where = f"{key}.settings.{setting}"
        if known is None:
            continue  # an instrument of others takes what it takes, and says so when it opens
        if setting not in known:
            raise FileRefused(file.path, where, f"unknown setting; {nearest(setting, known)}")
        convert(value, known[setting], file.path, where)
    return driver


def _check_limits(file: StationFile, key: str, entry: InstrumentEntry, driver: Any) -> None:
    for quantity, (low, high) in entry.limits.items():
        if quantity not in driver.LIMITS:
            raise FileRefused(
                file.path, f"{key}.limits.{quantity}", f"unknown quantity; {nearest(quantity, driver.LIMITS)}"
            )
        allowed = driver.LIMITS[quantity]
        if low < allowed.low or high > allowed.high:
            raise FileRefused(
                file.path,
                f"{key}.limits.{quantity}",
                f"is [{low:g}, {high:g}]; "
                f"{driver.MODEL} allows {allowed.low:g} to {allowed.high:g} {allowed.unit}",
            )


def _check_set(file: StationFile, key: str, entry: InstrumentEntry, driver: Any) -> None:
    for quantity in entry.set.keys() & _NOT_AT_OPENING:
        raise FileRefused(file.path, f"{key}.set.{quantity}", "opening a station never makes light")
    settable = [name for name, member in inspect.getmembers(driver) if getattr(member, "fset", None)]
    for quantity, value in entry.set.items():
        where = f"{key}.set.{quantity}"
        if quantity not in settable or quantity.startswith("_"):
            known = (name for name in settable if not name.startswith("_"))
            raise FileRefused(file.path, where, f"cannot be set; {nearest(quantity, known)}")
        if quantity in driver.LIMITS:
            low, high, unit = driver.LIMITS[quantity]
            low, high = entry.limits.get(quantity, (low, high))
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                problem = f"is {value!r}; must be {low:g} to {high:g} {unit}"
                raise FileRefused(file.path, where, problem.strip())


def _check_parts(file: StationFile, key: str, entry: InstrumentEntry, driver: Any) -> None:
    wanted: dict[str, type] = driver.PARTS
    for word in entry.parts:
        if word not in wanted:
            raise FileRefused(file.path, f"{key}.parts.{word}", f"unknown part; {nearest(word, wanted)}")
    for word, role in wanted.items():
        if word not in entry.parts:
            raise FileRefused(file.path, f"{key}.parts.{word}", f"is missing; a {role_name(role)}")
        other = driver_of(file, entry.parts[word])
        if not fulfils(other, role):
            problem = f"is '{entry.parts[word]}', a {other.MODEL}, which is no {role_name(role)}"
            raise FileRefused(file.path, f"{key}.parts.{word}", problem)


def check_role(file: StationFile, word: str, driver: Any) -> None:
    """An entry of ``[roles]`` names a role there is, and an instrument that fulfils it."""
    if word not in ROLES:
        raise FileRefused(file.path, f"roles.{word}", f"unknown role; {nearest(word, ROLES)}")
    if not fulfils(driver, ROLES[word]):
        able = ", ".join(sorted(name for name, role in ROLES.items() if fulfils(driver, role))) or "no role"
        raise FileRefused(
            file.path, f"roles.{word}", f"is '{file.roles[word]}', a {driver.MODEL}, which can be {able}"
        )


def _keywords(driver: Any) -> dict[str, Any] | None:
    """The settings a driver's constructor takes, with their types; None when it takes any."""
    parameters = inspect.signature(driver).parameters.values()
    if getattr(driver, "ANY_SETTINGS", False):
        return None
    types = get_type_hints(driver.__init__)
    names = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "clock"]
    return {name: types.get(name, Any) for name in names}


def fulfils(driver: Any, role: type) -> bool:
    return role in driver.ROLES


def role_name(role: type) -> str:
    """The word for *role* in a station file."""
    return next((name for name, kind in ROLES.items() if kind is role), role.__name__)

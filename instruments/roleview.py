"""What a procedure sees of an instrument: one role's members, one caller at a time, errors with a name."""

from __future__ import annotations

import functools
from typing import Any, Generic, TypeVar

from .errors import AntistokesError, InstrumentError

R = TypeVar("R")

_COMMON = {"name", "settle_time", "limits", "check_limit", "make_safe", "snapshot"}


class RoleView(Generic[R]):
    """Forwards the members of *role* to *device* and nothing else.

    Any exception that is not one of ours becomes an :class:`InstrumentError` with the device's name, so
    that a failed run can always say which device it was.
    """

    __slots__ = ("_device", "_members", "_role")

    def __init__(self, device: Any, role: type[R]) -> None:
        object.__setattr__(self, "_device", device)
        object.__setattr__(self, "_members", frozenset(_COMMON | members_of(role)))
        object.__setattr__(self, "_role", role.__name__)

    def __getattr__(self, member: str) -> Any:
        if member not in self._members:
            raise AttributeError(f"a {self._role} has no '{member}'")
        device = self._device
        with device.lock:
            try:
                value = getattr(device, member)
            except AntistokesError:
                raise
            except Exception as error:
                raise _named(device, member, error) from error
        return functools.partial(self._call, member, value) if callable(value) else value

    def __setattr__(self, member: str, value: Any) -> None:
        if member not in self._members:
            raise AttributeError(f"a {self._role} has no '{member}'")
        self._call(member, functools.partial(setattr, self._device, member), value)

    def _call(self, member: str, function: Any, *args: Any, **kwargs: Any) -> Any:
        device = self._device
        with device.lock:
            try:
                return function(*args, **kwargs)
            except AntistokesError:
                raise
            except Exception as error:
                raise _named(device, member, error) from error

    def __repr__(self) -> str:
        return f"<{self._role} '{self._device.name}'>"


def members_of(role: type) -> set[str]:
    """Names of all members of *role*, those common to all roles included."""
    names = (m for base in role.__mro__ for m in (*vars(base), *getattr(base, "__annotations__", ())))
    return {m for m in names if not m.startswith("_")}


def _named(device: Any, member: str, error: Exception) -> InstrumentError:
    return InstrumentError(device.name, f"{member} failed: {type(error).__name__}: {error}")

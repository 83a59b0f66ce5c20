"""Procedures: parameters + axes × detectors. Setting parameters moves nothing; measuring does.

A procedure is data (a msgspec ``Struct``), so that it can be written to a file, shown as a form,
checked before it runs, and repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin

import msgspec
import numpy as np

from antistokes.instruments.errors import FileRefused, Refused, nearest
from antistokes.instruments.records import convert
from antistokes.instruments.station import Station

from .axes import Axis
from .channels import Record
from .detectors import Detector
from .measurement import Measurement
from .problems import Problems
from .units import number_in

#: names of the parameters, and what is wrong
Contradiction = tuple[set[str], str]


class Procedure(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of all procedures.

    A subclass lists its parameters as annotated fields (``msgspec.Meta`` gives range, description and
    ``extra={"units": …}``), and says by :meth:`axes` and :meth:`detectors` what is moved and read.
    """

    #: name on the command line
    NAME: ClassVar[str] = ""
    #: channel of the default plot
    SIGNAL: ClassVar[str] = ""

    def axes(self) -> list[Axis]:
        """What is moved, the slowest first."""
        return []

    def detectors(self, station: Station) -> list[Detector]:
        """What is read at every point, with the instruments *station* has."""
        return []

    def over(self) -> Sequence[Axis]:
        """The axes around it: none; a :class:`~antistokes.procedures.sequence.Sequence` has some."""
        return ()

    def steps(self) -> Sequence[Procedure]:
        """Itself: a sequence has several."""
        return (self,)

    def check(self) -> None:
        """:raises Refused: a parameter out of its range, or all parameters that contradict each other"""
        convert(self.parameters(), type(self), self.NAME)
        problems = Problems()
        self._note_contradictions(problems)
        problems.refuse()

    def contradictions(self) -> Iterator[Contradiction]:
        """Parameters that do not go together, though each may be right by itself."""
        return iter(())

    def _note_contradictions(self, problems: Problems, wrong: Collection[str] = ()) -> None:
        """Add them to *problems*, but for what may come from stand-ins for the parameters *wrong*."""
        for names, text in self.contradictions():
            if not names.intersection(wrong):
                problems.add(Refused(f"{self.NAME}: {text}"))

    def parameters(self) -> dict[str, Any]:
        """All parameters as plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self, enc_hook=_from_numpy)
        return plain

    def measure(self, station: Station, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Record]:
        """The records, one by one; the light is off before the first and after the last.

        Needs neither runner nor file: ``list(PowerSweep(stop=20).measure(station))``. A station that is
        not open yet is opened, and stays open.
        """
        station.open()
        measurement = Measurement(self, station, should_stop)
        measurement.bind()
        measurement.setup.monitors.begin(lambda name, value: None)
        return measurement.records()

    @classmethod
    def units(cls, name: str, settings: Mapping[str, Any]) -> str:
        """The unit of a parameter; empty when it has none.

        ``extra={"units": "s"}`` names it, ``extra={"units_from": "unit"}`` the parameter of *settings*
        (or its default) that does.
        """
        fields = {field.name: field for field in msgspec.structs.fields(cls)}
        for meta in getattr(fields[name].type, "__metadata__", ()):
            extra = (meta.extra if isinstance(meta, msgspec.Meta) else None) or {}
            if "units_from" in extra:
                source = extra["units_from"]
                return str(settings.get(source, fields[source].default))
            if "units" in extra:
                return str(extra["units"])
        return ""

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """A procedure from parameter names and values.

        A text such as ``"20 ms"``, alone or in a list, is converted to the parameter's unit.

        :raises Refused: unknown parameters, wrong units, values out of range, and parameters that contradict
            each other: all that are
        """
        problems = Problems()
        values, wrong = cls._values(settings, problems)
        if problems.found:
            with suppress(Refused):  # what it cannot be without is wrong
                convert(values, cls, cls.NAME)._note_contradictions(problems, wrong)
        problems.refuse()
        result = convert(values, cls, cls.NAME)
        result.check()
        return result

    @classmethod
    def stand_in(cls, settings: dict[str, Any]) -> Self | None:
        """To look for what else is wrong, where *settings* are: without those that cannot be, or contradict
        each other, and with the rest of a list; None where it cannot be without them.
        """
        values, _ = cls._values(settings, Problems())
        with suppress(Refused):
            clashing = set[str]().union(*(n for n, _ in convert(values, cls, cls.NAME).contradictions()))
            result = convert({k: v for k, v in values.items() if k not in clashing}, cls, cls.NAME)
            result.check()
            return result
        return None

    @classmethod
    def _values(cls, settings: dict[str, Any], problems: Problems) -> tuple[dict[str, Any], set[str]]:
        """Plain values in the units of the parameters, and the names of those that are not as *settings* say:
        they have none, or a list without the items that cannot be. What is wrong with them is added.
        """
        fields = {field.name: field for field in msgspec.structs.fields(cls)}
        values, wrong = {}, set()
        for name, value in settings.items():
            before = len(problems.found)
            with problems.noted():
                if name not in fields:
                    raise Refused(f"{cls.NAME}: parameter '{name}' is unknown; {nearest(name, fields)}")
                values[name] = cls._value(name, fields[name].type, value, cls.units(name, settings), problems)
            if len(problems.found) > before:
                wrong.add(name)
                if values.get(name) == []:
                    del values[name]
        for name in fields:
            if fields[name].required and name not in settings:
                problems.add(FileRefused(cls.NAME, name, "is missing"))
        return values, wrong

    @classmethod
    def _value(cls, name: str, kind: Any, value: Any, units: str, problems: Problems) -> Any:
        """One of them; *problems* gets the items of a list that cannot be. :raises Refused: it cannot be"""
        plain = msgspec.to_builtins(value, enc_hook=_from_numpy)
        if (item := _item_of(kind)) is None:
            return _converted(plain, kind, units, cls.NAME, name)
        if not isinstance(plain, (list, tuple)):  # one temperature is a list of them
            return [_converted(plain, item, units, cls.NAME, name)]
        before = len(problems.found)
        items = problems.right(plain, lambda i, one: _converted(one, item, units, cls.NAME, f"{name}[{i}]"))
        if len(problems.found) == before:
            convert(items, kind, cls.NAME, name)  # there may be too few
        return items


def _item_of(annotated: Any) -> Any:
    """The type of the items of a list; None for what is no list."""
    kind = get_args(annotated)[0] if get_origin(annotated) is Annotated else annotated
    return get_args(kind)[0] if get_origin(kind) is list else None


def _converted(value: Any, kind: Any, units: str, procedure: str, key: str) -> Any:
    """*value* in *units*. :raises Refused: it is none of *kind*"""
    number = _in_units(procedure, key, value, units)
    convert(number, kind, procedure, key)
    return number


def _from_numpy(value: Any) -> Any:
    """Numbers and arrays of numpy as Python's."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise NotImplementedError


def _in_units(procedure: str, name: str, value: Any, units: str) -> Any:
    """A text with a unit as a number in *units*; anything else as it is."""
    if not units or not isinstance(value, str):
        return value
    try:
        return number_in(units, value, procedure)
    except Refused as refused:
        raise FileRefused(procedure, name, str(refused).removeprefix(f"{procedure} ")) from None

"""All that is wrong is said at once: problems are collected until nothing more can be checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from antistokes.instruments.errors import FileRefused, PlanRefused, Refused, nearest
from antistokes.instruments.records import convert

T = TypeVar("T")


class Problems:
    """What has been refused so far."""

    def __init__(self) -> None:
        self.found: list[Refused] = []

    def add(self, refused: Refused, place: str = "") -> None:
        """One more, or all that *refused* names; *place* says where: a file, and what in it."""
        several = refused.parts if isinstance(refused, PlanRefused) else (refused,)
        self.found += [FileRefused(place, "", str(each)) if place else each for each in several]

    @contextmanager
    def noted(self, place: str = "") -> Iterator[None]:
        """What the block refuses is added, and ends the block."""
        try:
            yield
        except Refused as refused:
            self.add(refused, place)

    def right(self, items: Iterable[Any], read: Callable[[int, Any], T], place: str = "") -> list[T]:
        """What *read* makes of the items of a list, by their numbers; those that it refuses are added."""
        values = []
        for i, item in enumerate(items):
            with self.noted(place):
                values.append(read(i, item))
        return values

    def refuse(self) -> None:
        """:raises Refused: there are problems: the one, or :class:`PlanRefused` with all"""
        if len(set(map(str, self.found))) == 1:
            raise self.found[0]
        if self.found:
            raise PlanRefused(self.found)

    def fields(
        self, data: Any, kind: type[msgspec.Struct], file: object, key: str = "", later: Collection[str] = ()
    ) -> dict[str, Any]:
        """The values in the table *data* that *kind* can have; what is wrong with others is added.

        :param later: names of values whose contents are looked at later, each by itself
        """
        if not isinstance(data, Mapping):
            self.add(FileRefused(file, key, f"is {data!r}; must be a table"))
            return {}
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        values = {}
        for name, value in data.items():
            at = f"{key}.{name}" if key else name
            with self.noted():
                if name not in fields:
                    raise FileRefused(file, at, f"unknown key; {nearest(name, fields)}")
                values[name] = convert(value, fields[name].type, file, at, finite=name not in later)
        for name in fields:
            if fields[name].required and name not in data:
                self.add(FileRefused(file, f"{key}.{name}" if key else name, "is missing"))
        return values

"""Numbers with units in a sample file: ``"0.98 um"`` where nm are wanted becomes 980."""

from __future__ import annotations

import functools
import re
from typing import Any, TypeVar

from msgspec import inspect

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import convert, quantity

T = TypeVar("T")


def read_table(data: Any, kind: type[T], file: object, key: str) -> T:
    """The table *key* of *file* as the record *kind*; :class:`FileRefused` where it cannot be used."""
    return convert(in_units(data, kind, file, key), kind, file, key)


def in_units(data: Any, kind: type, file: object, key: str) -> Any:
    """*data* for the record *kind*, every text that stands for a number converted to the unit of its field.

    :raises FileRefused: a text that is no number with a unit, or whose unit measures something else
    """
    return _walk(data, _described(kind), None, file, key)


def _walk(data: Any, info: inspect.Type, unit: str | None, file: object, key: str) -> Any:
    if isinstance(info, inspect.Metadata):
        return _walk(data, info.type, (info.extra or {}).get("unit", unit), file, key)
    if isinstance(info, inspect.UnionType):
        return _walk(
            data, next(t for t in info.types if not isinstance(t, inspect.NoneType)), unit, file, key
        )
    if isinstance(info, inspect.FloatType):
        return _number(data, unit, file, key) if unit and isinstance(data, str) else data
    if isinstance(info, inspect.StructType) and isinstance(data, dict):
        types = {field.encode_name: field.type for field in info.fields}
        return {
            name: _walk(value, types[name], None, file, f"{key}.{name}" if key else name)
            if name in types
            else value
            for name, value in data.items()
        }
    if isinstance(info, inspect.DictType) and isinstance(data, dict):
        return {
            name: _walk(value, info.value_type, unit, file, f"{key}.{name}") for name, value in data.items()
        }
    if isinstance(info, inspect.VarTupleType | inspect.ListType) and isinstance(data, list):
        return [_walk(value, info.item_type, unit, file, f"{key}[{i}]") for i, value in enumerate(data)]
    if isinstance(info, inspect.TupleType) and isinstance(data, list):
        pairs = zip(data, info.item_types, strict=False)
        walked = [_walk(value, item, unit, file, f"{key}[{i}]") for i, (value, item) in enumerate(pairs)]
        return walked + data[len(walked) :]
    return data


def _number(text: str, unit: str, file: object, key: str) -> float:
    allowed = f"must be a number in {readable(unit)}, or one with a unit of the same kind"
    try:
        number, written = quantity(text)
    except ValueError:
        raise FileRefused(file, key, f"is '{text}'; {allowed}") from None
    import pint

    # "s-1" and "cm3" as tables write them: exponents without an operator
    written = re.sub(r"(?<=[a-zA-Zµ])(-?\d)", r"**\1", written.replace("^", "**"))
    try:
        return float(_registry().Quantity(number, written).to(unit).magnitude)
    except pint.DimensionalityError as error:
        measured = f"'{text}', which is {error.dim1}" if str(error.dim1) else f"'{text}'"
        raise FileRefused(file, key, f"is {measured}; {allowed}") from None
    except (pint.PintError, ValueError, TypeError, AttributeError, OverflowError):
        raise FileRefused(file, key, f"is '{text}'; {allowed}") from None


@functools.cache
def _described(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


@functools.cache
def _registry() -> Any:
    import pint  # takes longer to import than everything else here

    return pint.UnitRegistry()


def readable(unit: str) -> str:
    """A unit as people write it: ``cm^3/s``."""
    return unit.replace("**", "^")

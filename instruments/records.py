"""Files a person writes (TOML), read strictly, and the two records every experiment needs.

A key that is not known, a wrong type, a value out of range: refused with the file, the key, the
value and what would be right (:class:`~antistokes.instruments.errors.FileRefused`).
"""

from __future__ import annotations

import copy
import datetime
import math
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from .errors import FileRefused, nearest

T = TypeVar("T")

_QUANTITY = re.compile(
    r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*((?:1\s*/|[^\s\d.]).*)?", re.ASCII
)
_FACTOR = r"(?:1|%|[^\W\d]+\d?(?:\s*(?:\*\*|\^)?\s*[-+]?\d{1,2}|⁻[¹²³⁴-⁹]+)?)"
_FACTORS = rf"{_FACTOR}(?:(?:\s*[*/·]\s*|\s+){_FACTOR})*"
#: a unit as people write it: no arithmetic that could take for ever
_UNIT = re.compile(rf"°?{_FACTORS}(?:\s*/\s*\({_FACTORS}\))?\s*")
_LONGEST_UNIT = 60  # characters
_DEEPEST = 20  # tables and lists inside each other; no file here has more than ten
_TOO_DEEP = f"has more than {_DEEPEST} tables and lists inside each other"

Positive = Annotated[float, Meta(gt=0)]
NonNegative = Annotated[float, Meta(ge=0)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
#: [low, high]
Range = tuple[float, float]
_SMALLEST = 1e-15  # cm²; no light can be focused so


class Record(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of everything read from a file: unknown keys are refused."""


class Beam(Record, kw_only=True, frozen=True):
    """The excitation spot on the sample. Without it power cannot become irradiance.

    Units: radii in µm (1/e² of the irradiance), power in mW.
    """

    w_x_um: Positive
    w_y_um: Positive
    profile: Literal["gaussian", "top-hat"] = "gaussian"
    method: str
    date: datetime.date
    #: power at the sample divided by the power the pick-off meter reads
    sample_to_pickoff: Positive = 1.0
    #: the most power at the sample this light path can and may deliver
    max_power_mW: Positive
    #: of a mode-locked laser: full width of its pulses and their rate, needed for fluences
    pulse_fs: Positive | None = None
    repetition_MHz: Positive | None = None

    def __post_init__(self) -> None:
        if self.area_cm2 < _SMALLEST:
            raise ValueError(f"w_x_um = {self.w_x_um:g}, w_y_um = {self.w_y_um:g}: no spot is so small")

    @property
    def area_cm2(self) -> float:
        """π·w_x·w_y in cm²."""
        return math.pi * self.w_x_um * self.w_y_um * 1e-8

    def mean_irradiance(self, power: float) -> float:
        """P/(π·w_x·w_y) in W/cm² for a power in W, whatever the profile."""
        return power / self.area_cm2

    def peak_irradiance(self, power: float) -> float:
        """Irradiance on the axis in W/cm²: 2P/(π·w_x·w_y) for a Gaussian, the mean for a top-hat."""
        return power / self.area_cm2 * (2.0 if self.profile == "gaussian" else 1.0)


class SampleRecord(Record, kw_only=True, frozen=True):
    """What anybody may know of a sample before measuring it: its name, where its bands are, what it stands.

    ``bands`` maps a band's name to its window [low, high] in nm; ``max_irradiance`` is in W/cm²;
    ``excitation`` lists the wavelengths in nm it is excited at, the usual one first.
    """

    id: Annotated[str, Meta(pattern=r"^[^\s/\\]+(?: [^\s/\\]+)*$")]
    name: str = ""
    formula: str = ""
    description: str = ""
    references: list[str] = []
    bands: dict[str, Range] = {}
    excitation: list[Annotated[float, Meta(ge=100, le=20000, extra={"unit": "nm"})]] = []
    max_irradiance: Annotated[float, Meta(gt=0, extra={"unit": "W/cm**2"})] | None = None


def quantity(text: str) -> tuple[float, str]:
    """``"20 ms"`` as 20 and ``ms``; the unit may be empty. :raises ValueError: it is no such thing"""
    parts = _QUANTITY.fullmatch(text)
    if parts is None or not math.isfinite(float(parts[1])):
        raise ValueError(f"{text!r} is no number with a unit")
    return float(parts[1]), check_unit((parts[2] or "").strip())


def check_unit(text: str) -> str:
    """*text*, which is empty or a unit as people write it. :raises ValueError: it cannot be one"""
    if text and (len(text) > _LONGEST_UNIT or not _UNIT.fullmatch(text)):
        raise ValueError(f"{text!r} is no unit")
    return text


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file; :class:`FileRefused` when there is none or it does not parse."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise FileRefused(path, "", "no such file") from None
    except OSError as error:
        raise FileRefused(path, "", f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise FileRefused(path, "", f"cannot be read: is not text in UTF-8: {error}") from None
    except ValueError as error:  # also of a number of thousands of digits
        raise FileRefused(path, "", f"is not valid TOML: {error}") from None
    except RecursionError:
        raise FileRefused(path, "", _TOO_DEEP) from None
    if _is_deep(data):
        raise FileRefused(path, "", _TOO_DEEP)
    return data


def _is_deep(data: Any) -> bool:
    """Are there too many tables and lists inside each other?"""
    inside = [data]
    for _ in range(_DEEPEST):
        tables = [each.values() if isinstance(each, dict) else each for each in inside]
        inside = [part for each in tables for part in each if isinstance(part, (dict, list))]
    return bool(inside)


def check_format(data: dict[str, Any], file: object, kind: str, version: int) -> dict[str, Any]:
    """Take ``format`` and ``version`` out of *data*; refuse a file of another kind or version."""
    data = dict(data)
    found = data.pop("format", kind)
    if found != kind:
        raise FileRefused(file, "format", f"is {found!r}; this must be {kind!r}")
    number = data.pop("version", version)
    if type(number) is not int or number != version:  # True equals 1
        raise FileRefused(file, "version", f"is {number!r}; this antistokes reads version {version}")
    return data


def convert(data: Any, kind: type[T], file: object, key: str = "", finite: bool = True) -> T:
    """*data* as the record *kind*; *key* names the table in messages.

    :param finite: all its numbers must be
    """
    try:
        result = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _refusal(error, data, kind, file, key) from None
    if finite:
        _refuse_not_finite(data, file, key)
    return result


def _refuse_not_finite(data: Any, file: object, key: str) -> None:
    """TOML knows nan and inf; no record here does."""
    if isinstance(data, dict):
        for name, value in data.items():
            _refuse_not_finite(value, file, f"{key}.{name}" if key else str(name))
    elif isinstance(data, (list, tuple)):
        for i, value in enumerate(data):
            _refuse_not_finite(value, file, f"{key}[{i}]")
    elif isinstance(data, float) and not math.isfinite(data):
        raise FileRefused(file, key, f"is {data}; must be a finite number")


def _refusal(error: msgspec.ValidationError, data: Any, kind: Any, file: object, key: str) -> FileRefused:
    problem, _, where = str(error).replace("`object`", "`table`").partition(" - at ")
    path = _exact(where.strip("`").removeprefix("$").lstrip("."), data, kind)
    full = ".".join(part for part in (key, path) if part).replace(".[", "[")
    if unknown := re.search(r"unknown field `(.+)`", problem):
        return FileRefused(
            file,
            f"{full}.{unknown[1]}" if full else unknown[1],
            f"unknown key; {_hint(unknown[1], kind, path)}",
        )
    if missing := re.search(r"missing required field `(.+)`", problem):
        wanted = _description(kind, f"{path}.{missing[1]}" if path else missing[1])
        return FileRefused(
            file,
            f"{full}.{missing[1]}" if full else missing[1],
            f"is missing; must be {wanted}" if wanted else "is missing",
        )
    value = _value_at(data, path)
    whole = isinstance(value, (dict, list)) and len(value) > 4  # too much to repeat
    shown = "" if value is _ABSENT or whole else f"is {value!r}; "
    if "regex" in problem and (wanted := _description(kind, path)):
        problem = f"must be {wanted}"
    choices = getattr(_type_at(kind, path), "values", None)
    if choices and problem.startswith("Invalid enum value"):
        problem = "must be one of " + ", ".join(map(repr, sorted(choices)))
    text = f"{shown}{problem[0].lower()}{problem[1:]}".replace("`", "")
    return FileRefused(file, full, text.replace("\n", " "))


_ABSENT = object()


def _exact(path: str, data: Any, kind: Any) -> str:
    """*path* with the entry of a table in place of msgspec's ``[...]``: the first refused when alone."""
    before, found, after = path.partition("[...]")
    table = _value_at(data, before)
    if not found or not isinstance(table, dict):
        return path
    for name in table:
        alone = copy.deepcopy(data)
        at = _value_at(alone, before)
        for other in set(table) - {name}:
            del at[other]
        try:
            msgspec.convert(alone, kind)
        except msgspec.ValidationError:
            return _exact(f"{before}.{name}{after}".lstrip("."), data, kind)
    return before


def _steps(path: str) -> list[str | int]:
    return [int(i) if i else name for name, i in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path)]


def _value_at(data: Any, path: str) -> Any:
    for step in _steps(path):
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return data


def _hint(word: str, kind: Any, path: str) -> str:
    """Which keys are known at *path* of *kind*."""
    return nearest(word, [field.encode_name for field in getattr(_type_at(kind, path), "fields", ())])


def _description(kind: Any, path: str) -> str:
    """What the type expected at *path* of *kind* says of itself (``Meta(description=…)``)."""
    if not path and isinstance(itself := msgspec.inspect.type_info(kind), msgspec.inspect.Metadata):
        return str((itself.extra_json_schema or {}).get("description", ""))
    *parents, name = _steps(path) or [""]
    owner = _type_at(kind, parents)
    for field in getattr(owner, "fields", ()):
        if field.encode_name == name and isinstance(field.type, msgspec.inspect.Metadata):
            return str((field.type.extra_json_schema or {}).get("description", ""))
    return ""


def _type_at(kind: Any, path: str | list[str | int]) -> Any:
    """msgspec's description of the type expected at *path* of *kind*; None where there is none."""
    info: Any = _not_optional(msgspec.inspect.type_info(kind))
    for step in _steps(path) if isinstance(path, str) else path:
        if isinstance(info, msgspec.inspect.StructType):
            info = next((field.type for field in info.fields if field.encode_name == step), None)
        elif isinstance(info, msgspec.inspect.TupleType):
            info = info.item_types[0]
        else:
            info = getattr(info, "value_type", getattr(info, "item_type", None))
        info = _not_optional(info)
    return info


def _not_optional(info: Any) -> Any:
    while isinstance(info, (msgspec.inspect.UnionType, msgspec.inspect.Metadata)):
        if isinstance(info, msgspec.inspect.Metadata):
            info = info.type
        else:
            info = next(t for t in info.types if not isinstance(t, msgspec.inspect.NoneType))
    return info

"""What is known of a sample from measurement: what procedures should find again on the virtual bench."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from msgspec import Meta

from antistokes.instruments.errors import FileRefused, nearest
from antistokes.instruments.records import NonNegative, Positive, Record

_TIME = ("s", "ms", "us", "ns", "ps")
#: quantity to the units it may be stated in; "1" is a pure number
QUANTITIES: dict[str, tuple[str, ...]] = {
    "anti-Stokes shift": ("meV",),
    "emission wavelength": ("nm",),
    "linewidth": ("nm",),
    "linewidth ratio": ("1",),
    "tuning range": ("nm",),
    "exponent": ("1",),
    "exponent step": ("meV",),
    "size exponent": ("1",),
    "lifetime": _TIME,
    "rise time": _TIME,
    "lifetime ratio": ("1",),
    "quantum yield": ("1",),
    "threshold": ("W/cm^2", "kW/cm^2", "J/cm^2", "mJ/cm^2", "uJ/cm^2"),
    "saturation irradiance": ("W/cm^2",),
    "enhancement": ("1",),
    "band ratio": ("1",),
    "cross-section ratio": ("1",),
    "best concentration": ("%",),
    "chromaticity x": ("1",),
    "chromaticity y": ("1",),
    "activation energy": ("meV", "1/cm"),
    "gain limit": ("meV",),
    "Urbach energy": ("meV",),
    "centroid shift": ("meV",),
    "last detected temperature": ("K",),
    "temperature change": ("K",),
    "temperature change ratio": ("1",),
    "zero-crossing wavelength": ("nm",),
}

PROCEDURES = (
    "power-sweep",
    "temperature-sweep",
    "ple-scan",
    "spectrum",
    "pulse-width-colour",
    "colour-control",
    "lifetime",
    "quantum-yield",
    "cooling-scan",
    "lasing-threshold",
    "compare",
    "polarisation-scan",
)


class Run(Record, kw_only=True, frozen=True):
    """``[[runs]]``: how facts are measured: a procedure, its settings, and the light.

    *over*: axes around it and their set-points. *wavelength* (nm): of the laser; the first one the sample is
    meant for where nothing is said. *ambient* (K): of the sample where no cryostat moves it. *radius* (um) of
    the beam: chosen after the highest irradiance where nothing is said. *station*: what else differs from
    the usual station, table by table.
    """

    name: Annotated[str, Meta(pattern=r"^[\w .+-]+$")]
    procedure: str
    light: Literal["continuous", "tunable", "gated", "mode-locked"] = "continuous"
    wavelength: Positive | None = None
    ambient: Positive = 300.0
    radius: Positive | None = None
    settings: dict[str, Any] = {}
    over: dict[str, list[float]] = {}
    station: dict[str, Any] = {}


class Series(Record, kw_only=True, frozen=True):
    """``series``: one run repeated, on other samples (*on*, ids) or with other lasers (*wavelength*, nm).

    *at*: what goes with each: the concentration in %, the size in nm, the detuning in meV.
    """

    at: Annotated[list[float], Meta(min_length=2)]
    on: list[str] = []
    wavelength: list[Positive] = []


class Fact(Record, kw_only=True, frozen=True):
    """``[[facts]]``: one number with the procedure that measures it.

    *of*: the band or line, where it is not one of the whole sample; *per*: the one it is divided by; *over*:
    the sample it is compared with. *run*: the name of the run that gives it; *on*: the sample that is
    measured, where it is not this one (the same dots in solution); *against*: the run it is compared with.
    *at*: the set-points it is read at; *analysis*: what the analysis is told, such as ``irradiance_range``.
    *by*: what of the two runs is compared, where it is not the usual; *series*: the runs that together give
    what one alone cannot; *unmeasured*: why no run measures it.
    *kind*: ``emergent`` comes out of the model, ``recovery`` was put in and tests only whether the procedure
    finds it again. *tolerance* in the unit of the value, or *relative* as a fraction of it; neither is
    needed where *relation* says that the quantity lies ``above`` or ``below`` the value. *conditions* say
    where it holds. *doubtful* values are not to be believed without checking.
    """

    quantity: str
    of: str = ""
    per: str = ""
    over: str = ""
    value: float
    unit: str
    tolerance: NonNegative | None = None
    relative: NonNegative | None = None
    relation: Literal["equal", "above", "below"] = "equal"
    kind: Literal["emergent", "recovery"]
    procedure: str
    conditions: str = ""
    run: str = ""
    on: str = ""
    against: str = ""
    at: dict[str, float] = {}
    analysis: dict[str, Any] = {}
    by: str = ""
    series: Series | None = None
    unmeasured: str = ""
    source: str
    doubtful: bool = False

    @property
    def margin(self) -> float | None:
        """Tolerance in the unit of the value; None for a bound."""
        if self.relation != "equal":
            return None
        return self.tolerance if self.tolerance is not None else abs(self.value) * (self.relative or 0.0)

    def as_dict(self) -> dict[str, Any]:
        """For people and programs: every field, the tolerance in the unit of the value."""
        return {
            "quantity": self.quantity,
            "of": self.of,
            "over": self.over,
            "value": self.value,
            "unit": self.unit,
            "tolerance": self.margin,
            "relation": self.relation,
            "kind": self.kind,
            "procedure": self.procedure,
            "conditions": self.conditions,
            "source": self.source,
            "doubtful": self.doubtful,
        }


def check_runs(facts: tuple[Fact, ...], runs: tuple[Run, ...], file: object) -> None:
    """Refuse two runs of one name, an unknown procedure, a fact whose run is not there, an uneven series."""
    names = [run.name for run in runs]
    for i, run in enumerate(runs):
        if run.procedure not in PROCEDURES:
            problem = f"is '{run.procedure}'; {nearest(run.procedure, PROCEDURES)}"
            raise FileRefused(file, f"runs[{i}].procedure", problem)
        if run.name in names[:i]:
            raise FileRefused(file, f"runs[{i}].name", f"is '{run.name}', as that of another run")
    for i, fact in enumerate(facts):
        for key, name in (("run", fact.run), ("against", fact.against)):
            if name and name not in names:
                raise FileRefused(file, f"facts[{i}].{key}", f"is '{name}'; {nearest(name, names)}")
        if fact.run and fact.unmeasured:
            raise FileRefused(file, f"facts[{i}].unmeasured", f"is no use beside run = '{fact.run}'")
        if fact.series is not None:
            _check_series(fact, fact.series, file, f"facts[{i}].series")


def _check_series(fact: Fact, series: Series, file: object, key: str) -> None:
    if not fact.run:
        raise FileRefused(file, key, "names no run; the fact must have one")
    if sorted((len(series.on), len(series.wavelength))) != [0, len(series.at)]:
        raise FileRefused(file, key, f"must have {len(series.at)} of 'on' or of 'wavelength', as of 'at'")


def check_facts(facts: tuple[Fact, ...], names: Collection[str], file: object) -> None:
    """Refuse a fact with an unknown quantity, another quantity's unit, or not exactly one tolerance.

    :param names: bands and lines that a fact may be of, beside ``visible``
    """
    for i, fact in enumerate(facts):
        for key, value, known in (
            ("of", fact.of, ["", "visible", *names]),
            ("per", fact.per, ["", *names]),
            ("procedure", fact.procedure, PROCEDURES),
        ):
            if value not in known:
                raise FileRefused(file, f"facts[{i}].{key}", f"is '{value}'; {nearest(value, known)}")
        key = f"facts[{i}]"
        if fact.quantity not in QUANTITIES:
            raise FileRefused(
                file, f"{key}.quantity", f"is '{fact.quantity}'; {nearest(fact.quantity, QUANTITIES)}"
            )
        units = QUANTITIES[fact.quantity]
        if fact.unit not in units:
            allowed = " or ".join(units)
            raise FileRefused(
                file, f"{key}.unit", f"is '{fact.unit}'; a {fact.quantity} must be in {allowed}"
            )
        stated = [n for n in ("tolerance", "relative") if getattr(fact, n) is not None]
        if fact.relation == "equal" and len(stated) != 1:
            found = " and ".join(stated) or "neither"
            raise FileRefused(file, key, f"has {found}; must have a tolerance or a relative one")
        if fact.relation != "equal" and stated:
            raise FileRefused(
                file, f"{key}.{stated[0]}", f"is no use where the relation is '{fact.relation}'"
            )
        if not fact.source.strip():
            raise FileRefused(file, f"{key}.source", "is empty; must say where the value comes from")

"""The error tree and its one-line messages."""

from __future__ import annotations

import pytest

from antistokes.instruments import errors
from antistokes.instruments.errors import (
    AntistokesError,
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    FileRefused,
    InstrumentError,
    InterlockBroken,
    LimitError,
    MissingDependency,
    OverRange,
    PlanRefused,
    Refused,
    RunFileError,
    WrongModel,
    nearest,
)

PARENTS = {
    Refused: AntistokesError,
    FileRefused: Refused,
    LimitError: Refused,
    PlanRefused: Refused,
    InstrumentError: AntistokesError,
    ConnectionFailed: InstrumentError,
    WrongModel: InstrumentError,
    DeviceTimeout: InstrumentError,
    BadAnswer: InstrumentError,
    OverRange: InstrumentError,
    DeviceFault: InstrumentError,
    InterlockBroken: AntistokesError,
    MissingDependency: AntistokesError,
    RunFileError: AntistokesError,
    AntistokesError: Exception,
}


@pytest.mark.parametrize(("kind", "parent"), PARENTS.items())
def test_every_error_has_its_place_in_the_tree(kind: type, parent: type) -> None:
    assert kind.__bases__ == (parent,)


def test_the_drawing_at_the_top_shows_every_error() -> None:
    defined = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    defined = {kind for kind in defined if issubclass(kind, Exception)}
    assert defined == set(PARENTS)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in defined)


def test_a_refused_file_names_file_key_and_problem() -> None:
    error = FileRefused("lab.toml", "instruments.laser.driver", "is missing")
    assert str(error) == "lab.toml: instruments.laser.driver: is missing"
    assert (error.file, error.key, error.problem) == ("lab.toml", "instruments.laser.driver", "is missing")
    assert str(FileRefused("lab.toml", "", "no such file")) == "lab.toml: no such file"


def test_a_limit_names_thing_value_and_range() -> None:
    error = LimitError("laser: current", 2, 0, 0.8, "A")
    assert str(error) == "laser: current = 2 A is outside the allowed 0 to 0.8 A"
    assert (error.thing, error.value, error.low, error.high, error.unit) == (
        "laser: current",
        2,
        0,
        0.8,
        "A",
    )
    assert str(LimitError("gain", float("nan"), 1, 2)) == "gain = nan is outside the allowed 1 to 2"


def test_a_refused_plan_tells_each_problem_once() -> None:
    light, sample = Refused("no light"), Refused("no sample")
    assert str(PlanRefused([light, sample, Refused("no light")])) == "2 problems: no light; no sample"
    assert str(PlanRefused([light, Refused("no light")])) == "no light"


def test_a_value_just_beyond_the_limit_does_not_look_allowed() -> None:
    assert "= 0.80000001 A" in str(LimitError("current", 0.80000001, 0, 0.8, "A"))


@pytest.mark.parametrize("kind", [kind for kind, parent in PARENTS.items() if parent is InstrumentError])
def test_an_instrument_error_begins_with_the_device(kind: type[InstrumentError]) -> None:
    error = kind("laser", "does not answer")
    assert str(error) == "laser: does not answer"
    assert (error.device, error.problem) == ("laser", "does not answer")


def test_a_slip_of_the_pen_is_guessed_and_else_all_are_listed() -> None:
    assert nearest("curent", ["current", "tec"]) == "did you mean 'current'?"
    assert nearest("xyz", {"tec", "current"}) == "known: current, tec"

"""Files a person writes: every kind of mistake is refused in one line that says where and what."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Beam, SampleRecord, check_format, convert, read_toml

BEAM = {"w_x_um": 100, "w_y_um": 50.0, "method": "knife edge", "date": "2026-11-01", "max_power_mW": 100}
SAMPLE = {"id": "x", "bands": {"green": [515, 570], "red": [630, 690]}, "references": ["a", "b"]}


def without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BEAM | {"metod": ""}, "beam.metod: unknown key; did you mean 'method'?"),
        (BEAM | {"zzz": 1}, "beam.zzz: unknown key; known: date, max_power_mW, method, profile, "),
        (without(BEAM, "method"), "beam.method: is missing"),
        (BEAM | {"w_x_um": "100"}, "beam.w_x_um: is '100'; expected float, got str"),
        (BEAM | {"w_x_um": True}, "beam.w_x_um: is True; expected float, got bool"),
        (BEAM | {"w_x_um": [1.0]}, "beam.w_x_um: is [1.0]; expected float, got array"),
        (BEAM | {"w_x_um": 0}, "beam.w_x_um: is 0; expected float > 0"),
        (BEAM | {"w_x_um": -1.5}, "beam.w_x_um: is -1.5; expected float > 0"),
        (BEAM | {"w_x_um": math.nan}, "beam.w_x_um: is nan; "),
        (BEAM | {"w_x_um": math.inf}, "beam.w_x_um: is inf; must be a finite number"),
        (
            BEAM | {"profile": "gauss"},
            "beam.profile: is 'gauss'; must be one of 'gaussian', 'top-hat'",
        ),
        (BEAM | {"profile": 1}, "beam.profile: is 1; expected str, got int"),
        ("100 µm", "beam: is '100 µm'; expected table, got str"),
    ],
)
def test_a_wrong_table_is_refused(data: Any, message: str) -> None:
    refuses(data, Beam, "beam", message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": {"green": [515, 570], "red": [630]}}, "sample.bands.red: is [630]; expected array of len"),
        ({"bands": {"green": [515, 570], "red": [630, "x"]}}, "sample.bands.red[1]: is 'x'; expected float"),
        ({"bands": {"green": [1, 2], "red": [1, math.inf]}}, "sample.bands.red[1]: is inf; must be a finite"),
        ({"bands": [1, 2]}, "sample.bands: is [1, 2]; expected table, got array"),
        ({"references": ["a", 2]}, "sample.references[1]: is 2; expected str, got int"),
        ({"references": {"a": 2}}, "sample.references: is {'a': 2}; expected array, got table"),
        ({"max_irradiance": 0}, "sample.max_irradiance: is 0; expected float > 0"),
    ],
)
def test_a_wrong_entry_inside_a_table_is_found(change: dict[str, Any], message: str) -> None:
    refuses(SAMPLE | change, SampleRecord, "sample", message)


def test_the_entry_of_a_bare_table_is_named() -> None:
    refuses({"a": 1.0, "b": "x"}, dict[str, float], "settings", "settings.b: is 'x'; expected float, got str")
    refuses({"a": 1.0, "b": "x"}, dict[str, float], "", "b: is 'x'; expected float, got str")


def test_tables_in_tables_in_tables_are_followed() -> None:
    data = {"a": {"p": 1.0, "q": 2.0}, "b": {"p": 3.0, "q": "x"}}
    refuses(data, dict[str, dict[str, float]], "top", "top.b.q: is 'x'; expected float, got str")


def test_a_right_table_is_taken_and_whole_numbers_are_numbers() -> None:
    beam = convert(BEAM, Beam, "lab.toml", "beam")
    assert isinstance(beam.w_x_um, float)
    assert (beam.profile, beam.sample_to_pickoff) == ("gaussian", 1.0)
    assert convert(SAMPLE, SampleRecord, "lab.toml").bands == {"green": (515, 570), "red": (630, 690)}


@pytest.mark.parametrize(("profile", "factor"), [("gaussian", 2), ("top-hat", 1)])
def test_irradiance_is_power_over_the_area(profile: str, factor: float) -> None:
    beam = convert(BEAM | {"profile": profile}, Beam, "lab.toml")
    area = math.pi * 0.01 * 0.005
    assert beam.area_cm2 == pytest.approx(area)
    assert beam.mean_irradiance(1e-3) == pytest.approx(1e-3 / area)
    assert beam.peak_irradiance(1e-3) == pytest.approx(1e-3 * factor / area)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a = [1", "is not valid TOML: "),
        (b"a = 1\na = 2", "is not valid TOML: "),
        (b"a = '\xff'", "cannot be read: "),
    ],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "lab.toml"
    path.write_bytes(content)
    refuses_file(path, problem)


def test_a_missing_file_a_folder_and_a_path_through_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refuses_file(tmp_path / "lab.toml", "no such file")
    refuses_file(tmp_path, "cannot be read: ")
    refuses_file(tmp_path / "file" / "lab.toml", "cannot be read: ")


def test_format_and_version_are_checked_and_taken_out() -> None:
    data = {"format": "lab", "version": 1, "a": 2}
    assert check_format(data, "f", "lab", 1) == {"a": 2}
    assert data == {"format": "lab", "version": 1, "a": 2}
    assert check_format({"a": 2}, "f", "lab", 1) == {"a": 2}


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"format": "kitchen"}, "f: format: is 'kitchen'; this must be 'lab'"),
        ({"version": 2}, "f: version: is 2; this antistokes reads version 1"),
        ({"version": 0}, "f: version: is 0; this antistokes reads version 1"),
        ({"version": "1"}, "f: version: is '1'; this antistokes reads version 1"),
        ({"version": True}, "f: version: is True; this antistokes reads version 1"),
        ({"version": [1]}, "f: version: is [1]; this antistokes reads version 1"),
    ],
)
def test_another_format_or_version_is_refused(head: dict[str, Any], message: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        check_format(head, "f", "lab", 1)
    assert str(refusal.value) == message


def refuses(data: Any, kind: Any, key: str, message: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        convert(data, kind, "lab.toml", key)
    assert str(refusal.value).startswith(f"lab.toml: {message}")
    assert "\n" not in str(refusal.value)


def refuses_file(path: Path, problem: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        read_toml(path)
    assert str(refusal.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(refusal.value)

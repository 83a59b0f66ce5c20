"""What a sample file may say, and how it is refused."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.samples.sample import Sample

PAGE = Path(__file__).parents[3] / "docs" / "sample-files.md"
EXAMPLES = [
    text for text in re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.S) if "[model]" in text
]

GOOD: dict[str, Any] = {
    "format": "antistokes-sample",
    "version": 1,
    "sample": {"id": "test", "bands": {"red": [600, 700]}},
    "model": {
        "mechanism": "energy-transfer",
        "site_density": 1e22,
        "phonon_energy": 350,
        "ions": [
            {"name": "Nd", "fraction": 0.1, "levels": {"g": 0, "m": 6000, "u": 11000}},
            {"name": "Yb", "fraction": 0.2, "levels": {"g": 0, "e": 10200}},
        ],
        "radiative": [
            {"ion": "Nd", "from": "u", "rate": 4000, "branching": {"m": 0.6}},
            {"ion": "Yb", "from": "e", "rate": 500},
        ],
        "nonradiative": [{"ion": "Nd", "from": "m", "to": "g", "rate": 1e5}],
        "transfers": [{"process": "Nd:u + Yb:g -> Nd:g + Yb:e", "rate": 1e-16}],
        "absorption": [
            {
                "ion": "Nd",
                "from": "g",
                "to": "u",
                "wavelength": 808,
                "cross_section": 1e-19,
                "peak": 806,
                "fwhm": 5,
            }
        ],
        "emission": [{"name": "a", "ion": "Nd", "from": "u", "to": "g", "wavelength": 890, "fwhm": 20}],
    },
}
ION_2 = {"name": "Yb", "fraction": 0.1, "levels": {"g": 0}}
LINE_2 = {"name": "b", "ion": "Nd", "from": "u", "to": "g", "wavelength": 900, "fwhm": 20, "fraction": 0.5}
SAME_LINE = {"name": "a", "ion": "Nd", "from": "u", "to": "m", "wavelength": 1060, "fwhm": 20}
ALL_UP = {"ion": "Nd", "from": "u", "rate": 4000, "branching": {"m": 1.0}}

#: where to put what, the key refused, what the message says
BAD = [
    ("format", "antistokes-station", "format", "antistokes-sample"),
    ("version", 2, "version", "is 2; this antistokes reads version 1"),
    ("colour", "red", "colour", "unknown key"),
    ("sample.nmae", "x", "sample.nmae", "unknown key; did you mean 'name'?"),
    ("sample.max_irradiance", -1.0, "sample.max_irradiance", "is -1.0; expected float > 0"),
    ("sample.bands.red", [700, 600], "sample.bands.red", "[700, 600] nm; the low end must be below"),
    ("sample.bands.red", [600, 600], "sample.bands.red", "[600, 600] nm; the low end must be below"),
    ("sample.bands.red", [50, 600], "sample.bands.red", "[50, 600] nm; must lie within 100 to 20000 nm"),
    ("sample.bands.red", [600, 3e4], "sample.bands.red", "must lie within 100 to 20000 nm"),
    ("sample.bands.red", [600], "sample.bands.red", "is [600]; expected array of length 2, got 1"),
    ("model.mechanism", "energy-transfr", "model.mechanism", "did you mean 'energy-transfer'?"),
    ("model.mechanism", 3, "model.mechanism", "is 3; known: energy-transfer, power-law"),
    ("model.mechanism", ["x"], "model.mechanism", "known: energy-transfer, power-law"),
    ("model.site_density", 0, "model.site_density", "is 0; expected float > 0"),
    ("model.site_density", "1e22", "model.site_density", "expected float, got str"),
    ("model.phonon_energy", 5, "model.phonon_energy", "is 5; expected float >= 100"),
    ("model.reference_temperature", 0, "model.reference_temperature", "expected float >= 1"),
    ("model.transferz", [], "model.transferz", "did you mean 'transfers'?"),
    ("model.ions", [], "model.ions", "length >= 1"),
    ("model.ions.0.fraction", 1.2, "model.ions[0].fraction", "is 1.2; expected float <= 1"),
    ("model.ions.0.fraction", 0.9, "model.ions", "sum to 1.1; at most 1"),
    ("model.ions.0.active", 0, "model.ions[0].active", "is 0; expected float > 0"),
    ("model.ions.0.name", "N d", "model.ions[0].name", "is 'N d'"),
    ("model.ions.0.levels.g", 100, "model.ions[0].levels", "has no level at 0 cm-1"),
    ("model.ions.0.levels.m", 0, "model.ions[0].levels", "has g and m at 0 cm-1"),
    ("model.ions.0.levels.m", -5, "model.ions[0].levels", "expected float >= 0"),
    ("model.ions.0.levels.x", 7000, "model.ions[0].levels.x", "has no radiative or nonradiative rate"),
    ("model.ions.+", ION_2, "model.ions", "two ions named 'Yb'"),
    ("model.radiative.0.rate", -1, "model.radiative[0].rate", "is -1; expected float >= 0"),
    ("model.radiative.0.rate", float("nan"), "model.radiative[0].rate", "must be a finite number"),
    ("model.radiative.0.branching.m", 1.5, "model.radiative[0].branching.m", "is 1.5; expected float <= 1"),
    (
        "model.radiative.0.branching.g",
        0.7,
        "model.radiative[0].branching",
        "from Nd:u sums to 1.3; at most 1",
    ),
    ("model.radiative.0.branching.x", 0.1, "model.radiative[0].branching", "level 'x'; Nd has g, m, u"),
    ("model.radiative.0.branching.u", 0.1, "model.radiative[0].branching", "must be the higher one"),
    ("model.radiative.0.from", "g", "model.radiative[0].from", "the ground level; must lie above it"),
    ("model.radiative.0.ion", "Ho", "model.radiative[0]", "the ion 'Ho'; the ions are Nd, Yb"),
    ("model.radiative.+", ALL_UP, "model.radiative", "two entries named 'Nd:u'"),
    (
        "model.nonradiative.0.to",
        "u",
        "model.nonradiative[0]",
        "between m (6000 cm-1) above and u (11000 cm-1)",
    ),
    ("model.nonradiative.0.to", "x", "model.nonradiative[0]", "level 'x'; Nd has g, m, u"),
    ("model.nonradiative.0.rate", -1.0, "model.nonradiative[0].rate", "is -1.0; expected float >= 0"),
    ("model.transfers.0.rate", -1e-16, "model.transfers[0].rate", "is -1e-16; expected float >= 0"),
    ("model.transfers.0.process", "Nd:u -> Yb:e", "model.transfers[0].process", "must read like"),
    (
        "model.transfers.0.process",
        "Nd:x + Yb:g -> Nd:g + Yb:e",
        "model.transfers[0].process",
        "Nd has g, m, u",
    ),
    ("model.transfers.0.process", "Tm:u + Yb:g -> Tm:g + Yb:e", "model.transfers[0].process", "are Nd, Yb"),
    ("model.transfers.0.process", "Nd:u + Yb:g -> Nd:g + Nd:m", "model.transfers[0].process", "same ions"),
    (
        "model.transfers.0.process",
        "Nd:g + Yb:g -> Nd:m + Yb:g",
        "model.transfers[0].process",
        "start excited",
    ),
    ("model.transfers.+", GOOD["model"]["transfers"][0], "model.transfers", "two processes named"),
    ("model.absorption.0.to", "g", "model.absorption[0]", "must be the higher one"),
    ("model.absorption.0.cross_section", 0, "model.absorption[0].cross_section", "expected float > 0"),
    (
        "model.absorption.0.wavelength",
        980,
        "model.absorption[0].wavelength",
        "within 5 nm (fwhm) of the peak",
    ),
    ("model.absorption.0.peak", 50, "model.absorption[0].peak", "is 50; expected float >= 100"),
    ("model.emission.0.wavelength", 3e4, "model.emission[0].wavelength", "expected float <= 20000"),
    ("model.emission.0.from", "m", "model.emission[0].to", "m decays radiatively to no level"),
    ("model.radiative.0", ALL_UP, "model.emission[0].to", "is 'g'; u decays radiatively to m"),
    ("model.emission.+", LINE_2, "model.emission[1].fraction", "sum to 1.5; at most 1"),
    ("model.emission.+", SAME_LINE, "model.emission", "two lines named 'a'"),
]


def changed(where: str, value: Any) -> dict[str, Any]:
    """GOOD with *value* at a dotted place; ``+`` appends to a list."""
    data: Any = copy.deepcopy(GOOD)
    result, (*steps, last) = data, where.split(".")
    for step in steps:
        data = data[int(step)] if isinstance(data, list) else data[step]
    if last == "+":
        data.append(value)
    else:
        data[int(last) if isinstance(data, list) else last] = value
    return result


def toml(value: Any) -> str:
    """A TOML value."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value) if isinstance(value, (str, bool)) else str(value)


def write(path: Path, data: dict[str, Any]) -> Path:
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in data.items()), encoding="utf-8")
    return path


def test_the_file_that_the_bad_ones_differ_from_is_good(tmp_path):
    sample = Sample.load(write(tmp_path / "good.toml", GOOD))
    assert sample.emission([10.0], 300.0, 808.0)[0, 0] > 0
    assert sample.solve(10.0, wavelength=808.0).populations["Yb:e"] > 0


@pytest.mark.parametrize(("where", "value", "key", "problem"), BAD)
def test_bad_input_is_refused_in_one_line(tmp_path, where, value, key, problem):
    path = write(tmp_path / "bad.toml", changed(where, value))
    with pytest.raises(FileRefused) as refusal:
        Sample.load(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: {key}")
    assert problem in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "missing", ["sample", "model", "model.mechanism", "model.ions", "model.site_density", "sample.id"]
)
def test_missing_keys_are_named(tmp_path, missing):
    data = copy.deepcopy(GOOD)
    table, _, key = missing.rpartition(".")
    del (data[table] if table else data)[key]
    with pytest.raises(FileRefused, match=rf"{re.escape(missing)}: is missing"):
        Sample.load(write(tmp_path / "bad.toml", data))


def test_a_level_written_twice_is_refused(tmp_path):
    path = write(tmp_path / "bad.toml", GOOD)
    text = path.read_text("utf-8")
    path.write_text(text.replace('"m" = 6000', '"m" = 6000, "m" = 7000'), encoding="utf-8")
    with pytest.raises(FileRefused, match="is not valid TOML: Duplicate inline table key 'm'"):
        Sample.load(path)


def test_power_law_files_are_checked_too(tmp_path):
    line = {"name": "a", "wavelength": 600, "fwhm": 20, "exponent": 2.0, "photon_rate": 1e15}
    model = {"mechanism": "power-law", "reference_irradiance": 100, "lines": [line, line]}
    path = write(tmp_path / "bad.toml", GOOD | {"model": model})
    with pytest.raises(FileRefused, match=r"model\.lines: has two lines named 'a'"):
        Sample.load(path)
    model["lines"] = [line | {"exponent": -1}]
    with pytest.raises(FileRefused, match=r"model\.lines\[0\]\.exponent: is -1; expected float > 0"):
        Sample.load(write(path, GOOD | {"model": model}))


def test_the_page_shows_an_example_of_each_mechanism():
    found = {re.search(r'mechanism = "(.*)"', text)[1] for text in EXAMPLES}  # type: ignore[index]
    assert found == {"energy-transfer", "power-law"}


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_page_glow(tmp_path, text):
    path = tmp_path / "example.toml"
    path.write_text(text, encoding="utf-8")
    assert (Sample.load(path).emission([10.0], 300.0, 980.0) > 0).all()

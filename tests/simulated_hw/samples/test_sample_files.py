"""What a sample file may say, and how it is refused."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antistokes.instruments.errors import FileRefused, Refused
from antistokes.simulated_hw.samples.sample import MECHANISMS, Sample, template_file

SAID = {"source": "made up"}
GOOD: dict[str, Any] = {
    "format": "antistokes-sample",
    "version": 1,
    "sample": {"id": "test", "bands": {"red": [600, 700]}},
    "model": {
        "mechanism": "energy-transfer",
        "site_density": 1e22,
        **SAID,
        "phonon_energy": 350,
        "ions": [
            {**SAID, "name": "Nd", "fraction": 0.1, "levels": {"g": 0, "m": 6000, "u": 11000}},
            {**SAID, "name": "Yb", "fraction": 0.2, "levels": {"g": 0, "e": 10200}},
        ],
        "radiative": [
            {**SAID, "ion": "Nd", "from": "u", "rate": 4000, "branching": {"m": 0.6}},
            {**SAID, "ion": "Yb", "from": "e", "rate": 500},
        ],
        "nonradiative": [{**SAID, "ion": "Nd", "from": "m", "to": "g", "rate": 1e5}],
        "transfers": [{**SAID, "process": "Nd:u + Yb:g -> Nd:g + Yb:e", "rate": 1e-16}],
        "absorption": [
            {
                **SAID,
                "ion": "Nd",
                "from": "g",
                "to": "u",
                "wavelength": 808,
                "cross_section": 1e-19,
                "peak": 806,
                "fwhm": 5,
            }
        ],
        "emission": [
            {**SAID, "name": "a", "ion": "Nd", "from": "u", "to": "g", "wavelength": 890, "fwhm": 20}
        ],
    },
}
ION_2 = {**SAID, "name": "Yb", "fraction": 0.1, "levels": {"g": 0}}
LINE_2 = {
    **SAID,
    "name": "b",
    "ion": "Nd",
    "from": "u",
    "to": "g",
    "wavelength": 900,
    "fwhm": 20,
    "fraction": 0.5,
}
SAME_LINE = {**SAID, "name": "a", "ion": "Nd", "from": "u", "to": "m", "wavelength": 1060, "fwhm": 20}
ALL_UP = {**SAID, "ion": "Nd", "from": "u", "rate": 4000, "branching": {"m": 1.0}}

SWAPPED = {**SAID, "process": "Yb:g  +  Nd:u -> Yb:e + Nd:g", "rate": 1e-16}
COOPERATIVE = {**SAID, "process": "Yb:e + Yb:e + Nd:g -> Yb:g + Yb:g + Nd:u", "rate": 1e-39}
QUENCHING = {**SAID, "levels": ["Yb:e"], "rate": 1e3}
FACT = {
    **SAID,
    "quantity": "lifetime",
    "value": 1.0,
    "unit": "ms",
    "tolerance": 0.1,
    "kind": "recovery",
    "procedure": "lifetime",
}

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
    ("model.mechanism", 3, "model.mechanism", "is 3; known: energy-transfer"),
    ("model.mechanism", ["x"], "model.mechanism", "known: energy-transfer"),
    ("model.site_density", 0, "model.site_density", "is 0; expected float >= 1.0"),
    (
        "model.site_density",
        "1e22",
        "model.site_density",
        "is '1e22', which is dimensionless; must be a number in 1/cm^3",
    ),
    (
        "model.site_density",
        "1e22 K",
        "model.site_density",
        "which is [temperature]; must be",
    ),
    ("model.absorption.0.peak", "0.8 um2", "model.absorption[0].peak", "must be a number in nm"),
    ("model.absorption.0.peak", "red", "model.absorption[0].peak", "is 'red'; must be a number in nm"),
    ("model.radiative.0.rate", "4 kg", "model.radiative[0].rate", "which is [mass]; must be a number in 1/s"),
    ("model.radiative.0.rate", "-4 1/ms", "model.radiative[0].rate", "is -4000.0; expected float >= 0"),
    ("model.radiative.0.source", "", "model.radiative[0].source", "is ''"),
    ("model.phonon_energy", 5, "model.phonon_energy", "is 5; expected float >= 100"),
    ("model.reference_temperature", 0, "model.reference_temperature", "expected float >= 1"),
    ("model.transferz", [], "model.transferz", "did you mean 'transfers'?"),
    ("model.ions", [], "model.ions", "length >= 1"),
    ("model.ions.0.fraction", 1.2, "model.ions[0].fraction", "is 1.2; expected float <= 1"),
    ("model.ions.0.fraction", 0.9, "model.ions", "sum to 1.1; at most 1"),
    ("model.ions.0.active", 0, "model.ions[0].active", "is 0; expected float >= 1e-12"),
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
        "model.cooperative",
        [COOPERATIVE | {"process": "Nd:u + Yb:g -> Nd:g + Yb:e"}],
        "model.cooperative[0].process",
        "must read like 'Yb:2F5/2 + Yb:2F5/2 + Tb:7F6 ->",
    ),
    ("model.cooperative", [COOPERATIVE | {"rate": "1 cm3/s"}], "model.cooperative[0].rate", "in cm^6/s"),
    ("model.quenching", QUENCHING | {"levels": ["Nd:g"]}, "model.quenching.levels[0]", "a ground level"),
    ("model.quenching", QUENCHING | {"levels": ["Nd:x"]}, "model.quenching.levels[0]", "Nd has g, m, u"),
    ("model.quenching", QUENCHING | {"shell": -1}, "model.quenching.shell", "is -1; expected float >= 0"),
    ("model.enhancement", {**SAID, "emission": 0}, "model.enhancement.emission", "expected float >= 1e-12"),
    ("facts", [FACT | {"quantity": "lifetme"}], "facts[0].quantity", "did you mean 'lifetime'?"),
    ("sample.id", "../evil", "sample.id", "is '../evil'"),
    ("sample.max_irradiance", "1 kW", "sample.max_irradiance", "must be a number in W/cm^2"),
    ("model.source", "  ", "model.source", "is '  '; must be text that says where"),
    ("model.transfers.+", SWAPPED, "model.transfers", "two processes named"),
    (
        "model.transfers.0.process",
        "Yb:e + Nd:m -> Yb:e + Nd:u",
        "model.transfers[0].process",
        "5000 cm-1 uphill",
    ),
    ("model.ions.0.levels.u", 15000, "model.absorption[0].peak", "cm-1 uphill; phonons give at most 2000"),
    ("model.emission.0.wavelength", 400, "model.emission[0].wavelength", "cm-1 uphill"),
    ("model.nonradiative.+", GOOD["model"]["nonradiative"][0], "model.nonradiative", "two entries named"),
    ("model.absorption.+", GOOD["model"]["absorption"][0], "model.absorption", "two entries named"),
    ("facts", [FACT | {"of": "rad"}], "facts[0].of", "did you mean 'red'?"),
    ("facts", [FACT | {"procedure": "lifetimes"}], "facts[0].procedure", "did you mean 'lifetime'?"),
    ("facts", [FACT | {"unit": "nm"}], "facts[0].unit", "a lifetime must be in s or ms or us or ns or ps"),
    ("facts", [FACT | {"relative": 0.1}], "facts[0]", "has tolerance and relative; must have"),
    (
        "facts",
        [FACT | {"relation": "above"}],
        "facts[0].tolerance",
        "is no use where the relation is 'above'",
    ),
    ("facts", [FACT | {"kind": "guess"}], "facts[0].kind", "must be one of 'emergent', 'recovery'"),
    ("facts", [FACT | {"source": " "}], "facts[0].source", "must say where the value comes from"),
    ("thermal", {**SAID, "conductance": "1 W"}, "thermal.conductance", "in W/K"),
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


@pytest.mark.parametrize(
    "table", ["ions", "radiative", "nonradiative", "transfers", "absorption", "emission"]
)
def test_numbers_without_a_source_are_refused(tmp_path, table):
    data = copy.deepcopy(GOOD)
    del data["model"][table][0]["source"]
    with pytest.raises(
        FileRefused, match=rf"model\.{table}\[0\]\.source: is missing; must be text that says where"
    ):
        Sample.load(write(tmp_path / "bad.toml", data))


def test_numbers_may_carry_units(tmp_path):
    data = changed("model.absorption.0.peak", "0.806 um")
    data["model"]["radiative"][0]["rate"] = "4 ms^-1"
    data["model"]["transfers"][0]["rate"] = "1e-22 m3/s"
    data["model"]["ions"][0]["levels"]["m"] = "6000 cm-1"
    written, plain = (Sample.load(write(tmp_path / "units.toml", d)) for d in (data, GOOD))
    irradiance = [1.0, 100.0]
    np.testing.assert_allclose(
        written.emission(irradiance, 300.0, 808.0), plain.emission(irradiance, 300.0, 808.0), rtol=1e-12
    )


def test_power_law_files_are_checked_too(tmp_path):
    line = {**SAID, "name": "a", "wavelength": 600, "fwhm": 20, "exponent": 2.0, "photon_rate": 1e15}
    model = {**SAID, "mechanism": "power-law", "reference_irradiance": 100, "lines": [line, line]}
    path = write(tmp_path / "bad.toml", GOOD | {"model": model})
    with pytest.raises(FileRefused, match=r"model\.lines: has two lines named 'a'"):
        Sample.load(path)
    model["lines"] = [line | {"exponent": -1}]
    with pytest.raises(FileRefused, match=r"model\.lines\[0\]\.exponent: is -1; expected float > 0"):
        Sample.load(write(path, GOOD | {"model": model}))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_templates_glow_at_their_excitation(mechanism):
    sample = Sample.load(template_file(mechanism))
    assert sample.emission([1.0, 10.0], 300.0, sample.excitation).max() > 0


def test_a_family_states_only_what_changed(tmp_path):
    write(tmp_path / "parent.toml", GOOD | {"facts": [FACT], "table1": True})
    child = tmp_path / "child.toml"
    child.write_text(
        """extends = "parent.toml"
[sample]
id = "child"
[[model.radiative]]
ion = "Yb"
from = "e"
rate = 5000
[model.quenching]
levels = ["Yb:e"]
rate = 100
source = "made up"
""",
        encoding="utf-8",
    )
    parent, sample = Sample.load(tmp_path / "parent.toml"), Sample.load(child)
    assert sample.record.id == "child"
    assert sample.record.bands == parent.record.bands
    assert (sample.facts, sample.table1) == ((), False)
    assert sample.text.index("5000") < sample.text.index("extends parent.toml") < sample.text.index("4000")
    yb = [s.solve(10.0, wavelength=808.0).populations["Yb:e"] for s in (parent, sample)]
    assert yb[1] == pytest.approx(yb[0] * 500 / 5100, rel=0.01)


def child_of(tmp_path: Path, text: str) -> Sample:
    write(tmp_path / "parent.toml", GOOD)
    path = tmp_path / "child.toml"
    path.write_text(f'extends = "parent.toml"\n{text}', encoding="utf-8")
    return Sample.load(path)


def test_a_child_finds_a_transfer_however_it_is_written(tmp_path):
    rate = 'source = "made up"\nprocess = "Yb:g  +  Nd:u -> Yb:e + Nd:g"\nrate = 0\n'
    child = child_of(tmp_path, f'[sample]\nid = "child"\n[[model.transfers]]\n{rate}')
    assert child.solve(10.0, wavelength=808.0).populations["Yb:e"] == 0


def test_an_empty_list_of_a_child_leaves_nothing(tmp_path):
    child = child_of(tmp_path, '[sample]\nid = "child"\n[model]\ntransfers = []\n')
    assert child.solve(10.0, wavelength=808.0).populations["Yb:e"] == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "sample.id: is missing; one that extends 'parent.toml' needs its own"),
        (
            '[sample]\nid = "child"\n[model]\nmechanism = "multiphoton"\n',
            "model.mechanism: is not that of 'parent.toml'; it cannot change",
        ),
    ],
)
def test_a_child_says_who_it_is_and_keeps_the_mechanism(tmp_path, text, problem):
    with pytest.raises(FileRefused, match=re.escape(problem)):
        child_of(tmp_path, text)


def test_a_grandchild_may_state_the_mechanism_its_parent_inherits(tmp_path):
    path = tmp_path / "child.toml"
    text = 'extends = "css82"\n[sample]\nid = "child"\n[model]\nmechanism = "energy-transfer"\n'
    path.write_text(text, encoding="utf-8")
    assert Sample.load(path).kind == "energy-transfer"


@pytest.mark.parametrize(
    ("extends", "problem"),
    [
        ('"child.toml"', "extends: leads back to child.toml"),
        ('"yber-mikro"', "sample 'yber-mikro' is unknown; did you mean 'yber-micro'?"),
        ('"gone.toml"', "child.toml: extends: is 'gone.toml'; there is no file"),
        ("3", "extends: is 3; must be the id or the path of a sample"),
    ],
)
def test_a_parent_that_cannot_be_is_refused(tmp_path, extends, problem):
    child = tmp_path / "child.toml"
    child.write_text(f'extends = {extends}\n[sample]\nid = "child"\n', encoding="utf-8")
    with pytest.raises(Refused, match=re.escape(problem)):
        Sample.load(child)

"""``antistokes reproduce``: facts of samples found again, or said not to be."""

from __future__ import annotations

import json
import math

import pytest

from antistokes.analysis.findings import Finding, Findings
from antistokes.cli.reproduce.judge import compare, judge
from antistokes.cli.reproduce.stations import merged
from antistokes.simulated_hw.samples.facts import Fact

SAMPLE = """
format = "antistokes-sample"
version = 1
[sample]
id = "mine"
bands = { blue = [440, 480] }
excitation = [980]
[model]
mechanism = "power-law"
reference_irradiance = 10
source = "this test"
[[model.lines]]
name = "blue"
wavelength = 460
fwhm = 12
exponent = 3.0
photon_rate = 1e19
source = "this test"
[[runs]]
name = "sweep"
procedure = "power-sweep"
settings = { start = 3, stop = 30, points_per_decade = 8, order = "shuffled" }
[[facts]]
quantity = "exponent"
of = "blue"
value = 3.0
unit = "1"
tolerance = 0.02
kind = "recovery"
procedure = "power-sweep"
run = "sweep"
source = "this test"
[[facts]]
quantity = "exponent"
of = "blue"
value = 2.0
unit = "1"
tolerance = 0.02
kind = "recovery"
procedure = "power-sweep"
run = "sweep"
source = "a wrong one"
[[facts]]
quantity = "lifetime"
of = "blue"
value = 1.0
unit = "ms"
tolerance = 0.02
kind = "recovery"
procedure = "lifetime"
source = "no run is named"
"""


def fact(**changes) -> Fact:
    known = {"quantity": "lifetime", "of": "green", "value": 1.5, "unit": "ms", "tolerance": 0.1}
    more = {"kind": "emergent", "procedure": "lifetime", "source": "this test"}
    return Fact(**(known | more | changes))


def found(**changes) -> list[Findings]:
    known = {"quantity": "lifetime", "of": "green", "value": 1.45e-3, "stderr": 1e-5, "unit": "s"}
    return [Findings(procedure="lifetime", findings=[Finding(**(known | changes))])]


def test_each_fact_is_judged_by_a_run_file(antistokes, tmp_path):
    (tmp_path / "mine.toml").write_text(SAMPLE)
    done = antistokes("reproduce", "mine.toml", "--out", "out", "--jobs", 1, "--json")
    good, wrong, missing = (json.loads(line) for line in done.out.splitlines() if line.startswith("{"))
    assert done.code == 1
    assert (good["ok"], wrong["ok"], missing["ok"]) == (True, False, False)
    assert good["measured"] == pytest.approx(3.0, abs=4 * good["stderr"])
    assert 0 < good["stderr"] < 0.01
    assert (tmp_path / good["file"]).exists()
    assert (missing["file"], missing["problem"]) == ("", "no run measures it")
    assert "1 of 2 facts within their tolerance; 1 more have no run" in done.out


def test_a_folder_with_something_in_it_is_refused(antistokes, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("dear")
    assert antistokes("reproduce", "yber", "--out", "out").code == 2


def test_values_are_compared_in_the_facts_unit(tmp_path):
    verdict = judge("s", fact(), found(), tmp_path)
    assert (verdict.measured, verdict.stderr) == pytest.approx((1.45, 0.01))
    assert verdict.ok


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({"tolerance": 0.04}, False),
        ({"tolerance": None, "relation": "above"}, False),
        ({"tolerance": None, "relation": "below"}, True),
        ({"at": {"temperature": 300.0}}, False),
        ({"of": "red"}, False),
    ],
)
def test_a_fact_is_missed_outside_its_tolerance_or_when_nothing_shows_it(tmp_path, changes, ok):
    assert judge("s", fact(**changes), found(), tmp_path).ok is ok


def test_a_number_that_is_none_is_not_ok(tmp_path):
    verdict = judge("s", fact(), found(value=math.nan, note="too few counts"), tmp_path)
    assert (verdict.ok, verdict.problem) == (False, "too few counts")


@pytest.mark.parametrize(
    ("changes", "stderr"),
    [
        ({}, 0.2e-3),
        ({"tolerance": None, "relation": "below"}, 0.2e-3),
        ({"tolerance": None, "relation": "above", "value": 1.4}, 0.2e-3),
        ({}, math.nan),
    ],
)
def test_what_is_not_known_precisely_enough_is_not_ok(tmp_path, changes, stderr):
    verdict = judge("s", fact(**changes), found(stderr=stderr), tmp_path)
    assert math.isfinite(verdict.measured)
    assert not verdict.ok


def test_two_runs_give_a_ratio_with_its_error(tmp_path):
    ratio = fact(quantity="lifetime ratio", value=2.0, unit="1", tolerance=0.1)
    verdict = compare("s", ratio, tmp_path, tmp_path, found(), found(value=0.725e-3, stderr=0.5e-5))
    assert verdict.measured == pytest.approx(2.0)
    assert verdict.stderr == pytest.approx(2.0 * math.hypot(1e-5 / 1.45e-3, 0.5e-5 / 0.725e-3))
    assert verdict.ok


def test_a_station_is_changed_table_by_table():
    before = {"a": {"b": 1, "c": 2}, "d": {"e": 3}}
    assert merged(before, {"a": {"b": 4}, "d": {}}) == {"a": {"b": 4, "c": 2}}

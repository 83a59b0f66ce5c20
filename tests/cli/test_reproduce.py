"""``antistokes reproduce``: facts of samples found again, or said not to be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.findings import Finding, Findings
from antistokes.cli.reproduce.judge import compare, judge
from antistokes.cli.reproduce.series import exponent_step, follow
from antistokes.cli.reproduce.stations import merged, station_of
from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.samples.facts import Fact, Run, Series, check_runs

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
unmeasured = "it does not pulse"
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
    assert (missing["file"], missing["problem"]) == ("", "it does not pulse")
    assert "1 of 2 facts within their tolerance; 1 more have no run" in done.out
    assert "no run: mine: lifetime of blue 1 ± 0.02 ms: it does not pulse" in done.out


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


def test_what_saturates_at_less_light_is_enhanced(tmp_path):
    known = fact(quantity="enhancement", by="saturation irradiance", value=400, unit="1", tolerance=50)
    own, other = (found(quantity=known.by, value=x, stderr=0.02 * x, unit="W/cm^2") for x in (250, 1e5))
    verdict = compare("s", known, tmp_path, tmp_path, own, other)
    assert (verdict.measured, verdict.ok) == (pytest.approx(400), True)


@pytest.mark.parametrize(
    ("quantity", "read", "at", "values", "expected"),
    [
        ("best concentration", "intensity", [5, 10, 20], [1.0, 3.0, 2.0], 10),
        ("size exponent", "intensity", [4.6, 9.4, 11.4], [4.6**3.3, 9.4**3.3, 11.4**3.3], 3.3),
        ("exponent step", "exponent", [150, 200, 250, 300], [1.0, 1.1, 1.5, 1.9], 250),
    ],
)
def test_several_runs_give_what_one_cannot(tmp_path, quantity, read, at, values, expected):
    unit = {"best concentration": "%", "exponent step": "meV"}.get(quantity, "1")
    runs = [found(quantity=read, value=x, stderr=0.003 * x, unit="1") for x in values]
    known = fact(quantity=quantity, unit=unit, value=expected, tolerance=0.02 * expected)
    verdict = follow("s", known, at, [tmp_path] * len(at), runs)
    assert (verdict.measured, verdict.ok) == (pytest.approx(expected), True), verdict
    runs[1] = found(of="red")
    assert "at " in follow("s", known, at, [tmp_path] * len(at), runs).problem


def test_the_step_of_an_exponent_has_an_honest_error():
    detunings, pulls = np.array([150.0, 200, 250, 310, 400]), []
    truth = 1 + 1 / (1 + np.exp(-(detunings - 255) / 16.5))
    for seed in range(50):
        noisy = truth + np.random.default_rng(seed).normal(0, 0.005, 5)
        value, stderr = exponent_step(detunings, noisy, [0.005] * 5)
        pulls.append((value - 255) / stderr)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3
    with pytest.raises(AnalysisError, match="passes 1.5 0 times"):
        exponent_step(detunings, [1.1] * 5, [0.02] * 5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": "it", "unmeasured": "too dark"}, "unmeasured: is no use beside run"),
        ({"series": Series(at=[1, 2], on=["a", "b"])}, "series: names no run"),
        ({"run": "it", "series": Series(at=[1, 2], on=["a"])}, "must have 2 of 'on' or of 'wavelength'"),
        ({"run": "it", "series": Series(at=[1, 2], on=["a", "b"], wavelength=[500])}, "must have 2 of 'on'"),
    ],
)
def test_a_fact_that_does_not_say_how_it_is_measured_is_refused(changes, said):
    with pytest.raises(FileRefused, match=said):
        check_runs((fact(**changes),), (Run(name="it", procedure="spectrum"),), "mine.toml")


def test_the_response_of_one_spectrometer_corrects_no_other():
    run = Run(name="it", procedure="spectrum", settings={"excitation": 1.0})
    assert "response" in station_of(run, "yber", 980.0, 1, "r.csv")
    osa = {"instruments": {"spectrometer": {"driver": "yokogawa_aq6370"}}}
    other = Run(name="it", procedure="spectrum", settings={"excitation": 1.0}, station=osa)
    assert "response" not in station_of(other, "yber", 980.0, 1, "r.csv")


def test_a_station_is_changed_table_by_table():
    before = {"a": {"b": 1, "c": 2}, "d": {"e": 3}}
    assert merged(before, {"a": {"b": 4}, "d": {}}) == {"a": {"b": 4, "c": 2}}

"""Rehearsals: what a plan will do is told, or refused, before anything is opened."""

from __future__ import annotations

import functools

import pytest

SWEEP = ["power-sweep", *(w for s in ("start=1", "stop=10", "points_per_decade=2") for w in ("--set", s))]
BRIGHT = "[simulation.optics]\ncollection = 0.5\n"


@pytest.fixture
def variant(station_file):
    return functools.partial(station_file, name="lab.toml")


def test_it_takes_as_long_as_the_run_and_finds_the_same(antistokes, tmp_path):
    checked = antistokes("check", *SWEEP, "--json")
    assert checked.code == 0
    assert not list(tmp_path.iterdir())
    (told,) = checked.data["runs"]
    done = antistokes("run", *SWEEP, "--out", "a.h5", "--json")
    assert told["seconds"] == pytest.approx(done.data["virtual_seconds"], rel=0.01)
    assert told["bytes"] == (tmp_path / "a.h5").stat().st_size
    assert told["findings"] == done.data["findings"]
    assert told["seen"]["asked"]["irradiance"] == {"low": 1, "high": 10, "units": "W/cm^2", "different": 3}
    assert "6 points, 6 usable" in checked.out


def test_instruments_of_a_real_station_are_not_opened(antistokes, variant):
    station = variant(('backend = "@sim"', 'backend = "@py"'))
    assert antistokes("check", *SWEEP, "--station", station).code == 0


def test_what_saturates_at_every_setting_is_refused(antistokes, variant, tmp_path):
    station = variant(extra=BRIGHT)
    bright = ["power-sweep", "--station", station, "--set", "start=50"]
    run = antistokes("run", *bright, "--out", "out/a.h5")
    assert run.code == 2
    assert "spectrometer: saturated " in run.err
    assert "its shortest exposure with 49.8 W/cm², the least of the plan" in run.err
    assert [path.name for path in tmp_path.iterdir()] == ["lab.toml"]
    checked = antistokes("check", *bright, "--set", "temperatures=250,300", "--set", "points_per_decade=2")
    assert checked.code == 2
    assert "none of its 16 points can be used: 16 saturated" in checked.err


def test_rules_that_do_not_fit_are_told_with_all_that_is_wrong(antistokes, variant):
    rules = """[interlocks]
hot = { when = "cryostat.temperature > 320 V", do = "stop" }
lost = { when = "cryostat.flow_ok is false", do = "stop" }
"""
    station = variant(extra=rules)
    problems = antistokes("check", *SWEEP, "--station", station, "--json").data["problems"]
    for key, problem in zip(("hot", "lost"), problems, strict=True):
        assert f"lab.toml: interlocks.{key}.when: is 'cryostat." in problem


def test_what_is_refused_lists_all_that_is_wrong(antistokes):
    wrong = ["start=100", "stop=10", "frames=1", "temperatures=2000,3000"]
    options = [w for s in wrong for w in ("--set", s)]
    both = ["--sample", "nonesuch", "--monitor", "laser.fish", "--json"]
    done = antistokes("check", "power-sweep", *options, *both)
    assert done.code == 2
    words = [
        "frames: is 1",
        "start = 100 W/cm^2; must be up to stop",
        "'nonesuch'",
        "'fish'",
        "2000 K",
        "3000 K",
    ]
    assert len(done.data["problems"]) == len(words)
    for word, problem in zip(words, done.data["problems"], strict=True):
        assert word in problem
    rest = antistokes("check", "power-sweep", *options[-2:], *both).data["problems"]
    assert rest == done.data["problems"][2:], "what is known without the station is right"

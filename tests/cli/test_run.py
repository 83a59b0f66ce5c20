"""``antistokes run``: refusals, interruption, death; what is left on disk."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from antistokes.analysis import describe, load
from antistokes.instruments import Station

SHORT = ["--set", "start=1", "--set", "stop=10", "--set", "points_per_decade=3", "--set", "order=up"]

POWER_LAW = """
format = "antistokes-sample"
version = 1
[sample]
id = "mine"
bands = { blue = [440, 480] }
max_irradiance = 100
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
"""


def test_short_run_ends_well_and_reports(antistokes):
    done = antistokes("run", "power-sweep", *SHORT, "--out", "a.h5", "--json")
    assert done.code == 0
    assert done.data["status"] == "completed"
    assert done.data["points"] == 4
    assert "using the built-in virtual bench" in done.err


def test_a_laser_far_from_the_samples_excitation_is_noted(antistokes):
    far = antistokes("run", "power-sweep", *SHORT, "--sample", "wse2", "--out", "a.h5")
    assert "sample 'wse2' is meant to be excited at 799" in far.err
    assert "the laser is at 980 nm" in far.err
    assert "meant" not in antistokes("run", "power-sweep", *SHORT, "--out", "b.h5").err


def test_seed_and_sample_are_kept_in_the_file(antistokes):
    antistokes("run", "power-sweep", *SHORT, "--seed", 7, "--sample", "yber-micro", "--out", "a.h5")
    attributes = load("a.h5").attrs
    assert attributes["seed"] == 7
    assert attributes["sample"]["id"] == "yber-micro"


def test_parameter_with_a_unit_is_converted(antistokes):
    antistokes("run", "power-sweep", *SHORT, "--set", "settle=20 ms", "--out", "a.h5")
    assert load("a.h5").attrs["parameters"]["settle"] == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["stop=1e6"], ["1000000", "10000", "W/cm^2", "yber-micro"]),
        (["unit=mW", "start=1", "stop=500"], ["500", "360", "mW"]),
        (["start=5", "stop=1"], ["start", "5", "1", "W/cm^2"]),
        (["points_per_decade=0"], ["points_per_decade", "0", ">= 1"]),
        (["start=0"], ["start", "0", "> 0"]),
        (["start=-3"], ["start", "-3", "> 0"]),
        (["start=nan"], ["start", "nan"]),
        (["stop=many"], ["stop", "many"]),
        (["strat=1"], ["strat", "start"]),
        (["longest_exposure=100"], ["exposure", "100", "65.5"]),
        (["stop=1e308"], ["1e+308", "10000", "W/cm^2"]),
        (["settle=1e300"], ["settle", "1e+300", "100000"]),
        (["settle=20 mW"], ["settle", "20 mW", "s"]),
        (["order=sideways"], ["order", "sideways", "up_down"]),
        (["temperatures=[77, 900]"], ["900", "420"]),
        (["start"], ["NAME=VALUE"]),
        (["start=1", "start=2"], ["start=2", "start is set twice"]),
    ],
)
def test_impossible_plan_is_refused_a_line_for_each_problem_and_leaves_nothing(
    antistokes, tmp_path, settings, words
):
    done = antistokes(
        "run", "power-sweep", *[w for s in settings for w in ("--set", s)], "--out", "new/a.h5", "--json"
    )
    assert done.code == 2
    problems = done.data.get("problems", [done.data["error"]])
    assert any(all(word in problem for word in words) for problem in problems)
    assert [line.strip() for line in done.err.splitlines()[-len(problems) :]][1:] == problems[1:]
    assert done.data["exit_code"] == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wavelength = 980,", "wavelength = 1532,", ["power_meter", "1532", "400", "1100", "nm"]),
        (
            "thorlabs_pm100d",
            "thorlabs_pm100e",
            ["lab.toml", "power_meter.driver", "thorlabs_pm100e", "thorlabs_pm100d"],
        ),
        ("version = 1", "version = 3", ["lab.toml", "version", "3", "1"]),
        ("current = [0, 0.8]", "current = [0, 8]", ["lab.toml", "current", "8", "1.5", "A"]),
        ("max_power_mW = 360", "max_power_mW = 10", ["314.159", "10", "mW"]),
        ("sample =", "samples =", ["lab.toml", "simulation.samples", "sample"]),
        (
            "wavelength = 980,",
            'wavelength = "980",',
            ["lab.toml", "settings.wavelength", "'980'", "float"],
        ),
        ("seed = 980", "seed = -1", ["lab.toml", "simulation.seed", "-1"]),
        ('"2026-11-01"', '"yesterday"', ["lab.toml", "beam.date", "yesterday"]),
        ("USB0::0x1313::0x804F::M00000001::INSTR", "bogus", ["lab.toml", "laser.resource", "bogus", "VISA"]),
    ],
)
def test_unfit_station_is_refused_in_one_line(antistokes, variant, tmp_path, old, new, words):
    done = antistokes("run", "power-sweep", "--station", variant((old, new)), "--out", "a.h5")
    assert done.code == 2
    for word in words:
        assert word in done.err.strip().splitlines()[-1]
    assert not (tmp_path / "a.h5").exists()


def test_power_above_what_the_diode_can_emit_is_refused_before_anything_moves(antistokes, variant, tmp_path):
    station = variant(("current = [0, 0.8]", "current = [0, 0.2]"))
    done = antistokes("run", "power-sweep", "--station", station, "--out", "a.h5", "--json")
    assert done.code == 2
    assert done.data["error"] == "laser: power = 314.159265 mW is outside the allowed 0 to 84 mW"
    assert not (tmp_path / "a.h5").exists()


def test_what_only_light_shows_is_refused_by_a_rehearsal(antistokes, variant, tmp_path):
    station = variant(("current = [0, 0.8]", "current = [0, 0.2]"), (", threshold = 0.06, slope = 0.6", ""))
    done = antistokes("run", "power-sweep", "--station", station, "--out", "a.h5", "--json")
    assert done.code == 2
    assert "laser" in done.data["error"]
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize(
    ("part", "until", "words"),
    [
        ("[instruments.spectrometer]", "[beam]", ["lab.toml: instruments: ", "spectrometer", "add one"]),
        ("[instruments.power_meter]", "[instruments.cryostat]", ["lab.toml: instruments: ", "power_meter"]),
        ("[beam]", "[simulation]", ["lab.toml: beam: is missing", "w_x_um", "add"]),
    ],
)
def test_what_the_station_lacks_is_named_with_its_file_in_one_message(
    antistokes, variant, part, until, words
):
    path = variant()
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index(part)] + text[text.index(until) :], encoding="utf-8")
    done = antistokes("run", "power-sweep", "--station", path)
    assert done.code == 2
    for word in words:
        assert word in done.err
    assert done.err.count("lab.toml") == 1


def test_a_sample_file_that_is_missing_is_named_with_the_stations_key(antistokes, variant):
    station = variant(('sample = "yber-micro"', 'sample = "mine.toml"'))
    done = antistokes("run", "power-sweep", "--station", station)
    assert done.code == 2
    assert "lab.toml: simulation.sample: is 'mine.toml'; there is no file" in done.err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('mechanism = "power-law"', 'mechanism = "magic"', ["model.mechanism", "magic", "power-law"]),
        ("version = 1", "version = 9", ["version", "9"]),
        ("exponent = 3.0", "exponent = 3.0\nexponnt = 1", ["exponnt", "exponent"]),
        ("[440, 480]", "[480, 440]", ["bands", "480", "440"]),
    ],
)
def test_unfit_sample_file_is_refused_in_one_line(antistokes, tmp_path, old, new, words):
    (tmp_path / "mine.toml").write_text(POWER_LAW.replace(old, new))
    done = antistokes("run", "power-sweep", *SHORT, "--sample", "mine.toml", "--out", "a.h5")
    assert done.code == 2
    for word in ["mine.toml", *words]:
        assert word in done.err.strip().splitlines()[-1]


def test_sample_of_ones_own_shows_its_exponent(antistokes, tmp_path):
    (tmp_path / "mine.toml").write_text(POWER_LAW)
    settings = ["--set", "start=1", "--set", "stop=50", "--set", "order=up"]
    done = antistokes("run", "power-sweep", *settings, "--sample", "mine.toml", "--out", "a.h5", "--json")
    blue = done.data["bands"]["blue"]
    assert blue["exponent"] == pytest.approx(3.0, abs=4 * blue["stderr"])


def test_device_that_cannot_be_opened_is_tried_once_and_named(antistokes, variant, monkeypatch):
    opened = []
    monkeypatch.setattr(Station, "open", lambda self, once=Station.open: opened.append(self) or once(self))
    dead = "TCPIP::127.0.0.1::1::SOCKET"  # nobody listens
    station = variant(('"@sim"', '"@py"'), ("USB0::0x1313::0x804F::M00000001::INSTR", dead))
    done = antistokes("run", "power-sweep", "--station", station, "--out", "a.h5", "--json")
    assert done.code == 1
    assert done.data["reason"].startswith("laser: ")
    assert describe("a.h5")["reason"] == done.data["reason"]
    assert len(opened) == 1


def test_a_list_may_be_written_without_brackets(antistokes):
    done = antistokes(
        "run", "power-sweep", *SHORT, "--set", "temperatures=290, 300", "--out", "a.h5", "--json"
    )
    assert [block["at"]["temperature"] for block in done.data["blocks"]] == [290, 300]


@pytest.mark.parametrize("out", ["exists.h5", "exists.h5/a.h5", "new/a.csv"])
def test_file_that_cannot_be_made_is_refused(antistokes, tmp_path, out):
    (tmp_path / "exists.h5").write_bytes(b"mine")
    done = antistokes("run", "power-sweep", *SHORT, "--out", out)
    assert done.code == 2
    assert (tmp_path / "exists.h5").read_bytes() == b"mine"


def test_unknown_words_are_refused(antistokes):
    assert "power-sweep" in antistokes("run", "power-swep").err
    assert "did you mean 'antistokes compare'?" in antistokes("run", "compare").err
    assert "did you mean 'antistokes run power-sweep'?" in antistokes("power-sweep").err
    assert "ends in .toml" in antistokes("run", "night.tml").err
    assert antistokes("run", "power-swep").code == 2
    assert antistokes("rum").code == 2
    assert antistokes("run", "power-sweep", "--station", "nowhere.toml").code == 2
    assert antistokes("run", "power-sweep", "--seed", "-1").code == 2


@pytest.fixture
def long_run(tmp_path):
    """A run of thousands of points in a process of its own, once it has some on disk."""
    path = tmp_path / "long.h5"
    settings = ["start=100", "points_per_decade=1000"]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "antistokes.cli", "run", "power-sweep", "--json", "--out", path),
            *[w for s in settings for w in ("--set", s)],
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            if load(path).sizes["point"] >= 3:
                break
        except (OSError, ValueError):
            os.sched_yield()  # the file is not there yet
    yield process, path
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_run_is_stopped_dark_with_exit_code_130(long_run, number):
    process, path = long_run
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["status"] == "stopped"
    described = describe(path)
    assert described["status"] == "stopped"
    assert described["devices"]["after"]["laser"]["emission"] is False


def test_killed_run_leaves_a_file_that_opens_and_can_be_repaired(long_run, antistokes):
    import xarray

    process, path = long_run
    process.kill()
    process.wait()
    points = load(path).sizes["point"]
    assert points >= 3
    assert antistokes("info", path, "--json").data["status"] == "failed"
    assert antistokes("recover", path, "--json").data["points"] == points
    with xarray.open_dataset(path, engine="h5netcdf", group="entry/data") as data:
        assert data.sizes["point"] == points
        assert not data["spectrum"].isnull().any()


def test_a_monitor_of_the_command_line_is_in_the_file_and_in_info(antistokes):
    monitor = ["--monitor", "cryostat.temperature:5s"]
    run = antistokes("run", "spectrum", "--set", "longest_exposure=0.1", "--out", "run.h5", *monitor)
    assert run.code == 0
    assert "cryostat.temperature, every 5 s" in antistokes("info", "run.h5").out.replace("\n", " ")


@pytest.mark.parametrize("text", ["cryostat", "cryostat.temperature:0 s", "cryostat.temperature:5 K"])
def test_a_monitor_that_says_nothing_is_refused(antistokes, text):
    refused = antistokes("run", "spectrum", "--monitor", text, "--out", "run.h5")
    assert refused.code == 2
    assert f"--monitor {text}" in refused.err


def test_a_run_is_copied_when_it_is_over(antistokes, tmp_path):
    (tmp_path / "group").mkdir()
    arguments = ["run", "spectrum", "--out", "r.h5", "--set", "longest_exposure=0.01", "--copy-to"]
    assert antistokes(*arguments, "nowhere").code == 2
    assert not (tmp_path / "r.h5").exists()
    result = antistokes(*arguments, "group", "--json")
    assert result.code == 0
    assert result.data["copy"] == "group/r.h5"
    assert (tmp_path / "group" / "r.h5").read_bytes() == (tmp_path / "r.h5").read_bytes()

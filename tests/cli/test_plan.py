"""``antistokes run PLAN.toml`` and ``antistokes report``."""

from __future__ import annotations

import pytest

from antistokes.analysis import load
from antistokes.cli import measuring

PLAN = """
format = "antistokes-plan"
version = 1
[[runs]]
file = "night"
repeats = 2
[[runs.over]]
axis = "temperature"
values = [295, 300]
[[runs.steps]]
procedure = "power-sweep"
settings = { start = 1, stop = 10, points_per_decade = 3, order = "up", frames = 2 }
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text(PLAN)
    return path


def test_every_run_of_a_plan_gets_a_file_and_noise_of_its_own(antistokes, plan, tmp_path):
    done = antistokes("run", plan, "--json")
    assert done.code == 0
    assert [run["status"] for run in done.data["runs"]] == ["completed"] * 2
    first, second = (load(tmp_path / f"night-{number}.h5") for number in (1, 2))
    assert first["irradiance"].values.tolist() == second["irradiance"].values.tolist()
    assert not (first["pump_power"].values == second["pump_power"].values).any()


def test_the_station_of_a_plan_is_looked_for_beside_it(antistokes, plan, variant):
    variant(("max_power_mW = 360", "max_power_mW = 1"))
    plan.write_text(PLAN.replace("version = 1", 'version = 1\nstation = "lab.toml"'))
    done = antistokes("run", plan)
    assert done.code == 2
    assert "outside the allowed 0 to 1 mW" in done.err


def test_a_plan_that_cannot_work_is_refused_before_anything_is_made(antistokes, plan, tmp_path):
    plan.write_text(PLAN.replace("[295, 300]", "[295, 900]").replace("stop = 10", "stop = 1e6"))
    done = antistokes("run", plan, "--out", "new")
    assert done.code == 2
    for word in ("night-1: cryostat", "900 K", "1000000 W"):
        assert word in done.err
    assert list(tmp_path.iterdir()) == [plan]


def test_wrong_settings_and_what_the_station_cannot_are_said_together_a_line_each(antistokes, plan, variant):
    text = variant().read_text(encoding="utf-8")
    variant((text[text.index("[instruments.laser]") : text.index("[instruments.cryostat]")], ""))
    wrong = PLAN.replace("[295, 300]", "[295, 900]").replace("start = 1,", "strat = 1, readings = 0,")
    plan.write_text(wrong)
    done = antistokes("run", plan, "--station", "lab.toml", "--out", plan, "--json")
    assert done.code == 2
    said = [line.strip() for line in done.err.splitlines()]
    assert said[0] == "antistokes: 6 problems:"
    assert said[1:] == done.data["problems"]
    for word in ("--out", "'strat'", "readings: is 0", "900 K", "as laser", "as power_meter"):
        assert word in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "start=2"), "--set"),
        (("--out", "file.h5"), "must be a folder"),
        (("--station", "nowhere.toml"), "nowhere.toml"),
        (("--from", "morning"), "there is no such run; the plan has night-1, night-2"),
    ],
)
def test_wrong_use_of_a_plan_is_refused(antistokes, plan, arguments, words):
    done = antistokes("run", plan, *arguments)
    assert (done.code, words in done.err) == (2, True)


def test_of_an_interrupted_plan_the_runs_not_begun_are_told_and_run_by_name(
    antistokes, plan, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(measuring, "measure", lambda *_: ({}, 130))
        done = antistokes("run", plan)
    assert done.code == 130
    assert "not begun: night-2; to go on" in done.err.replace("\n", " ")
    assert antistokes("run", plan, "--from", "night-2").code == 0
    assert [path.name for path in tmp_path.glob("*.h5")] == ["night-2.h5"]


def test_a_report_holds_figures_values_flags_and_settings_and_says_what_it_could_not_read(
    antistokes, plan, tmp_path
):
    plan.write_text(PLAN.replace("repeats = 2", ""))
    antistokes("run", plan, "--out", "new/deep")
    (tmp_path / "damaged.h5").write_bytes((tmp_path / "new/deep/night.h5").read_bytes()[:20000])
    done = antistokes("report", "damaged.h5", "new/deep/night.h5", "--json")
    assert done.code == 1
    assert "not in the page: damaged.h5: is truncated" in done.err
    page = (tmp_path / done.data["page"]).read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    for words in (
        "exponent",
        "simulated",
        "Flags of 8 points",
        "damaged.h5: is truncated",
        "power-sweep at temperature 300",
        "pymeasure",
    ):
        assert words in page


def test_a_report_of_something_else_is_refused(antistokes, tmp_path):
    (tmp_path / "text.h5").write_text("no run")
    assert antistokes("report", "text.h5").code == 2
    assert antistokes("report", "nothing.h5").code == 2

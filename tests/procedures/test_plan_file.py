"""Plan files: what they mean, and that all that is wrong in one is said at once."""

from __future__ import annotations

import pytest

from antistokes.instruments.errors import FileRefused, PlanRefused
from antistokes.procedures.plan_file import PlanFile

HEAD = 'format = "antistokes-plan"\nversion = 1\n'
MAP = """
sample = "yber"
seed = 5

[[runs]]
file = "map"
repeats = 2
[[runs.over]]
axis = "temperature"
values = [77, "300 K"]
[[runs.over]]
axis = "irradiance"
start = 1
stop = "10 W/cm^2"
points = 3
spacing = "log"
[[runs.steps]]
procedure = "power-sweep"
settings = { start = 1, settle = "20 ms" }

[[runs]]
sample = "yber-micro"
[[runs.steps]]
procedure = "power-sweep"
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text: str) -> PlanFile:
        path = tmp_path / "plan.toml"
        path.write_text(HEAD + text)
        return PlanFile.read(path)

    return write_and_read


def test_a_plan_is_runs_of_steps_over_axes(read):
    plan = read(MAP)
    assert plan.seed == 5
    assert [(run.stem, run.sample, run.repeat) for run in plan.runs] == [
        ("map-1", "yber", 0),
        ("map-2", "yber", 1),
        ("power-sweep", "yber-micro", 0),
    ]
    temperature, irradiance = plan.runs[0].plan.axes
    assert temperature.setpoints.tolist() == [77, 300]
    assert irradiance.setpoints[irradiance.directions > 0].tolist() == pytest.approx([1, 10**0.5, 10])
    assert plan.runs[0].plan.procedures[0].settle == 0.02


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"temperature"', '"temprature"', ["runs[0].over[0]", "did you mean 'temperature'"]),
        ("points = 3\n", "", ["runs[0].over[1]", "either values, or start, stop and points"]),
        ("start = 1\nstop", "start = 0\nstop", ["start = 0", "above 0 W/cm^2"]),
        ('"300 K"', '"300 V"', ["axis 'temperature'", "'300 V'", "number in K"]),
        ("start = 1,", "strat = 1,", ["runs[0].steps[0]", "'strat' is unknown", "'start'"]),
        ("start = 1,", "start = 1e5,", ["runs[0].steps[0]", "above stop"]),
        ('"power-sweep"\nsettings', '"power-swep"\nsettings', ["did you mean 'power-sweep'"]),
        ("repeats = 2", "repeats = 0", ["runs[0].repeats", "0"]),
        ('file = "map"', 'flie = "map"', ["flie"]),
    ],
)
def test_what_is_wrong_is_named_with_its_place(read, old, new, words):
    assert old in MAP
    with pytest.raises(FileRefused) as caught:
        read(MAP.replace(old, new, 1))
    for word in (*words, "plan.toml"):
        assert word in str(caught.value)


def test_all_that_is_wrong_is_said_at_once(read):
    wrong = MAP.replace('"temperature"', '"temprature"').replace("start = 1,", "strat = 1,")
    with pytest.raises(PlanRefused) as caught:
        read(wrong)
    assert len(caught.value.problems) == 2


def test_two_runs_cannot_write_one_file(read):
    step = '[[runs]]\n[[runs.steps]]\nprocedure = "power-sweep"\n'
    with pytest.raises(FileRefused, match=r"two runs write the file power-sweep\.h5"):
        read(step + step)


def test_a_plan_without_a_run_is_refused(read):
    with pytest.raises(FileRefused, match="runs"):
        read("runs = []\n")

"""Plan files: what they mean, and that all that is wrong in one is said at once."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.instruments.errors import FileRefused, PlanRefused, Refused
from antistokes.procedures import PowerSweep
from antistokes.procedures.colour_control import ColourControl
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.plan_file import PlanFile
from antistokes.procedures.problems import Problems

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
        ("start = 1,", "start = 1e5,", ["runs[0].steps[0]", "must be up to stop, 1000 W/cm^2"]),
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
    wrong = MAP
    for old, new in (
        ("seed = 5", "seed = -5"),
        ("repeats = 2", 'repeats = 0\nflie = "x"'),
        ('"temperature"', '"temprature"'),
        ("points = 3", "points = 0"),
        ("start = 1, settle", 'strat = 1, stop = "many", order = 1, settle'),
        ('[[runs.steps]]\nprocedure = "power-sweep"\n', "[[runs.steps]]\nprocedure = 3\n"),
    ):
        assert old in wrong
        wrong = new.join(wrong.rsplit(old, 1))
    with pytest.raises(PlanRefused) as caught:
        read(wrong)
    words = ["seed", "repeats", "flie", "temprature", "points", "strat", "stop", "order", "procedure: is 3"]
    said = caught.value.problems
    assert [any(word in problem for problem in said) for word in words] == [True] * len(words)
    assert len(said) == len(words)


def test_of_a_plan_that_is_wrong_the_rest_can_still_be_looked_at(tmp_path):
    wrong = MAP.replace("settle = ", "stop = 50, settel = ").replace("77,", '"fish", 77, inf, "4 V", true,')
    wrong = wrong.replace('spacing = "log"', 'spacng = "log"\noptions = { order = "up", setle = 1 }')
    wrong = wrong.replace('"temperature"', '"tempreture"')
    (tmp_path / "plan.toml").write_text(HEAD + wrong)
    problems = Problems()
    plan = PlanFile.looked_at(tmp_path / "plan.toml", problems)
    words = ["'tempreture' is unknown", "values[0] is 'fish'", "values[2]: is inf", "values[3] is '4 V'"]
    words += ["values[4]: is True", "spacng", "option setle", "settel"]
    assert [word in str(problem) for word, problem in zip(words, problems.found, strict=True)] == [True] * 8
    temperature, irradiance = plan.runs[0].plan.axes
    assert temperature.setpoints.tolist() == [77, 300]
    assert irradiance.setpoints.tolist() == [1, 5.5, 10], "up"
    assert plan.runs[0].plan.procedures[0].stop == 50


def test_every_item_of_a_list_that_is_wrong_is_named():
    with pytest.raises(PlanRefused) as caught:
        PowerSweep.of({"temperatures": [-3, 300, "fish", -5]})
    said = [problem.partition(" is ")[0] for problem in caught.value.problems]
    assert said == [f"power-sweep: temperatures[{i}]:" for i in (0, 2, 3)]
    rest = PowerSweep.stand_in({"temperatures": [-3, 300, "fish", 99999]})
    assert rest is not None
    assert rest.temperatures == [300, 99999], "whose limits are the station's"
    for one in ("300 K", np.float64(300), np.array([300])):
        assert PowerSweep.of({"temperatures": one}).temperatures == [300]


def test_settings_that_contradict_each_other_leave_the_defaults_to_look_at():
    assert PowerSweep.stand_in({"start": 5, "stop": 1}) == PowerSweep()
    assert ColourControl.stand_in({}) is None


@pytest.mark.parametrize("name", ["../map", "..", " ", "a\\u0000", "x" * 200])
def test_a_file_name_is_no_path(read, name):
    with pytest.raises(FileRefused, match=r"runs\[0\]\.file: is .*; must be a name without a folder"):
        read(MAP.replace('"map"', f'"{name}"'))


def test_what_is_no_table_and_what_makes_too_many_points_is_said_with_the_rest(read):
    steps = '[1, { procedure = "ple-scan", settings = { step = 1e-12 } }, "x"]'
    many = "points = 1000000000"
    with pytest.raises(PlanRefused) as caught:
        read(
            f'runs = [2, {{ steps = {steps}, over = [{{ axis = "elapsed", start = 1, stop = 2, {many} }}] }}]'
        )
    words = [
        "runs[0]: is 2",
        "over[0].points: is 1000000000",
        "steps[0]: is 1",
        "at least 0.0002 nm",
        "steps[2]",
    ]
    assert [w in said for w, said in zip(words, caught.value.problems, strict=True)] == [True] * 5


def test_an_axis_without_set_points_has_no_reference_either(read, virtual_station):
    text = MAP.replace('values = [77, "300 K"]', "values = []\noptions = { reference_every = 2 }")
    with pytest.raises(Refused, match="temperature: 0 set-points"):
        Measurement(read(text).runs[0].plan, virtual_station).bind()


def test_two_runs_cannot_write_one_file(read):
    step = '[[runs]]\n[[runs.steps]]\nprocedure = "power-sweep"\n'
    with pytest.raises(FileRefused, match=r"two runs write the file power-sweep\.h5"):
        read(step + step)


def test_a_plan_without_a_run_is_refused(read):
    with pytest.raises(FileRefused, match="runs"):
        read("runs = []\n")

"""Several procedures at every combination of axes: one run, one file, everything refused at once."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis import analyse, load
from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.compare import compare
from antistokes.analysis.grid import gridded
from antistokes.instruments.errors import PlanRefused, Refused
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.axes import ExcitationPower, SampleTemperature
from antistokes.procedures.axes.named import AXES, make_axis
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.sequence import Sequence

LOW = PowerSweep(start=1, stop=10, points_per_decade=3, order="up", frames=2, readings=2)
HIGH = PowerSweep(start=20, stop=100, points_per_decade=3, order="up", frames=2, readings=2)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two power sweeps at each of two temperatures, in one file."""
    from antistokes.instruments import Station
    from antistokes.simulated_hw.stations import find_station

    path = tmp_path_factory.mktemp("sequence") / "run.h5"
    with Station.load(find_station("virtual")) as station:
        outcome = run(Sequence([SampleTemperature([290, 300])], [LOW, HIGH]), station, path)
    assert (outcome.status, outcome.reason) == ("completed", "")
    return path


def test_points_come_step_by_step_at_each_temperature(recorded):
    ds = load(recorded)
    assert ds["temperature"].values.tolist() == [290] * 8 + [300] * 8
    assert ds["step"].values.tolist() == ([0] * 4 + [1] * 4) * 2
    assert ds.attrs["planned"] == 16


def test_each_block_is_analysed_by_itself(recorded):
    found = analyse(load(recorded))
    places = [(block.at["step"], block.at["temperature"]) for block in found]
    assert places == [(0, 290), (0, 300), (1, 290), (1, 300)]
    low, high = (found[i].find("exponent", "green").value for i in (0, 2))
    assert low > high + 0.2


def test_a_run_that_ended_before_its_second_step_is_analysed_as_far_as_it_goes(recorded):
    assert [found.at["step"] for found in analyse(load(recorded).isel(point=slice(0, 4)))] == [0]


def test_a_run_of_several_parts_is_not_compared(recorded):
    with pytest.raises(AnalysisError, match=r"the run has 4 parts .*; must be one sweep"):
        compare([recorded, recorded])


def test_a_step_becomes_an_array_with_a_dimension_per_axis(recorded):
    ds = load(recorded)
    grid = gridded(ds, step=1)
    assert grid["spectrum"].dims == ("temperature", "irradiance", "wavelength")
    other = ds.assign_coords(decay_time=("decay_time", [0.0, 1.0]))
    assert "decay_time" not in gridded(other, step=1).dims, "of another step"
    point = int(np.flatnonzero((ds["step"] == 1) & (ds["temperature"] == 300))[2])
    irradiance = float(ds["irradiance"][point])
    assert (grid["spectrum"].sel(temperature=300, irradiance=irradiance) == ds["spectrum"][point]).all()
    assert gridded(ds.isel(point=ds["step"] == 1)).identical(grid), "the only step that has points"
    unsaid = r"step: must be said, by its number; this run has 0 \(power-sweep\), 1 \(power"
    with pytest.raises(AnalysisError, match=unsaid):
        gridded(ds)


def test_set_points_visited_twice_get_a_dimension_of_their_own(virtual_station, tmp_path):
    both_ways = PowerSweep(start=1, stop=10, points_per_decade=2, order="up_down", frames=2, readings=2)
    run(both_ways, virtual_station, tmp_path / "run.h5")
    grid = gridded(load(tmp_path / "run.h5"))
    assert grid["spectrum"].dims == ("irradiance", "visit", "wavelength")
    assert grid["direction"].transpose("irradiance", "visit").values.tolist() == [[1, -1]] * 3


def test_two_axes_that_move_one_device_are_refused(virtual_station):
    plan = Sequence([ExcitationPower(np.array([3.0]))], [LOW])
    both = "irradiance of the plan and irradiance of power-sweep"
    with pytest.raises(Refused, match=f"laser: power is moved by two axes: {both}"):
        Measurement(plan, virtual_station).bind()


def test_steps_may_move_the_same_device_one_after_the_other(virtual_station):
    Measurement(Sequence([], [LOW, HIGH]), virtual_station).bind()


def test_all_problems_are_named_at_once(virtual_station):
    too_bright = PowerSweep(start=1, stop=1e6, longest_exposure=1e9)
    plan = Sequence([SampleTemperature([300, 900])], [too_bright])
    with pytest.raises(PlanRefused) as caught:
        Measurement(plan, virtual_station).bind()
    words = ("900 K", "1000000 W", "314159.265 mW", "exposure = 1e+09")
    assert [w in said for w, said in zip(words, caught.value.problems, strict=True)] == [True] * 4
    assert not virtual_station["laser"].emission


def test_axes_are_known_by_the_names_of_their_set_points():
    for name in AXES:
        options = {"pulse_width": {"period": 1.0}, "gate_delay": {"width": 1e-6}}.get(name, {})
        assert make_axis(name, [1, 2] if name == "slot" else [0.1, 0.2], **options).name == name
    with pytest.raises(Refused, match="axis 'temprature' is unknown; did you mean 'temperature'"):
        make_axis("temprature", [1.0])
    with pytest.raises(Refused, match="axis 'temperature': .*colour"):
        make_axis("temperature", [1.0], colour="red")
    assert make_axis("pulse_width", [1e-3], period="30 ms", settle="1 s").name == "pulse_width"
    with pytest.raises(PlanRefused) as caught:
        make_axis("pulse_width", [1e-3], period="30 nm", duti=0.1, order="upp", settle=-1)
    for words in (
        "period is '30 nm'; must be a number in s",
        "did you mean 'duty'",
        "order",
        "settle = -1 s",
    ):
        assert words in str(caught.value)

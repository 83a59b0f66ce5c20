"""One seed gives one file, to the byte; another seed another measurement."""

import numpy as np
import pytest

from antistokes.analysis import load
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

SWEEPS = {
    "plain": PowerSweep(start=1, stop=100, points_per_decade=3, longest_exposure=0.5),
    "shuffled": PowerSweep(start=1, stop=100, points_per_decade=3, order="shuffled", longest_exposure=0.5),
    "temperatures": PowerSweep(start=10, stop=30, order="up", temperatures=[300, 290], longest_exposure=0.1),
}


def measured(path, sweep, seed):
    outcome = run(sweep, Station.load(find_station("virtual"), seed=seed), path)
    assert outcome.status == "completed"
    return path


@pytest.mark.parametrize("name", SWEEPS)
def test_the_same_seed_gives_the_same_file_to_the_byte(tmp_path, name):
    first = measured(tmp_path / "a.h5", SWEEPS[name], seed=5)
    again = measured(tmp_path / "b.h5", SWEEPS[name], seed=5)
    assert first.read_bytes() == again.read_bytes()


def test_another_seed_gives_other_data_of_the_same_plan(tmp_path):
    one, other = (load(measured(tmp_path / f"{s}.h5", SWEEPS["shuffled"], seed=s)) for s in (5, 6))
    assert (one["irradiance"] == other["irradiance"]).all()
    assert not np.array_equal(one["spectrum"], other["spectrum"])
    assert (one["pump_power"] != other["pump_power"]).all()
    assert (one.attrs["seed"], other.attrs["seed"]) == (5, 6)

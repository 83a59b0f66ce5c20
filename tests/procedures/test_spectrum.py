"""`spectrum` on the virtual bench: the lines are where the samples say."""

from __future__ import annotations

from pathlib import Path

import pytest

from antistokes.analysis import load
from antistokes.analysis.analyse import analyse
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import run
from antistokes.procedures.spectrum import Spectrum
from antistokes.simulated_hw.stations import find_station


def test_the_lines_of_erbium_are_where_they_should_be(tmp_path: Path):
    with Station.load(find_station("virtual"), sample="yber") as station:
        outcome = run(Spectrum(excitation=300), station, tmp_path / "run.h5")
    assert (outcome.status, outcome.points) == ("completed", 1)
    ds = load(outcome.path)
    assert "sample_temperature" in ds
    (found,) = analyse(ds)
    assert found.warnings == []
    for name, nm in {"green 520": 520, "green 541": 541, "red": 654}.items():
        assert found.find("emission wavelength", name).value == pytest.approx(nm, abs=1)
        shift = 1239841.93 * (1 / nm - 1 / 980)
        assert found.find("anti-Stokes shift", name).value == pytest.approx(shift, abs=4)


def test_a_station_without_a_thermometer_will_do(make_station, tmp_path: Path):
    with make_station(without=("cryostat",)) as station:
        outcome = run(Spectrum(excitation=5, unit="mW"), station, tmp_path / "run.h5")
    ds = load(outcome.path)
    assert float(ds["pump_power"][0]) == pytest.approx(5e-3, rel=0.02)
    assert "sample_temperature" not in ds


def test_too_bright_is_refused_before_anything_moves(virtual_station):
    with pytest.raises(Refused, match="power on the sample"):
        Spectrum(excitation=500, unit="mW").measure(virtual_station)


@pytest.mark.parametrize("settings", [{"excitation": 0}, {"unit": "K"}, {"frames": 1}, {"resolution": -1}])
def test_parameters_out_of_range_are_refused(settings):
    with pytest.raises(Refused):
        Spectrum.of(settings)


def test_units_are_understood():
    assert Spectrum.of({"excitation": "0.005 W", "unit": "mW", "resolution": "0.0015 um"}).excitation == 5

"""PowerSweep: its parameters, and what it makes of them."""

import numpy as np
import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import FileRefused, LimitError, Refused
from antistokes.procedures import PowerSweep
from antistokes.procedures.axes import SampleTemperature
from antistokes.procedures.detectors import SampleThermometer
from antistokes.procedures.measurement import Measurement
from antistokes.simulated_hw.stations import find_station

SHORT = {"points_per_decade": 2, "order": "up", "longest_exposure": 0.1}


def setpoints(**settings):
    return PowerSweep(**settings).axes()[-1].setpoints


# -- set-points -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop", "per_decade", "points"),
    [(1, 10, 1, 2), (1, 10, 6, 7), (0.1, 1000, 6, 25), (1, 2, 1, 2), (3, 3, 6, 1), (1, 100, 1000, 2001)],
)
def test_points_per_decade(start, stop, per_decade, points):
    values = setpoints(start=start, stop=stop, points_per_decade=per_decade, order="up")
    assert len(values) == points
    assert values[0] == pytest.approx(start)
    assert values[-1] == pytest.approx(stop)
    if points > 2:
        ratios = values[1:] / values[:-1]
        assert np.allclose(ratios, ratios[0])
        assert ratios[0] <= 10 ** (1 / per_decade) * (1 + 1e-9)


def test_up_and_down_visits_every_point_twice():
    values = setpoints(start=1, stop=100, points_per_decade=3, order="up_down")
    assert values[:7].tolist() == values[:6:-1].tolist()


def test_the_shuffled_order_is_stored_by_its_seed():
    first, again, other = (setpoints(order="shuffled", order_seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


@pytest.mark.parametrize(("unit", "name"), [("W/cm^2", "irradiance"), ("mW", "power")])
def test_the_set_point_is_what_the_user_thinks_in(virtual_station, unit, name):
    sweep = PowerSweep(start=2, stop=20, unit=unit, **SHORT)
    measurement = Measurement(sweep, virtual_station)
    measurement.bind()
    records = list(measurement.records())
    assert next(c.units for c in measurement.channels if c.name == name) == unit
    assert [r[name] for r in records] == pytest.approx([2, np.sqrt(40), 20])
    factor = 1e3 if unit == "mW" else 1 / virtual_station.beam.area_cm2
    for record in records:
        assert record["pump_power"] * factor == pytest.approx(record[name], rel=0.015)


# -- parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "parameter", "value"),
    [
        ({"stop": 20}, "stop", 20.0),
        ({"stop": "20 W/cm^2"}, "stop", 20.0),
        ({"stop": "20 W/cm**2"}, "stop", 20.0),
        ({"stop": "2 kW/m^2"}, "stop", 0.2),
        ({"stop": "20 mW", "unit": "mW"}, "stop", 20.0),
        ({"stop": "0.02 W", "unit": "mW"}, "stop", 20.0),
        ({"settle": "100 ms"}, "settle", 0.1),
        ({"longest_exposure": "2 s"}, "longest_exposure", 2.0),
        ({"temperatures": ["300 K", "77000 mK"]}, "temperatures", [300.0, 77.0]),
        ({"temperatures": np.array([300.0, 310.0])}, "temperatures", [300.0, 310.0]),
        ({"points_per_decade": np.int64(3)}, "points_per_decade", 3),
    ],
)
def test_settings_with_units(settings, parameter, value):
    settings = {"start": 0.01} | settings
    assert getattr(PowerSweep.of(settings), parameter) == pytest.approx(value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"stp": 1}, ["power-sweep", "parameter 'stp' is unknown", "did you mean 'stop'?"]),
        ({"stop": "20 mW"}, ["power-sweep: stop", "'20 mW'", "W/cm^2"]),
        ({"stop": "20 W/cm^2", "unit": "mW"}, ["stop", "'20 W/cm^2'", "in mW"]),
        ({"stop": "20"}, ["stop", "'20'", "W/cm^2"]),
        ({"stop": "a lot"}, ["stop", "'a lot'", "W/cm^2"]),
        ({"unit": "W"}, ["unit", "'W'", "'W/cm^2', 'mW'"]),
        ({"settle": "3 mW"}, ["settle", "'3 mW'", "in s"]),
        ({"settle": -1}, ["settle", "-1", ">= 0"]),
        ({"start": 0}, ["start", "0", "> 0"]),
        ({"start": 20, "stop": 10}, ["start = 20 W/cm^2; must be up to stop, 10 W/cm^2"]),
        ({"points_per_decade": 0}, ["points_per_decade", "0", ">= 1"]),
        ({"points_per_decade": 2.5}, ["points_per_decade", "2.5", "int"]),
        ({"order": "sideways"}, ["order", "'sideways'", "'up_down'"]),
        ({"temperatures": "300 V"}, ["temperatures", "number in K"]),
        ({"temperatures": [300, -5]}, ["temperatures[1]", "-5", "> 0"]),
        ({"temperatures": ["300 s"]}, ["temperatures", "'300 s'", "in K"]),
        ({"frames": 1}, ["frames", "1", ">= 2"]),
        ({"readings": 0}, ["readings", "0", ">= 1"]),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_in_one_line(settings, words):
    with pytest.raises(Refused) as refusal:
        PowerSweep.of(settings)
    assert all(word in str(refusal.value) for word in words), refusal.value
    assert "\n" not in str(refusal.value)


def test_numbers_of_numpy_are_numbers(virtual_station):
    sweep = PowerSweep(start=np.float64(10), stop=np.float32(100), points_per_decade=np.int64(2), order="up")
    assert len(list(sweep.measure(virtual_station))) == 3
    assert sweep.parameters()["points_per_decade"] == 2


def test_an_object_that_is_no_number_is_refused():
    with pytest.raises(FileRefused, match="start"):
        PowerSweep(start="10").check()


def test_parameters_repeat_the_sweep():
    sweep = PowerSweep(start=3, order="shuffled", order_seed=5, temperatures=[300])
    assert PowerSweep.of(sweep.parameters()) == sweep


# -- on a station -----------------------------------------------------------------------------------


def test_a_station_without_cryostat_has_no_temperature(make_station):
    with make_station(without=("cryostat",)) as station:
        records = list(PowerSweep(start=10, stop=100, **SHORT).measure(station))
    assert len(records) == 3
    assert all("sample_temperature" not in record for record in records)


def test_temperatures_without_a_controller_are_refused(make_station):
    with make_station(without=("cryostat",)) as station:
        with pytest.raises(Refused, match="temperature_controller"):
            PowerSweep(temperatures=[300]).measure(station)
        assert station.clock.now() < 1


@pytest.mark.parametrize("missing", ["laser", "power_meter", "spectrometer"])
def test_a_missing_instrument_is_named(make_station, missing):
    with (
        make_station(without=(missing,)) as station,
        pytest.raises(Refused, match=f"as {missing} and has none"),
    ):
        PowerSweep().measure(station)


def test_a_sweep_at_each_temperature(virtual_station):
    sweep = PowerSweep(start=10, stop=100, temperatures=[300, 305], **SHORT)
    records = list(sweep.measure(virtual_station))
    assert [r["temperature"] for r in records] == [300] * 3 + [305] * 3
    for record in records:
        assert record["sample_temperature"] == pytest.approx(record["temperature"], abs=0.3)
    assert isinstance(sweep.axes()[0], SampleTemperature)


def test_the_thermometer_is_read_whether_the_temperature_is_swept_or_not(virtual_station):
    for temperatures in ([], [300.0]):
        detectors = PowerSweep(temperatures=temperatures).detectors(virtual_station)
        assert sum(isinstance(detector, SampleThermometer) for detector in detectors) == 1


def test_a_power_above_what_the_sample_stands_is_refused(make_station, power_law_sample):
    with make_station(sample=power_law_sample(max_irradiance=50)) as station:
        with pytest.raises(LimitError, match=r"sample power-law: irradiance = 60 W/cm\^2 .* 0 to 50 W/cm\^2"):
            PowerSweep(start=1, stop=60).measure(station)
        assert len(list(PowerSweep(start=5, stop=50, **SHORT).measure(station))) == 3


def test_measuring_opens_a_station_that_is_not_open():
    station = Station.load(find_station("virtual"))
    try:
        records = list(PowerSweep(start=10, stop=20, points_per_decade=2, order="up").measure(station))
        assert len(records) == 2
        assert not station.backend.world.bench.light_is_on()
    finally:
        station.close()


def test_one_temperature_is_a_list_of_one() -> None:
    assert PowerSweep.of({"temperatures": 300}).temperatures == [300.0]
    assert PowerSweep.of({"temperatures": "300 K"}).temperatures == [300.0]

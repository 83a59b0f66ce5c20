"""TemperatureSweep: its parameters, the dark while it moves, and what it finds on the virtual bench."""

import pytest

from antistokes.analysis import analyse, load
from antistokes.instruments import Station
from antistokes.instruments.errors import BadAnswer, LimitError, Refused
from antistokes.procedures import run
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.temperature_sweep import TemperatureSweep

SHORT = {"start": 290, "stop": 310, "step": 10, "longest_exposure": 0.1}


@pytest.mark.parametrize(
    ("settings", "visited"),
    [
        ({"order": "down"}, [310, 300, 290]),
        ({"order": "up"}, [290, 300, 310]),
        ({"order": "up_down"}, [290, 300, 310, 310, 300, 290]),
        ({"order": "up", "step": 15}, [290, 300, 310]),
        ({"order": "up", "stop": 290}, [290]),
    ],
)
def test_the_temperatures_are_evenly_spaced_and_no_further_apart_than_the_step(settings, visited):
    assert TemperatureSweep(**SHORT | settings).axes()[0].setpoints.tolist() == visited


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"start": 400, "stop": 300}, ["temperature-sweep: start = 400 K; must be up to stop, 300 K"]),
        ({"irradiance": []}, ["irradiance", ">= 1"]),
        ({"irradiance": [1, -1]}, ["irradiance[1]", "> 0"]),
        ({"exposure": -1}, ["exposure", ">= 0"]),
        ({"step": 0}, ["step", "> 0"]),
        ({"start": "300 s"}, ["start", "in K"]),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_in_one_line(settings, words):
    with pytest.raises(Refused) as refusal:
        TemperatureSweep.of(settings)
    assert all(word in str(refusal.value) for word in words), refusal.value
    assert "\n" not in str(refusal.value)


def test_parameters_repeat_the_sweep():
    sweep = TemperatureSweep.of({"irradiance": "10 W/cm^2", "stop": "350 K"})
    assert sweep.irradiance == [10.0]
    assert TemperatureSweep.of(sweep.parameters()) == sweep


def test_every_power_is_measured_at_every_temperature_with_its_direction(virtual_station):
    sweep = TemperatureSweep(**SHORT, irradiance=[10.0, 20.0])
    measurement = Measurement(sweep, virtual_station)
    measurement.bind()
    records = list(measurement.records())
    assert [(r["temperature"], r["irradiance"]) for r in records] == [
        (kelvin, power) for kelvin in (310, 300, 290) for power in (10, 20)
    ]
    assert {r["temperature_direction"] for r in records} == {-1}
    for record in records:
        assert record["sample_temperature"] == pytest.approx(record["temperature"], abs=0.3)
        assert record.keys() - {"flags"} == {channel.name for channel in measurement.channels}


def test_it_is_dark_while_the_temperature_moves_and_lit_when_it_is_measured(virtual_station, watch):
    eye, clock = watch(virtual_station), virtual_station.clock
    measurement = Measurement(TemperatureSweep(**SHORT), virtual_station)
    measurement.bind()
    sleep, waits = clock.sleep, []

    def seen(seconds, should_stop=None):
        if seconds >= 10:  # what the cryostat is waited for
            waits.append(eye.power())
        sleep(seconds, should_stop)

    clock.sleep = seen
    records = list(measurement.records())
    assert len(waits) > 20
    assert max(waits) == 0
    assert all(record["irradiance_mean"] == pytest.approx(10, rel=0.03) for record in records)


def test_the_light_comes_back_after_the_controller_garbled_an_answer(virtual_station):
    measurement = Measurement(TemperatureSweep(**SHORT), virtual_station)
    measurement.bind()
    axis = measurement._steps[0].axes[0]
    settle, failed = axis._settle, []

    def once(target):
        if not failed:
            failed.append(target)
            raise BadAnswer("cryostat", "garbled")
        return settle(target)

    axis._settle = once
    records = list(measurement.records())
    assert failed
    assert all(record["irradiance_mean"] == pytest.approx(10, rel=0.03) for record in records)


def test_a_fixed_exposure_is_the_same_at_every_point_and_each_has_its_dark(virtual_station):
    sweep = TemperatureSweep(**SHORT, exposure=0.05)
    records = list(sweep.measure(virtual_station))
    assert {record["exposure"] for record in records} == {0.05}
    assert not (records[0]["dark"] == records[1]["dark"]).all()


def test_what_the_station_cannot_do_is_refused(make_station, virtual_station):
    with pytest.raises(Refused, match="2 problems: cryostat: setpoint = 430 K .*: setpoint = 600 K"):
        TemperatureSweep(stop=600).measure(virtual_station)
    with pytest.raises(LimitError, match="exposure"):
        TemperatureSweep(exposure=1e5).measure(virtual_station)
    with (
        make_station(without=("cryostat",)) as station,
        pytest.raises(Refused, match="temperature_controller"),
    ):
        TemperatureSweep().measure(station)


def test_the_thermometer_of_erbium_is_calibrated_within_2_percent_whatever_the_light_warms(
    station_file, tmp_path
):
    """650 cm⁻¹ is in the sample's file, and 900 W/cm² warm it by 5.4 K, as its bench says."""
    sweep = TemperatureSweep(start=260, stop=400, step=20, irradiance=[100, 300, 900], settle=5)
    path = station_file(extra="[simulation.effects]\nheating = true")
    for seed in range(2):
        run(sweep, Station.load(path, seed=seed), tmp_path / f"{seed}.h5")
        (found,) = analyse(load(tmp_path / f"{seed}.h5"))
        gap = found.find("activation energy", "green 520")
        assert gap.unit == "1/cm"
        assert gap.value == pytest.approx(650, rel=0.02)
        assert abs(gap.value - 650) < 4 * gap.stderr
        warmed = next(one for one in found.findings if one.quantity == "temperature change")
        assert abs(warmed.value - 5.4) < 3 * warmed.stderr
        assert warmed.value > 3 * warmed.stderr
        assert any("the light warms the sample" in warning for warning in found.warnings)


def test_a_phonon_assisted_sample_shows_its_activation_energy(station_file, tmp_path):
    """103 meV is in the sample's file; the laser is put below its line, at 633.8 nm."""
    path = station_file(
        (
            "wavelength = 980, threshold = 0.06, slope = 0.6",
            "wavelength = 633.8, threshold = 0.06, slope = 0.6",
        ),
        ('sample = "yber-micro"', 'sample = "gev"'),
        extra="[simulation.optics]\nfilter = { edge_nm = 629, edge_width_nm = 0.5 }\n"
        "[simulation.twins.laser]\ndiode = { wavelength_nm = 633.8 }",
    )
    run(TemperatureSweep(irradiance=[100]), Station.load(path), tmp_path / "run.h5")
    (found,) = analyse(load(tmp_path / "run.h5"))
    energy = found.find("activation energy", "zero-phonon line")
    assert energy.value == pytest.approx(103, rel=0.05)
    assert energy.unit == "meV"

"""Lifetimes on the virtual bench, from pulses to the value; and what is refused before anything moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from antistokes.analysis import analyse, load
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import run
from antistokes.procedures.axes import PulseWidth
from antistokes.procedures.channels import Flag
from antistokes.procedures.lifetime import Lifetime
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.sequence import Sequence

COUNTERS = {
    "srs_sr430": "GPIB0::8::INSTR",
    "picoquant_picoharp300": "1012345",
    "swabian_timetagger": "2214000TAG",
}
STATION = """\
format = "antistokes-station"
version = 1
name = "photon counting"
backend = "@sim"
{instruments}
[instruments.attenuator]
driver = "thorlabs_ell14"
resource = "ASRL1::INSTR"
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
[beam]
w_x_um = 1000
w_y_um = 1000
profile = "top-hat"
method = "knife edge"
date = "2026-11-01"
sample_to_pickoff = 49.0
max_power_mW = 1000
{beam}
[simulation]
sample = "{sample}"
[simulation.optics]
pickoff = 0.02
ambient_K = 300
collection = {collection}
filter = {{ edge_nm = {edge}, edge_width_nm = 0.5 }}
[simulation.twins.laser]
{twin}
"""
GATED = """\
[instruments.laser]
driver = "cobolt_06"
resource = "ASRL5::INSTR"
settings = {{ gated = true, wavelength = {nm} }}
[instruments.generator]
driver = "keysight_33500b"
resource = "TCPIP0::192.168.1.50::5025::SOCKET"
set = {{ high = 5.0, low = 0.0 }}
"""
MAI_TAI = """\
[instruments.laser]
driver = "spectraphysics_maitai"
resource = "ASRL5::INSTR"
"""
COUNTER = """\
[instruments.{name}]
driver = "{driver}"
resource = "{resource}"
"""
DETECTOR = """\
[simulation.twins.{name}.detector]
band_nm = {band}
efficiency = {efficiency}
"""

Make = Callable[..., Station]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a station with a gated laser, or a mode-locked one, and photon counters; not open."""

    def make(
        sample: str,
        nm: float,
        band: tuple[float, float],
        counters: tuple[str, ...] = ("srs_sr430",),
        repetition: float | None = None,
        beam: str | None = None,
        efficiency: float = 1e-3,
        extra: str = "",
    ) -> Station:
        if repetition is None:
            instruments, twin, about = GATED.format(nm=nm), f"wavelength_nm = {nm}\nrated_W = 1.2", ""
        else:
            instruments = MAI_TAI
            twin = f"start_nm = {nm}\nrepetition_MHz = {repetition}\npower_W = 1.0"
            about = f"pulse_fs = 100\nrepetition_MHz = {repetition}"
        text = STATION.format(
            instruments=instruments
            + "".join(
                COUNTER.format(name=f"counter{i}", driver=driver, resource=COUNTERS[driver])
                for i, driver in enumerate(counters)
            ),
            beam=about if beam is None else beam,
            sample=sample,
            collection=5e-6 if repetition is None else 0.05,
            edge=nm - 8,
            twin=twin,
        )
        for i in range(len(counters)):
            text += DETECTOR.format(name=f"counter{i}", band=list(band), efficiency=efficiency)
        path = tmp_path / "station.toml"
        path.write_text(text + extra, encoding="utf-8")
        return Station.load(path)

    return make


GREEN, EXCITON = (515.0, 560.0), (500.0, 540.0)
MILLISECOND = Lifetime(
    lifetime=0.9e-3, pulse_width=5e-3, period=60e-3, irradiance=1.0, band="green", definition="tail"
)
NANOSECOND = Lifetime(lifetime=18e-9, irradiance=0.2, band="exciton", seconds=10, dark=2.0)


def measured(station: Station, procedure: Any, path: Path) -> Any:
    """The run, after it has been completed and the light is off."""
    with station:
        outcome = run(procedure, station, path)
        assert (outcome.status, outcome.reason) == ("completed", "")
        assert not station.backend.world.bench.light_is_on()
    return load(path)


def refusal(station: Station, procedure: Any) -> str:
    """What is said, before anything has moved."""
    with station:
        with pytest.raises(Refused) as refused:
            Measurement(procedure, station).bind()
        bench = station.backend.world.bench
        assert bench.pulses() is None or not bench.light_is_on()
        assert station.clock.now() < 10
    return str(refused.value)


# -- end to end


@pytest.mark.parametrize("counter", ["srs_sr430", "swabian_timetagger"])
def test_a_lifetime_of_milliseconds_comes_back(make: Make, tmp_path: Path, counter: str) -> None:
    ds = measured(make("nd168", 808, GREEN, (counter,)), MILLISECOND, tmp_path / "run.h5")
    (found,) = analyse(ds)
    one = found.find("lifetime", "green")
    assert one.unit == "s"
    assert abs(one.value - 0.90e-3) < 0.03e-3  # the fact and its tolerance
    assert one.stderr < 0.03e-3
    assert found.warnings == []
    assert float(ds["fluence"][0]) == pytest.approx(5e-3, rel=0.02)
    assert float(ds["pulse_period"][0]) == pytest.approx(60e-3)
    assert float(ds["pulse_width"][0]) == 5e-3
    assert int(ds["flags"][0]) == 0


def test_a_lifetime_of_nanoseconds_comes_back_behind_a_mode_locked_laser(make: Make, tmp_path: Path) -> None:
    station = make("cspb107", 800, EXCITON, ("picoquant_picoharp300",), repetition=2.0, efficiency=5e-4)
    ds = measured(station, NANOSECOND, tmp_path / "run.h5")
    (found,) = analyse(ds)
    one = found.find("lifetime", "exciton")
    assert abs(one.value - 18e-9) < 0.5e-9  # the fact and its tolerance
    assert abs(one.value - 18e-9) < 4 * one.stderr < 0.5e-9
    assert float(ds["pulse_period"][0]) == pytest.approx(5e-7, rel=1e-3)
    assert float(ds["pulse_width"][0]) == pytest.approx(1e-13)
    irradiance = float(ds["irradiance_mean"][0])
    assert float(ds["fluence"][0]) == pytest.approx(irradiance * 5e-7, rel=1e-3)


def test_a_bin_that_fills_early_does_not_make_the_period_longer(make: Make, tmp_path: Path) -> None:
    station = make("cspb107", 800, EXCITON, ("picoquant_picoharp300",), repetition=10.0, efficiency=0.5)
    plan = structs.replace(NANOSECOND, irradiance=2.0, pile_up=0.9, seconds=2.0)
    ds = measured(station, plan, tmp_path / "run.h5")
    assert float(ds["pulse_period"][0]) == pytest.approx(1e-7, rel=1e-3)
    assert float(ds["triggers"][0]) == pytest.approx(2.0 / 1e-7, rel=0.01)
    assert float(ds["decay"].max()) > 65535, "in parts, of which none filled a bin"
    one = analyse(ds)[0].find("lifetime", "exciton")
    assert abs(one.value - 18e-9) < 4 * one.stderr


def test_too_much_light_is_turned_down_and_said(make: Make, tmp_path: Path) -> None:
    station = make("qd", 671, (600, 656), ("picoquant_picoharp300",), efficiency=1e-3)
    plan = Lifetime(
        lifetime=1e-8, pulse_width=20e-9, period=400e-9, irradiance=1.0, band="exciton", seconds=10, dark=2
    )
    ds = measured(station, plan, tmp_path / "run.h5")
    assert float(ds["pile_up"][0]) <= 0.01
    share = float(ds["power_share"][0])
    assert share < 0.2
    assert float(ds["irradiance_mean"][0]) == pytest.approx(share * 1.0, rel=0.05)
    assert int(ds["flags"][0]) == Flag.OFF_TARGET
    (found,) = analyse(ds)
    assert any("turned down" in warning for warning in found.warnings)
    assert abs(found.find("lifetime", "exciton").value - 10e-9) < 0.3e-9


def test_light_that_may_pile_up_is_flagged_and_put_right(make: Make, tmp_path: Path) -> None:
    station = make("qd", 671, (600, 656), ("picoquant_picoharp300",), efficiency=1e-3)
    plan = Lifetime(
        lifetime=1e-8,
        pulse_width=20e-9,
        period=400e-9,
        irradiance=3.0,
        band="exciton",
        seconds=5,
        dark=2,
        pile_up=1.0,
        dead_time=115e-9,
    )
    ds = measured(station, plan, tmp_path / "run.h5")
    assert Flag.PILE_UP in Flag(int(ds["flags"][0]))
    assert float(ds["power_share"][0]) == 1.0
    (found,) = analyse(ds)
    assert any("pile-up" in warning for warning in found.warnings)


def test_counting_ends_when_there_are_enough_photons(make: Make, tmp_path: Path) -> None:
    plan = Lifetime(
        lifetime=0.9e-3, pulse_width=5e-3, period=60e-3, irradiance=1.0, counts=2e4, dark=0, seconds=1e4
    )
    ds = measured(make("nd168", 808, GREEN), plan, tmp_path / "run.h5")
    assert 2e4 <= float(ds["decay"].sum()) < 4e4
    assert "decay_dark" not in ds


def test_no_bin_overflows_while_many_photons_are_counted(make: Make, tmp_path: Path) -> None:
    """16 bits hold 32767 counts; here one bin gets more."""
    plan = Lifetime(lifetime=0.9e-3, pulse_width=5e-3, period=60e-3, irradiance=1.0, dark=0, seconds=3000)
    ds = measured(make("nd168", 808, GREEN), plan, tmp_path / "run.h5")
    assert float(ds["decay"].max()) > 40_000
    assert int(ds["flags"][0]) == 0


def test_pulse_widths_can_be_an_axis_around_it(make: Make, tmp_path: Path) -> None:
    widths = PulseWidth(np.array([1e-4, 5e-3]), period=0.03)
    inside = Lifetime(lifetime=0.9e-3, period=0.03, irradiance=1.0, seconds=5, dark=0, band="green")
    ds = measured(make("nd168", 808, GREEN), Sequence([widths], [inside]), tmp_path / "run.h5")
    assert ds["pulse_width"].values.tolist() == [1e-4, 5e-3]
    assert [block.at for block in analyse(ds)] == [{"pulse_width": 1e-4}, {"pulse_width": 5e-3}]


# -- the counter


def test_of_two_counters_the_one_for_the_time_scale_is_taken(make: Make) -> None:
    both = ("srs_sr430", "picoquant_picoharp300")
    with make("qd", 671, (600, 656), both) as station:
        for lifetime, name in ((1e-3, "counter0"), (2e-8, "counter1")):
            plan = Lifetime(lifetime=lifetime, pulse_width=lifetime)
            detector: Any = plan.detectors(station)[0]
            measurement = Measurement(plan, station)
            measurement.bind()
            detector.bind(measurement.setup)
            counter = detector.counter
            assert counter.counter.name == name
            assert lifetime / 400 < counter.bin_width <= lifetime / 20
            assert counter.times[-1] + counter.bin_width >= 11 * lifetime * 0.99


def test_bins_that_cannot_be_as_short_as_wanted_are_as_short_as_they_can(make: Make) -> None:
    """A scaler with nothing between 5 and 40 ns, and bins in blocks."""
    with make("nd168", 808, GREEN) as station:
        plan = Lifetime(lifetime=9e-6, pulse_width=2e-6, period=5e-5, irradiance=1.0)
        measurement = Measurement(plan, station)
        measurement.bind()
        detector: Any = plan.detectors(station)[0]
        detector.bind(measurement.setup)
        assert detector.counter.bin_width == pytest.approx(40e-9)


def test_tcspc_is_refused_for_milliseconds(make: Make) -> None:
    said = refusal(make("nd168", 808, GREEN, ("picoquant_picoharp300",)), MILLISECOND)
    assert said.startswith("counter0: a histogram ends 3.36e-05 s after the trigger; must reach 0.06 s")
    assert "multichannel scaler" in said


def test_a_scaler_is_refused_for_nanoseconds(make: Make) -> None:
    said = refusal(make("qd", 671, (600, 656)), Lifetime(lifetime=1e-8, pulse_width=20e-9))
    assert "bins of 5e-09 s" in said
    assert "needs 2e-09 s at most: use a time-correlated counter" in said


def test_without_a_counter_it_is_refused(make: Make) -> None:
    assert "photon_counter" in refusal(make("nd168", 808, GREEN, ()), MILLISECOND)


# -- the pulses


def test_a_period_below_five_lifetimes_or_the_pulse_is_refused() -> None:
    with pytest.raises(Refused, match=r"period = 0\.004 s; must be at least 0\.0051 s"):
        Lifetime(lifetime=1e-3, pulse_width=1e-4, period=4e-3).check()
    with pytest.raises(Refused, match=r"pulse_width = 0\.02 s; must be below the period, 0\.01 s"):
        Lifetime(lifetime=1e-3, pulse_width=0.02, period=0.01).check()
    Lifetime(lifetime=1e-3, pulse_width=1e-4, period=5.1e-3).check()


def test_a_laser_too_fast_for_the_lifetime_needs_a_pulse_picker(make: Make) -> None:
    station = make("cspb107", 800, EXCITON, ("picoquant_picoharp300",), repetition=80.0)
    said = refusal(station, NANOSECOND)
    assert "pulses every 1.25e-08 s; must be at least 5 lifetimes = 9e-08 s apart" in said
    assert "pulse picker" in said


def test_a_laser_whose_rate_nobody_stated_is_found_out_by_its_triggers(make: Make, tmp_path: Path) -> None:
    station = make(
        "cspb107", 800, EXCITON, ("picoquant_picoharp300",), repetition=80.0, beam="pulse_fs = 100"
    )
    with station:
        outcome = run(NANOSECOND, station, tmp_path / "run.h5")
        assert outcome.status == "failed"
        assert "pulse picker" in outcome.reason
        assert not station.backend.world.bench.light_is_on()


def test_pulses_of_unknown_width_are_refused(make: Make) -> None:
    station = make("cspb107", 800, EXCITON, ("picoquant_picoharp300",), repetition=2.0, beam="")
    assert "pulse_fs under [beam]" in refusal(station, NANOSECOND)


def test_an_instrument_response_needs_a_monochromator(make: Make) -> None:
    plan = Lifetime(lifetime=0.9e-3, irradiance=1.0, irf=5.0)
    assert "needs a monochromator" in refusal(make("nd168", 808, GREEN), plan)


MONOCHROMATOR = """
[instruments.monochromator]
driver = "acton_sp2300i"
resource = "ASRL7::INSTR"
"""


def test_a_monochromator_is_set_to_the_band_and_the_response_measured_at_the_laser(
    make: Make, tmp_path: Path
) -> None:
    station = make("nd168", 808, GREEN, efficiency=0.5, extra=MONOCHROMATOR)
    plan = Lifetime(lifetime=0.9e-3, pulse_width=1e-3, irradiance=1.0, band="green", irf=5.0, seconds=20)
    ds = measured(station, plan, tmp_path / "run.h5")
    assert float(ds["irf"].sum()) > 0
    assert float(ds["decay"].sum()) > 0


def test_a_band_that_the_sample_does_not_have_is_refused(make: Make) -> None:
    plan = Lifetime(lifetime=0.9e-3, irradiance=1.0, band="ultraviolet")
    assert "band = 'ultraviolet' is none of" in refusal(make("nd168", 808, GREEN, extra=MONOCHROMATOR), plan)

"""Lasers on the virtual bench: thresholds, and a line of 0.27 nm; a slit that would hide it is refused."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis import load
from antistokes.analysis.lasing_threshold import analyse
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import run
from antistokes.procedures.lasing_threshold import LasingThreshold

STATION = """
backend = "@sim"
[instruments.laser]
driver = "cobolt_06"
resource = "ASRL5::INSTR"
settings = {{ wavelength = {nm} }}
[instruments.attenuator]
driver = "thorlabs_ell14"
resource = "ASRL1::INSTR"
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
[instruments.spectrometer]
driver = "ocean_seabreeze"
resource = "USB2+H00980"
[beam]
w_x_um = {w}
w_y_um = {w}
profile = "top-hat"
method = "set"
date = "2026-11-01"
sample_to_pickoff = 49
max_power_mW = {most}
{pulses}
[simulation]
sample = "{sample}"
seed = 1
[simulation.optics]
pickoff = 0.02
collection = {collection}
ambient_K = 300
filter = {{ edge_nm = 700, edge_width_nm = 2, pass_transmission = 0.93, optical_density = 6 }}
[simulation.twins.laser]
wavelength_nm = {nm}
rated_W = {rated}
[simulation.twins.spectrometer.detector]
calibration_nm = [{first}, {pixel}, 0.0, 0.0]
resolution_nm = {resolution}
"""
PULSES = "pulse_fs = 100\nrepetition_MHz = 80"


@pytest.fixture
def measure(tmp_path):
    def sweep(sample, plan, nm, w, first, pixel, collection, pulses=""):
        most = plan.stop * np.pi * (w * 1e-4) ** 2
        file = tmp_path / "station.toml"
        file.write_text(
            STATION.format(
                sample=sample, nm=nm, w=w, first=first, pixel=pixel, collection=collection, pulses=pulses,
                most=1.2e3 * most, rated=1.6 * most, resolution=plan.resolution,
            )
        )  # fmt: skip
        with Station.load(file) as station:
            outcome = run(plan, station, tmp_path / "run.h5")
        assert outcome.status == "completed", outcome.reason
        return load(tmp_path / "run.h5")

    return sweep


def test_the_microsphere_lases_from_its_threshold_in_a_narrow_line(measure) -> None:
    plan = LasingThreshold(start=1, stop=94, resolution=0.1, narrowest=0.27)
    ds = measure("lqum150", plan, 980, 150, 530, 0.02, 5e-6)
    found = analyse(ds, {"green 541": (536, 547)})
    threshold = found.find("threshold", "green 541")
    assert abs(threshold.value - 4.7) < 3 * threshold.stderr < 0.03 * 4.7
    # the line moves by 0.0178 nm per W/cm², seen from the first set-point above threshold to the last
    tuning = found.find("tuning range", "green 541")
    assert abs(tuning.value - 0.0178 * (94 - 4.767)) < 4 * tuning.stderr < 0.01
    narrow, wide = (one for one in found.findings if one.quantity == "linewidth")
    assert narrow.at["irradiance_mean"] == pytest.approx(94, rel=0.02)
    assert narrow.value == pytest.approx(0.27, abs=0.01)
    assert wide.value > 4
    assert not found.warnings


@pytest.mark.parametrize(
    ("sample", "nm", "threshold", "window", "collection"),
    [("cds165", 800, 3.4, (560, 650), 1e-8), ("csio2", 800, 1.0, (505, 555), 1e-8)],
)
def test_two_photon_lasers_have_a_threshold_fluence(
    measure, sample, nm, threshold, window, collection
) -> None:
    mean = threshold * 1e-3 * 80e6  # W/cm²
    plan = LasingThreshold(start=0.3 * mean, stop=2.9 * mean, points_per_decade=20, resolution=0.2)
    low, high = window
    ds = measure(sample, plan, nm, 12, low - 20, (high - low + 40) / 2048, collection, PULSES)
    found = analyse(ds)
    one = found.find("threshold", "exciton")
    assert one.unit == "mJ/cm^2"
    assert one.value == pytest.approx(threshold, rel=0.02)
    assert found.find("exponent", "exciton").value > 4


def test_crystals_that_do_not_lase_get_no_threshold(measure) -> None:
    plan = LasingThreshold(start=1, stop=94, points_per_decade=8, resolution=0.3)
    found = analyse(measure("yber-micro", plan, 980, 150, 500, 0.1, 1e-6))
    for band in ("green", "red"):
        threshold = found.find("threshold", band)
        assert np.isnan(threshold.value)
        assert threshold.note.startswith("no lasing found up to 9")


@pytest.mark.parametrize("resolution", [0.0, 0.2, 1.5])
def test_a_slit_that_would_hide_the_line_is_refused(resolution: float) -> None:
    message = f"resolution = {resolution:g} nm hides a line of 0.27 nm; must be above 0 and at most 0.135 nm"
    with pytest.raises(Refused, match=message):
        LasingThreshold(narrowest=0.27, resolution=resolution).check()


def test_a_sweep_must_rise() -> None:
    with pytest.raises(Refused, match=r"start = 5 W/cm\^2; must be below stop, 5"):
        LasingThreshold(start=5, stop=5).check()


def test_set_points_are_evenly_spaced_on_a_logarithmic_scale() -> None:
    (axis,) = LasingThreshold(start=1, stop=100, points_per_decade=10).axes()
    assert len(axis.setpoints) == 21
    assert np.ptp(np.diff(np.log(axis.setpoints))) == pytest.approx(0, abs=1e-9)

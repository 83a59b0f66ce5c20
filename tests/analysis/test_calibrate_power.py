"""Pick-off ratio, attenuator and laser curve with honest errors; and ratios that are none."""

import math

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.analyse import analyse

RATIO, NOISE, FLOOR = 9.0, 5e-4, 2e-10


def run(scan, beam, coords=None, channels=None, drift=0.0, bend=0.0, seed=0, reference=True):
    """Readings of both meters where *beam* W reach the sample."""
    random = np.random.default_rng(seed)
    number = len(beam)
    t = 2.0 * np.arange(number)
    pickoff, sample = beam / RATIO, beam * (1 + drift * t / t[-1]) * (beam / beam.max() + 1e-12) ** bend

    def read(true):
        sigma = np.hypot(NOISE * true, FLOOR)
        return true + sigma * random.normal(size=number), sigma

    (low, low_error), (high, high_error) = read(pickoff), read(sample)
    data = {
        "beam_power": low * RATIO,
        "beam_power_errors": low_error * RATIO,
        "pickoff_power": low,
        "pickoff_power_errors": low_error,
        "time": t,
    } | (channels or {})
    if reference:
        data |= {"reference_power": high, "reference_power_errors": high_error}
    return xr.Dataset(
        {name: ("point", values) for name, values in data.items()},
        coords={name: ("point", values, {"units": unit}) for name, (values, unit) in (coords or {}).items()},
        attrs={
            "procedure": "calibrate-power",
            "parameters": {"scan": scan},
            "start": "2026-11-02T10:00:00",
            "excitation_wavelength": 980.0,
            "beam": {"sample_to_pickoff": RATIO},
        },
    )


def powers(seed=0, **options):
    return run(
        "power", np.random.default_rng(seed).permutation(np.geomspace(5e-4, 1e-2, 60)), seed=seed, **options
    )


def plate(seed=0, unit="deg"):
    angle = np.tile(np.linspace(0, 90, 31), 3)
    beam = 1e-2 * (np.cos(2 * np.radians(angle - 12.4)) ** 2 + 1e-3)
    where = angle + 1e-3 * np.random.default_rng(seed + 999).normal(size=len(angle))
    channels = {"attenuator_measured": where}
    return run("attenuator", beam, {"attenuator": (angle, unit)}, channels, seed=seed, reference=False)


def diode(seed=0, curve=0.0):
    drive = np.tile(np.linspace(0, 0.8, 31), 3)
    above = np.maximum(drive - 0.06, 0)
    beam = 0.05 * 0.5 * (1e-4 * np.minimum(drive, 0.06) + above - curve * above**2)
    passed = 0.05 * (1 + 4e-4 * np.random.default_rng(seed + 999).normal())
    channels = {"transmission": np.full(93, passed), "transmission_errors": np.full(93, 2e-5)}
    return run("laser", beam, {"drive": (drive, "A")}, channels, seed=seed, reference=False)


@pytest.mark.parametrize(
    ("make", "quantity", "true"),
    [
        (powers, "pick-off ratio", RATIO),
        (plate, "open position", 12.4),
        (plate, "extinction", 1e-3 / 1.001),
        (diode, "threshold current", 0.06),
        (diode, "slope efficiency", 0.5),
    ],
)
def test_errors_are_honest(make, quantity, true):
    found = [analyse(make(seed))[0].find(quantity) for seed in range(50)]
    pulls = [(one.value - true) / one.stderr for one in found]
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls, ddof=1) < 1.3


def test_a_ratio_that_drifts_by_more_than_its_noise_is_none():
    (found,) = analyse(powers(drift=0.01))
    one = found.find("pick-off ratio")
    assert math.isnan(one.value)
    assert "drifts by +0.97" in one.note
    assert "beam" not in found.details
    assert found.figure is not None
    assert "drifts by" in found.figure().axes[0].get_title(loc="left")


def test_a_ratio_that_depends_on_the_power_is_warned_of():
    (found,) = analyse(powers(bend=0.01))
    assert any("per e-fold of the power" in text for text in found.warnings)


def test_it_says_where_and_when_it_is_valid_and_what_the_station_file_should_say():
    ds = powers()
    ds.attrs["beam"] = {"sample_to_pickoff": 8.0}
    (found,) = analyse(ds)
    assert found.details["valid"] == {"date": "2026-11-02", "wavelength_nm": 980.0}
    assert found.details["beam"].startswith("sample_to_pickoff = 9.00")
    assert any("says sample_to_pickoff = 8" in text for text in found.warnings)


def test_the_attenuator_curve_is_a_table():
    table = analyse(plate())[0].details["attenuator"]
    assert len(table["position"]) == len(table["transmission"]) == len(table["stderr"]) == 31
    at = np.interp(30.0, table["position"], table["transmission"])
    assert at == pytest.approx(math.cos(2 * math.radians(30 - 12.4)) ** 2, rel=0.01)


def test_an_attenuator_of_which_nothing_is_known_has_an_extinction_all_the_same():
    (found,) = analyse(plate(unit="mm"))
    assert found.find("extinction").value < 0.01
    with pytest.raises(KeyError):
        found.find("open position")


def test_a_laser_that_rolls_over_is_warned_of():
    assert analyse(diode())[0].warnings == []
    assert any("rolls" in text for text in analyse(diode(curve=0.3))[0].warnings)


def test_a_laser_without_threshold_has_none():
    ds = diode()
    beam = 0.5 * ds["drive"].values
    ds["beam_power"] = ("point", beam * 0.05)
    ds["beam_power_errors"] = ("point", 1e-4 * beam * 0.05 + 1e-9)
    (found,) = analyse(ds)
    assert found.find("slope efficiency").value == pytest.approx(0.5, rel=0.01)
    with pytest.raises(KeyError):
        found.find("threshold current")


def test_darkness_has_no_ratio():
    (found,) = analyse(run("power", np.full(10, 1e-12)))
    assert "points with light on both meters" in found.problem


@pytest.mark.parametrize("make", [powers, plate, diode])
def test_the_figure_has_a_panel_for_everything(make):
    (found,) = analyse(make())
    assert found.figure is not None
    assert len(found.figure().axes) == (2 if make is powers else 1)

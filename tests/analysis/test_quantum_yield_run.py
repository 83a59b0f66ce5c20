"""From three spectra to a quantum yield: pulls, refusals, the figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.analyse import analyse
from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.quantum_yield import Corrections, yields
from antistokes.analysis.sphere_counts import Counted, read_counts
from antistokes.simulated_hw.integrating_sphere import Sphere, SphereSample

NM = np.arange(380.0, 1000.0, 0.5)
RESPONSE = 0.2 + 0.8 * np.exp(-(((NM - 550) / 150) ** 2))
PARAMETERS = {"emission": [400.0, 700.0], "laser_window": 6.0}
READ_NOISE = 200.0


def line(at: float, fwhm: float) -> np.ndarray:
    shape = np.exp(-4 * np.log(2) * ((NM - at) / fwhm) ** 2)
    return shape / shape.sum()


def make_run(
    seed: int = 0,
    absorptance: float = 0.2,
    quantum_yield: float = 0.03,
    photons: float = 3e7,
    pump_error: float = 1e-3,
    reabsorption: float = 0.0,
    response: bool = True,
    **parameters: Any,
) -> xr.Dataset:
    """Poisson counts of a laser at 980 nm and a line at 540 nm, seen through RESPONSE."""
    rng = np.random.default_rng(seed)
    sample = SphereSample(absorptance, quantum_yield, 0.1 * quantum_yield, reabsorption=reabsorption)
    read = Sphere().measure(sample, photons)
    pump = 0.05 * (1 + 0.01 * rng.standard_normal(3))  # really different, and measured with an error
    light = np.outer(read[:3], line(980, 2)) + np.outer(read[3:], line(540, 12))
    mean = light * RESPONSE * (pump / 0.05)[:, None]
    counts = rng.poisson(mean) + READ_NOISE * rng.standard_normal(mean.shape)
    sizes = ("point", "wavelength")
    data = {
        "spectrum": (sizes, counts),
        "spectrum_errors": (sizes, np.sqrt(mean + READ_NOISE**2)),
        "pump_power": ("point", pump * (1 + pump_error * rng.standard_normal(3))),
        "pump_power_errors": ("point", pump * pump_error),
        "irradiance_mean": ("point", np.full(3, 8.02)),
        "sample_temperature": ("point", np.full(3, 300.1)),
    }
    if response:
        data["response"] = ("wavelength", RESPONSE)
    slots = {"slot": ("point", [1.0, 2.0, 3.0]), "irradiance": ("point", np.full(3, 8.0))}
    attrs = {
        "procedure": "quantum-yield",
        "parameters": PARAMETERS | parameters,
        "excitation_wavelength": 980.0,
        "sample": {"id": "x", "bands": {"green": [520.0, 560.0]}},
        "simulated": True,
    }
    return xr.Dataset(data, {"wavelength": NM, **slots}, attrs)


def test_the_errors_are_what_they_say() -> None:
    pulls = {"": [], "absorptance": []}
    for seed in range(50):
        (found,) = analyse(make_run(seed))
        for key, of, true in (("quantum yield", "", 0.03), ("absorptance", "", 0.2)):
            one = found.find(key, of)
            pulls["" if key == "quantum yield" else key].append((one.value - true) / one.stderr)
    for values in pulls.values():
        assert abs(np.mean(values)) <= 0.4
        assert 0.75 <= np.std(values, ddof=1) <= 1.3


def test_a_yield_has_its_interval_and_its_conditions() -> None:
    (found,) = analyse(make_run())
    one = found.find("quantum yield", "green", irradiance=8.0)
    assert one.interval is not None
    low, high = one.interval
    assert low < one.value < high
    assert one.stderr == pytest.approx((high - low) / 2)
    assert one.note == "520 to 560 nm; 8.02 W/cm², 300.1 K"
    assert one.value == pytest.approx(found.find("quantum yield").value, rel=0.05)


def test_the_interval_is_not_symmetric_where_little_is_absorbed() -> None:
    laser, error = np.array([1e6, 1e6, 0.9e6]), np.full(3, 6e3)
    counted = Counted(laser, error, {"": np.array([0.0, 0.0, 1e4])}, {"": np.full(3, 10.0)}, np.zeros(3))
    _, _, found = yields(counted, Corrections())
    low, high = found[""].interval
    assert (high - 0.1) > 1.1 * (0.1 - low)
    assert found[""].value == pytest.approx(0.1)


def test_too_little_absorption_is_refused() -> None:
    (found,) = analyse(make_run(absorptance=0.02, pump_error=2e-3))
    assert "absorptance: 0.02" in found.problem
    assert "must be above 10 errors" in found.problem
    assert found.problem.endswith("a sample that absorbs more, or more readings of the power")
    (found,) = analyse(make_run(absorptance=0.9, photons=3e4))
    assert found.problem.endswith("skewed: longer exposures or more frames")


def test_an_absorptance_of_light_that_is_not_seen_is_refused_as_such() -> None:
    (found,) = analyse(make_run(photons=1e3))
    assert found.problem.startswith("laser line in the empty sphere: ")
    assert "not above its noise" in found.problem


def test_without_response_it_is_refused_unless_forced() -> None:
    (found,) = analyse(make_run(response=False))
    assert "the spectral response is not known" in found.problem
    (found,) = analyse(make_run(response=False, force=True))
    assert found.warnings == ["not corrected for the spectral response: the yield is wrong"]
    assert abs(found.find("quantum yield").value - 0.03) > 0.01


def test_more_than_was_absorbed_is_told() -> None:
    """The laser line went through a filter that nobody told of."""
    ds = make_run(quantum_yield=0.3)
    assert not analyse(ds)[0].warnings
    for name in ("spectrum", "spectrum_errors"):
        ds[name] = ds[name] * np.where(np.abs(NM - 980) < 20, 0.01, 1.0)
    assert "is more than was absorbed; is there a filter" in " ".join(analyse(ds)[0].warnings)


def test_reabsorption_is_undone_and_errors_from_elsewhere_count() -> None:
    ds = make_run(reabsorption=0.3, quantum_yield=0.3)
    plain = analyse(ds)[0].find("quantum yield")
    assert plain.value == pytest.approx(0.3 * 0.7 / (1 - 0.3 * 0.3), rel=0.02)
    ds.attrs["parameters"] |= {"reabsorption": 0.3}
    corrected = analyse(ds)[0].find("quantum yield")
    assert corrected.value == pytest.approx(0.3, rel=0.02)
    ds.attrs["parameters"] |= {"reabsorption_error": 0.05, "calibration_error": 0.05}
    uncertain = analyse(ds)[0].find("quantum yield")
    assert uncertain.value == corrected.value
    seen = plain.value
    per_yield, per_fraction = 0.7 / (0.7 + 0.3 * seen) ** 2, seen * (1 - seen) / (0.7 + 0.3 * seen) ** 2
    expected = np.hypot(per_yield * 0.05 * seen, per_fraction * 0.05)
    assert uncertain.stderr == pytest.approx(np.hypot(expected, corrected.stderr), rel=0.03)


def test_a_filter_before_the_laser_line_only_scales_the_yield() -> None:
    whole = analyse(make_run())[0].find("quantum yield").value
    assert analyse(make_run(filter_transmission=0.5))[0].find("quantum yield").value == pytest.approx(
        whole / 2
    )


def test_a_missing_measurement_is_named() -> None:
    (found,) = analyse(make_run().isel(point=slice(0, 2)))
    assert "2 of 3 measurements" in found.problem


def test_the_laser_line_is_no_emission() -> None:
    ds = make_run()
    counted = read_counts(ds, {"all": (400.0, 995.0)})
    assert counted.laser[0] == pytest.approx(
        Sphere().measure(SphereSample(0.2, 0.0), 3e7).laser_a / 0.05, rel=0.05
    )
    assert abs(counted.emission["all"][0]) < 1e-3 * counted.laser[0]
    (found,) = analyse(ds, {"all": (400.0, 995.0)})
    assert found.find("quantum yield", "all").value == pytest.approx(0.03, rel=0.2)


def test_the_pedestal_of_stray_light_is_taken_off() -> None:
    ds = make_run(photons=3e9, pump_error=1e-5)
    exact = analyse(ds)[0].find("quantum yield").value
    ds["spectrum"] = ds["spectrum"] + 1e-5 * ds["spectrum"].sum("wavelength")
    assert analyse(ds)[0].find("quantum yield").value > 1.002 * exact
    ds.attrs["parameters"] |= {"stray_light": 1e-5}
    assert analyse(ds)[0].find("quantum yield").value == pytest.approx(exact, rel=1e-4)


def test_the_figure_is_drawn() -> None:
    (found,) = analyse(make_run())
    assert found.figure is not None
    texts = [text.get_text() for axes in found.figure().axes for text in axes.texts]
    assert {"green", "all emission"} <= set(texts)


def test_an_uncertain_absorptance_has_no_yield() -> None:
    none = np.zeros(3)
    with pytest.raises(AnalysisError, match="absorptance"):
        yields(Counted(np.full(3, 1e6), np.full(3, 1e4), {"": none}, {"": none}, none), Corrections())

"""From the spectrum of a lamp to the response of what recorded it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.analyse import analyse
from antistokes.analysis.calibrate_response import (
    lamp_photons,
    spectral_response,
    without_noise,
    without_stray_light,
    write_response,
)
from antistokes.instruments.response import Response

NM = np.linspace(340, 1030, 2048)


def make_run(seed: int = 0, light: float = 1e6, stray: float = 0.0) -> tuple[xr.Dataset, np.ndarray]:
    """A lamp of 2900 K through a response with pixels of their own and a filter edge; and that response."""
    rng = np.random.default_rng(seed)
    edge = 1 / (1 + np.exp((NM - 900) / 0.5)) + 0.05
    response = np.exp(-(((NM - 600) / 250) ** 2)) * edge * (1 + 0.02 * rng.standard_normal(len(NM)))
    photons = lamp_photons(NM, 2900.0, -2e-4)
    mean = light * photons / photons.max() * response
    mean = mean + stray * mean.sum()
    sigma = np.sqrt(mean + 1e3)
    spectrum = (mean + sigma * rng.standard_normal(len(NM)))[None]
    attrs = {
        "procedure": "calibrate-response",
        "parameters": {
            "temperature": 2900.0,
            "emissivity_slope": -2e-4,
            "smoothing": 10.0,
            "stray_light": stray,
        },
    }
    data = {
        "spectrum": (("point", "wavelength"), spectrum),
        "spectrum_errors": (("point", "wavelength"), sigma[None]),
    }
    return xr.Dataset(data, {"wavelength": NM, "slot": ("point", [4.0])}, attrs), response


def test_a_filament_is_brightest_where_planck_says() -> None:
    nm = np.linspace(500, 3000, 25001)
    # most photons per nm at λT = 3.6697 mm K
    assert nm[np.argmax(lamp_photons(nm, 3000.0))] == pytest.approx(3.6697e6 / 3000, abs=0.5)
    red, blue = lamp_photons(np.array([700.0, 500.0]), 3000.0, -1e-3) / lamp_photons(
        np.array([700.0, 500.0]), 3000.0
    )
    assert (red, blue) == pytest.approx((0.9, 1.1))


@pytest.mark.parametrize("stray", [0.0, 2e-5])
def test_the_response_is_found_with_its_pixels_and_its_edge(stray: float) -> None:
    ds, true = make_run(stray=stray)
    found = spectral_response(ds)
    assert found.wavelength[0] < 400
    assert found.wavelength[-1] > 990
    ratio = found.response / np.interp(found.wavelength, NM, true)
    assert np.std(ratio) / np.mean(ratio) < 0.01
    near = np.abs(found.wavelength - 900) < 5
    assert np.mean(ratio[near]) == pytest.approx(np.mean(ratio[~near]), rel=0.01)


def test_its_errors_are_what_they_say() -> None:
    pulls = []
    for seed in range(50):
        ds, true = make_run(seed, light=1e5)
        found = spectral_response(ds)
        ratio = found.response / np.interp(found.wavelength, NM, true)
        deviation = ratio / np.median(ratio) - 1
        middle = len(ratio) // 2
        pulls.append(deviation[middle] / (found.errors[middle] / found.response[middle]))
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


def test_noise_goes_and_structure_stays() -> None:
    rng = np.random.default_rng(1)
    truth = np.where(np.arange(400) < 200, 1.0, 5.0)
    clean, sigma = without_noise(truth + 0.1 * rng.standard_normal(400), np.full(400, 0.1), 21)
    flat = np.r_[20:180, 220:380]
    assert np.std(clean[flat] - truth[flat]) < 0.05
    assert np.abs(clean[190:210] - truth[190:210]).max() < 0.5
    assert sigma[flat].mean() < 0.05


def test_stray_light_is_the_fraction_that_was_added() -> None:
    clean = np.random.default_rng(2).uniform(0, 1e4, (3, 500))
    assert without_stray_light(clean + 1e-4 * clean.sum(axis=1, keepdims=True), 1e-4) == pytest.approx(clean)


def test_the_file_is_one_a_station_reads(tmp_path: Path) -> None:
    found = spectral_response(make_run()[0])
    write_response(found, tmp_path / "response.csv", date="2026-11-01")
    text = (tmp_path / "response.csv").read_text(encoding="utf-8")
    assert "# date: 2026-11-01" in text
    assert "tungsten lamp at 2900 K" in text
    read = Response.read(tmp_path / "response.csv")
    assert read.at(found.wavelength[1:-1]) == pytest.approx(found.response[1:-1], rel=1e-2)


def test_the_findings_say_where_it_is_valid_and_how_well() -> None:
    (found,) = analyse(make_run()[0])
    assert found.find("valid from").value < 400 < 900 < found.find("valid to").value
    assert 0 < found.find("relative error").value < 0.02
    assert len(found.details["response"]["wavelength_nm"]) > 1500
    assert found.figure is not None
    assert len(found.figure().axes) == 3


def test_a_lamp_that_is_not_seen_is_said_so() -> None:
    (found,) = analyse(make_run(light=1.0)[0])
    assert "nowhere known to 5 %" in found.problem

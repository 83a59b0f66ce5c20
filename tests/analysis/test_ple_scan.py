"""Excitation spectra: the tail and the gain limit are found again, wherever the laser stands in the band."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from antistokes.analysis.analyse import analyse
from antistokes.analysis.excitation_spectrum import as_held, at_one_flux, excitations, exponent
from antistokes.analysis.ple_scan import excitation_spectrum

WAVELENGTH = np.arange(570.0, 720.0, 0.5)
BANDS = {"exciton": (596.0, 640.0)}
EV_NM = 1239841.93
LINE, FWHM, URBACH = 617.0, 13.0, 16.0
FRAMES = 3
HC = 1.98644586e-16
LASERS = np.arange(622.0, 672.0, 3.0)


def gaussian(centre: float, fwhm: float) -> np.ndarray:
    return np.exp(-4 * np.log(2) * ((WAVELENGTH - centre) / fwhm) ** 2)


def scan(
    lasers: np.ndarray = LASERS,
    seed: int = 0,
    bright: float = 1e5,
    stray: float = 1e6,
    order: float = 1.0,
    flux: np.ndarray | float = 1e16,
    **parameters: object,
) -> xr.Dataset:
    """Spectra with an Urbach tail; the laser shines into them; *flux* at each point, to the power *order*."""
    rng = np.random.default_rng(seed)
    flux = np.broadcast_to(flux, lasers.shape) * rng.normal(1, 0.002, len(lasers))
    gain = EV_NM / LINE - EV_NM / lasers
    signal = bright * np.exp(-np.maximum(gain, 0) / URBACH) * (flux / 1e16) ** order
    light = signal[:, None] * gaussian(LINE, FWHM) / gaussian(LINE, FWHM).sum() * 100
    light += stray * np.array([gaussian(nm, 1.6) for nm in lasers])
    frames = rng.normal(light, np.sqrt(100 + np.maximum(light, 0)), (FRAMES, *light.shape))
    power = flux * HC / lasers
    return xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), frames.mean(axis=0)),
            "spectrum_errors": (("point", "wavelength"), frames.std(axis=0, ddof=1) / FRAMES**0.5),
            "pump_power": ("point", power * rng.normal(1, 5e-4, len(lasers))),
            "pump_power_errors": ("point", power * 5e-4),
            "excitation_wavelength_measured": ("point", lasers),
        },
        coords={"wavelength": WAVELENGTH, "excitation_wavelength": ("point", lasers)},
        attrs={
            "procedure": "ple-scan",
            "parameters": {"laser_mask": 5.0} | parameters,
            "sample": {"name": "a monolayer", "bands": BANDS},
            "simulated": True,
        },
    )


def test_the_tail_is_found_though_the_laser_stands_in_the_band():
    (found,) = analyse(scan())
    urbach = found.find("Urbach energy", "exciton")
    assert abs(urbach.value - URBACH) < 4 * urbach.stderr
    assert urbach.stderr < 0.3
    assert found.find("emission wavelength", "exciton").value == pytest.approx(LINE, abs=0.3)
    assert any("the laser line (of 622 to 643 nm) is masked" in text for text in found.warnings)


def test_every_wavelength_has_its_shift():
    (found,) = analyse(scan(np.array([610.0, 640.0, 650.0, 667.0])))
    shift = found.find("anti-Stokes shift", "exciton", excitation_wavelength=667.0)
    assert shift.value == pytest.approx(EV_NM / LINE - EV_NM / 667, abs=4 * shift.stderr)
    with pytest.raises(KeyError):  # no gain
        found.find("anti-Stokes shift", "exciton", excitation_wavelength=610.0)


@pytest.mark.parametrize("reference", [[], [606.0]], ids=["by the tail", "measured"])
def test_the_gain_limit_is_where_the_tail_falls_to_the_floor(reference):
    lasers = np.array([*reference, *LASERS])
    (found,) = analyse(scan(lasers, floor=1e-3))
    limit = found.find("gain limit", "exciton")
    assert limit.value == pytest.approx(URBACH * np.log(1e3), abs=4 * limit.stderr)
    assert limit.stderr < 3


def test_a_floor_that_was_not_reached_gives_no_number():
    (found,) = analyse(scan(LASERS[:8], floor=1e-6))
    limit = found.find("gain limit", "exciton")
    assert np.isnan(limit.value)
    assert limit.note.startswith("above")


def test_without_a_floor_the_limit_is_where_the_signal_is_lost_in_noise():
    (bright,) = analyse(scan(np.arange(630.0, 714, 6)))
    (dim,) = analyse(scan(np.arange(630.0, 714, 6), bright=1e4))
    limits = [found.find("gain limit", "exciton") for found in (bright, dim)]
    assert limits[0].value > limits[1].value + 20
    assert limits[0].value - limits[1].value == pytest.approx(URBACH * np.log(10), abs=25)
    (seen,) = analyse(scan(LASERS[3:7]))
    assert "still seen" in seen.find("gain limit", "exciton").note


def test_the_signal_of_the_laser_is_never_taken_for_emission():
    """Without emission there is nothing, however bright the laser."""
    (found,) = analyse(scan(bright=0.0))
    assert not [one for one in found.findings if one.quantity in ("Urbach energy", "anti-Stokes shift")]


def test_flux_locked_and_divided_by_the_measured_exponent_agree_where_the_first_power_does_not():
    """Of a two-photon process, under a laser three times as bright at one end as at the other."""
    lasers = np.repeat(np.arange(640.0, 672, 4), 2)
    slope = np.linspace(0.5, 1.5, len(lasers)) * np.tile([0.4, 1.0], len(lasers) // 2)
    held = scan(lasers[::2], order=2.0, stray=0)
    loose = scan(lasers, order=2.0, flux=1e16 * slope, normalise="exponent", seed=1, stray=0)
    (found,) = analyse(loose)
    n = found.find("exponent", "exciton")
    assert abs(n.value - 2) < 4 * n.stderr
    truth = as_held(excitations(held, "exciton", BANDS, 5.0))
    points = excitations(loose, "exciton", BANDS, 5.0)
    assert exponent(points)[0] == n.value

    def worst(power: float) -> float:
        """χ² per point of the difference, after one common factor."""
        ours = at_one_flux(points, power)
        ratio = ours.intensity[1::2] / truth.intensity
        sigma = ratio * np.hypot(ours.errors[1::2] / ours.intensity[1::2], truth.errors / truth.intensity)
        mean = np.average(ratio, weights=sigma**-2)
        return float(np.mean(((ratio - mean) / sigma) ** 2))

    assert worst(n.value) < 3
    assert worst(1.0) > 30


def test_an_exponent_needs_two_powers_at_three_wavelengths():
    (found,) = analyse(scan(normalise="exponent"))
    assert "at least 3 are needed" in found.problem


def test_a_tail_with_a_bend_is_told():
    ds = scan()
    bent = excitations(ds, "exciton", BANDS, 5.0)
    assert abs(excitation_spectrum(as_held(bent)).tail.bend) < 3
    floor = 3e4 * gaussian(LINE, FWHM) / gaussian(LINE, FWHM).sum()
    ds["spectrum"] = ds["spectrum"] + xr.DataArray(floor, dims="wavelength")
    (found,) = analyse(ds)
    assert any("no straight line" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("quantity", "true"), [("Urbach energy", URBACH), ("gain limit", URBACH * np.log(1e3))]
)
def test_errors_are_what_repeating_shows(quantity, true):
    pulls = []
    for seed in range(50):
        one = analyse(scan(seed=seed, bright=3e3, floor=1e-3))[0].find(quantity, "exciton")
        pulls.append((one.value - true) / one.stderr)
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls) < 1.3


def test_the_figure_has_a_map_and_the_tail():
    (found,) = analyse(scan(floor=1e-3))
    shown = "\n".join(text.get_text() for text in found.figure().findobj(Text))
    for expected in ("excitation wavelength (nm)", "energy gained", "Urbach energy", "SIMULATED DATA"):
        assert expected in shown


def test_a_step_far_below_the_line_is_no_tail_of_it_and_the_figure_shows_what_was_measured():
    lasers = np.arange(976.0, 1001.0, 3.0)
    ds = scan(lasers, stray=0.0)
    steps = 1e5 * np.exp(-(EV_NM / lasers[0] - EV_NM / lasers) / 3.5)
    ds["spectrum"] = ds["spectrum"] + xr.DataArray(
        steps[:, None] * gaussian(LINE, FWHM), dims=("point", "wavelength")
    )
    (found,) = analyse(ds)
    assert not [one for one in found.findings if one.quantity == "Urbach energy"]
    assert found.figure is not None
    axes = found.figure().axes[1]
    assert axes.get_xlabel() == "excitation wavelength (nm)"
    assert axes.get_ylim()[1] < 1e3 * steps.max()

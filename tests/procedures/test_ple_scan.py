"""`ple-scan` on the virtual bench: gains and tails of the samples are found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis import load
from antistokes.analysis.analyse import analyse
from antistokes.instruments import Station
from antistokes.instruments.errors import LimitError, Refused
from antistokes.procedures import run
from antistokes.procedures.axes import SampleTemperature
from antistokes.procedures.ple_scan import PleScan
from antistokes.procedures.sequence import Sequence

DIODE = """\
driver = "thorlabs_cld1015"
resource = "USB0::0x1313::0x804F::M00000001::INSTR"
limits = { current = [0, 0.8] }             # A; refused before anything is sent
settings = { wavelength = 980, threshold = 0.06, slope = 0.6 }   # nm; A and W/A of the diode's data sheet
"""
SUPERK = 'driver = "nkt_superk_select"\nresource = "ASRL7::INSTR"\n'
CRYOSTAT = """\
[instruments.cryostat]
driver = "lakeshore_336"
settings = { sample_input = "B" }            # the sensor at the sample; the control sensor is A
resource = "ASRL2::INSTR"
"""
#: 1/s, 3 mW in the red
FLUX = 1e16


@pytest.fixture
def tunable(station_file: Callable) -> Callable[..., Station]:
    """A supercontinuum with an acousto-optic filter: ``tunable("ws2", "filter = { edge_nm = 640 }")``."""

    def make(sample: str, *optics: str, cryostat: bool = False) -> Station:
        pairs = [(DIODE, SUPERK), ("max_power_mW = 360", "max_power_mW = 5")]
        pairs += [] if cryostat else [(CRYOSTAT, "")]
        path = station_file(*pairs, extra="\n".join(["[simulation.optics]", *optics]))
        return Station.load(path, sample=sample)

    return make


def findings(station: Station, plan: object, path: Path) -> list:
    with station:
        outcome = run(plan, station, path / "run.h5")
        assert (outcome.status, outcome.reason) == ("completed", "")
        assert not station.backend.world.bench.light_is_on()
    return analyse(load(outcome.path))


@pytest.mark.parametrize(
    ("sample", "laser", "edge", "ambient", "shift", "tail"),
    [
        ("ws2", 667.0, 640, 295, 150, 16.29),
        ("cds", 532.0, 515, 290, 120, 25.0),
        ("qd", 662.0, 645, 295, 89, 25.4),
    ],
)
def test_shifts_and_tails_of_the_samples_are_found(
    tunable, tmp_path, sample, laser, edge, ambient, shift, tail
):
    station = tunable(sample, f"filter = {{ edge_nm = {edge} }}", f"ambient_K = {ambient}")
    plan = PleScan(wavelengths=[laser - 8, laser - 4, laser, laser + 4], photon_flux=FLUX / 5, order="up")
    (found,) = findings(station, plan, tmp_path)
    assert found.find("anti-Stokes shift", "exciton", excitation_wavelength=laser).value == pytest.approx(
        shift, abs=5
    )
    urbach = found.find("Urbach energy", "exciton")
    assert abs(urbach.value - tail) < 3 * urbach.stderr + 0.01 * tail
    assert not np.isfinite(found.find("gain limit", "exciton").value)  # it is seen everywhere


def test_a_laser_in_the_near_infrared_does_it_too(tunable, tmp_path):
    station = tunable("wse2", "filter = { edge_nm = 788 }", "ambient_K = 300")
    plan = PleScan(wavelengths=[795.0, 799.0, 803.0], photon_flux=1.5 * FLUX, frames=6)
    (found,) = findings(station, plan, tmp_path)
    shift = found.find("anti-Stokes shift", "exciton", excitation_wavelength=799.0)
    assert shift.value == pytest.approx(101, abs=5)


def test_the_gain_limit_at_each_temperature(tunable, tmp_path):
    """No filter keeps the laser out as its line moves through the band: what it scatters is masked."""
    station = tunable("ws2", "filter = { edge_nm = 700 }", "scatter = 1e-11", cryostat=True)
    wavelengths = [590.0, *np.arange(600.0, 681, 4).tolist()]
    plan = PleScan(wavelengths=wavelengths, photon_flux=FLUX, order="up", floor=1e-4, laser_mask=4.5)
    found = findings(station, Sequence([SampleTemperature([7.0, 100.0, 200.0, 295.0])], [plan]), tmp_path)
    limits = {round(one.at["temperature"]): one.find("gain limit", "exciton") for one in found}
    for temperature, limit in {7: 42, 100: 60.8, 200: 104.8, 295: 150}.items():
        assert limits[temperature].value == pytest.approx(limit, abs=1)
        assert limits[temperature].stderr < 0.5


class Grey:
    """A sloped tuning curve: ten times as much light at the red end as at the blue end."""

    def transmission(self, wavelength: float) -> float:
        return 0.1 + 0.9 * min(max((wavelength - 640) / 40, 0), 1)


def test_held_flux_and_measured_exponent_agree_under_a_sloped_tuning_curve(tunable, tmp_path):
    spectra = []
    for plan in (
        PleScan(wavelengths=[644.0, 650.0, 656.0], photon_flux=FLUX / 10),
        PleScan(wavelengths=[644.0, 650.0, 656.0], normalise="exponent", power=0.3),
    ):
        station = tunable("ws2", "filter = { edge_nm = 636 }").open()
        station.backend.world.bench.elements["grey"] = Grey()
        (found,) = findings(station, plan, tmp_path)
        band = found.details["bands"]["exciton"]
        spectra.append([np.array(band[key]) for key in ("excitation_nm", "intensity", "stderr")])
        (tmp_path / "run.h5").unlink()
    n = found.find("exponent", "exciton")
    assert n.value == pytest.approx(1, abs=max(4 * n.stderr, 0.01))
    means, errors = [], []
    for nm, y, sigma in spectra:
        chosen = [nm == one for one in (644, 650, 656)]
        means.append(np.array([np.average(y[c], weights=sigma[c] ** -2) for c in chosen]))
        errors.append(np.array([np.sum(sigma[c] ** -2) ** -0.5 for c in chosen]) / means[-1])
    ratio, sigma = means[0] / means[1], np.hypot(*errors)
    assert sigma.max() < 0.1
    assert np.all(np.abs(ratio / np.average(ratio, weights=sigma**-2) - 1) < 4 * sigma)


def test_what_the_laser_or_the_meter_cannot_do_is_refused_before_anything_moves(tunable):
    with tunable("ws2") as station:
        with pytest.raises(Refused, match="laser: wavelength = 450 nm"):
            PleScan(start=450, stop=500).measure(station)
        with pytest.raises(LimitError, match="power_meter: wavelength = 1150 nm"):
            PleScan(start=1100, stop=1150, step=10).measure(station)
        assert not station.backend.world.bench.light_is_on()


def test_a_laser_that_cannot_be_tuned_is_refused(virtual_station):
    with pytest.raises(Refused, match="tunable_laser and has none"):
        PleScan().measure(virtual_station)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"start": 700, "stop": 600}, "start = 700 nm; must be up to stop, 600 nm"),
        ({"wavelengths": [600, 600]}, "twice"),
        ({"step": 0}, "step"),
        ({"floor": 1}, "floor"),
        ({"normalise": "power"}, "normalise"),
    ],
)
def test_parameters_that_make_no_scan_are_refused(settings, problem):
    with pytest.raises(Refused, match=problem):
        PleScan.of(settings)


def test_steps_reach_both_ends():
    wavelengths, _ = PleScan(start=600, stop=601, step=0.1, order="up").axes()
    assert wavelengths.setpoints == pytest.approx(np.linspace(600, 601, 11))

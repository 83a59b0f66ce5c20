"""From the bench to the exponent: drivers, calibration, sweep, file and fit, over many seeds.

The samples follow an exact power law and are so dim that noise limits the result. If all errors are
honest, (fitted - true)/stderr has mean 0 and standard deviation 1.
"""

from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis import load, power_law
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

SEEDS = range(20)
SAMPLE = """\
format = "antistokes-sample"
version = 1
[sample]
id = "dim"
[sample.bands]
band = [575, 625]
[model]
mechanism = "power-law"
reference_irradiance = 100
source = "assumed"
[[model.lines]]
name = "line"
wavelength = 600
fwhm = 20
exponent = {exponent}
photon_rate = {rate}
source = "assumed"
"""
SWEEP = PowerSweep(start=10, stop=100, points_per_decade=6, longest_exposure=1.0)


@pytest.mark.parametrize(("exponent", "rate"), [(2.0, 1e17), (3.0, 1e17)])
def test_exponents_agree_with_the_truth_within_their_errors(
    tmp_path: Path, exponent: float, rate: float
) -> None:
    sample = tmp_path / "sample.toml"
    sample.write_text(SAMPLE.format(exponent=exponent, rate=rate))
    pulls, errors = [], []
    for seed in SEEDS:
        path = tmp_path / f"{seed}.h5"
        outcome = run(SWEEP, Station.load(find_station("virtual"), sample=sample, seed=seed), path)
        assert outcome.status == "completed"
        law = power_law(load(path))["band"]
        pulls.append((law.exponent - exponent) / law.stderr)
        errors.append(law.stderr / exponent)
    assert 0.01 < np.median(errors) < 0.1  # noise limits it, but it is a measurement
    assert abs(np.mean(pulls)) < 0.5
    assert 0.7 < np.std(pulls, ddof=1) < 1.4

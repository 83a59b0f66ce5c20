from pathlib import Path

import numpy as np
import pytest

from antistokes.instruments.errors import FileRefused, LimitError, Refused
from antistokes.simulated_hw.samples.mechanism import Line
from antistokes.simulated_hw.samples.sample import Sample, shipped

POWER_LAW = """
format = "antistokes-sample"
version = 1
[sample]
id = "dye"
bands = { orange = [560, 640], blue = [400, 480] }
[model]
mechanism = "power-law"
reference_irradiance = 100
source = "made up"
absorption_coefficient = 0.5
[[model.lines]]
name = "main"
wavelength = 600
fwhm = 40
exponent = 2
photon_rate = 1e17
source = "made up"
[[model.lines]]
name = "shoulder"
wavelength = 630
fwhm = 20
exponent = 1.5
photon_rate = 1e16
source = "made up"
"""


@pytest.fixture
def dye(tmp_path: Path) -> Sample:
    path = tmp_path / "dye.toml"
    path.write_text(POWER_LAW, encoding="utf-8")
    return Sample.load(path)


def test_every_shipped_sample_loads_under_its_own_id():
    assert "yber-micro" in shipped()
    assert [Sample.load(name).record.id for name in shipped()] == shipped()


def test_an_unknown_id_is_refused_with_the_nearest():
    with pytest.raises(Refused, match="sample 'yber-mirco' is unknown; did you mean 'yber-micro'"):
        Sample.load("yber-mirco")


@pytest.mark.parametrize("source", ["my.toml", "folder/my", "folder/my.toml", Path("yber-micro")])
def test_anything_that_looks_like_a_path_is_a_file(source):
    with pytest.raises(FileRefused, match="no such file"):
        Sample.load(source)


def test_text_is_the_file_to_the_letter(dye):
    assert dye.text == POWER_LAW


def test_power_law_lines(dye):
    assert dye.lines == (Line("main", 600, 40), Line("shoulder", 630, 20))
    found = dye.emission([0.0, 100.0, 200.0], 300.0, 980.0)
    np.testing.assert_allclose(found, [[0.0, 0.0], [1e17, 1e16], [4e17, 2.0**1.5 * 1e16]])
    np.testing.assert_allclose(dye.absorbed([1.0], 300.0, 980.0), 0.5 * 4.9334e18, rtol=1e-4)


def test_power_law_solution_has_bands_only(dye):
    found = dye.solve(100.0)
    assert found.populations == {}
    assert found.quantum_yield is None
    assert found.bands == pytest.approx({"orange": 1.1e17, "blue": 0.0})


def test_solution_lists_all_levels_and_conserves_the_ions():
    found = Sample.load("yber-micro").solve(100.0)
    assert len(found.populations) == 11
    for ion, total in (("Yb", 0.171), ("Er", 0.019)):
        sum_ = sum(value for level, value in found.populations.items() if level.startswith(ion))
        assert sum_ == pytest.approx(total, rel=1e-12)


def test_the_dark_is_dark():
    sample = Sample.load("yber-micro")
    found = sample.solve(0.0)
    assert set(found.bands.values()) == {0.0}
    assert found.quantum_yield is None
    np.testing.assert_array_equal(sample.emission([0.0, 1.0], 300.0, 980.0)[0], 0)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf, -np.inf])
def test_an_impossible_irradiance_is_refused(bad):
    sample = Sample.load("yber-micro")
    for call in (sample.emission, sample.absorbed):
        with pytest.raises(LimitError, match=r"irradiance = .* outside the allowed 0 to"):
            call([1.0, bad], 300.0, 980.0)
    with pytest.raises(LimitError, match="irradiance"):
        sample.solve(bad)


@pytest.mark.parametrize(
    ("temperature", "wavelength", "thing"),
    [(0.0, 980.0, "sample temperature"), (np.nan, 980.0, "sample temperature"), (300.0, 0.98, "wavelength")],
)
def test_impossible_conditions_are_refused(dye, temperature, wavelength, thing):
    with pytest.raises(LimitError, match=thing):
        dye.emission([1.0], temperature, wavelength)

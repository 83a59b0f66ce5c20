"""``antistokes demo``: the figures that the project promises, out of recorded counts."""

from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis import load


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The report of one demo run."""
    import json
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "antistokes.cli", "demo", "--out", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def local_exponents(demo, band, low, high):
    rows = np.array(demo["bands"][band]["local"])
    return rows[(rows[:, 0] >= low * 0.98) & (rows[:, 0] <= high * 1.02), 1]


def test_sweeps_four_decades_up_and_down_with_six_points_per_decade(demo):
    data = load(demo["file"])
    assert demo["points"] == data.sizes["point"] == 50
    assert data["irradiance"].values.min() == pytest.approx(0.1)
    assert data["irradiance"].values.max() == pytest.approx(1000)
    assert sorted(set(data["direction"].values.tolist())) == [-1, 1]


def test_green_grows_almost_with_the_square_at_low_irradiance(demo):
    exponents = local_exponents(demo, "green", 0.1, 0.3)
    assert len(exponents) >= 3
    assert np.all((exponents > 1.85) & (exponents < 2.0))


def test_green_saturates_at_100_watts_per_square_centimetre(demo):
    assert local_exponents(demo, "green", 95, 105) == pytest.approx(0.83, abs=0.06)


def test_red_is_steeper_than_green_where_three_photons_feed_it(demo):
    assert local_exponents(demo, "red", 0.4, 1).min() > local_exponents(demo, "green", 0.4, 1).max()


def test_report_names_file_figure_and_both_times(demo):
    assert demo["file"].endswith(".h5")
    with open(demo["figure"], "rb") as figure:
        assert figure.read(8) == b"\x89PNG\r\n\x1a\n"
    assert demo["virtual_seconds"] > 100 > demo["wall_seconds"]


def test_demo_twice_in_one_folder_overwrites_nothing(demo, antistokes):
    again = antistokes("demo", "--out", Path(demo["file"]).parent, "--json").data
    assert again["file"] != demo["file"]
    assert again["bands"] == demo["bands"]

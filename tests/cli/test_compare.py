"""``antistokes compare``: one sample over another at equal irradiance."""

from __future__ import annotations

import pytest

SHORT = ["--set", "start=1", "--set", "stop=10", "--set", "points_per_decade=4", "--set", "order=up"]


@pytest.fixture
def two_runs(antistokes):
    for sample in ("cs81", "cs81-bare"):
        assert antistokes("run", "power-sweep", *SHORT, "--sample", sample, "--out", f"{sample}.h5").code == 0
    return "cs81.h5", "cs81-bare.h5"


def test_a_shell_is_found_to_enhance_the_emission(antistokes, two_runs, tmp_path):
    done = antistokes("compare", *two_runs, "--irradiance", 2, "--out", "c.png", "--json")
    assert done.code == 0
    (one,) = [f for f in done.data["findings"] if (f["quantity"], f["of"]) == ("enhancement", "green")]
    assert 20 < one["value"] < 60
    assert 0 < one["stderr"] < one["value"]
    assert (tmp_path / "c.png").exists()


def test_nothing_is_extrapolated(antistokes, two_runs):
    done = antistokes("compare", *two_runs, "--irradiance", 500)
    assert "500" in done.out + done.err
    assert "green: enhancement" not in done.out


def test_one_run_is_not_compared(antistokes, two_runs):
    assert antistokes("compare", two_runs[0]).code == 2

"""Decays that others have measured, as counts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis.decay_fit import fit_decay
from antistokes.analysis.decay_models import Decay

DECAYS = Path(os.environ.get("ANTISTOKES_DECAYS", Path(__file__).parents[3] / "shared/data/decays"))


def counted(name: str) -> Decay:
    """As photons: some files give shares of the highest bin."""
    path = DECAYS / f"decay_{name}.txt"
    if not path.is_file():
        pytest.skip("the measured decays are not here")
    time, values = np.loadtxt(path).T
    positive = values[values > 0]
    units = (positive.min() / k for k in range(1, 13))
    unit = next((u for u in units if np.abs(positive / u - np.round(positive / u)).max() < 2e-3), 1.0)
    return Decay(np.linspace(0.0, time[-1] - time[0], len(time)), np.round(values / unit))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("Tm_1G4_exc_Vis_473_0.0Yb_0.1Tm", 0.98 * 0.745e-3, 1.02 * 0.745e-3),
        ("Tm_1G4_exc_Vis_473_0.0Yb_2.0Tm", 0.21e-3, 0.27e-3),  # ∫tI/∫I is 0.24 to 0.30 ms
        ("Tm_1D2_exc_Vis_473_0.0Yb_0.1Tm", 0.30e-3, 0.40e-3),
        ("Tm_1G4_exc_NIR_980_25.0Yb_0.3Tm", 0.75e-3, 1.10e-3),
        ("Tm_3H4_exc_NIR_980_25.0Yb_0.3Tm", 1.85e-3, 2.30e-3),
    ],
)
def test_measured_decays_have_sensible_lifetimes(name, low, high):
    best = fit_decay(counted(name))[0]
    value, error = best.lifetime
    assert low < value < high
    assert error < 0.05 * value
    assert best.model.rise == ("NIR" in name or "1D2" in name)

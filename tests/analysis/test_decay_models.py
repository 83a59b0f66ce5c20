"""Shapes of decays: their derivatives are those of what they expect."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.decay_models import MODELS, Decay, Model
from antistokes.analysis.maximum_likelihood import jacobian

BINS, WIDTH = 200, 1e-5
_LIVE = np.linspace(0.9, 1.0, BINS)
_COUNTS = np.arange(1.0, BINS + 1)
_TIME = np.arange(BINS) * WIDTH
_RESPONSE = np.exp(-0.5 * ((np.arange(BINS) - 20) / 4) ** 2)


@pytest.mark.parametrize("dark", [None, (500.0, 100.0)], ids=["free background", "known background"])
@pytest.mark.parametrize("period", [np.inf, 2.5e-3], ids=["one pulse", "pulses"])
@pytest.mark.parametrize("smeared", [False, True], ids=["sharp", "smeared"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_slopes_are_those_of_what_is_expected(model: Model, smeared: bool, period: float, dark) -> None:
    begin = _TIME - 20 * WIDTH if smeared else _TIME
    decay = Decay(begin, _COUNTS, _LIVE, period, _RESPONSE if smeared else None, dark).grouped()
    theta = [x for i in range(model.exponentials) for x in (np.log(1000 / (i + 1)), np.log(3e-4 * (i + 1)))]
    theta += [np.log(0.8)] if model.stretched else []
    theta += [0.7, np.log(5e-5)] if model.rise else []
    best = np.array([*theta, 3.0])
    by_differences = jacobian(lambda at: model.expected(at, decay), best)
    largest = np.abs(by_differences).max(axis=0)
    assert np.abs((model.slopes(best, decay) - by_differences) / largest).max() < 1e-6

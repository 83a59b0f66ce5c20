"""Least squares with errors of both coordinates."""

import numpy as np
import pytest

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.weighted_fit import weighted_fit


def line(beta, x):
    return beta[0] + beta[1] * x


def fitted(seed, jitter, **options):
    random = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 40)
    y = line((1.0, 5.0), x + jitter * random.normal(size=40)) + 0.01 * random.normal(size=40)
    return weighted_fit(line, x, y, np.full(40, 0.01), (0, 1), (1, 1), **options)


@pytest.mark.parametrize("jitter", [0.0, 0.01])
def test_errors_of_parameters_are_honest_whatever_x_does(jitter):
    fits = [fitted(seed, jitter) for seed in range(100, 150)]
    pulls = [(fit.beta[1] - 5) / fit.stderr([0, 1]) for fit in fits]
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls, ddof=1) < 1.3


def test_the_error_of_x_is_found():
    found = [fitted(seed, 0.01).x_error for seed in range(20)]
    assert np.mean(found) == pytest.approx(0.01, rel=0.1)


def test_what_is_known_beforehand_holds():
    fit = fitted(0, 0.0, expected=[(1, 4.0, 1e-6)])
    assert fit.beta[1] == pytest.approx(4.0, abs=1e-3)


def test_too_few_points_are_refused():
    with pytest.raises(AnalysisError, match="1 usable points; at least 2"):
        weighted_fit(line, np.zeros(1), np.zeros(1), np.ones(1), (0, 1), (1, 1))

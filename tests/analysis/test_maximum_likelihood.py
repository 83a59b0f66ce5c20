"""Fits against certified ones: NIST StRD, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml"""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.maximum_likelihood import maximise

LANCZOS3_Y = (
    2.5134, 2.0443, 1.6684, 1.3664, 1.1232, 0.9269, 0.7679, 0.6389, 0.5338, 0.4479, 0.3776, 0.3197,
    0.2720, 0.2325, 0.1997, 0.1723, 0.1493, 0.1301, 0.1138, 0.1000, 0.0883, 0.0783, 0.0698, 0.0624,
)  # fmt: skip
MGH09_X = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)
MGH09_Y = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
MISRA_X = (77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0)
MISRA_Y = (
    10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78,
)  # fmt: skip


def lanczos(x, b):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def mgh09(x, b):
    return b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])


def misra(x, b):
    return b[0] * (1 - np.exp(-b[1] * x))


LANCZOS3 = (
    lanczos, np.arange(24) * 0.05, LANCZOS3_Y,
    (8.6816414977e-02, 9.5498101505e-01, 8.4400777463e-01, 2.9515951832, 1.5825685901, 4.9863565084),
    (0.017197908859, 0.097041624475, 0.041488663282, 0.10766312506, 0.058371576281, 0.034436403035),
    1.6117193594e-08,
)  # fmt: skip
MGH09 = (
    mgh09, MGH09_X, MGH09_Y,
    (1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01),
    (1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02), 3.0750560385e-04,
)  # fmt: skip
MISRA1A = (
    misra, MISRA_X, MISRA_Y, (2.3894212918e02, 5.5015643181e-04), (2.7070075241, 7.2668688436e-06),
    1.2455138894e-01,
)  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "start"),
    [
        (LANCZOS3, (1.2, 0.3, 5.6, 5.5, 6.5, 7.6)),
        (LANCZOS3, (0.5, 0.7, 3.6, 4.2, 4.0, 6.3)),
        (MGH09, (25.0, 39.0, 41.5, 39.0)),
        (MGH09, (0.25, 0.39, 0.415, 0.39)),
        (MISRA1A, (500.0, 1e-4)),
        (MISRA1A, (250.0, 5e-4)),
    ],
)
def test_certified_parameters_and_errors_come_back_from_both_starts(problem, start):
    function, x, y, certified, errors, squares = problem
    found = maximise(
        lambda b: function(np.array(x), b), np.array(y), np.array(start), likelihood="least squares"
    )
    assert found.converged
    assert found.theta == pytest.approx(certified, rel=1e-5)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(errors, rel=1e-4)
    assert found.deviance == pytest.approx(squares, rel=1e-7)

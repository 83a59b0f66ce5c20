"""Where a table of local exponents has fallen by a tenth."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.local_exponents import saturation_onset


def test_the_onset_is_interpolated_in_log_irradiance_and_propagates_errors():
    x = np.log(np.logspace(-1, 3, 25))
    local = np.column_stack([np.exp(x), 2 - 0.1 * (x - x[0])])  # 1.8 is reached 2 units above x[0]
    found = saturation_onset(local, np.full(25, 0.01), 2.0, 0.02, 0.1)
    assert found is not None
    assert found[0] == pytest.approx(np.exp(x[0] + 2))
    averaged = 0.4 * (x[1] - x[0]) ** 2
    assert found[1] == pytest.approx(found[0] * np.hypot(np.hypot(0.01, 0.9 * 0.02) / 0.1, averaged))


def test_an_insignificant_dip_is_no_onset():
    local = np.column_stack([np.logspace(-1, 3, 25), np.full(25, 2.0)])
    local[12, 1] = 1.7
    assert saturation_onset(local, np.full(25, 0.2), 2.0, 0.01, 0.1) is None
    assert saturation_onset(local, np.full(25, 0.01), 2.0, 0.01, 0.1) is not None

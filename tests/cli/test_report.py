"""Numbers as people read them: digits by the error, times in a unit that fits."""

from __future__ import annotations

import math

import pytest

from antistokes.cli.report import line, with_error


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (1.8671, 0.0963, "1.867 ± 0.096"),
        (5e-5, 1.2e-9, "5e-05 ± 1.2e-09"),
        (230000.0, 2300.0, "230000 ± 2300"),
        (3.0, math.nan, "3 (no error known)"),
        (math.nan, math.nan, "none"),
    ],
)
def test_a_value_has_the_digits_its_error_allows(value, stderr, text):
    assert with_error(value, stderr) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.18e-3, "1.180 ± 0.012 ms"),
        (17.9e-9, "17.90 ± 0.18 ns"),
        (2.0, "2.000 ± 0.020 s"),
        (5e-12, "5.000 ± 0.050 ps"),
    ],
)
def test_a_time_is_told_in_a_unit_that_fits(seconds, text):
    found = {"quantity": "lifetime", "value": seconds, "stderr": 0.01 * seconds, "unit": "s", "of": "green"}
    assert line(found) == f"green: lifetime {text}"

"""Processes as sample files write them, and the absorption lines of ions."""

from __future__ import annotations

import pytest

from antistokes.simulated_hw.samples.absorption_line import line_shape
from antistokes.simulated_hw.samples.energy_transfer_process import parse_process, transfer_label

TWO = "Yb:2F5/2 + Er:4I15/2 -> Yb:2F7/2 + Er:4I11/2"
THREE = "Yb:2F5/2 + Yb:2F5/2 + Tb:7F6 -> Yb:2F7/2 + Yb:2F7/2 + Tb:5D4"


@pytest.mark.parametrize("text", [TWO, THREE])
def test_a_process_is_written_as_it_was_read(text: str) -> None:
    process = parse_process(text)
    assert process is not None
    assert transfer_label(*process) == text


@pytest.mark.parametrize("text", ["", "Yb:a -> Yb:b", "Yb:a + Er:b", "Yb a + Er b -> Yb c + Er d"])
def test_what_is_no_process_is_none(text: str) -> None:
    assert parse_process(text) is None


def test_an_absorption_line_is_a_gaussian_without_far_wings() -> None:
    assert line_shape(980.0, 980.0, 20.0) == 1
    assert line_shape(990.0, 980.0, 20.0) == line_shape(970.0, 980.0, 20.0) == pytest.approx(0.5)
    assert line_shape(980.0 + 79.9, 980.0, 20.0) > 0
    assert line_shape(980.0 + 80.0, 980.0, 20.0) == 0

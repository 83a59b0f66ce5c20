"""The silicon head the twins of power meters share."""

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.power_head import PowerHead, PowerHeadSettings, choose_range, responsivity


class Lamp:
    wavelength = 980.0

    def power(self) -> float:
        return 0.1


@pytest.fixture
def head() -> PowerHead:
    bench = Bench(VirtualClock(), None, None, OpticsSettings(pickoff=0.1), seed=1)
    bench.sources["lamp"] = Lamp()
    return PowerHead(bench, np.random.default_rng(1), PowerHeadSettings(noise=0.01, floor_W=1e-9))


def test_the_current_is_that_of_the_light_at_the_pick_off(head: PowerHead) -> None:
    assert head.current() == pytest.approx(0.01 * responsivity(980))


def test_averaging_lowers_the_noise_down_to_the_floor(head: PowerHead) -> None:
    def spread(current: float, averages: float) -> float:
        return float(np.std([head.power(current, 980, averages) for _ in range(1000)]))

    assert spread(head.current(), 100) == pytest.approx(1e-4, rel=0.1)
    assert spread(head.current(), 10000) == pytest.approx(1e-5, rel=0.1)
    assert spread(0.0, 10000) == pytest.approx(1e-9, rel=0.1)


def test_outside_its_table_the_head_is_blind() -> None:
    assert responsivity(1500) == responsivity(300) < 1e-4 * responsivity(980)


@pytest.mark.parametrize(
    ("level", "present", "best"), [(0.5, 1, 1), (0.05, 1, 0), (5, 1, 2), (50, 1, 2), (0.09, 1, 1), (0, 0, 0)]
)
def test_a_range_changes_when_it_is_too_small_or_far_too_large(level: float, present: int, best: int) -> None:
    assert choose_range(level, present, [0.1, 1.0, 10.0]) == best


def test_a_wavelength_set_wrong_shows(head: PowerHead) -> None:
    """980 nm read with the meter set to 532 nm: P·R(980)/R(532), more than twice too much."""
    right = np.mean([head.power(head.current(), 980) for _ in range(200)])
    wrong = np.mean([head.power(head.current(), 532) for _ in range(200)])
    assert right == pytest.approx(0.01, rel=0.01)
    assert wrong / right == pytest.approx(responsivity(980) / responsivity(532), rel=5e-3)
    assert wrong / right > 2

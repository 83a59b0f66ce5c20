"""The rehearsal beside a run."""

import threading

from antistokes.cli.estimating import rehearsed
from antistokes.cli.measuring import Place
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.spectrum import Spectrum
from antistokes.simulated_hw.stations import find_station

PLACE = Place(find_station("virtual"))


def heard(plan) -> list[float]:
    with rehearsed(plan, PLACE) as news:
        for _ in range(2000):
            if times := list(news()):
                return times
            threading.Event().wait(0.01)
    return []


def test_it_tells_when_each_point_is_expected():
    times = heard(Spectrum(longest_exposure=0.01, frames=2))
    assert len(times) == 1
    assert times[0] > 0


def test_a_run_that_is_over_waits_for_no_rehearsal():
    with rehearsed(Sequence([], [Spectrum(longest_exposure=0.01)]), PLACE) as news:
        assert news() == ()

"""What only light shows is seen on twins; whoever ends a rehearsal does not get the run."""

from __future__ import annotations

import pytest

from antistokes.instruments import Station
from antistokes.procedures import PowerSweep
from antistokes.procedures.rehearsal import fails_at_first_light
from antistokes.simulated_hw.stations import find_station


def test_ctrl_c_ends_a_rehearsal_and_what_would_follow():
    station = Station.load(find_station("virtual"), rehearsal=True)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    station.clock.sleep = interrupted
    with pytest.raises(KeyboardInterrupt):
        list(fails_at_first_light(PowerSweep(), lambda: station))
    assert not station.backend.world.bench.light_is_on()

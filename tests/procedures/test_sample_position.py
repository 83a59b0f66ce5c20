"""Which sample is in the beam: by the holder, or by a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import LimitError, PlanRefused, Refused
from antistokes.procedures import PowerSweep
from antistokes.procedures.axes import SamplePosition
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.plan_file import PlanFile
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.setup import Setup
from antistokes.simulated_hw.stations import find_station

HOLDER = """
[instruments.holder]
driver = "thorlabs_ell9"
resource = "ASRL9::INSTR"
settings = { names = ["green", "blue", "empty"] }
[simulation.holder]
slots = ["sample", "ybtm-micro", "empty"]
"""
SWEEP = PowerSweep(start=100, stop=100, order="up", longest_exposure=0.1)


def open_station(folder: Path, extra: str = HOLDER) -> Station:
    path = folder / "station.toml"
    path.write_text(find_station("virtual").read_text(encoding="utf-8") + extra, encoding="utf-8")
    return Station.load(path).open()


def test_every_slot_shows_its_own_sample(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        plan = Sequence([SamplePosition(["blue", 3, "green"])], [SWEEP])
        measurement = Measurement(plan, station)
        measurement.bind()
        records = list(measurement.records())
        nm = next(iter(measurement.dimensions)).values
    assert [record["slot"] for record in records] == [2, 3, 1]
    green, blue = ((nm > low) & (nm < high) for low, high in ((530, 550), (465, 485)))
    light = [(r["spectrum"][green].sum(), r["spectrum"][blue].sum()) for r in records]
    assert light[0][1] > 10 * abs(light[0][0])
    assert light[2][0] > 10 * abs(light[2][1])
    assert max(light[1]) < 0.02 * min(light[0][1], light[2][0])


@pytest.mark.parametrize(
    ("slot", "words"),
    [("gren", "no slot is called 'gren'; did you mean 'green'"), (5, "slot = 5"), (1.5, "slot = 1.5")],
)
def test_a_slot_that_is_not_there_is_refused(tmp_path: Path, slot: str | float, words: str) -> None:
    with open_station(tmp_path) as station, pytest.raises((Refused, LimitError), match=words):
        SamplePosition([slot]).bind(Setup(station))


def test_a_plan_file_may_name_slots(tmp_path: Path) -> None:
    over = '[[runs]]\n[[runs.over]]\naxis = "slot"\nvalues = ["blue", 1, {}]\n'
    run = over + '[[runs.steps]]\nprocedure = "spectrum"'
    (tmp_path / "plan.toml").write_text(run.format('"empty"'))
    (axis,) = PlanFile.read(tmp_path / "plan.toml").runs[0].plan.over()
    with open_station(tmp_path) as station:
        axis.bind(Setup(station))
        assert axis.setpoints.tolist() == [2, 1, 3]
        (tmp_path / "plan.toml").write_text(run.format('"gren", 9, "blu"'))
        (wrong,) = PlanFile.read(tmp_path / "plan.toml").runs[0].plan.over()
        with pytest.raises(PlanRefused, match=r"3 problems: .*'gren'.*slot = 9 .*'blu'"):
            wrong.bind(Setup(station))


def test_two_axes_that_move_it_are_refused(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        setup = Setup(station)
        SamplePosition([1, 2]).bind(setup)
        with pytest.raises(Refused, match="holder: slot is moved by two axes"):
            SamplePosition([3]).bind(setup)


def test_with_neither_holder_nor_person_it_is_refused(virtual_station: Station) -> None:
    with pytest.raises(Refused, match="needs a sample_holder, or somebody to ask .* to change samples"):
        SamplePosition(["sample", "empty"]).bind(Setup(virtual_station))


def test_a_person_is_asked_in_the_dark(virtual_station: Station) -> None:
    asked = []

    def ask(text: str) -> None:
        asked.append((text, virtual_station.backend.world.bench.light_is_on()))  # type: ignore[attr-defined]

    virtual_station.ask = ask
    power, slots = SWEEP.axes()[-1], SamplePosition(["sample", "empty", "sample"])
    measurement = Measurement(Sequence([power, slots], [SWEEP.__class__(start=1)]), virtual_station)
    with pytest.raises(Refused, match="moved by two axes"):
        measurement.bind()
    measurement = Measurement(Sequence([slots], [SWEEP]), virtual_station)
    measurement.bind()
    assert [record["slot"] for record in measurement.records()] == [1, 2, 1]
    assert asked == [(f"bring '{name}' into the beam", False) for name in ("sample", "empty", "sample")]

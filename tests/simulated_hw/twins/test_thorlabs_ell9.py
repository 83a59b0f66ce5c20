"""The ELL9 twin by its manual, then our driver against it."""

from collections.abc import Callable

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault
from antistokes.instruments.sample_holders.thorlabs_ell9 import ELL9SampleHolder
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.thorlabs_ell9 import ELL9Settings, ELL9Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

Ask = Callable[[str], list[str]]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def twin(clock: VirtualClock) -> ELL9Twin:
    bench = Bench(clock, None, None, OpticsSettings(), seed=1)
    twin = ELL9Twin("holder", bench, ELL9Settings(power_up_slot=2))
    twin.resource_name = "ASRL1::INSTR"
    return twin


@pytest.fixture
def ask(twin: ELL9Twin, clock: VirtualClock) -> Ask:
    def ask(message: str) -> list[str]:
        twin.feed(message.encode())
        clock.sleep(5)
        data = b""
        while (part := twin.take()) is not None:
            data += part
        return data.decode().split()

    return ask


def test_it_says_what_it_is(ask: Ask) -> None:
    assert ask("0in") == ["0IN091090003420231701005D00000001"]


def test_it_goes_to_slots_and_from_one_to_the_next(ask: Ask, twin: ELL9Twin) -> None:
    assert ask("0gp") == ["0PO0000001F"]
    for message, slot in (("0ho0", 1), ("0ma0000005D", 4), ("0bw", 3), ("0ma0000000F", 1), ("0fw", 2)):
        (answer,) = ask(message)
        assert 0 <= int(answer[3:], 16) - 31 * (slot - 1) <= 1
        assert twin.slot() == slot


@pytest.mark.parametrize("message", ["0ma0000005E", "0maFFFFFFFF"])
def test_it_does_not_leave_its_range(ask: Ask, twin: ELL9Twin, message: str) -> None:
    assert ask(message) == ["0GS04"]
    assert twin.slot() == 2


def test_it_does_not_step_beyond_its_last_slot(ask: Ask, twin: ELL9Twin) -> None:
    ask("0ma0000005D")
    assert ask("0fw") == ["0GS04"]
    assert twin.slot() == 4


def test_on_its_way_no_slot_is_in_the_beam(twin: ELL9Twin, clock: VirtualClock) -> None:
    twin.feed(b"0ma0000005D")
    clock.sleep(0.3)
    assert twin.slot() is None
    twin.feed(b"0gs")
    clock.sleep(0.01)
    assert twin.take() == b"0GS09\r\n"
    clock.sleep(2)
    assert twin.slot() == 4


def test_the_driver_brings_every_slot(twin: ELL9Twin, clock: VirtualClock) -> None:
    library = VirtualVisaLibrary.of([twin])
    holder = ELL9SampleHolder("ASRL1::INSTR", "holder", clock=clock, visa_library=library)
    for slot in (4, 1, 3, 2):
        holder.slot = slot
        assert (twin.slot(), holder.slot) == (slot, slot)
    twin.motor_fault = 2
    with pytest.raises(DeviceFault, match="blocked"):
        holder.slot = 1
    twin.motor_fault = 0
    holder.slot = 1
    assert twin.slot() == 1

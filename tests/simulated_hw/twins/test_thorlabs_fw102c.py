"""The FW102C twin by its manual, then our driver against it."""

from collections.abc import Callable

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, FileRefused
from antistokes.instruments.filter_wheels.thorlabs_fw102c import FW102CFilterWheel
from antistokes.instruments.records import convert
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.thorlabs_fw102c import FW102CSettings, FW102CTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

Ask = Callable[[str], str]
TWELVE = tuple(0.1 * i for i in range(12))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def twin(bench: Bench) -> FW102CTwin:
    return make(bench, FW102CSettings())


def make(bench: Bench, settings: FW102CSettings) -> FW102CTwin:
    twin = FW102CTwin("wheel", bench, settings)
    twin.resource_name = "ASRL1::INSTR"
    return twin


def arrived(twin: FW102CTwin) -> bytes:
    data = b""
    while (part := twin.take()) is not None:
        data += part
    return data


@pytest.fixture
def ask(twin: FW102CTwin, clock: VirtualClock) -> Ask:
    """Send a line, wait long enough, and return what came between echo and prompt."""

    def ask(line: str) -> str:
        twin.feed(f"{line}\r".encode())
        clock.sleep(10)
        text = arrived(twin).decode()
        assert text.startswith(f"{line}\r")
        assert text.endswith("> ")
        return text.removeprefix(f"{line}\r").removesuffix("> ")

    return ask


def open_wheel(twin: FW102CTwin, clock: VirtualClock) -> FW102CFilterWheel:
    library = VirtualVisaLibrary.of([twin])
    return FW102CFilterWheel("ASRL1::INSTR", "wheel", clock=clock, visa_library=library)


def transmission(bench: Bench) -> float:
    return bench.elements["wheel"].transmission(980)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("*idn?", "THORLABS FW102C/FW212C Filter Wheel version 1.07"),
        ("pos?", "1"),
        ("pcount?", "6"),
        ("speed?", "1"),
        ("trig?", "0"),
        ("sensors?", "1"),
        ("baud?", "1"),
    ],
)
def test_answers_when_it_gets_power(ask: Ask, question: str, answer: str) -> None:
    assert ask(question) == f"{answer}\r"


@pytest.mark.parametrize("setting", ["pos=4", "pcount=12", "speed=0", "trig=1", "sensors=0", "baud=0"])
def test_settings_are_kept_and_answered_by_the_prompt_alone(ask: Ask, setting: str) -> None:
    assert ask(setting) == ""
    name, value = setting.split("=")
    assert ask(f"{name}?") == f"{value}\r"


@pytest.mark.parametrize("line", ["pos=0", "pos=7", "pos=", "pos=1.5", "pcount=8", "speed=2", "sensors=on"])
def test_a_value_out_of_range_is_an_invalid_argument(ask: Ask, line: str) -> None:
    assert ask(line) == "Command error CMD_ARG_INVALID\n\r"
    assert ask("pos?") == "1\r"


@pytest.mark.parametrize("line", ["", "POS=2", "id?", "pos", "nonsense"])
def test_what_is_no_command_is_not_defined(ask: Ask, line: str) -> None:
    assert ask(line) == "Command error CMD_NOT_DEFINED\n\r"


def test_saving_is_answered_by_the_prompt_alone(ask: Ask) -> None:
    assert ask("save") == ""


@pytest.mark.parametrize(
    ("speed", "start", "target", "seconds"),
    [
        (1, 1, 4, 2.9),
        (0, 1, 4, 6.8),
        (1, 1, 2, 2.9 / 3),
        (1, 1, 6, 2.9 / 3),
        (1, 6, 1, 2.9 / 3),
        (1, 3, 3, 0),
    ],
)
def test_the_prompt_comes_after_the_move_on_the_shorter_way(
    ask: Ask, twin: FW102CTwin, clock: VirtualClock, speed: int, start: int, target: int, seconds: float
) -> None:
    ask(f"speed={speed}")
    ask(f"pos={start}")
    twin.feed(f"pos={target}\r".encode())
    clock.sleep(seconds)
    assert arrived(twin) == b""
    clock.sleep(0.01)
    assert arrived(twin) == f"pos={target}\r> ".encode()


def test_lines_sent_during_a_move_wait_for_its_end(twin: FW102CTwin, clock: VirtualClock) -> None:
    twin.feed(b"pos=2\rpos=3\r")
    clock.sleep(0.1)
    twin.feed(b"pos?\r")
    clock.sleep(0.97 + 0.5)
    assert arrived(twin) == b"pos=2\r> "
    clock.sleep(1)
    assert arrived(twin) == b"pos=3\r> pos?\r3\r> "


def test_firmware_that_prompts_at_once_names_the_filter_it_passes(
    twin: FW102CTwin, clock: VirtualClock
) -> None:
    twin.prompts_at_once = True
    seen = []
    twin.feed(b"pos=4\r")
    for _ in range(4):
        clock.sleep(0.01)
        arrived(twin)
        twin.feed(b"pos?\r")
        clock.sleep(0.95)
        seen.append(arrived(twin))
    assert seen == [f"pos?\r{i}\r> ".encode() for i in (1, 2, 3, 4)]


def test_every_filter_weakens_the_beam_by_its_density(ask: Ask, bench: Bench) -> None:
    for slot, density in enumerate((0, 0.5, 1, 2, 3, 4), start=1):
        ask(f"pos={slot}")
        assert transmission(bench) == pytest.approx(10**-density)


def test_between_two_filters_it_is_dark_and_on_the_way_it_passes_others(
    ask: Ask, twin: FW102CTwin, bench: Bench, clock: VirtualClock
) -> None:
    ask("pos=2")
    twin.feed(b"pos=6\r")
    step = 2.9 / 3
    seen = []
    for _ in range(4):
        seen.append(transmission(bench))
        clock.sleep(step / 2)
    assert seen == pytest.approx([10**-0.5, 0, 1, 0])  # through the empty slot 1
    clock.sleep(1e-3)
    assert transmission(bench) == pytest.approx(1e-4)


def test_twelve_filters(bench: Bench, clock: VirtualClock) -> None:
    twin = make(bench, FW102CSettings(optical_density=TWELVE))
    twin.feed(b"pcount?\rpos=12\r")
    clock.sleep(10)
    assert arrived(twin) == b"pcount?\r12\r> pos=12\r> "
    assert transmission(bench) == pytest.approx(10**-1.1)


@pytest.mark.parametrize("densities", [[0, 1], [0] * 13, [0, 0, 0, 0, 0, -1]])
def test_a_wheel_that_cannot_be_is_refused(densities: list[float]) -> None:
    with pytest.raises(FileRefused, match="optical_density"):
        convert({"optical_density": densities}, FW102CSettings, "lab.toml")


# -- our driver against it ------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("fast", [True, False])
def test_setting_the_slot_returns_when_it_is_there(
    twin: FW102CTwin, bench: Bench, clock: VirtualClock, at_once: bool, fast: bool
) -> None:
    wheel = open_wheel(twin, clock)
    wheel.fast = fast
    twin.prompts_at_once = at_once
    for slot, density in ((4, 2), (3, 1), (3, 1), (6, 4), (1, 0)):
        wheel.slot = slot
        assert transmission(bench) == pytest.approx(10**-density)
        assert wheel.slot == slot


def test_opening_the_connection_leaves_the_wheel_and_darkens_its_sensors(
    ask: Ask, twin: FW102CTwin, clock: VirtualClock
) -> None:
    ask("pos=3")
    wheel = open_wheel(twin, clock)
    assert (wheel.slot, wheel.slots) == (3, 6)
    assert twin.flags["sensors"] == 0


def test_a_wheel_that_is_held_is_named(twin: FW102CTwin, clock: VirtualClock) -> None:
    wheel = open_wheel(twin, clock)
    twin.blocked = True
    with pytest.raises(DeviceFault, match="wheel: stands at 1 when it should be at 3"):
        wheel.slot = 3


def test_a_refusal_of_the_wheel_is_raised(twin: FW102CTwin, clock: VirtualClock) -> None:
    wheel = open_wheel(twin, clock)
    with pytest.raises(DeviceFault, match="'pos=9': Command error CMD_ARG_INVALID"):
        wheel.write("pos=9")
    assert wheel.slot == 1

"""The SC10 twin by its manual, then our driver against it."""

from collections.abc import Callable

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout
from antistokes.instruments.shutters.thorlabs_sc10 import SC10Shutter
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light_path import Diode, DiodeSettings
from antistokes.simulated_hw.twins.thorlabs_sc10 import SC10Settings, SC10Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

Ask = Callable[[str], str]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    bench = Bench(clock, None, None, OpticsSettings(), seed=1)
    bench.sources["laser"] = Diode(DiodeSettings())
    bench.sources["laser"].current = 0.5  # type: ignore[attr-defined]
    return bench


@pytest.fixture
def twin(bench: Bench) -> SC10Twin:
    twin = SC10Twin("shutter", bench)
    twin.resource_name = "ASRL1::INSTR"
    return twin


@pytest.fixture
def ask(twin: SC10Twin, clock: VirtualClock) -> Ask:
    """Send a line, wait for the blade, and return what came between echo and prompt."""

    def ask(line: str) -> str:
        twin.feed(f"{line}\r".encode())
        clock.sleep(0.02)
        data = b""
        while (part := twin.take()) is not None:
            data += part
        text = data.decode().lstrip(" ")  # the driver leaves the blank of the last prompt
        assert text.startswith(f"{line}\r")
        assert text.endswith("> ")
        return text.removeprefix(f"{line}\r").removesuffix("> ")

    return ask


@pytest.fixture
def shutter(twin: SC10Twin, clock: VirtualClock) -> SC10Shutter:
    library = VirtualVisaLibrary.of([twin])
    return SC10Shutter("ASRL1::INSTR", "shutter", clock=clock, visa_library=library)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("id?", "THORLABS SC10 VERSION 1.07"),
        ("ens?", "0"),
        ("mode?", "1"),
        ("rep?", "1"),
        ("trig?", "0"),
        ("xto?", "0"),
        ("open?", "500"),
        ("shut?", "500"),
        ("baud?", "0"),
        ("closed?", "1"),
        ("interlock?", "0"),
    ],
)
def test_answers_when_it_gets_power(ask: Ask, question: str, answer: str) -> None:
    assert ask(question) == f"{answer}\r"


@pytest.mark.parametrize(
    "setting", ["mode=3", "rep=99", "trig=1", "xto=1", "open=999999", "shut=1", "baud=1"]
)
def test_settings_are_kept_and_answered_by_the_prompt_alone(ask: Ask, setting: str) -> None:
    assert ask(setting) == ""
    name, value = setting.split("=")
    assert ask(f"{name}?") == f"{value}\r"


@pytest.mark.parametrize(
    "line", ["mode=0", "mode=6", "rep=0", "rep=100", "open=1000000", "open=-1", "trig=2"]
)
def test_a_value_out_of_range_is_an_invalid_argument(ask: Ask, line: str) -> None:
    assert ask(line) == "Command error CMD_ARG_INVALID\n\r"


@pytest.mark.parametrize("line", ["", "ENS?", "ens=1", "closed=1", "nonsense", "\nens?"])
def test_what_is_no_command_is_not_defined(ask: Ask, line: str) -> None:
    assert ask(line) == "Command error CMD_NOT_DEFINED\n\r"


def test_it_lists_its_commands(ask: Ask) -> None:
    assert {"ens", "ens?", "mode=n", "closed?"} <= set(ask("?").split("\r"))


def test_the_prompt_of_firmware_without_a_blank(bench: Bench, clock: VirtualClock) -> None:
    twin = SC10Twin("shutter", bench, SC10Settings(prompt=">"))
    twin.feed(b"ens?\r")
    clock.sleep(0.01)
    assert twin.take() == b"ens?\r0\r>"


def test_half_a_line_waits_for_its_end(twin: SC10Twin, clock: VirtualClock) -> None:
    twin.feed(b"en")
    clock.sleep(1)
    assert twin.take() is None
    twin.feed(b"s?\r")
    clock.sleep(1)
    assert twin.take() == b"ens?\r0\r> "


def test_the_enable_toggles_and_the_blade_follows_a_little_later(
    ask: Ask, twin: SC10Twin, bench: Bench, clock: VirtualClock
) -> None:
    twin.feed(b"ens\r")
    assert not bench.light_is_on()
    assert twin.enabled()
    clock.sleep(0.01)
    assert bench.light_is_on()
    assert twin.take() == b"ens\r> "
    assert ask("closed?") == "0\r"
    twin.feed(b"ens\r")
    assert bench.light_is_on()
    clock.sleep(0.01)
    assert not bench.light_is_on()


def open_times(twin: SC10Twin, clock: VirtualClock, seconds: float) -> list[bool]:
    """The blade's state every 0.1 s."""
    states = []
    for _ in range(round(seconds / 0.1)):
        states.append(twin.blade_is_open())
        clock.sleep(0.1)
    return states


@pytest.mark.parametrize(
    ("mode", "times", "ends"), [("mode=2", 5, False), ("mode=3", 1, True), ("mode=4", 3, True)]
)
def test_modes_that_open_by_themselves(
    ask: Ask, twin: SC10Twin, clock: VirtualClock, mode: str, times: int, ends: bool
) -> None:
    for line in ("open=200", "shut=300", "rep=3", mode):
        ask(line)
    twin.feed(b"ens\r")
    clock.sleep(0.05)
    assert open_times(twin, clock, 2.5) == ([True] * 2 + [False] * 3) * times + [False] * 5 * (5 - times)
    assert twin.enabled() is not ends


def test_the_external_gate_opens_it_while_it_is_enabled(
    ask: Ask, twin: SC10Twin, clock: VirtualClock
) -> None:
    ask("mode=5")
    twin.gate_high = True
    assert not twin.blade_is_open()
    ask("ens")
    assert twin.blade_is_open()
    twin.gate_high = False
    clock.sleep(0.1)
    assert not twin.blade_is_open()
    twin.gate_high = True
    clock.sleep(0.1)
    assert twin.blade_is_open()


def test_with_the_external_trigger_it_waits_for_a_pulse(
    ask: Ask, twin: SC10Twin, clock: VirtualClock
) -> None:
    twin.trigger()
    for line in ("mode=3", "trig=1", "ens"):
        ask(line)
    clock.sleep(10)
    assert not twin.blade_is_open()
    assert ask("ens?") == "1\r"
    twin.trigger()
    clock.sleep(0.1)
    assert twin.blade_is_open()
    clock.sleep(1)
    assert ask("ens?") == "0\r"


def test_a_change_of_mode_clears_the_enable(ask: Ask, twin: SC10Twin) -> None:
    ask("ens")
    ask("mode=2")
    assert ask("ens?") == "0\r"
    assert not twin.blade_is_open()


def test_an_open_interlock_closes_it_and_keeps_it_closed(ask: Ask, twin: SC10Twin) -> None:
    ask("ens")
    twin.interlock_open = True
    assert ask("interlock?") == "1\r"
    assert (ask("ens?"), ask("closed?")) == ("0\r", "1\r")
    assert ask("ens") == ""
    assert ask("ens?") == "0\r"
    twin.interlock_open = False
    assert ask("closed?") == "1\r"


def test_the_key_takes_the_power_and_what_was_not_saved(
    ask: Ask, twin: SC10Twin, clock: VirtualClock
) -> None:
    for line in ("rep=7", "trig=1", "save", "ens"):
        ask(line)
    twin.key_on = False
    clock.sleep(0.1)
    assert not twin.blade_is_open()
    twin.feed(b"ens?\r")
    clock.sleep(1)
    assert twin.take() is None
    twin.key_on = True
    assert (ask("trig?"), ask("rep?"), ask("ens?")) == ("1\r", "1\r", "0\r")


def test_configurations_are_stored_recalled_and_restored(ask: Ask) -> None:
    for line in ("rep=7", "savp", "rep=8", "resp"):
        ask(line)
    assert ask("rep?") == "7\r"
    ask("default")
    assert ask("rep?") == "1\r"


# -- our driver against it ------------------------------------------------------------------------


def test_opening_the_connection_leaves_the_shutter_as_it_is(shutter: SC10Shutter, twin: SC10Twin) -> None:
    assert twin.values["mode"] == 1
    assert not twin.enabled()
    assert shutter.is_open is False


def test_setting_it_returns_when_the_blade_has_moved(shutter: SC10Shutter, bench: Bench) -> None:
    for is_open in (True, True, False, False, True):
        shutter.is_open = is_open
        assert bench.light_is_on() is is_open
        assert shutter.is_open is is_open


def test_it_is_opened_from_any_mode(
    shutter: SC10Shutter, ask: Ask, twin: SC10Twin, clock: VirtualClock
) -> None:
    for line in ("mode=2", "trig=1", "ens"):
        ask(line)
    shutter.is_open = True
    clock.sleep(10)
    assert twin.blade_is_open()
    assert shutter.mode == "manual"


def test_a_tripped_interlock_is_named(shutter: SC10Shutter, twin: SC10Twin) -> None:
    shutter.is_open = True
    twin.interlock_open = True
    with pytest.raises(DeviceFault, match="shutter: the interlock is open"):
        shutter.is_open = True
    shutter.clock.sleep(0.01)
    assert shutter.is_open is False
    shutter.make_safe()


@pytest.mark.parametrize("stuck", [True, False])
def test_a_blade_that_is_stuck_is_named(shutter: SC10Shutter, twin: SC10Twin, stuck: bool) -> None:
    twin.stuck = stuck
    with pytest.raises(DeviceFault, match="is not (open|closed) 1 s after it was told to be"):
        shutter.is_open = not stuck


def test_make_safe_closes_it_in_every_mode(
    shutter: SC10Shutter, ask: Ask, twin: SC10Twin, clock: VirtualClock
) -> None:
    ask("mode=2")
    ask("ens")
    for _ in range(2):
        shutter.make_safe()
        assert not any(open_times(twin, clock, 2))


def test_make_safe_does_not_open_it_when_the_answer_to_the_toggle_got_lost(
    shutter: SC10Shutter, twin: SC10Twin, clock: VirtualClock
) -> None:
    shutter.is_open = True
    respond = twin.respond

    def lose(message: str) -> None:
        if message == "ens":
            del twin.respond
            respond(message)
            return
        twin.send(respond(message))  # type: ignore[arg-type]

    twin.respond = lose  # type: ignore[method-assign, assignment]
    shutter.make_safe()
    clock.sleep(1)
    assert not twin.blade_is_open()
    assert shutter.is_open is False


def test_a_key_that_is_turned_off_ends_in_a_time_out(shutter: SC10Shutter, twin: SC10Twin) -> None:
    twin.key_on = False
    before = shutter.clock.now()
    with pytest.raises(DeviceTimeout, match=r"no answer to 'interlock\?' within 2 s"):
        _ = shutter.interlock_tripped
    assert shutter.clock.now() == before + 2
    twin.key_on = True
    shutter.is_open = True
    assert twin.blade_is_open()


def test_a_late_answer_is_not_taken_for_the_next_one(
    shutter: SC10Shutter, twin: SC10Twin, clock: VirtualClock
) -> None:
    twin.latency = 3.0  # type: ignore[misc]
    with pytest.raises(DeviceTimeout):
        _ = shutter.is_open
    twin.latency = 1e-3  # type: ignore[misc]
    twin._enabled = True
    twin._begin()
    clock.sleep(0.1)
    assert shutter.is_open is True
    assert shutter.repeats == 1

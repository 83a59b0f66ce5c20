"""The SR400's twin by the manual's chapter on remote programming, then our driver against it."""

from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters.srs_sr400 import SR400
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, OverRange
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.photon_counting import PhotomultiplierSettings
from antistokes.simulated_hw.twins.srs_sr400 import SR400Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

Ask = Callable[[str], str]
COMMAND_ERROR = "SS 7"


class Lamp:
    """Scattered light of 1e6 photons per s behind the filter while 5 V are at its input, or always."""

    wavelength = 600.0
    steady = True
    watts = 1e6 / (0.93 * 600e-9 / 1.98644586e-25 * 1e-7 * 0.9)

    def power(self, volts: float = 0.0) -> float:
        return self.watts if self.steady or volts > 1.5 else 0.0


class Generator:
    def __init__(self, train: PulseTrain | None) -> None:
        self.train = train

    def pulses(self) -> PulseTrain | None:
        return self.train


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def lamp() -> Lamp:
    return Lamp()


@pytest.fixture
def make(clock: VirtualClock, lamp: Lamp) -> Callable[..., SR400Twin]:
    def make(resource: str = "ASRL1::INSTR", train: PulseTrain | None = None, **settings: Any) -> SR400Twin:
        bench = Bench(clock, None, None, OpticsSettings(), seed=1)
        bench.sources["lamp"] = lamp
        bench.generator = Generator(train)
        detector = PhotomultiplierSettings(efficiency=1.0, dark_per_s=0.0, dead_time_s=0.0)
        twin = SR400Twin("counter", bench, SR400Twin.Settings(detector=detector, **settings))
        twin.resource_name = resource
        twin.feed(b"SW0\r")
        twin.set["DL", "0"] = -0.004  # nearly every pulse crosses it
        return twin

    return make


@pytest.fixture
def twin(make: Callable[..., SR400Twin]) -> SR400Twin:
    return make()


@pytest.fixture
def ask(twin: SR400Twin) -> Ask:
    return lambda message: talk(twin, message)


@pytest.fixture
def driver(twin: SR400Twin) -> SR400:
    return open_driver(twin)


def talk(twin: SR400Twin, message: str, end: str = "\r") -> str:
    """All that is said until nothing more is to come."""
    twin.feed((message + end).encode("latin-1"))
    said = b""
    while (due := twin.next_due()) is not None:
        twin.clock.sleep(due - twin.clock.now())
        said += twin.take() or b""
    return said.decode("latin-1")


def open_driver(twin: SR400Twin) -> SR400:
    library = VirtualVisaLibrary.of([twin])
    return SR400(str(twin.resource_name), "counter", clock=twin.clock, visa_library=library)


# -- the wire -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_line_ends_with_cr_or_lf_or_both(twin: SR400Twin, end: str) -> None:
    assert talk(twin, "CM", end) == "0\r"
    assert talk(twin, "ci 0", end) == "1\r"


def test_several_commands_on_one_line_answer_one_after_the_other(ask: Ask) -> None:
    ask("GD0,1.2E-6")
    assert ask("CM;CI0;GD0") == "0\r1\r1.2E-6\r"


def test_on_gpib_answers_end_with_cr_lf(make: Callable[..., SR400Twin]) -> None:
    twin = make("GPIB0::23::INSTR")
    twin.feed(b"CM", end=True)
    twin.clock.sleep(1)
    assert twin.take() == b"0\r\n"


def test_it_is_slow_until_told_not_to_wait(ask: Ask, clock: VirtualClock) -> None:
    ask("SW 6")
    before = clock.now()
    ask("CP 2")
    assert clock.now() - before == pytest.approx(4 * 6 * 3.33e-3, rel=0.05)
    ask("SW0")
    before = clock.now()
    ask("CP 2")
    assert clock.now() - before < 0.01


def test_an_error_sets_a_bit_and_loses_the_rest_of_the_line(ask: Ask) -> None:
    ask("SS")
    assert ask("FOO;CM") == ""
    assert ask("CM;FOO;CM") == "0\r"
    assert ask("SS") == "128\r"
    assert ask("SS") == "0\r"


WRONG = """\
*IDN? | CM 4 | CM 0.5 | CM,1 | CI 0,2 | CI 3 | CI | CP 0 | CP 2,0 | CP 2,1E12 | CP 2,1_0 | CP 2,NAN | CP 2,²
CP 2,9 | CP 2,1,1 | NN 1 | NP 0 | NP 2001 | DT 1E-3 | TL 2.1 | DL 0,.4 | DZ 3 | GD 0,1 | GW 0,1E-9 | GM 0,3
GM 2,0 | GY 0,.1 | PL 3,0 | CK 14 | MD 7,1 | QA 0
QA 2001 | SS 8 | SI 3 | SW 26 | SW | ST 0 | RC 10 | CS 1 | SE 1,2,3,4,5 | MI 3 | \xff"""


@pytest.mark.parametrize("wrong", WRONG.replace("\n", " | ").split(" | "))
def test_what_cannot_be_is_an_error(ask: Ask, wrong: str) -> None:
    ask("SS")
    before = ask("CM;CI0;CP2;NP;TL")
    assert ask(wrong) == ""
    assert ask(COMMAND_ERROR) == "1\r"
    assert ask("CM;CI0;CP2;NP;TL") == before


def test_a_line_that_is_too_long_is_an_error(ask: Ask, twin: SR400Twin) -> None:
    ask("SS")
    twin.feed(b"X" * 300)
    assert twin.counting.status & 128


def test_with_echo_it_prompts(make: Callable[..., SR400Twin]) -> None:
    twin = make(echo=True)
    talk(twin, "")
    assert talk(twin, "CM") == "CM\r\n0\r\nOK>"
    assert talk(twin, "FOO") == "FOO\r\n??>"


def test_the_end_of_answers_can_be_chosen(ask: Ask) -> None:
    ask("SE 59,10")
    assert ask("CM") == "0;\n"
    ask("SE")
    assert ask("CM") == "0\r"


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["10", "1E1", "0.1E2", "12", "19.9"])
def test_presets_keep_one_digit(ask: Ask, text: str) -> None:
    ask(f"CP2,{text}")
    assert ask("CP2") == "1E1\r"


@pytest.mark.parametrize(("text", "read"), [("0", "0"), ("2.9E-3", "2E-3"), ("60", "6E1"), (".5", "5E-1")])
def test_the_dwell_time_keeps_one_digit(ask: Ask, text: str, read: str) -> None:
    ask(f"DT {text}")
    assert ask("DT") == f"{read}\r"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5.4E-9", "5E-9"),
        ("999.4E-9", "9.99E-7"),
        ("9.99E-6", "9.992E-6"),
        ("9.985E-6", "9.984E-6"),
        ("10.01E-6", "1.001E-5"),
        ("2.047E-3", "2.047E-3"),
        ("2.049E-3", "2.048E-3"),
        ("4.099E-3", "4.1E-3"),
        ("999.2E-3", "9.992E-1"),
        ("1E-3", "1E-3"),
    ],
)
def test_gates_have_bands_of_resolution(ask: Ask, text: str, read: str) -> None:
    for command in ("GD0", "GW1"):
        ask(f"{command},{text}")
        assert ask(command) == f"{read}\r"


@pytest.mark.parametrize(
    ("command", "text", "read"),
    [
        ("DL2", "-.0123", "-0.0124"),
        ("DL0", "0.3", "0.3"),
        ("TL", "-1.2344", "-1.234"),
        ("TL", "0", "0"),
        ("PL1", "-3.4E-1", "-0.34"),
        ("PY2", "0.5", "0.5"),
        ("DY0", "2E-4", "0.0002"),
        ("NP", "5E2", "500"),
        ("TS", "1", "1"),
        ("DS1", "0", "0"),
        ("DM2", "1", "1"),
        ("NE", "1", "1"),
        ("AS", "3", "3"),
        ("AM", "7", "7"),
        ("SD", "1", "1"),
        ("PM1", "1", "1"),
        ("GM1", "2", "2"),
    ],
)
def test_settings_are_rounded_and_read_back(ask: Ask, command: str, text: str, read: str) -> None:
    ask(f"{command},{text}" if command[-1].isdigit() else f"{command} {text}")
    assert ask(command) == f"{read}\r"
    assert ask(COMMAND_ERROR) == "0\r"


def test_settings_are_stored_and_recalled(ask: Ask) -> None:
    ask("CP2,5E5;ST3;CP2,1E3;RC3")
    assert ask("CP2") == "5E5\r"
    ask("RC0")
    assert ask("CP2") == "1E7\r"
    ask("CP2,5E5")
    ask("CL")
    assert ask("CP2") == "1E7\r"


def test_interface_commands_are_taken(ask: Ask) -> None:
    ask("SS")
    for command in ("MI 2", "SV 16", "MS hello there", "MI 0"):
        assert ask(command) == ""
    assert ask("SS") == "0\r"


def test_keys_and_menus(ask: Ask, clock: VirtualClock) -> None:
    ask("CI0,0;CP2,1E4;DT 2E-3;NP2;CK13")
    clock.sleep(0.0015)
    ask("CK5;CK2")
    clock.sleep(1)
    assert ask("NN") == "1\r"
    assert ask("CK7;NN") == "0\r"
    assert ask("MD 4,11;MM;ML;SC") == "4\r11\r2\r"
    assert ask(COMMAND_ERROR) == "0\r"


# -- counting -------------------------------------------------------------------------------------


def test_the_clock_counts_itself_exactly(ask: Ask, clock: VirtualClock) -> None:
    ask("CI0,0;NP1;CR;CS")
    clock.sleep(0.5)
    assert ask("QA;SS;SI") == "-1\r0\r4\r"
    assert float(ask("XA")) == pytest.approx(5e6, rel=0.01)
    clock.sleep(0.51)
    assert ask("SS 1;SS 2;SI 2") == "1\r1\r0\r"
    assert ask("QA;QA;SS") == "10000000\r10000000\r0\r"
    assert ask("XA;XB") == "0\r0\r"
    ask("CR")
    assert ask("QA") == "-1\r"


def test_pulses_of_the_tube(ask: Ask, clock: VirtualClock) -> None:
    ask("NP1;CP2,1E7;CS")
    clock.sleep(1.1)
    assert float(ask("QA")) == pytest.approx(1e6 * 0.982, rel=0.01)
    assert ask("QB") == "0\r"  # nothing is at INPUT 2


@pytest.mark.parametrize(("level", "share"), [("-0.01", 0.91), ("-0.1", 0.04), ("0.1", 0.0)])
def test_the_discriminator_decides_which_pulses_count(
    ask: Ask, clock: VirtualClock, level: str, share: float
) -> None:
    ask(f"DL0,{level};NP1;CS")
    clock.sleep(1.1)
    assert float(ask("QA")) == pytest.approx(1e6 * share, rel=0.02)


def test_at_zero_the_discriminator_counts_noise(ask: Ask, clock: VirtualClock) -> None:
    ask("DL0,0;NP1;CS")
    clock.sleep(1.1)
    assert float(ask("QA")) > 5e6


def test_a_scan_of_several_periods(ask: Ask, clock: VirtualClock) -> None:
    ask("CI0,0;CP2,1E4;DT 2E-3;NP3;CS")
    clock.sleep(0.0041)
    assert ask("NN") == "2\r"
    assert ask("QA1;QA2;QA3") == "10000\r10000\r-1\r"
    clock.sleep(1)
    assert ask("NN;SS") == "3\r6\r"
    assert ask("EA") == "10000\r" * 3
    assert ask("ET") == "10000\r0\r" * 3
    assert ask("EB") == "0\r" * 3
    ask("CS")
    clock.sleep(1)
    assert ask("NN") == "3\r"
    ask("CR;CS")
    clock.sleep(0.0011)
    assert ask("NN") == "1\r"


def test_with_external_dwell_each_period_is_started(ask: Ask, clock: VirtualClock) -> None:
    ask("CI0,0;CP2,1E4;DT0;NP2;CS")
    clock.sleep(1)
    assert ask("NN;SS") == "1\r2\r"
    ask("CS")
    clock.sleep(1)
    assert ask("NN;SS") == "2\r6\r"


def test_a_scan_may_begin_again(ask: Ask, clock: VirtualClock) -> None:
    ask("NE1;CI0,0;CP2,1E4;DT 2E-3;NP2;CS")
    clock.sleep(0.008)
    assert ask("NN") == "1\r"
    ask("CH")
    clock.sleep(1)
    assert ask("NN") == "1\r"


def test_a_scan_sends_its_points_as_they_come(ask: Ask, clock: VirtualClock, twin: SR400Twin) -> None:
    ask("CI0,0;CP2,1E6;DT 2E-3;NP3;CR")
    before = clock.now()
    assert ask("FA") == "1000000\r" * 3
    assert clock.now() - before == pytest.approx(0.304, abs=0.002)
    assert ask("NN;SS") == "3\r6\r"
    assert ask("FA") == ""  # not in reset
    assert ask(COMMAND_ERROR) == "1\r"
    assert ask("CR;FT") == "1000000\r0\r" * 3
    twin.feed(b"CR;FA\r")
    clock.sleep(0.15)
    assert twin.take() == b"1000000\r"
    assert ask("CR") == ""


def test_overflow_wraps(ask: Ask, clock: VirtualClock) -> None:
    ask("CI0,0;CP2,2E9;NP1;CS")
    clock.sleep(201)
    assert ask("SS3;QA") == "1\r0\r"


def test_changing_a_preset_ends_the_period(ask: Ask, clock: VirtualClock) -> None:
    ask("CI0,0;NP1;CS")
    clock.sleep(0.5)
    ask("CP2,1E6")
    clock.sleep(5)
    assert ask("QA;SI") == "-1\r0\r"


def test_counting_until_b_is_full(ask: Ask, clock: VirtualClock, twin: SR400Twin) -> None:
    twin.set["DL", "1"] = -0.004
    ask("CM3;CI1,1;CP1,1E5;CI0,0;NP1;CS")
    clock.sleep(1)
    assert float(ask("QA")) == pytest.approx(1e6, rel=0.05)  # 0.1 s at 10 MHz
    assert ask("QB") == "-1\r"
    assert ask("EB;ET") == ""
    ask("CI1,2;CR;CS")
    clock.sleep(1e4)
    assert ask("QA;SI2") == "-1\r1\r"


# -- gates ----------------------------------------------------------------------------------------

TRAIN = PulseTrain(period=1e-3, width=1e-4)


def test_without_triggers_a_gate_never_opens(ask: Ask, clock: VirtualClock) -> None:
    ask("GM0,1;GW0,1E-4;NP1;CS")
    clock.sleep(1.1)
    assert ask("QA;SI0") == "0\r0\r"


def test_a_gate_sees_what_comes_in_it(
    make: Callable[..., SR400Twin], lamp: Lamp, clock: VirtualClock
) -> None:
    lamp.steady = False
    twin = make(train=TRAIN)
    talk(twin, "GM0,1;GD0,2E-5;GW0,5E-5;NP1;CS")
    clock.sleep(1.1)
    inside = float(talk(twin, "QA"))
    assert inside == pytest.approx(1e6 * 0.05 * 0.982, rel=0.03)
    talk(twin, "GD0,3E-4;CS")
    clock.sleep(1.1)
    assert talk(twin, "QA;SS4;SI0") == "0\r0\r1\r"


def test_the_gate_opens_25_ns_after_its_trigger(
    make: Callable[..., SR400Twin], lamp: Lamp, clock: VirtualClock
) -> None:
    """Light that begins 20 ns after the trigger is there already."""
    lamp.steady, lamp.watts = False, lamp.watts * 1e3
    twin = make(train=PulseTrain(period=1e-5, width=5e-6, delay=20e-9))
    talk(twin, "GM0,1;GW0,1E-8;CP2,1E6;NP1;CS")
    clock.sleep(0.2)
    assert float(talk(twin, "QA")) == pytest.approx(1e9 * 1e-3 * 0.1 * 0.982, rel=0.02)


def test_the_gate_also_gates_the_clock(make: Callable[..., SR400Twin], clock: VirtualClock) -> None:
    twin = make(train=TRAIN)
    talk(twin, "CI0,0;GM0,1;GW0,1E-4;NP1;CS")
    clock.sleep(1.1)
    assert talk(twin, "QA") == "1000000\r"


def test_a_gate_that_is_too_late_misses_triggers(make: Callable[..., SR400Twin], clock: VirtualClock) -> None:
    twin = make(train=TRAIN)
    talk(twin, "CI0,0;GM0,1;GD0,9.5E-4;GW0,1E-4;NP1;CS")
    clock.sleep(1.1)
    assert talk(twin, "QA;SS4;SS4") == "500000\r1\r0\r"


def test_a_gate_can_be_scanned(make: Callable[..., SR400Twin], lamp: Lamp, clock: VirtualClock) -> None:
    lamp.steady = False
    twin = make(train=TRAIN)
    talk(twin, "GM0,2;GD0,5E-5;GY0,3E-5;GW0,1E-6;CP2,1E6;NP4;CS")
    clock.sleep(0.25)
    assert talk(twin, "GZ0;GD0") == "1.1E-4\r5E-5\r"
    clock.sleep(1)
    counts = [int(n) for n in talk(twin, "EA").split()]
    assert min(counts[:2]) > 50
    assert max(counts[2:]) == 0
    talk(twin, "CR")
    assert talk(twin, "GZ0") == "5E-5\r"


def test_counting_triggers(make: Callable[..., SR400Twin], clock: VirtualClock) -> None:
    twin = make(train=TRAIN)
    talk(twin, "CI2,3;CP2,1E2;CI0,0;NP1;CS")
    clock.sleep(0.101)
    assert talk(twin, "QA") == "1000000\r"
    talk(twin, "TL -1;CR;CS")
    clock.sleep(10)
    assert talk(twin, "QA;SI") == "-1\r4\r"


# -- the driver -----------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["ASRL1::INSTR", "GPIB0::23::INSTR", "TCPIP0::127.0.0.1::4001::SOCKET"])
def test_the_driver_counts_on_every_interface(make: Callable[..., SR400Twin], resource: str) -> None:
    counter = open_driver(make(resource))
    counter.exposure = 0.2
    before = counter.clock.now()
    assert counter.count() == pytest.approx(2e5 * 0.982, rel=0.02)
    assert 0.2 < counter.clock.now() - before < 0.25
    assert counter.gate is None
    counter.close()


def test_the_driver_gates(make: Callable[..., SR400Twin], lamp: Lamp) -> None:
    lamp.steady = False
    counter = open_driver(make(train=TRAIN))
    counter.gate = (2e-5, 5e-5)
    assert counter.gate == (2e-5, 5e-5)
    assert counter.count() == pytest.approx(1e6 * 0.05 * 0.982, rel=0.03)
    counter.gate = (9.9e-4, 5e-5)
    with pytest.raises(DeviceFault, match="gates were missed"):
        counter.count()
    counter.gate = None
    assert counter.count() > 9e4
    counter.close()


def test_the_driver_names_an_overflow(make: Callable[..., SR400Twin], lamp: Lamp) -> None:
    lamp.watts *= 1e3
    counter = open_driver(make())
    counter.exposure = 2
    with pytest.raises(OverRange, match="^counter: more than"):
        counter.count()
    counter.exposure = 0.1
    assert counter.count() > 9e7
    counter.close()


def test_the_driver_notices_a_turned_knob(driver: SR400, twin: SR400Twin) -> None:
    twin.turn_knob("DL", "0", -0.1)
    with pytest.raises(DeviceFault, match="a setting was changed at its front panel"):
        driver.count()
    assert driver.discriminator_level == -0.1
    assert driver.count() < 1e5
    driver.close()


def test_the_driver_names_the_echo(make: Callable[..., SR400Twin]) -> None:
    with pytest.raises(DeviceFault, match="^counter: echoes: set RS-232 ECHO to OFF"):
        open_driver(make(echo=True))


def test_make_safe_stops(driver: SR400, twin: SR400Twin, ask: Ask) -> None:
    ask("CS")
    driver.make_safe()
    assert not twin.counting.is_counting()
    driver.close()


def test_a_late_answer_is_not_taken_for_the_next(driver: SR400, twin: SR400Twin) -> None:
    driver.gate = (1e-3, 2e-3)
    twin.latency = 4.0  # type: ignore[misc]
    with pytest.raises(DeviceTimeout):
        _ = driver.gate_width
    twin.latency = 1e-3  # type: ignore[misc]
    assert driver.gate_delay == 1e-3
    assert twin.set["DL", "2"] == -0.01
    driver.close()


def test_half_a_command_of_an_earlier_user(twin: SR400Twin) -> None:
    twin.feed(b"CP2,")
    counter = open_driver(twin)
    assert counter.count() > 0
    counter.close()

"""The iBeam smart twin by what public drivers say, then our driver against it."""

from collections.abc import Callable

import pytest
import pyvisa

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, LimitError
from antistokes.instruments.lasers.toptica_ibeam_smart import IBeamSmart
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.toptica_ibeam_smart import IBeamSettings, IBeamSmartTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

RESOURCE = "ASRL1::INSTR"
UNKNOWN = "%SYS-E-021, unknown command"
REFUSED = "%SYS-E-016, parameter out of range"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def twin(bench: Bench) -> IBeamSmartTwin:
    """As its driver leaves it; the tests of the line begin with another one."""
    settings = IBeamSettings(echo=False, prompt=False, talk="usual")
    twin = IBeamSmartTwin("laser", bench, settings)
    twin.resource_name = RESOURCE
    return twin


Say = Callable[[str], list[str]]


@pytest.fixture
def say(twin: IBeamSmartTwin) -> Say:
    """Send one message; the lines of its answer."""

    def say(message: str) -> list[str]:
        answer = twin.respond(message)
        assert isinstance(answer, bytes)
        first, *lines, last, rest = answer.decode().split("\r\n")
        assert (first, last, rest) == ("", "[OK]", "")
        return lines

    return say


@pytest.fixture
def laser(twin: IBeamSmartTwin, clock: VirtualClock) -> IBeamSmart:
    return IBeamSmart(RESOURCE, "laser", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))


class Generator:
    """5 V half of the time."""

    def pulses(self) -> PulseTrain:
        return PulseTrain(period=1e-3, width=5e-4)


# -- the line -------------------------------------------------------------------------------------


def heard(twin: IBeamSmartTwin, clock: VirtualClock, data: bytes) -> bytes:
    twin.feed(data)
    clock.sleep(1)
    answer = b""
    while (part := twin.take()) is not None:
        answer += part
    return answer


def test_it_starts_with_echo_and_prompt(bench: Bench, clock: VirtualClock) -> None:
    twin = IBeamSmartTwin("laser", bench)
    assert heard(twin, clock, b"sta la\r\n") == b"sta la\r\nOFF\r\nCMD> "
    assert heard(twin, clock, b"la off\r") == b"la off\r\nCMD> "
    assert heard(twin, clock, b"sh pow\r\n") == b"sh pow\r\n%SYS-I-077, scaled\r\nPIC  = 000000 uW  \r\nCMD> "
    assert heard(twin, clock, b"echo off\r\n") == b"echo off\r\nCMD> "
    assert heard(twin, clock, b"prom off\r\n") == b"\r\n[OK]\r\n"
    assert heard(twin, clock, b"talk usual\r\n") == b"\r\n[OK]\r\n"
    assert heard(twin, clock, b"sh pow\r\n") == b"\r\nPIC  = 000000 uW  \r\n[OK]\r\n"


def test_an_empty_line_is_answered_and_half_a_line_waits(twin: IBeamSmartTwin, clock: VirtualClock) -> None:
    assert heard(twin, clock, b"\r\n") == b"\r\n[OK]\r\n"
    assert heard(twin, clock, b"sta ") == b""
    assert heard(twin, clock, b"la\r") == b"\r\nOFF\r\n[OK]\r\n"
    assert heard(twin, clock, b"\nver\r\n") == b"\r\niBPs-001A01-05\r\n[OK]\r\n"


def test_when_quiet_it_does_not_say_its_serial_number(say: Say) -> None:
    say("talk quiet")
    assert say("serial") == []
    assert say("sta la") == ["OFF"]


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("ver", ["iBPs-001A01-05"]),
        ("serial", ["SN: iBEAM-SMART-980-S-A3-15384"]),
        ("show serial", ["SN: iBEAM-SMART-980-S-A3-15384"]),
        ("id", ["SN: iBEAM-SMART-980-S-A3-15384"]),
        ("status laser", ["OFF"]),
        ("STA LA", ["OFF"]),
        ("sta ch 2", ["OFF"]),
        ("sta 2 ch", ["OFF"]),
        ("sta ext", ["OFF"]),
        ("sta fine", ["OFF"]),
        ("sta osc", ["OFF"]),
        ("sta clip", ["PASS"]),
        ("sh level pow", ["CH1, PWR:  0.000 mW", "CH2, PWR:  0.000 mW"]),
        ("sh cur", ["LDC  =   0.0 mA"]),
        ("sh 2 curr", ["LDC  =   0.0 mA"]),
        ("show power", ["PIC  = 000000 uW  "]),
        ("sta uptime", ["PowerUP: 0 h + 0 s", "LaserON: 0 h + 0 s"]),
        ("sh tim", ["PowerUP: 0 s", "LaserUP: 0 s"]),
        ("ini la", []),
        ("flash off", []),
        ("save data", ["SAVE:SYS done", "SAVE:SAT done"]),
    ],
)
def test_answers_when_it_gets_power(say: Say, question: str, lines: list[str]) -> None:
    assert say(question) == lines


def test_tables_say_what_drivers_look_for(say: Say) -> None:
    assert "Pmax: 200 mW" in say("sh sat")
    assert "pulse board: yes" in say("sh sys")
    assert "fine a -> 90.0 %" in say("sh data")
    assert all(line.endswith(" mA") for line in say("show limit"))
    assert say("sh temp")[0].startswith("TEMP = ")
    assert say("sh temp sys")[0].startswith("TEMP = ")
    assert say("help")


@pytest.mark.parametrize(
    ("command", "question", "lines"),
    [
        ("ch 2 pow 1000.000000 mic", "sh level pow", ["CH1, PWR:  0.000 mW", "CH2, PWR:  1.000 mW"]),
        ("channel 1 power 1500 micro", "sh level pow", ["CH1, PWR:  1.500 mW", "CH2, PWR:  0.000 mW"]),
        ("ch 2 pow 20.5", "sh level pow", ["CH1, PWR:  0.000 mW", "CH2, PWR: 20.500 mW"]),
        ("set 1 pow 3.0", "sh level pow", ["CH1, PWR:  3.000 mW", "CH2, PWR:  0.000 mW"]),
        ("ch pow 500 mic", "sh level pow", ["CH1, PWR:  0.000 mW", "CH2, PWR:  0.500 mW"]),
        ("en 2", "sta ch 2", ["ON"]),
        ("en ch 1", "sta ch 1", ["ON"]),
        ("en 0", "sta 1 ch", ["ON"]),
        ("en ext", "sta ext", ["ON"]),
        ("en x", "sta ext", ["ON"]),
        ("fine on", "sta fine", ["ON"]),
        ("skill on", "sta osc", ["ON"]),
        ("la on", "sta la", ["ON"]),
    ],
)
def test_settings_are_kept_and_the_reset_forgets_them(
    say: Say, twin: IBeamSmartTwin, command: str, question: str, lines: list[str]
) -> None:
    before = say(question)
    assert say(command) == []
    assert say(question) == lines
    assert say("reset system") == ["TOPTICA iBEAM smart"]
    assert say(question) == before


def test_the_shares_of_fine_are_kept(say: Say) -> None:
    assert say("fine b 12.5") == []
    assert "fine b -> 12.5 %" in say("sh data")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("nonsense", UNKNOWN),
        ("la maybe", UNKNOWN),
        ("ch 2 pow lots", UNKNOWN),
        ("\x00\xff", UNKNOWN),
        ("ch 2 pow 200001 mic", REFUSED),
        ("ch 3 pow 1", REFUSED),
        ("en 7", REFUSED),
        ("fine a 101", REFUSED),
    ],
)
def test_ok_comes_after_errors_too(say: Say, command: str, error: str) -> None:
    before = say("sh data")
    assert say(command) == [error]
    assert say("sh data") == before


# -- the light ------------------------------------------------------------------------------------


def test_the_light_is_the_sum_of_the_enabled_channels_up_to_the_maximum(
    say: Say, bench: Bench, clock: VirtualClock
) -> None:
    say("ch 1 pow 20")
    say("ch 2 pow 50")
    say("la on")
    clock.sleep(1)
    assert not bench.light_is_on()
    say("en 2")
    assert bench.beams() == [(980.0, pytest.approx(0.05))]
    say("en 1")
    assert bench.beams() == [(980.0, pytest.approx(0.07))]
    assert say("sh pow") == ["PIC  = 070000 uW  "]
    assert say("sh cur") == ["LDC  = 117.8 mA"]
    say("ch 2 pow 200")
    assert bench.beams() == [(980.0, pytest.approx(0.2))]
    say("la off")
    assert not bench.light_is_on()
    assert say("sta uptime") == ["PowerUP: 0 h + 1 s", "LaserON: 0 h + 1 s"]


def test_light_rises_softly(say: Say, bench: Bench, clock: VirtualClock) -> None:
    for command in ("ch 2 pow 100", "en 2", "la on"):
        say(command)
    assert not bench.light_is_on()
    clock.sleep(0.1)
    assert bench.beams() == [(980.0, pytest.approx(0.05))]


def test_the_gate_acts_on_channel_2(say: Say, bench: Bench, clock: VirtualClock) -> None:
    for command in ("ch 1 pow 1", "ch 2 pow 100", "en 0", "en ext", "la on"):
        say(command)
    clock.sleep(1)
    assert bench.beams() == [(980.0, pytest.approx(1e-3))]
    bench.generator = Generator()
    (excitation,) = bench.excitation()
    assert (excitation.high, excitation.low) == (pytest.approx(0.101), pytest.approx(0.001))
    assert say("sh pow") == ["PIC  = 051000 uW  "]
    say("di ext")
    (excitation,) = bench.excitation()
    assert excitation.low == pytest.approx(0.101)


@pytest.mark.parametrize("fault", ["interlock_open", "key_locked", "too_hot"])
def test_a_fault_ends_the_light_and_keeps_it_off(
    twin: IBeamSmartTwin, say: Say, bench: Bench, clock: VirtualClock, fault: str
) -> None:
    for command in ("ch 2 pow 100", "en 2", "la on"):
        say(command)
    clock.sleep(1)
    setattr(twin, fault, True)
    assert getattr(twin, fault)
    assert not bench.light_is_on()
    assert say("sta la") == ["OFF"]
    assert say("la on")[0].startswith("%SYS-F-")
    setattr(twin, fault, False)
    assert not bench.light_is_on()
    assert say("la on") == []


def test_a_head_may_have_more_channels(bench: Bench) -> None:
    twin = IBeamSmartTwin("laser", bench, IBeamSettings(channels=3, wavelength_nm=808))
    assert bench.sources["laser"].wavelength == 808
    answer = twin.respond("sh level pow")
    assert isinstance(answer, bytes)
    assert b"CH3, PWR:" in answer


# -- our driver -----------------------------------------------------------------------------------


def test_driver_opens_on_a_device_that_another_left_talkative(bench: Bench, clock: VirtualClock) -> None:
    twin = IBeamSmartTwin("laser", bench)
    twin.resource_name = RESOURCE
    twin.feed(b"sh data\r\nsta la\r\nla o")
    laser = IBeamSmart(RESOURCE, "laser", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))
    assert laser.identity() == "iBEAM-SMART-980-S-A3-15384"
    assert laser.emission is False


def test_driver_makes_light_and_makes_safe(laser: IBeamSmart, bench: Bench, clock: VirtualClock) -> None:
    laser.write("ch 1 pow 30")
    laser.write("en 1")
    laser.drive = 0.1
    assert laser.drive_limits == (0, 0.2)
    assert not bench.light_is_on()
    laser.emission = True
    assert bench.beams() == [(980.0, pytest.approx(0.1))]
    assert laser.measured_power == pytest.approx(0.1)
    assert laser.measured_current == pytest.approx(0.04 + 0.1 / 0.9, abs=1e-4)
    assert (laser.temperature, laser.base_temperature) == (
        pytest.approx(25, abs=0.2),
        pytest.approx(27, abs=0.2),
    )
    assert laser.snapshot()["emission"] is True
    for _ in range(2):
        laser.make_safe()
        assert not bench.light_is_on()
        assert (laser.emission, laser.power) == (False, 0)


def test_driver_takes_over_the_light_of_another_channel(
    laser: IBeamSmart, twin: IBeamSmartTwin, bench: Bench
) -> None:
    twin.levels[1], twin.enabled[1] = 0.03, True  # by an earlier user
    twin.switch(True)
    laser.drive = 0.1
    laser.emission = True
    assert bench.beams() == [(980.0, pytest.approx(0.1))]


def test_driver_sends_no_power_above_that_of_the_head(bench: Bench, clock: VirtualClock) -> None:
    twin = IBeamSmartTwin("laser", bench, IBeamSettings(power_max_W=0.1))
    twin.resource_name = RESOURCE
    laser = IBeamSmart(RESOURCE, "laser", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))
    assert (laser.drive_limits, laser.rated_power) == ((0, 0.1), 0.1)
    twin.feed = lambda data, end=False: pytest.fail("sent")  # type: ignore[method-assign]
    with pytest.raises(LimitError, match=r"power = 0\.15 W is outside the allowed 0 to 0\.1 W"):
        laser.drive = 0.15


def test_driver_opens_the_gate(laser: IBeamSmart, bench: Bench) -> None:
    laser.external_gate = True
    laser.drive = 0.1
    laser.emission = True
    assert laser.external_gate is True
    assert not bench.light_is_on()
    bench.generator = Generator()
    assert bench.light_is_on()


@pytest.mark.parametrize(
    ("fault", "cause"), [("interlock_open", "interlock"), ("key_locked", "key"), ("too_hot", "temperature")]
)
def test_driver_names_what_keeps_the_light_off(
    laser: IBeamSmart, twin: IBeamSmartTwin, bench: Bench, fault: str, cause: str
) -> None:
    laser.drive = 0.1
    setattr(twin, fault, True)
    with pytest.raises(DeviceFault, match=f"laser: 'la on': %SYS-F.*{cause}"):
        laser.emission = True
    setattr(twin, fault, False)
    assert not bench.light_is_on()
    laser.emission = True
    assert bench.light_is_on()


def test_driver_recovers_from_a_time_out(laser: IBeamSmart, twin: IBeamSmartTwin, bench: Bench) -> None:
    laser.drive = 0.1
    laser.emission = True
    twin.send(b"", 60)  # everything said now comes a minute late
    with pytest.raises(DeviceTimeout, match=r"laser: no answer to 'sh pow' within 2 s"):
        _ = laser.measured_power
    with pytest.raises(DeviceTimeout):
        laser.make_safe()
    assert not bench.light_is_on()
    laser.clock.sleep(60)
    laser.make_safe()
    assert not bench.light_is_on()
    assert laser.power == 0


def test_driver_says_what_came_of_half_an_answer(laser: IBeamSmart, twin: IBeamSmartTwin) -> None:
    twin.feed = lambda data, end=False: twin.send(b"\r\nO")  # type: ignore[method-assign]
    with pytest.raises(DeviceTimeout, match=r"no answer to 'sta la' .*; received so far: b'\\r\\nO'"):
        _ = laser.emission


def test_a_visa_program_recovers_from_rubbish(twin: IBeamSmartTwin) -> None:
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    device = manager.open_resource(RESOURCE, read_termination="\r\n", write_termination="\r\n", timeout=100)
    assert isinstance(device, pyvisa.resources.MessageBasedResource)
    device.write("gibberish")
    assert [device.read() for _ in range(3)] == ["", UNKNOWN, "[OK]"]
    device.write("sta la")
    assert [device.read() for _ in range(3)] == ["", "OFF", "[OK]"]
    manager.close()

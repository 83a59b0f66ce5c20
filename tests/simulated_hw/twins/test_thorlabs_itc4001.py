"""The ITC4001 twin: what it does not share with the CLD1015's, then our driver against it."""

from collections.abc import Callable

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault
from antistokes.instruments.lasers.thorlabs_itc4001 import ITC4001
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.thorlabs_itc4001 import ITC4001Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

RESOURCE = "USB0::0x1313::0x804A::M00404162::INSTR"
NO_ERROR = '+0,"No error"'
POWER = pytest.approx(0.6 * 0.34, rel=1e-3)  # W at 0.4 A


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def twin(bench: Bench) -> ITC4001Twin:
    twin = ITC4001Twin("laser", bench)
    twin.resource_name = RESOURCE
    return twin


@pytest.fixture
def say(twin: ITC4001Twin) -> Callable[[str], str]:
    """Send one message; the answer, empty when there is none."""
    return lambda message: str(twin.respond(message) or "")


@pytest.fixture
def light(say: Callable[[str], str], clock: VirtualClock) -> Callable[[], None]:
    """Bring the light on at 0.4 A, TEC first."""

    def on() -> None:
        say("SOUR:CURR 0.4;:OUTP2 ON;:OUTP ON")
        clock.sleep(2)

    return on


@pytest.fixture
def laser(twin: ITC4001Twin, clock: VirtualClock) -> ITC4001:
    return ITC4001(RESOURCE, "laser", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))


class Generator:
    """5 V for 1 ms, every 10 ms."""

    def pulses(self) -> PulseTrain:
        return PulseTrain(period=1e-2, width=1e-3, delay=2e-6)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("*IDN?", "Thorlabs,ITC4001,M00000001,1.2.0/1.0.0/1.1.0"),
        ("SOUR:FUNC:SHAP?", "DC"),
        ("source:function:mode?", "CURR"),
        ("TRIG:SOUR?", "INT"),
        ("SOUR:PULS:HOLD?", "WIDT"),
        ("SOUR:AM:SOUR?", "EXT"),
        ("SOUR:AM:INT:SHAP?", "SIN"),
        ("OUTP:POL?", "AG"),
        ("OUTP:PROT:EXT?", "OFF"),
        ("OUTP:PROT:EXT:TRIP?", "0"),
        ("SENS:POW:PROT:TRIP?", "0"),
        ("SENSE3:TEMPERATURE:PROTECTION:TRIPPED?", "0"),
        ("output:protection:keylock:tripped?", "0"),
        ("STAT:MEAS:COND?", "0"),
        ("SOUR2:FUNC?", "TEMP"),
        ("CONF?", "CURR1"),
    ],
)
def test_answers_when_it_gets_power(say: Callable[[str], str], question: str, answer: str) -> None:
    assert say(question) == answer


@pytest.mark.parametrize(
    ("command", "question", "value"),
    [
        ("SOUR:CURR MAX", "SOUR:CURR?", 1.0),
        ("SOUR:PULS:PER 0.033", "SOUR:PULS:PER?", 0.033),
        ("SOUR:PULS:WIDT 200US", "source:pulse:width?", 2e-4),
        ("source:pulse:dcycle 20", "SOUR:PULS:WIDT?", 0.2),
        ("SOUR:PULS:PER 2", "SOUR:PULS:DCYC?", 0.5),
        ("SOUR:PULS:HOLD DCYC;PER 2", "SOUR:PULS:WIDT?", 0.02),
        ("SOUR:AM:INT:FREQ 2KHZ", "SOUR:AM:INT:FREQ?", 2000),
        ("SOUR:AM:INT:DEPT 30", "SOUR:AM:INT?", 30),
        ("OUTP:PROT:VOLT 5", "OUTP:PROT:VOLT?", 5),
        ("SENS:POW:PROT 0.5", "SENS:POW:PROT?", 0.5),
        ("OUTP:DEL 1", "OUTP:DEL?", 1),
    ],
)
def test_settings_are_kept(say: Callable[[str], str], command: str, question: str, value: float) -> None:
    say(command)
    assert say("SYST:ERR?") == NO_ERROR
    assert float(say(question)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("SOUR:CURR 1.1", -222),
        ("SOUR:PULS:WIDT 1", -221),
        ("SOUR:PULS:PER 0.01", -221),
        ("SOUR:PULS:DCYC 0.001", -222),
        ("SOUR:PULS:WIDT 2", -222),
        ("SOUR:FUNC:SHAP SIN", -224),
        ("SOUR:AM:INT:FREQ 1", -222),
        ("TRIG:SOUR BUS", -224),
        ("SOUR:AM 1;:SOUR:FUNC:SHAP PULS", -221),
        ("SOUR:FUNC POW;:SOUR:FUNC:SHAP PULS", -221),
        ("SOUR:FUNC:SHAP PULS;:SOUR:AM 1", -221),
        ("SOUR:FUNC:SHAP PULS;:SOUR:FUNC POW", -221),
        ("SENS3:CURR:DATA?", -113),
        ("SENS2:TEMP:DATA?", -113),
        ("OUTP:PROT:CONN:TRIP?", -113),
    ],
)
def test_what_is_wrong_is_refused(say: Callable[[str], str], command: str, code: int) -> None:
    before = say("SOUR:PULS:PER?;WIDT?")
    assert say(command) == ""
    assert int(say("SYST:ERR?").split(",")[0]) == code
    assert say("SYST:ERR?") == NO_ERROR
    assert say("SOUR:PULS:PER?;WIDT?") == before


@pytest.mark.parametrize("command", ["SOUR:FUNC:SHAP PULS", "SOUR:FUNC:MODE POW", "OUTP:POL CG"])
def test_some_settings_cannot_change_while_it_emits(
    say: Callable[[str], str], light: Callable[[], None], command: str
) -> None:
    light()
    say(command)
    assert say("SYST:ERR?").startswith("+20,")
    assert say("SOUR:FUNC:SHAP?;MODE?;:OUTP:POL?") == "DC;CURR;AG"


def test_it_pulses_by_itself(say: Callable[[str], str], light: Callable[[], None], bench: Bench) -> None:
    say("SOUR:FUNC:SHAP PULS;:SOUR:PULS:WIDT 0.001;PER 0.01")
    assert bench.pulses() is None
    light()
    assert bench.pulses() == PulseTrain(0.01, 0.001)
    (excitation,) = bench.excitation()
    assert (excitation.high, excitation.low, excitation.duty) == (POWER, 0, pytest.approx(0.1))
    assert float(say("MEAS:CURR?")) == pytest.approx(0.04, abs=1e-4)
    assert float(say("MEAS:POW2?")) == pytest.approx(0.1 * 0.6 * 0.34, rel=1e-3)
    say("OUTP OFF;:SOUR:FUNC:SHAP DC")
    assert bench.generator is None


def test_external_triggers_start_pulses_of_its_own_width(
    say: Callable[[str], str], light: Callable[[], None], bench: Bench
) -> None:
    generator = Generator()
    bench.generator = generator
    say("SOUR:FUNC:SHAP PULS;:TRIG:SOUR EXT;:SOUR:PULS:PER 1;WIDT 0.002")
    assert bench.pulses() == generator.pulses()
    light()
    assert bench.pulses() == PulseTrain(1e-2, 2e-3, 2e-6)
    say("SOUR:PULS:WIDT 0.015")
    assert bench.pulses() == PulseTrain(2e-2, 0.015, 2e-6)
    say("*RST")
    assert bench.generator is generator


def test_without_triggers_it_stays_dark(
    say: Callable[[str], str], light: Callable[[], None], bench: Bench
) -> None:
    say("SOUR:FUNC:SHAP PULS;:TRIG:SOUR EXT")
    light()
    assert say("OUTP?") == "1"
    assert not bench.light_is_on()


def test_the_input_modulates_only_when_it_is_the_source(
    say: Callable[[str], str], light: Callable[[], None], bench: Bench
) -> None:
    bench.generator = Generator()
    say("SOUR:AM 1;:SOUR:AM:SOUR INT")
    light()
    (excitation,) = bench.excitation()
    assert (excitation.high, excitation.low) == (POWER, POWER)
    say("SOUR:AM:SOUR EXT")
    (excitation,) = bench.excitation()
    assert excitation.high - excitation.low == pytest.approx(0.6 * 0.5)


@pytest.mark.parametrize(
    ("mode", "on", "lit"), [("OFF", "1", True), ("PROT", "0", False), ("ENAB", "1", False)]
)
def test_the_enable_input_does_what_its_mode_says(
    twin: ITC4001Twin,
    say: Callable[[str], str],
    light: Callable[[], None],
    bench: Bench,
    mode: str,
    on: str,
    lit: bool,
) -> None:
    say(f"OUTP:PROT:EXT {mode}")
    light()
    twin.inhibited = True
    assert say("OUTP?") == on
    assert bench.light_is_on() is lit
    assert say("STAT:MEAS:COND?;:OUTP:PROT:EXT:TRIP?") == ("0;0" if mode == "OFF" else "16;1")
    twin.inhibited = False
    assert bench.light_is_on() is (on == "1")


def test_the_limit_of_the_power_ends_the_light(
    say: Callable[[str], str], light: Callable[[], None], bench: Bench
) -> None:
    say("SENS:POW:PROT 0.1")
    light()
    assert not bench.light_is_on()
    assert say("OUTP?;:SENS:POW:PROT:TRIP?;:STAT:MEAS:COND?") == "0;1;32"
    say("SENS:POW:PROT 0.3")
    light()
    assert bench.light_is_on()
    assert say("STAT:MEAS:COND?") == "0"


def test_an_unplugged_tec_goes_off_with_the_light(
    twin: ITC4001Twin, say: Callable[[str], str], light: Callable[[], None], bench: Bench
) -> None:
    light()
    twin.tec_unplugged = True
    assert say("OUTP2?;:STAT:MEAS:COND?") == f"0;{4096 | 256}"
    assert not bench.light_is_on()


def test_readings_by_their_numbers(say: Callable[[str], str], light: Callable[[], None]) -> None:
    light()
    assert float(say("MEAS:POW?")) == pytest.approx(0.4 * 1.41, rel=1e-3)
    assert float(say("MEAS:POW3?")) == 9.9e37
    assert float(say("SENS3:TEMP?")) == pytest.approx(25, abs=0.01)
    assert float(say("conf:temp;:read?")) == pytest.approx(25, abs=0.01)


def test_driver_pulses_and_makes_safe(laser: ITC4001, bench: Bench) -> None:
    laser.pulsed = True
    laser.pulse_period, laser.pulse_width = 0.02, 0.005
    laser.drive = 0.4
    laser.emission = True
    (excitation,) = bench.excitation()
    assert (excitation.high, excitation.duty) == (POWER, 0.25)
    with pytest.raises(DeviceFault, match="error 20"):
        laser.pulsed = False
    laser.make_safe()
    assert not bench.light_is_on()
    assert laser.snapshot()["pulsed"] is True
    laser.pulsed = False
    assert laser.snapshot()["pulse_period"] == 0.02


def test_driver_gets_the_refusal_of_a_pulse_that_does_not_fit(laser: ITC4001) -> None:
    laser.pulse_period = 0.5
    with pytest.raises(DeviceFault, match="-221"):
        laser.pulse_width = 0.6


@pytest.mark.parametrize(("fault", "cause"), [("inhibited", "LD ENABLE"), ("tec_unplugged", "TEC is not")])
def test_driver_names_what_keeps_the_light_off(
    laser: ITC4001, twin: ITC4001Twin, bench: Bench, fault: str, cause: str
) -> None:
    laser.write("OUTP:PROT:EXT PROT")
    laser.drive = 0.4
    setattr(twin, fault, True)
    with pytest.raises(DeviceFault, match=cause):
        laser.emission = True
    assert not bench.light_is_on()

"""The CLD1015 twin by its manual, then our driver against it."""

from collections.abc import Callable

import pytest
import pyvisa

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, LimitError
from antistokes.instruments.lasers.thorlabs_cld1015 import CLD1015
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.thorlabs_cld1015 import CLD1015Settings, CLD1015Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

RESOURCE = "USB0::0x1313::0x804F::M00000001::INSTR"
NO_ERROR = '+0,"No error"'


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def twin(bench: Bench) -> CLD1015Twin:
    twin = CLD1015Twin("laser", bench, CLD1015Settings())
    twin.resource_name = RESOURCE
    return twin


@pytest.fixture
def say(twin: CLD1015Twin) -> Callable[[str], str]:
    """Send one message; the answer, empty when there is none."""

    def say(message: str) -> str:
        answer = twin.respond(message)
        return str(answer or "")

    return say


@pytest.fixture
def light(say: Callable[[str], str], clock: VirtualClock) -> Callable[[float], None]:
    """Bring the light on at a current, TEC first."""

    def on(current: float) -> None:
        say(f"SOUR:CURR {current};:OUTP2 ON;:OUTP ON")
        clock.sleep(2)

    return on


@pytest.fixture
def laser(twin: CLD1015Twin, clock: VirtualClock) -> CLD1015:
    library = VirtualVisaLibrary.of([twin])
    return CLD1015(RESOURCE, "laser", clock=clock, visa_library=library)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("*IDN?", "Thorlabs,CLD1015,M00000001,1.2.0/1.0.0/1.1.0"),
        ("*idn?", "Thorlabs,CLD1015,M00000001,1.2.0/1.0.0/1.1.0"),
        ("*TST?", "0"),
        ("*OPC?", "1"),
        ("SYST:ERR?", NO_ERROR),
        ("SYSTem:ERRor:NEXT?", NO_ERROR),
        ("OUTP?", "0"),
        ("OUTPUT1:STATE?", "0"),
        ("OUTP2:STAT?", "0"),
        ("SOUR:FUNC?", "CURR"),
        ("SOURCE1:FUNCTION:MODE?", "CURR"),
        ("SOUR:AM?", "0"),
        ("SOUR:CURR:LIM:TRIP?", "0"),
        ("OUTP:PROT:INTL:TRIP?", "0"),
        ("OUTP:PROT:KEYL:TRIP?", "0"),
        ("OUTP:PROT:OTEM:TRIP?", "0"),
        ("OUTP:PROT:CONN:TRIP?", "0"),
        ("OUTP:PROT:TEMP:MODE?", "PROT"),
        ("OUTP:COND?", "0"),
        ("STAT:MEAS:COND?", "0"),
        ("STAT:OPER:COND?", "0"),
        ("STAT:QUES?", "0"),
        ("STAT:MEAS:PTR?", "65535"),
        ("UNIT:TEMP?", "C"),
        ("*STB?", "0"),
        ("*ESR?", "128"),
        ("OUTP?;*OPC?;:OUTP2?", "0;1;0"),
    ],
)
def test_answers_when_it_gets_power(say: Callable[[str], str], question: str, answer: str) -> None:
    assert say(question) == answer


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("SOUR:CURR?", 0),
        ("SOURCE:CURRENT:LEVEL:IMMEDIATE:AMPLITUDE?", 0),
        ("SOUR:CURR? MAX", 1.5),
        ("SOUR:CURR:LIM?", 1.5),
        ("SOUR:CURR:LIM:AMPL? MIN", 0),
        ("SOUR:POW?", 0),
        ("SOUR:POW? MAX", 0.9),
        ("OUTP:DEL?", 1),
        ("SOUR2:TEMP:SPO?", 25),
        ("SOUR2:TEMP?", 25),
        ("SOUR2:TEMP:LIM:UPP?", 60),
        ("SOUR2:TEMP:LIM:LOW?", 5),
        ("SOUR2:CURR:LIM?", 3),
        ("SENS2:TEMP:DATA?", 25),
        ("MEAS:TEMP?", 25),
        ("SENS3:CURR:DATA?", 0),
        ("MEAS:CURR?", 0),
        ("SENS4:VOLT:DATA?", 0),
        ("MEAS:SCAL:VOLT?", 0),
        ("MEAS:POW?", 0),
    ],
)
def test_numbers_when_it_gets_power(say: Callable[[str], str], question: str, value: float) -> None:
    assert float(say(question)) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(
    ("command", "question", "value"),
    [
        ("SOUR:CURR 100MA", "SOUR:CURR?", 0.1),
        ("sour1:curr:lev 100 mA", "SOUR:CURR?", 0.1),
        ("SOUR:CURR MAX", "SOUR:CURR?", 1.5),
        ("SOUR:CURR:LIM 0.4A", "SOUR:CURR? MAX", 0.4),
        ("SOUR:POW 50MW", "SOUR:POW?", 0.05),
        ("OUTP:DEL 500MS", "OUTP:DEL?", 0.5),
        ("SOUR2:TEMP:SPO 20", "SOUR2:TEMP:SPO?", 20),
        ("UNIT:TEMP K", "SOUR2:TEMP:SPO?", 298.15),
        ("UNIT:TEMP FAR", "MEAS:TEMP?", 77),
        ("UNIT:TEMP K;:SOUR2:TEMP:SPO 290", "SOUR2:TEMP:SPO?", 290),
        ("SOUR2:TEMP:LIM:UPP 40", "SOUR2:TEMP:SPO? MAX", 40),
        ("SOUR2:CURR:LIM 1.5", "SOUR2:CURR:LIM?", 1.5),
        ("SOUR2:CURR:AMPL 1", "SOUR2:CURR?", 1),
        ("SOUR2:TEMP:LCON:GAIN 8", "SOUR2:TEMP:LCONSTANTS:GAIN?", 8),
        ("CONF:TEMP", "READ?", 25),
        ("CONF:SCAL:VOLT;:INIT", "FETC?", 0),
        ("SOUR:AM 1", "SOUR:AM:STAT?", 1),
        ("OUTP2 1", "STAT:OPER:COND?", 0x1000),
        ("STAT:MEAS:ENAB 4", "STAT:MEAS:ENAB?", 4),
        ("*ESE 60", "*ESE?", 60),
        ("*SRE 4", "*SRE?", 4),
    ],
)
def test_settings_are_kept(say: Callable[[str], str], command: str, question: str, value: float) -> None:
    say(command)
    assert say("SYST:ERR?") == NO_ERROR
    assert float(say(question)) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("SOUR:CURR 1.6", -222),
        ("SOUR:CURR -1MA", -222),
        ("SOUR:CURR", -109),
        ("SOUR:CURR much", -104),
        ("SOUR:CURR 1 V", -104),
        ("SOUR:CURR:LIM 2", -222),
        ("SOUR:FUNC VOLT", -224),
        ("UNIT:TEMP R", -224),
        ("OUTP:PROT:TEMP:MODE 3", -224),
        ("SOUR2:TEMP:SPO 200", -222),
        ("OUTP 1", -221),
        ("SOUR:FUNC:SHAP PULS", -113),
        ("TRIG:SOUR INT", -113),
        ("SOUR:AM:SOUR INT", -113),
        ("OUTP:PROT:EXT:TRIP?", -113),
        ("MEAS:POW2?", -113),
        ("RUBBISH", -113),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    say: Callable[[str], str], command: str, code: int
) -> None:
    before = say("SOUR:CURR?;:SOUR:FUNC?;:SOUR2:TEMP?;:OUTP?")
    assert say(command) == ""
    assert int(say("*STB?")) & 4
    assert int(say("SYST:ERR?").split(",")[0]) == code
    assert say("SYST:ERR?") == NO_ERROR
    assert say("SOUR:CURR?;:SOUR:FUNC?;:SOUR2:TEMP?;:OUTP?") == before


def test_a_setpoint_above_the_limit_is_refused_and_a_lowered_limit_takes_it_along(
    say: Callable[[str], str],
) -> None:
    say("SOUR:CURR:LIM 0.5;:SOUR:CURR 0.4;CURR 0.6")
    assert say("SYST:ERR?") == '-222,"Data out of range"'
    assert float(say("SOUR:CURR?")) == 0.4
    say("SOUR:CURR:LIM 0.3")
    assert float(say("SOUR:CURR?")) == 0.3


def test_light_comes_after_the_delay_and_rises_softly(
    say: Callable[[str], str], bench: Bench, clock: VirtualClock
) -> None:
    say("SOUR:CURR 0.5;:OUTP2 1;:OUTP 1")
    clock.sleep(0.9)
    assert say("OUTP?") == "0"
    assert not bench.light_is_on()
    clock.sleep(0.15)
    assert say("OUTP?;:STAT:OPER:COND?") == f"1;{0x1800}"
    assert float(say("MEAS:CURR?")) == pytest.approx(0.25, abs=1e-3)
    clock.sleep(0.1)
    assert float(say("MEAS:CURR?")) == pytest.approx(0.5, abs=1e-3)
    assert bench.beams() == [(980.0, pytest.approx(0.6 * 0.44, rel=1e-3))]
    assert float(say("MEAS:POW?")) == pytest.approx(0.6 * 0.44, rel=1e-3)
    assert float(say("MEAS:VOLT?")) > 1
    say("OUTP OFF")
    assert not bench.light_is_on()


def test_mode_cannot_change_while_the_output_is_on(
    say: Callable[[str], str], light: Callable[[float], None]
) -> None:
    light(0.2)
    say("SOUR:FUNC:MODE POW")
    assert say("SYST:ERR?").startswith("+20,")
    assert say("SOUR:FUNC?") == "CURR"
    say("*ESE 255")
    assert int(say("*STB?")) & 32
    assert int(say("*ESR?")) & 8


def test_constant_power_finds_its_current(
    say: Callable[[str], str], light: Callable[[float], None], bench: Bench
) -> None:
    say("SOUR:FUNC POW;:SOUR:POW 0.1")
    light(0.0)
    assert bench.sources["laser"].power() == pytest.approx(0.1, rel=1e-3)


class Generator:
    """1 V half of the time."""

    def pulses(self) -> PulseTrain:
        return PulseTrain(period=1e-3, width=5e-4, high=1.0)


def test_pulses_at_the_modulation_input_make_pulses_of_light(
    bench: Bench, say: Callable[[str], str], light: Callable[[float], None]
) -> None:
    light(0.2)
    bench.generator = Generator()
    say("SOUR:AM 1")
    assert float(say("MEAS:CURR?")) == pytest.approx(0.275, abs=1e-3)
    (excitation,) = bench.excitation()
    assert excitation.high - excitation.low == pytest.approx(0.6 * 0.15)
    assert excitation.mean == pytest.approx((excitation.high + excitation.low) / 2)


def test_modulation_adds_and_the_limit_cuts(
    bench: Bench, say: Callable[[str], str], light: Callable[[float], None]
) -> None:
    say("SOUR:CURR:LIM 0.3")
    light(0.2)
    bench.generator = Generator()
    assert float(say("MEAS:CURR?")) == pytest.approx(0.2, abs=1e-3)
    say("SOUR:AM 1")
    assert float(say("MEAS:CURR?")) == pytest.approx(0.25, abs=1e-3)
    assert say("SOUR:CURR:LIM:TRIP?;:STAT:MEAS:COND?") == "1;8"


@pytest.mark.parametrize(
    ("fault", "bit", "trip"),
    [
        ("key_locked", 1, "KEYL"),
        ("interlock_open", 4, "INTL"),
        ("mount_missing", 8192, "CONN"),
        ("over_temperature", 16384, "OTEM"),
        ("sensor_missing", 1024, None),
        ("tec_open", 2048, None),
    ],
)
def test_a_fault_trips_the_light_and_keeps_it_off(
    twin: CLD1015Twin,
    say: Callable[[str], str],
    light: Callable[[float], None],
    bench: Bench,
    fault: str,
    bit: int,
    trip: str | None,
) -> None:
    light(0.5)
    setattr(twin, fault, True)
    assert not bench.light_is_on()
    assert say("OUTP?") == "0"
    assert int(say("STAT:MEAS:COND?")) & bit
    if trip:
        assert say(f"OUTP:PROT:{trip}:TRIP?") == "1"
    light(0.5)
    assert say("SYST:ERR?").startswith("-221,")
    setattr(twin, fault, False)
    assert not bench.light_is_on()
    assert int(say("STAT:MEAS:EVEN?")) & bit
    assert say("STAT:MEAS?") == "0"
    say("*CLS")
    light(0.5)
    assert bench.light_is_on()


def test_an_open_diode_shows_when_current_should_flow(
    twin: CLD1015Twin, say: Callable[[str], str], light: Callable[[float], None], bench: Bench
) -> None:
    twin.laser_open = True
    light(0.5)
    assert say("SYST:ERR?;:OUTP?;:STAT:MEAS:COND?") == f"{NO_ERROR};0;2"
    assert not bench.light_is_on()


def test_the_light_goes_with_the_tec_unless_the_protection_is_off(
    say: Callable[[str], str], light: Callable[[float], None], bench: Bench
) -> None:
    light(0.5)
    say("OUTP2 0")
    assert not bench.light_is_on()
    assert say("STAT:MEAS:COND?") == "256"
    say("OUTP:PROT:TEMP:MODE OFF;:OUTP2 0")
    light(0.5)
    say("OUTP2 0")
    assert bench.light_is_on()


def test_temperature_approaches_the_setpoint(
    say: Callable[[str], str], clock: VirtualClock, bench: Bench
) -> None:
    say("OUTP2 1;:SOUR2:TEMP 40")
    assert int(say("STAT:MEAS:COND?")) == 512 | 128
    clock.sleep(3)
    assert float(say("MEAS:TEMP?")) == pytest.approx(40 - 15 / 2.71828, abs=0.02)
    clock.sleep(30)
    assert float(say("MEAS:TEMP?")) == pytest.approx(40, abs=0.02)
    assert say("STAT:MEAS:COND?") == "0"
    say("OUTP2 0")
    clock.sleep(600)
    assert float(say("MEAS:TEMP?")) == pytest.approx(25, abs=0.02)


def test_a_warm_diode_gives_less_light(
    say: Callable[[str], str], light: Callable[[float], None], clock: VirtualClock, bench: Bench
) -> None:
    light(0.2)
    cool = bench.sources["laser"].power()
    say("SOUR2:TEMP 33")
    clock.sleep(30)
    assert bench.sources["laser"].power() < cool


def test_a_missing_sensor_reads_9_9e37(twin: CLD1015Twin, say: Callable[[str], str]) -> None:
    twin.sensor_missing = True
    assert float(say("SENS2:TEMP:DATA?")) == 9.9e37


def test_reset_ends_light_and_tec(
    say: Callable[[str], str], light: Callable[[float], None], bench: Bench
) -> None:
    say("SOUR:CURR:LIM 0.6")
    light(0.5)
    say("*RST")
    assert not bench.light_is_on()
    assert say("OUTP?;:OUTP2?;:SOUR:FUNC?;:SOUR:AM?") == "0;0;CURR;0"
    assert float(say("SOUR:CURR?")) == 0
    assert float(say("SOUR:CURR:LIM?")) == 0.6


def test_service_request_summary(twin: CLD1015Twin, say: Callable[[str], str]) -> None:
    say("STAT:MEAS:ENAB 4;*SRE 2")
    twin.interlock_open = True
    say("*WAI")
    assert int(say("*STB?")) & 66 == 66
    say("STAT:PRES")
    assert say("STAT:MEAS:ENAB?;*STB?") == "0;0"
    say("*OPC")
    assert int(say("*ESR?")) & 1


# -- the wire -------------------------------------------------------------------------------------


def test_half_a_message_waits_for_its_rest_and_clear_forgets_it(
    twin: CLD1015Twin, clock: VirtualClock
) -> None:
    twin.feed(b"SOUR:CURR:LI")
    assert twin.next_due() is None
    twin.feed(b"M?\r\n")
    clock.sleep(0.01)
    assert twin.take() == b"1.50000000E+00\n"
    twin.feed(b"SOUR:CU")
    twin.discard()
    twin.feed(b"OUTP?\n")
    clock.sleep(0.01)
    assert twin.take() == b"0\n"


def test_a_visa_program_recovers_from_rubbish_and_time_out(twin: CLD1015Twin) -> None:
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    device = manager.open_resource(RESOURCE, read_termination="\n", write_termination="\n", timeout=100)
    assert isinstance(device, pyvisa.resources.MessageBasedResource)
    device.write("\x00\x01 gibberish")
    with pytest.raises(pyvisa.VisaIOError):
        device.read()
    assert device.query("SYST:ERR?").startswith("-113,")
    assert device.query("OUTP?") == "0"
    manager.close()


# -- our driver -----------------------------------------------------------------------------------


def test_driver_makes_light_and_makes_safe(laser: CLD1015, bench: Bench, clock: VirtualClock) -> None:
    assert not bench.light_is_on()
    laser.drive = 0.4
    assert not bench.light_is_on()
    laser.emission = True
    assert bench.beams() == [(980.0, pytest.approx(0.6 * 0.34, rel=1e-3))]
    assert laser.measured_current == pytest.approx(0.4, abs=1e-3)
    assert 1.0 < clock.now() < 2.0
    assert laser.snapshot()["emission"] is True
    for _ in range(2):
        laser.make_safe()
        assert not bench.light_is_on()
        assert (laser.emission, laser.current, laser.tec) == (False, 0, True)
    laser.check_errors()


def test_driver_takes_over_an_output_at_constant_power(
    laser: CLD1015, twin: CLD1015Twin, bench: Bench, clock: VirtualClock
) -> None:
    laser.tec = True
    twin.constant_power, twin.power_setpoint = True, 0.3  # by an earlier user
    laser.write("OUTP:STAT 1")
    clock.sleep(5)
    laser.drive = 0.4
    assert laser.emission
    laser.emission = True
    assert bench.beams() == [(980.0, pytest.approx(0.6 * 0.34, rel=1e-3))]


def test_driver_waits_for_the_temperature(laser: CLD1015, bench: Bench) -> None:
    laser.tec_setpoint = 50
    laser.drive = 0.4
    laser.emission = True
    assert bench.light_is_on()
    assert laser.tec_temperature > 39


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("key_locked", "key switch"),
        ("interlock_open", "interlock"),
        ("laser_open", "laser diode circuit"),
        ("sensor_missing", "temperature sensor"),
        ("tec_open", "TEC circuit"),
        ("mount_missing", "mount"),
        ("over_temperature", "too hot"),
    ],
)
def test_driver_names_what_keeps_the_light_off(
    laser: CLD1015, twin: CLD1015Twin, bench: Bench, clock: VirtualClock, fault: str, cause: str
) -> None:
    laser.drive = 0.4
    setattr(twin, fault, True)
    with pytest.raises(DeviceFault, match=cause):
        laser.emission = True
    setattr(twin, fault, False)
    clock.sleep(20)
    assert not bench.light_is_on()
    laser.emission = True
    assert bench.light_is_on()


def test_driver_honours_the_limit_set_at_the_panel(laser: CLD1015, twin: CLD1015Twin) -> None:
    twin.limit = 0.3
    with pytest.raises(LimitError):
        laser.drive = 0.4
    assert twin.setpoint == 0
    assert not twin.errors


def test_driver_recovers_from_a_time_out(laser: CLD1015, twin: CLD1015Twin, bench: Bench) -> None:
    laser.drive = 0.4
    laser.emission = True
    twin.send(b"", 60)  # everything said now comes a minute late
    with pytest.raises(DeviceTimeout):
        _ = laser.measured_current
    laser.make_safe()
    assert not bench.light_is_on()
    assert laser.current == 0

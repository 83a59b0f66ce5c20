"""The 33500B twin by the guide of its series, then our driver against it."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, Refused
from antistokes.instruments.pulse_generators.keysight_33500b import Keysight33500B
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.keysight_33500b import Keysight33500BSettings, Keysight33500BTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

Ask = Callable[[str], str]
RESOURCE = "TCPIP0::10.0.0.18::5025::SOCKET"


def make(**settings: Any) -> Keysight33500BTwin:
    bench = Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = Keysight33500BTwin("generator", bench, Keysight33500BSettings(**settings))
    twin.resource_name = RESOURCE
    return twin


@pytest.fixture
def twin() -> Keysight33500BTwin:
    return make()


@pytest.fixture
def ask(twin: Keysight33500BTwin) -> Ask:
    return lambda message: answer(twin, message)


def answer(twin: Keysight33500BTwin, message: str | bytes) -> str:
    twin.feed((message if isinstance(message, bytes) else message.encode()) + b"\n")
    twin.clock.sleep(1)
    data = b""
    while (part := twin.take()) is not None:
        data += part
    assert not data or data.endswith(b"\n")
    return data.decode().removesuffix("\n")


def driver(twin: Keysight33500BTwin, **settings: Any) -> Keysight33500B:
    library = VirtualVisaLibrary.of([twin])
    return Keysight33500B(RESOURCE, "generator", clock=twin.clock, visa_library=library, **settings)


def real(value: float) -> str:
    return f"{value:+.15E}"


# -- the twin -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("*IDN?", "Agilent Technologies,33522B,MY52802702,2.09-1.19-2.00-52-00"),
        ("SYST:ERR?", '+0,"No error"'),
        ("SYSTem:VERSion?", "1999.0"),
        ("FREQ?", "+1.000000000000000E+03"),
        ("source2:frequency?", "+1.000000000000000E+03"),
        (":SOUR1:FREQ:CW?", "+1.000000000000000E+03"),
        ("FREQ? MAX", real(30e6)),
        ("FREQ? MIN", real(1e-6)),
        ("FUNC?", "SIN"),
        ("VOLT?", real(0.1)),
        ("VOLT:HIGH?", real(0.05)),
        ("VOLT:UNIT?", "VPP"),
        ("OUTP?", "0"),
        ("OUTP2:STAT?", "0"),
        ("OUTP:LOAD?", real(50)),
        ("FUNC:PULS:WIDT?", real(1e-4)),
        ("FUNC:PULS:PER?", real(1e-3)),
        ("FUNC:PULS:DCYC?", real(10)),
        ("BURS:NCYC? MAX", real(1e8)),
        ("TRIG1:SOUR?", "IMM"),
        ("OUTP:SYNC?", "1"),
        ("FUNC:ARB?", '"INT:\\BUILTIN\\EXP_RISE.ARB"'),
        ("DATA:ATTR:POIN?", "+410"),
        ("APPL?", f'"SIN {real(1e3)},{real(0.1)},{real(0)}"'),
        ("FREQ?;FUNC?;:OUTP?", f"{real(1e3)};SIN;0"),
        ("*OPC?", "1"),
        ("*TST?", "0"),
        ("*STB?", "0"),
    ],
)
def test_a_question_is_answered(ask: Ask, question: str, reply: str) -> None:
    assert ask(question) == reply


@pytest.mark.parametrize(
    ("command", "question", "reply"),
    [
        ("FREQ 2.5KHZ", "FREQ?", real(2500)),
        ("SOUR2:FREQ 5", "SOUR2:FREQ?", real(5)),
        ("FUNC SQUARE", "FUNC?", "SQU"),
        ("FUNC:SQU:DCYC 25", "FUNC:SQU:DCYC?", real(25)),
        ("VOLT 1.5 VPP", "VOLT?", real(1.5)),
        ("VOLT 1500 MV;VOLT:OFFS 1", "VOLT:HIGH?", real(1.75)),
        ("VOLT:HIGH 3;LOW -1", "VOLT:OFFS?", real(1)),
        ("VOLT 2;VOLT:UNIT VRMS", "VOLT?", real(2 / (2 * np.sqrt(2)))),
        ("OUTP2 ON", "OUTP2?", "1"),
        ("OUTP:POL INV", "OUTP:POL?", "INV"),
        ("OUTP:LOAD INF", "OUTP:LOAD?", real(9.9e37)),
        ("FUNC:PULS:TRAN:BOTH 20NS", "FUNC:PULS:TRAN?", real(2e-8)),
        ("FUNC:PULS:TRAN:TRA 30e-9", "FUNC:PULS:TRAN:LEAD?", real(1e-8)),
        ("FUNC:PULS:HOLD DCYCLE", "FUNC:PULS:HOLD?", "DCYC"),
        ("FUNC:PULS:DCYC 20", "FUNC:PULS:WIDT?", real(2e-4)),
        ("BURS:STAT ON", "BURS:STAT?", "1"),
        ("BURS:NCYC INF", "BURS:NCYC?", real(9.9e37)),
        ("BURS:MODE GATED", "BURS:MODE?", "GAT"),
        ("TRIG2:SOUR BUS", "TRIG2:SOUR?", "BUS"),
        ("SOURCE2:TRIG:SOURCE BUS", "TRIG2:SOUR?", "BUS"),
        ("OUTP2:TRIG:SLOP NEG", "OUTP:TRIG:SLOP?", "NEG"),
        ("AM:DEPT 50", "AM:DEPT?", real(50)),
        ("FSK:STAT 1", "FSKEY:STATE?", "1"),
        ("FUNC:ARB:SRAT 1e6", "FUNC:ARB:SRAT?", real(1e6)),
        ("OUTP:SYNC:SOUR CH2", "OUTP:SYNC:SOUR?", "CH2"),
        ("FREQ MAX", "FREQ?", real(30e6)),
        ("PHAS DEF", "PHAS?", real(0)),
        ("APPL:SQU 5 KHZ,3,1", "APPL?", f'"SQU {real(5e3)},{real(3)},{real(1)}"'),
        ("FREQ 7;*SAV 1;*RST;*RCL 1", "FREQ?", real(7)),
        ("FREQ 7;*RST", "FREQ?", real(1000)),
        ("*TRG;:TRIG1;:PHAS:SYNC;:SYST:BEEP;:DISP:TEXT 'a;b'", "FUNC?", "SIN"),
    ],
)
def test_a_setting_is_kept(ask: Ask, command: str, question: str, reply: str) -> None:
    assert ask(command) == ""
    assert ask(question) == reply
    assert ask("SYST:ERR?") == '+0,"No error"'


@pytest.mark.parametrize(
    ("command", "error", "question", "left"),
    [
        ("FREQ 1e9", '-222,"Data out of range; value clipped to upper limit"', "FREQ?", real(30e6)),
        ("FREQ 0", '-222,"Data out of range; value clipped to lower limit"', "FREQ?", real(1e-6)),
        ("VOLT 30", '-222,"Data out of range; value clipped to upper limit"', "VOLT?", real(10)),
        ("AM:DEPT 121", '-222,"Data out of range; value clipped to upper limit"', "AM:DEPT?", real(120)),
        ("FREQ abc", '-104,"Data type error"', "FREQ?", real(1000)),
        ("FREQ", '-109,"Missing parameter"', "FREQ?", real(1000)),
        ("FUNC COSINE", '-224,"Illegal parameter value"', "FUNC?", "SIN"),
        ("FREQQ 1", '-113,"Undefined header"', "FREQ?", real(1000)),
        ("OUTP:LOAD INF;:VOLT:UNIT DBM", "-221,", "VOLT:UNIT?", "VPP"),
        ("FUNC:ARB nowhere", '+785,"Specified arb waveform does not exist"', "FUNC?", "SIN"),
        ("*RCL 4", '+810,"State has not been stored"', "FUNC?", "SIN"),
        ("APPL:SIN 1,2,3,4", '-108,"Parameter not allowed"', "OUTP?", "0"),
    ],
)
def test_an_error_goes_to_the_queue(ask: Ask, command: str, error: str, question: str, left: str) -> None:
    assert ask(command) == ""
    assert ask("SYST:ERR?").startswith(error)
    assert ask("SYST:ERR?") == '+0,"No error"'
    assert ask(question) == left


@pytest.mark.parametrize(
    ("before", "command", "conflict", "question", "left"),
    [
        ("FUNC PULS", "FREQ 20000", "pulse width decreased due to period", "FUNC:PULS:WIDT?", 5e-5 - 16e-9),
        ("FUNC PULS", "FUNC:PULS:WIDT 2e-3", "pulse width decreased", "FUNC:PULS:WIDT?", 1e-3 - 16e-9),
        ("FUNC:PULS:TRAN 1E-6", "FUNC:PULS:WIDT 1E-6", "edge time decreased", "FUNC:PULS:TRAN?", 0.8e-6),
        ("FREQ 1e6", "FUNC RAMP", "frequency reduced for ramp function", "FREQ?", 200e3),
        ("VOLT:OFFS 3", "VOLT 6", "amplitude reduced due to offset", "VOLT?", 4),
        ("VOLT 6", "VOLT:OFFS 3", "offset reduced due to amplitude", "VOLT:OFFS?", 2),
        ("VOLT:HIGH 2;LOW 1", "VOLT:HIGH 0.5", "low level changed", "VOLT:LOW?", 0.499),
        ("VOLT:HIGH 2;LOW 1", "VOLT:LOW 3", "high level changed", "VOLT:HIGH?", 3.001),
    ],
)
def test_what_does_not_go_together_changes_the_other(
    ask: Ask, before: str, command: str, conflict: str, question: str, left: float
) -> None:
    ask(before)
    assert ask("SYST:ERR?") == '+0,"No error"'
    ask(command)
    assert ask("SYST:ERR?").startswith(f'-221,"Settings conflict; {conflict}')
    assert float(ask(question)) == pytest.approx(left)


def test_with_the_duty_cycle_held_the_width_follows_the_period(ask: Ask) -> None:
    ask("FUNC PULS;FUNC:PULS:HOLD DCYC;FREQ 10000")
    assert float(ask("FUNC:PULS:WIDT?")) == pytest.approx(1e-5)
    assert ask("SYST:ERR?") == '+0,"No error"'


def test_another_load_changes_what_is_shown_and_not_what_comes_out(
    twin: Keysight33500BTwin, ask: Ask
) -> None:
    ask("FUNC PULS;VOLT 2;VOLT:OFFS 1;OUTP ON")
    before = twin.pulses()
    assert before is not None
    assert before[3:] == pytest.approx((4, 0))  # told 50 Ω, connected to a high impedance
    ask("OUTP:LOAD INF")
    assert (ask("VOLT?"), ask("VOLT:OFFS?")) == (real(4), real(2))
    assert twin.pulses() == before
    assert ask("VOLT? MAX") == real(20)
    assert ask("SYST:ERR?") == '+0,"No error"'


def test_dbm_is_power_in_the_load(ask: Ask) -> None:
    ask("VOLT 0.632455532;VOLT:UNIT DBM")
    assert float(ask("VOLT?")) == pytest.approx(0, abs=1e-6)
    ask("VOLT 20;VOLT:UNIT VPP")
    assert float(ask("VOLT?")) == pytest.approx(6.32455532)


def test_one_channel_has_no_second() -> None:
    twin = make(model="33511B")
    assert answer(twin, "SOUR2:FREQ?") == ""
    assert answer(twin, "SYST:ERR?") == '-114,"Header suffix out of range"'
    assert answer(twin, "FREQ? MAX") == real(20e6)


def test_half_a_message_waits_for_the_other_half(twin: Keysight33500BTwin) -> None:
    twin.feed(b"FRE")
    twin.clock.sleep(10)
    assert twin.take() is None
    assert answer(twin, "Q?\r") == real(1000)


# -- arbitrary waveforms --------------------------------------------------------------------------------


def test_points_come_as_numbers(ask: Ask) -> None:
    ask("DATA:ARB:DAC ramp, " + ", ".join(map(str, range(-32000, 32001, 8000))))
    ask("SOUR1:DATA:ARB half,-0.5,-0.5,-0.5,-0.5,0.5,0.5,0.5,0.5")
    assert ask("DATA:VOL:CAT?") == '"INT:\\BUILTIN\\EXP_RISE.ARB","ramp","half"'
    assert (ask("DATA:ATTR:POIN? ramp"), ask("DATA:ATTR:PTP? half")) == ("+9", real(1))
    ask("FUNC:ARB ramp;FUNC ARB")
    assert (ask("FUNC:ARB?"), ask("DATA:ATTR:AVER?")) == ('"ramp"', real(0))
    ask("DATA:VOL:CLE")
    assert ask("DATA:VOL:FREE?") == "+1000000"
    assert ask("SYST:ERR?") == '+0,"No error"'


@pytest.mark.parametrize(
    ("order", "header", "kind"),
    [("NORM", "DATA:ARB b,", ">8f"), ("SWAP", "DATA:ARB b,", "<8f"), ("SWAP", "DATA:ARB:DAC b,", "<16h")],
)
def test_points_come_as_a_block_with_anything_in_it(
    twin: Keysight33500BTwin, order: str, header: str, kind: str
) -> None:
    points = struct.pack(kind, *[0.5] * 8) if kind.endswith("f") else b"\n;" * 16
    answer(twin, f"FORM:BORD {order}")
    message = header.encode() + b"#3%03d" % len(points) + points
    twin.feed(message[:20])
    twin.clock.sleep(1)
    twin.feed(message[20:])
    assert answer(twin, ";*OPC?") == "1"
    assert answer(twin, "SYST:ERR?") == '+0,"No error"'
    assert answer(twin, "DATA:ATTR:POIN? b") == f"+{8 if kind.endswith('f') else 16}"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("DATA:ARB a,0,0,0", -222),
        ("DATA:ARB a,0,0,0,0,0,0,0,1.5", -222),
        ("DATA:ARB a,0,0,x", -104),
        ("DATA:ARB a", -109),
        ("DATA:ARB a,#15abcde", -161),
        ("DATA:ARB taken,0,0,0,0,0,0,0,0", 786),
    ],
)
def test_points_that_are_none_are_refused(ask: Ask, command: str, error: int) -> None:
    ask("DATA:ARB taken,0,0,0,0,0,0,0,0")
    ask(command)
    assert int(ask("SYST:ERR?").partition(",")[0]) == error
    assert ask("DATA:VOL:CAT?") == '"INT:\\BUILTIN\\EXP_RISE.ARB","taken"'


# -- what comes out -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "train"),
    [
        ("FUNC PULS;FREQ 200", PulseTrain(5e-3, 1e-4, 0, 3, 0)),
        ("FUNC SQU;FREQ 200;FUNC:SQU:DCYC 10", PulseTrain(5e-3, 5e-4, 0, 3, 0)),
        ("FUNC PULS;OUTP:POL INV", PulseTrain(1e-3, 1e-4, 0, 0, 3)),
        ("FUNC PULS;BURS:STAT 1;BURS:INT:PER 0.02", PulseTrain(0.02, 1e-4, 0, 3, 0)),
        ("FUNC PULS;BURS:STAT 1;BURS:NCYC 25", PulseTrain(0.03, 1e-4, 0, 3, 0)),
        (
            "FUNC PULS;BURS:STAT 1;:TRIG:SOUR TIM;:TRIG:TIM 0.1;:TRIG:DEL 0.01",
            PulseTrain(0.1, 1e-4, 0.01, 3, 0),
        ),
        ("FUNC PULS;BURS:STAT 1;BURS:NCYC INF", PulseTrain(1e-3, 1e-4, 0, 3, 0)),
        ("FUNC PULS;BURS:STAT 1;:TRIG:SOUR EXT", None),
        ("FUNC PULS;BURS:STAT 1;BURS:MODE GAT", None),
        ("FUNC SIN", None),
        ("FUNC PULS;:OUTP 0", None),
    ],
)
def test_pulses_reach_the_bench(
    twin: Keysight33500BTwin, ask: Ask, settings: str, train: PulseTrain | None
) -> None:
    ask("OUTP:LOAD INF;:VOLT:HIGH 3;LOW 0;:OUTP 1")
    ask(settings)
    assert ask("SYST:ERR?") == '+0,"No error"'
    assert twin.bench.pulses() == (None if train is None else pytest.approx(train))


def test_the_channel_that_gates_and_what_is_connected_are_settings() -> None:
    twin = make(gate_channel=2, load_ohm=50)
    answer(twin, "SOUR2:FUNC PULS;VOLT:HIGH 3;LOW 0;:OUTP2 1")
    train = twin.pulses()
    assert train is not None
    assert train[3:] == pytest.approx((3, 0))


# -- the driver against it ------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [1, 2])
def test_what_is_set_is_sent(channel: int) -> None:
    twin = make(gate_channel=channel)
    generator = driver(twin, channel=channel)
    generator.high, generator.low = 3.0, 0.5
    generator.width, generator.period = 2e-4, 5e-3
    assert twin.pulses() is None
    generator.output = True
    assert twin.pulses() == pytest.approx(PulseTrain(5e-3, 2e-4, 0, 3, 0.5))
    assert generator.snapshot()["load"] == "high impedance"
    generator.make_safe()
    assert twin.pulses() is None


def test_on_ends_bursts_modulations_and_inversion(twin: Keysight33500BTwin) -> None:
    generator = driver(twin)
    answer(twin, "BURS:STAT 1;:AM:STAT 1;:OUTP:POL INV;:OUTP:SYNC 0;:OUTP:SYNC:SOUR CH2")
    generator.output = True
    assert answer(twin, "BURS:STAT?;:AM:STAT?;:OUTP:POL?;:OUTP:SYNC?;:OUTP:SYNC:SOUR?") == "0;0;NORM;1;CH1"


def test_a_load_in_the_station_file_halves_the_levels() -> None:
    twin = make(load_ohm=50)
    generator = driver(twin, load=50.0)
    generator.high, generator.low = 5.0, 0.0
    generator.output = True
    train = twin.pulses()
    assert train is not None
    assert train.high == pytest.approx(5)
    assert generator.load == 50


def test_levels_may_be_moved_past_each_other_one_by_one(twin: Keysight33500BTwin) -> None:
    generator = driver(twin)
    generator.high, generator.low = 5.0, 4.0
    generator.low, generator.high = -5.0, -4.0
    assert (generator.low, generator.high) == (-5, -4)


def test_a_conflict_when_switching_on_leaves_it_off(twin: Keysight33500BTwin) -> None:
    generator = driver(twin)
    answer(twin, "FREQ 20000")
    with pytest.raises(DeviceFault, match='^generator: error -221 "Settings conflict; pulse width decreased'):
        generator.output = True
    assert generator.output is False


def test_what_was_wrong_before_does_not_concern_it(twin: Keysight33500BTwin) -> None:
    answer(twin, "NONSENSE;FREQ 1e12;OUTP 1")
    assert driver(twin).output is True


def test_a_channel_the_model_lacks_is_refused() -> None:
    with pytest.raises(Refused, match="this model has 1"):
        driver(make(model="33511B"), channel=2)


def test_a_silent_device_is_named_and_comes_back(twin: Keysight33500BTwin) -> None:
    generator = driver(twin)
    feed = twin.feed
    twin.feed = lambda data, end=False: None  # type: ignore[method-assign]
    with pytest.raises(DeviceTimeout, match=r"^generator: no answer to 'SOUR1:FUNC:PULS:PER\?' within 3 s$"):
        _ = generator.period
    twin.feed = feed  # type: ignore[method-assign]
    assert generator.period == pytest.approx(1e-3)

"""The DG645 twin by what public drivers send and expect, then our driver against it."""

from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout
from antistokes.instruments.pulse_generators.srs_dg645 import DG645
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.srs_dg645 import DG645Settings, DG645Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

Ask = Callable[[str], str]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def make(clock: VirtualClock, **settings: Any) -> DG645Twin:
    bench = Bench(clock, None, None, OpticsSettings(), seed=1)
    twin = DG645Twin("delays", bench, DG645Settings(**settings))
    twin.resource_name = "TCPIP0::10.0.0.17::5025::SOCKET"
    return twin


@pytest.fixture
def twin(clock: VirtualClock) -> DG645Twin:
    return make(clock)


@pytest.fixture
def ask(twin: DG645Twin) -> Ask:
    return lambda message: answer(twin, message)


def answer(twin: DG645Twin, message: str) -> str:
    twin.feed(message.encode() + b"\n")
    twin.clock.sleep(1)
    data = b""
    while (part := twin.take()) is not None:
        data += part
    assert not data or data.endswith(b"\r\n")
    return data.decode().removesuffix("\r\n")


def driver(twin: DG645Twin) -> DG645:
    library = VirtualVisaLibrary.of([twin])
    return DG645("TCPIP0::10.0.0.17::5025::SOCKET", "delays", clock=twin.clock, visa_library=library)


@pytest.fixture
def delays(twin: DG645Twin) -> DG645:
    return driver(twin)


# -- the twin -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("*IDN?", "Stanford Research Systems,DG645,s/n001776,ver1.14.10E"),
        ("*idn?", "Stanford Research Systems,DG645,s/n001776,ver1.14.10E"),
        ("LERR?", "0"),
        ("TSRC?", "5"),
        ("TRAT?", "+1000.000000"),
        ("DLAY?3", "2,+0.000010000000"),
        ("DLAY? 2", "0,+0.000000000000"),
        ("LINK?9", "8"),
        ("LAMP?1", "+2.50"),
        ("LAMP? 1", "+2.50"),
        ("LPOL?4", "1"),
        ("BURC?", "5"),
        ("IFCF?11", "192.168.0.5"),
        ("DISP?", "0,0"),
        ("*ESR?", "128"),
        ("*ESR?7", "1"),
        ("*STB?", "0"),
        ("*OPC?", "1"),
        ("*TST?", "0"),
        ("EMAC?", "00.19.B3.02.06.F0"),
        ("TSRC?;TRAT?", "5\r\n+1000.000000"),
    ],
)
def test_a_question_is_answered(ask: Ask, question: str, reply: str) -> None:
    assert ask(question) == reply


@pytest.mark.parametrize(
    ("command", "question", "reply"),
    [
        ("TRAT 200", "TRAT?", "+200.000000"),
        ("TRAT200.5", "TRAT?", "+200.500000"),
        ("TSRC0", "TSRC?", "0"),
        ("TLVL 3.5", "TLVL?", "+3.50"),
        ("INHB 2", "INHB?", "2"),
        ("HOLD 1e-3", "HOLD?", "+0.001000000000"),
        ("ADVT 1", "ADVT?", "1"),
        ("PRES 1,4", "PRES?1", "4"),
        ("PHAS 1,2", "PHAS?1", "2"),
        ("BURM1", "BURM?", "1"),
        ("BURD 2e-6", "BURD?", "+0.000002000000"),
        ("BURP1.000000e-04", "BURP?", "+0.00010000"),
        ("BURT 1", "BURT?", "1"),
        ("DLAY 2,0,1.500000e-03", "DLAY?2", "0,+0.001500000000"),
        ("DLAY 5,2,12e-12", "DLAY?5", "2,+0.000000000010"),
        ("LINK 4,3", "DLAY?4", "3,+0.000000000000"),
        ("LAMP 1,3.3", "LAMP?1", "+3.30"),
        ("LOFF 1,-2", "LOFF?1", "-2.00"),
        ("LPOL 1,0", "LPOL?1", "0"),
        ("SSDL 2,1e-6;SPDL 2,1", "DLAY?2", "0,+0.000001000000"),
        ("SSLA 1,0.25;SPLA 1,0", "LAMP?1", "+2.25"),
        ("SSTR 10;SPTR 1", "TRAT?", "+1010.000000"),
        ("DISP 11,3", "DISP?", "11,3"),
        ("IFCF 11,10.0.0.9", "IFCF?11", "10.0.0.9"),
        ("*ESE 60", "*ESE?", "60"),
        ("TRAT 5;*SAV 3;*RST;*RCL 3", "TRAT?", "+5.000000"),
        ("TRAT 5;*RST", "TRAT?", "+1000.000000"),
    ],
)
def test_a_setting_is_kept(ask: Ask, command: str, question: str, reply: str) -> None:
    assert ask(command) == ""
    assert ask(question) == reply
    assert ask("LERR?") == "0"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("TRAT 1e8", 10),
        ("TSRC 7", 10),
        ("LAMP 1,0.4", 10),
        ("LAMP 5,1", 10),
        ("LOFF 1,2;LAMP 1,4.5", 10),
        ("BURP 43", 10),
        ("PHAS 0,1", 10),
        ("SPDL 2,2", 10),
        ("IFCF?14", 10),
        ("DISP 15,1", 10),
        ("DLAY 2,0,2001", 12),
        ("DLAY 2,0,-1e-9", 12),
        ("DLAY 2,3,0", 13),
        ("DLAY 0,2,1", 13),
        ("LINK 1,0", 13),
        ("*RCL 4", 14),
        ("?", 110),
        ("12", 110),
        ("ABCD 1", 111),
        ("SPDL?2", 112),
        ("*TRG?", 112),
        ("LERR 1", 113),
        ("DLAY 2,,1", 114),
        ("TSRC 1,2", 115),
        ("DLAY 2,0", 116),
        ("LAMP?", 116),
        ("TRAT x", 118),
        ("TSRC 1.5", 120),
    ],
)
def test_an_error_goes_to_the_queue_and_changes_nothing(twin: DG645Twin, command: str, code: int) -> None:
    before = answer(twin, "TRAT?;TSRC?;DLAY?2;LAMP?1;LINK?1;BURP?")
    assert answer(twin, command) == ""
    assert answer(twin, "LERR?;LERR?") == f"{code}\r\n0"
    assert answer(twin, "TRAT?;TSRC?;DLAY?2;LAMP?1;LINK?1;BURP?") == before


def test_the_queue_overflows_and_clears(ask: Ask) -> None:
    for _ in range(25):
        ask("TSRC 9")
    codes = [ask("LERR?") for _ in range(21)]
    assert codes == ["10"] * 19 + ["254", "0"]
    ask("TSRC 9")
    ask("*CLS")
    assert ask("LERR?") == "0"


def test_errors_show_in_the_event_register(ask: Ask) -> None:
    ask("*CLS;TSRC 9;ABCD")
    assert ask("*ESR?") == "48"
    assert ask("*ESR?") == "0"
    ask("*OPC")
    assert ask("*ESR?") == "1"


def test_half_a_message_waits_for_the_other_half(twin: DG645Twin) -> None:
    twin.feed(b"TSR")
    twin.clock.sleep(10)
    assert twin.take() is None
    assert answer(twin, "C?\r") == "5"


def test_no_pulses_without_a_trigger_of_its_own(twin: DG645Twin) -> None:
    for source in range(1, 7):
        answer(twin, f"TSRC {source}")
        assert twin.pulses() is None
    answer(twin, "*TRG")
    assert twin.bench.generator is twin


def test_ab_is_between_its_two_edges(twin: DG645Twin) -> None:
    answer(twin, "TSRC 0;TRAT 200;DLAY 2,0,1e-4;DLAY 3,2,2e-4;LAMP 1,3;LOFF 1,0.5")
    assert twin.pulses() == pytest.approx(PulseTrain(5e-3, 2e-4, 1e-4, 3.5, 0.5))
    answer(twin, "DLAY 3,0,2e-5")  # B before A
    assert twin.pulses() == pytest.approx(PulseTrain(5e-3, 8e-5, 2e-5, 3.5, 0.5))
    answer(twin, "LPOL 1,0")
    assert twin.pulses() == pytest.approx(PulseTrain(5e-3, 8e-5, 2e-5, 0.5, 3.5))
    assert answer(twin, "LERR?") == "0"


def test_triggers_before_the_last_delay_are_ignored(twin: DG645Twin) -> None:
    answer(twin, "TSRC 0;TRAT 1000;DLAY 9,0,2.5e-3")
    train = twin.pulses()
    assert train is not None
    assert train.period == pytest.approx(3e-3)
    assert answer(twin, "INSR?1") == "1"


def test_triggers_are_taken_again_100_ns_after_the_last_delay(twin: DG645Twin) -> None:
    answer(twin, "*RST;TSRC 0;TRAT 5e4;DLAY 9,0,19.89e-6")
    assert [answer(twin, "INSR?1"), answer(twin, "DLAY 9,0,19.92e-6;INSR?1")] == ["0", "1"]


def test_a_burst_is_one_long_cycle(twin: DG645Twin) -> None:
    answer(twin, "TSRC 0;TRAT 1000;BURM 1;BURC 11;BURP 1e-4;BURD 5e-5")
    train = twin.pulses()
    assert train is not None
    assert (train.period, train.delay) == pytest.approx((2e-3, 5e-5))


def test_the_first_query_can_get_lost(clock: VirtualClock) -> None:
    twin = make(clock, first_query_lost=True)
    assert answer(twin, "*CLS") == ""
    assert answer(twin, "*IDN?") == ""
    assert answer(twin, "*IDN?") == "Stanford Research Systems,DG645,s/n001776,ver1.14.10E"


# -- the driver against it ------------------------------------------------------------------------------


def test_opening_does_not_mind_a_lost_query(clock: VirtualClock) -> None:
    assert driver(make(clock, first_query_lost=True)).identity().startswith("Stanford")


def test_opening_forgets_old_errors_and_changes_nothing(twin: DG645Twin) -> None:
    answer(twin, "TSRC 0;TSRC 9;TSRC 9;TSRC 9")
    assert driver(twin).output is True
    assert answer(twin, "LERR?") == "0"


def test_what_is_set_is_sent(twin: DG645Twin, delays: DG645) -> None:
    delays.period, delays.width, delays.delay = 5e-3, 1e-4, 2e-4
    delays.amplitude, delays.offset = 4.0, 0.25
    assert (delays.period, delays.width, delays.delay) == pytest.approx((5e-3, 1e-4, 2e-4))
    assert twin.pulses() is None
    delays.output = True
    assert twin.pulses() == pytest.approx(PulseTrain(5e-3, 1e-4, 2e-4, 4.25, 0.25))
    delays.output = False
    assert twin.pulses() is None


def test_on_ends_bursts_and_inversion(twin: DG645Twin, delays: DG645) -> None:
    answer(twin, "BURM 1;BURD 1;LPOL 1,0;ADVT 1")
    delays.output = True
    assert twin.pulses() == pytest.approx(PulseTrain(1e-3, 1e-5, 0, 2.5, 0))


def test_the_width_is_set_however_the_channels_are_linked(twin: DG645Twin, delays: DG645) -> None:
    answer(twin, "DLAY 3,0,5e-5;DLAY 2,3,1e-5")  # A after B
    assert delays.width == pytest.approx(1e-5)
    delays.width = 3e-5
    assert (delays.width, delays.delay) == pytest.approx((3e-5, 6e-5))


def test_safe_is_dark_and_at_zero(twin: DG645Twin, delays: DG645) -> None:
    delays.offset = 1.5
    answer(twin, "TSRC 0;LPOL 1,0;BURM 1")
    for _ in range(2):
        delays.make_safe()
        assert twin.pulses() is None
        assert answer(twin, "BURM?") == "0"
        assert (delays.offset, delays.positive) == (0, True)


def test_what_the_device_refuses_is_named(twin: DG645Twin, delays: DG645) -> None:
    delays.limits["amplitude"] = delays.limits["amplitude"]._replace(high=9.0)
    with pytest.raises(DeviceFault, match="^delays: error 10 illegal value$"):
        delays.amplitude = 5.5
    assert delays.amplitude == 2.5


def test_a_silent_device_is_named_and_comes_back(twin: DG645Twin, delays: DG645) -> None:
    feed = twin.feed
    twin.feed = lambda data, end=False: None  # type: ignore[method-assign]
    with pytest.raises(DeviceTimeout, match=r"^delays: no answer to 'TRAT\?' within 3 s$"):
        _ = delays.period
    twin.feed = feed  # type: ignore[method-assign]
    assert delays.period == pytest.approx(1e-3)

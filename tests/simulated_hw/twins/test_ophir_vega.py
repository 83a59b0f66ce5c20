"""The Ophir twins by Ophir's guide to programmers, then our drivers against them."""

from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange
from antistokes.instruments.power_meters.ophir_vega import OphirStarLite, OphirVega
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.ophir_vega import OphirStarLiteTwin, OphirTwin, OphirVegaTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

Ask = Callable[[str], str]
Make = Callable[..., OphirTwin]


class Lamp:
    """A source whose power at the meter is 1/10 of it."""

    wavelength = 980.0
    watts = 0.0

    def power(self) -> float:
        return self.watts


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def lamp() -> Lamp:
    return Lamp()


@pytest.fixture
def make(clock: VirtualClock, lamp: Lamp) -> Make:
    def make(kind: type[OphirTwin] = OphirVegaTwin, **settings: Any) -> OphirTwin:
        bench = Bench(clock, None, None, OpticsSettings(), seed=1)
        bench.sources["lamp"] = lamp
        twin = kind("meter", bench, kind.Settings(**({"noise": 0, "floor_W": 0} | settings)))
        twin.resource_name = "ASRL1::INSTR"
        return twin

    return make


@pytest.fixture
def twin(make: Make) -> OphirTwin:
    return make()


@pytest.fixture
def ask(twin: OphirTwin) -> Ask:
    return lambda message: answer(twin, message)


def answer(twin: OphirTwin, message: str) -> str:
    """The answer, up to 2 s later."""
    twin.feed(message.encode() + b"\r\n")
    twin.clock.sleep(2)
    data = b""
    while (part := twin.take()) is not None:
        data += part
    assert not data or data.endswith(b"\r\n")
    return data.decode().removesuffix("\r\n")


def driver(twin: OphirTwin, clock: VirtualClock, kind: type[OphirVega] = OphirVega) -> OphirVega:
    return kind("ASRL1::INSTR", "meter", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))


@pytest.fixture
def meter(twin: OphirTwin, clock: VirtualClock) -> OphirVega:
    return driver(twin, clock)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("$II", "*VEGA 612345 VEGA"),
        ("$ii", "*VEGA 612345 VEGA"),
        ("$VE", "*VG2.38"),
        ("$HI", "*SI 123456 PD300-1W 00000001"),
        ("$HT", "*SI"),
        ("$SI", "*W"),
        ("$AW", "*CONTINUOUS 400 1100 1 635 532 980 NONE NONE NONE"),
        ("$AR", "*-1 dBm AUTO 1.00W 300mW 30.0mW 3.00mW 300uW 30.0uW 3.00uW 300nW 30.0nW"),
        ("$RN", "*-1"),
        ("$FQ", "*2 OUT IN"),
        ("$DQ", "*1 N/A"),
        ("$BC", "*1"),
        ("$BR 0", "*1 9600 19200 38400 300 1200 4800"),
        ("$MA", "*1 50Hz 60Hz"),
        ("$AQ", "*1 NONE 0.5SEC 1SEC 3SEC"),
        ("$ZQ", "*ZEROING NOT STARTED"),
        ("$HC S", "*SAVED"),
        ("$SP", "*0.000E+00"),
        ("$SP 10", "*0.000E+00"),
    ],
)
def test_a_question_is_answered(ask: Ask, question: str, reply: str) -> None:
    assert ask(question) == reply


@pytest.mark.parametrize(
    ("command", "question", "reply"),
    [
        ("$WL 900", "$AW", "*CONTINUOUS 400 1100 1 900 532 980 NONE NONE NONE"),
        ("$WL900", "$AW", "*CONTINUOUS 400 1100 1 900 532 980 NONE NONE NONE"),
        ("$WI 3", "$AW", "*CONTINUOUS 400 1100 3 635 532 980 NONE NONE NONE"),
        ("$WN 2", "$RN", "*2"),
        ("$WN-2", "$RN", "*-2"),
        ("$WN-2", "$SI", "*d"),
        ("$FP", "$SI", "*W"),
        ("$FS 0", "$SI", "*W"),
        ("$RE", "$RN", "*-1"),
    ],
)
def test_a_setter_answers_with_a_star_and_keeps(ask: Ask, command: str, question: str, reply: str) -> None:
    assert ask(command) == "*"
    assert ask(question) == reply


def test_settings_with_an_answer_of_their_own(ask: Ask) -> None:
    assert ask("$FQ1") == "*1 OUT IN"
    assert ask("$AR").split()[3] == "30.0mW"
    assert ask("$MA 2") == "*2 50Hz 60Hz"
    assert ask("$AQ 3") == "*3 NONE 0.5SEC 1SEC 3SEC"
    assert ask("$BR 3").startswith("*3 ")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("$WL 399", "PARAM ERROR"),
        ("$WL", "PARAM ERROR"),
        ("$WL 9e2", "PARAM ERROR"),
        ("$WI 4", "PARAM ERROR"),
        ("$WN 9", "PARAM ERROR"),
        ("$WN -3", "PARAM ERROR"),
        ("$WW YAG", "PARAM ERROR"),
        ("$FQ 3", "PARAM ERROR"),
        ("$DQ 1", "PARAM ERROR"),
        ("$HC X", "PARAM ERROR"),
        ("$FE", "HEAD NOT MEASURING ENERGY"),
        ("$SE", "HEAD NOT MEASURING ENERGY"),
        ("$SF", "HEAD NOT MEASURING FREQUENCY"),
        ("$XY", "UNKNOWN COMMAND"),
        ("*IDN?", "BAD COMMAND"),
    ],
)
def test_a_refusal_has_a_text_and_changes_nothing(ask: Ask, command: str, text: str) -> None:
    before = ask("$AW") + ask("$AR") + ask("$FQ")
    assert ask(command) == f"?{text}"
    assert ask("$AW") + ask("$AR") + ask("$FQ") == before


@pytest.mark.parametrize("command", ["$SP", "$AW", "$WL 980", "$AR", "$RN", "$WN 1", "$FQ", "$FP", "$ZE"])
def test_without_a_head_nothing_can_be_had_of_it(twin: OphirTwin, command: str) -> None:
    twin.connected = False
    assert answer(twin, command) == "?HEAD NOT CONNECTED"
    assert answer(twin, "$HI").startswith("*XX ")
    assert (answer(twin, "$HT"), answer(twin, "$SI")) == ("*XX", "*X")


def test_half_a_message_waits_for_the_other_half(twin: OphirTwin, clock: VirtualClock) -> None:
    twin.feed(b"$R")
    clock.sleep(10)
    assert twin.take() is None
    assert answer(twin, "N") == "*-1"


def test_an_empty_line_is_nothing(ask: Ask) -> None:
    assert ask("") == ""


@pytest.mark.parametrize(
    ("kind", "settings", "reply"),
    [
        (OphirVegaTwin, {"instrument": "NOVA-II"}, "*NOVA-II 612345 NOVA-II"),
        (OphirStarLiteTwin, {}, "*STARLITE 612345 STARLITE"),
    ],
)
def test_the_others_have_other_names(make: Make, kind: type, settings: dict[str, str], reply: str) -> None:
    assert answer(make(kind, **settings), "$II") == reply


def test_power_is_corrected_for_the_wavelength_and_the_filter(ask: Ask, lamp: Lamp) -> None:
    lamp.watts = 0.1
    ask("$WI 3")
    assert ask("$SP") == "*1.000E-02"
    ask("$WN-2")
    assert ask("$SP") == "*1.000E+01"
    ask("$WI 1")
    ask("$WN-1")
    assert float(ask("$SP")[1:]) == pytest.approx(0.01 * 0.056 / 0.0335, rel=1e-3)
    ask("$FQ 1")
    assert float(ask("$SP")[1:]) == pytest.approx(0.01 * 0.056 / 0.0335 / 20, rel=1e-3)


def test_over_its_range_it_shows_over(ask: Ask, lamp: Lamp) -> None:
    lamp.watts = 0.1
    ask("$WI 3")
    ask("$WN 3")
    assert ask("$SP") == "*OVER"
    ask("$WN 2")
    assert ask("$SP") == "*1.000E-02"
    ask("$WN -1")
    lamp.watts = 100
    assert ask("$SP") == "*OVER"


def test_the_reading_is_renewed_15_times_a_second_and_late_after_a_change(
    twin: OphirTwin, lamp: Lamp, clock: VirtualClock
) -> None:
    def reading() -> float:
        twin.feed(b"$SP\r\n")
        clock.sleep(0.01)
        return float((twin.take() or b"*nan").decode()[1:])

    answer(twin, "$WI 3")
    answer(twin, "$WN 2")
    lamp.watts = 0.1
    assert reading() == 0.01
    lamp.watts = 0.12
    assert reading() == 0.01
    clock.sleep(0.1)
    assert reading() == 0.012
    twin.feed(b"$WI 1\r\n")
    clock.sleep(0.1)
    assert twin.take() == b"*\r\n"
    assert reading() == 0.012
    clock.sleep(0.3)
    assert reading() == pytest.approx(0.012 * 0.056 / 0.0335, rel=1e-3)


def test_looking_for_a_range_makes_the_answer_late(twin: OphirTwin, lamp: Lamp, clock: VirtualClock) -> None:
    answer(twin, "$SP")
    lamp.watts = 0.1
    twin.feed(b"$SP\r\n")
    clock.sleep(0.29)
    assert twin.take() is None
    clock.sleep(0.05)
    assert twin.take() is not None


def test_a_new_reading_is_flagged_until_it_is_asked_for(twin: OphirTwin, clock: VirtualClock) -> None:
    assert answer(twin, "$EF") == "*1"
    twin.feed(b"$SP\r\n$EF\r\n")
    clock.sleep(1)
    assert [twin.take(), twin.take()][1] == b"*0\r\n"
    assert answer(twin, "$EF") == "*1"


def test_zeroing_takes_its_time_and_leaves_the_main_screen(ask: Ask, clock: VirtualClock) -> None:
    assert ask("$ZE") == "*"
    assert ask("$ZQ") == "*ZEROING IN PROGRESS"
    assert ask("$SP") == "?NOT IN MAIN POWER SCREEN"
    clock.sleep(25)
    assert ask("$ZQ") == "*ZEROING COMPLETED"
    ask("$FS 0")
    assert ask("$SP") == "*0.000E+00"


def test_a_thermal_head_knows_names_and_waits_for_pulses(make: Make, clock: VirtualClock) -> None:
    twin = make(head_type="TH", head="10A")
    assert answer(twin, "$HI") == "*TH 123456 10A 00000003"
    assert answer(twin, "$AW") == "*DISCRETE 1 YAG CO2"
    assert answer(twin, "$WW YAG") == "*"
    assert answer(twin, "$WL 980") == "?PARAM ERROR"
    assert answer(twin, "$FQ") == "*1 N/A"
    assert answer(twin, "$FE") == "*"
    assert answer(twin, "$SI") == "*J"
    assert answer(twin, "$SP") == "?HEAD NOT MEASURING POWER"
    twin.feed(b"$SE 30\r\n")
    clock.sleep(2.9)
    assert twin.take() is None
    clock.sleep(0.2)
    assert twin.take() == b"?TIMEOUT: NO PULSE\r\n"


# -- our drivers against it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twin_kind", "driver_kind"), [(OphirVegaTwin, OphirVega), (OphirStarLiteTwin, OphirStarLite)]
)
def test_the_driver_measures_through_range_changes(
    make: Make, clock: VirtualClock, lamp: Lamp, twin_kind: type[OphirTwin], driver_kind: type[OphirVega]
) -> None:
    meter = driver(make(twin_kind), clock, driver_kind)
    meter.wavelength = 980
    for watts in (1e-5, 0.1, 1e-3, 0.5, 0.0):
        lamp.watts = watts
        clock.sleep(meter.settle_time)
        assert meter.power == pytest.approx(watts / 10)


def test_a_new_wavelength_or_range_holds_for_the_next_reading(meter: OphirVega, lamp: Lamp) -> None:
    lamp.watts = 0.1
    meter.wavelength = 980
    assert meter.power == 0.01
    meter.wavelength = 635
    assert meter.power == pytest.approx(0.01 * 0.056 / 0.0335, rel=1e-3)


def test_the_driver_never_gives_a_number_over_the_range(meter: OphirVega, lamp: Lamp) -> None:
    meter.wavelength = 980
    meter.full_scale = 0.003
    lamp.watts = 0.1
    with pytest.raises(OverRange, match=r"meter: power is above the range of 0\.003 W"):
        meter.power  # noqa: B018
    meter.auto_range = True
    assert meter.power == 0.01


def test_what_somebody_does_at_the_panel_is_noticed(twin: OphirTwin, meter: OphirVega) -> None:
    assert meter.power == 0
    answer(twin, "$WN -2")
    with pytest.raises(DeviceFault, match="unit 'd'"):
        meter.power  # noqa: B018
    answer(twin, "$WN -1")
    twin.main_screen = False
    with pytest.raises(DeviceFault, match="NOT IN MAIN POWER SCREEN"):
        meter.power  # noqa: B018
    twin.connected = False
    with pytest.raises(DeviceFault, match="unit 'X'|HEAD NOT CONNECTED"):
        meter.power  # noqa: B018


def test_opening_takes_the_meter_from_dbm_and_changes_no_wavelength(
    twin: OphirTwin, clock: VirtualClock
) -> None:
    answer(twin, "$WN -2")
    answer(twin, "$WL 900")
    meter = driver(twin, clock)
    assert meter.wavelength == 900
    assert meter.power == 0


@pytest.mark.parametrize(("head", "message"), [("XX", "no head"), ("PY", "power"), ("TH", "names")])
def test_a_head_that_cannot_do_it_is_refused(
    make: Make, clock: VirtualClock, head: str, message: str
) -> None:
    with pytest.raises(DeviceFault, match=message):
        driver(make(head_type=head), clock)


def test_half_an_answer_is_a_time_out_and_the_next_reading_is_right(
    twin: OphirTwin, meter: OphirVega, lamp: Lamp
) -> None:
    lamp.watts = 0.1
    meter.wavelength = 980
    assert meter.power == 0.01
    send = twin.send
    twin.send = lambda data, delay=0.0: send(data[:1], delay)  # type: ignore[method-assign]
    with pytest.raises((DeviceTimeout, BadAnswer), match="meter: "):
        meter.power  # noqa: B018
    twin.send = send  # type: ignore[method-assign]
    assert meter.power == 0.01

"""The Newport twin by its manual, then our driver against it."""

from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange
from antistokes.instruments.power_meters.newport_1936r import Newport1936R
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.newport_1936r import Newport1936RSettings, Newport1936RTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RANGING, OVER, SATURATED, DETECTOR = 4, 1, 2, 8
Ask = Callable[[str], str]


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
def make(clock: VirtualClock, lamp: Lamp) -> Callable[..., Newport1936RTwin]:
    def make(**settings: Any) -> Newport1936RTwin:
        bench = Bench(clock, None, None, OpticsSettings(), seed=1)
        bench.sources["lamp"] = lamp
        settings = {"noise": 0, "floor_W": 0} | settings
        twin = Newport1936RTwin("meter", bench, Newport1936RSettings(**settings))
        twin.resource_name = "ASRL1::INSTR"
        return twin

    return make


@pytest.fixture
def twin(make: Callable[..., Newport1936RTwin]) -> Newport1936RTwin:
    return make()


@pytest.fixture
def ask(twin: Newport1936RTwin) -> Ask:
    return lambda message: answer(twin, message.encode() + b"\r").removesuffix("\r\n")


def answer(twin: Newport1936RTwin, message: bytes, end: bool = False) -> str:
    twin.feed(message, end)
    twin.clock.sleep(2)
    data = b""
    while (part := twin.take()) is not None:
        data += part
    return data.decode()


def status(text: str) -> int:
    return int(text.split(",")[1], 16)


@pytest.fixture
def meter(twin: Newport1936RTwin, clock: VirtualClock) -> Newport1936R:
    return driver(twin, clock)


def driver(twin: Newport1936RTwin, clock: VirtualClock, **settings: Any) -> Newport1936R:
    library = VirtualVisaLibrary.of([twin])
    return Newport1936R("ASRL1::INSTR", "meter", clock=clock, visa_library=library, **settings)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("*IDN?", "NEWPORT 1936-R v1.2.5 03/14/25 SN20010"),
        ("PM:Lambda?", "635"),
        ("pm:l?", "635"),
        ("PM:LAM?", "635"),
        ("PM:MIN:Lambda?;PM:MAX:L?", "400,1100"),
        ("PM:UNITS?", "2"),
        ("PM:UNIT?;PM:DS:UNIT?", "2,2"),
        ("PM:MODE?;PM:RUN?;PM:AUTO?;PM:ATT?;PM:CHAN?", "0,1,1,1,1"),
        ("PM:RAN?", "7"),
        ("PM:FILT?;PM:ANALOGFILTER?;PM:DIGITALFILTER?", "0,0,1"),
        ("PM:DETMODEL?;PM:DETSN?", "918D-SL-OD3R,10234"),
        ("PM:RESP?;PM:DETSIZE?", "3.350000E-002,1.000000E+000"),
        ("PM:ZEROVAL?;PM:ZERO?", "0.000000E+000,0.000000E+000"),
        ("PM:CORR?", "1.000000E+000 0.000000E+000 1.000000E+000"),
        ("PM:TEMP?;CALTEMP?", "2.460000E+001,2.460000E+001"),
        ("CALDATE?", "14MAR2025"),
        ("ECHO?;ADDR?;BEEP?", "0,1,1"),
        ("PM:TRIG:EDGE?;PM:TRIG:TIM?", "0,1000"),
        ("ERR?", "0"),
        ("ERRSTR?", '0, "NO ERROR"'),
    ],
)
def test_a_question_is_answered(ask: Ask, question: str, reply: str) -> None:
    assert ask(question) == reply


@pytest.mark.parametrize(
    ("command", "question", "reply"),
    [
        ("PM:L 980", "PM:L?", "980"),
        ("PM:RANGE 3", "PM:RAN?;PM:AUTO?", "3,0"),
        ("PM:AUTO 0", "PM:AUTO?", "0"),
        ("PM:UNITS 6", "PM:UNITS?", "6"),
        ("PM:MODE 7", "PM:MODE?", "7"),
        ("PM:FILTer 2", "PM:FILT?", "2"),
        ("PM:DIGITALFILTER 100", "PM:DIGITALFILTER?", "100"),
        ("PM:ZEROVALUE 1e-3", "PM:ZEROVAL?", "1.000000E-003"),
        ("PM:CORR 2 0 1", "PM:CORR?", "2.000000E+000 0.000000E+000 1.000000E+000"),
        ("PM:ATT 0", "PM:ATT?", "0"),
        ("PM:DS:BUF 1;PM:DS:INT 10;PM:DS:SIZE 50", "PM:DS:BUF?;PM:DS:INT?;PM:DS:SIZE?", "1,10,50"),
        ("ECHO SET 0", "ECHO?", "0"),
        ("*SAV 1", "ERR?", "0"),
    ],
)
def test_a_setter_is_silent_and_keeps(ask: Ask, command: str, question: str, reply: str) -> None:
    assert ask(command) == ""
    assert ask(question) == reply


@pytest.mark.parametrize(
    "command",
    ["PM:L 399", "PM:L", "PM:L abc", "PM:RAN 8", "PM:UNITS 4", "PM:CHAN 2", "PM:CORR 1", "PM:FILT 4"],
)
def test_a_bad_value_is_an_error_and_changes_nothing(ask: Ask, command: str) -> None:
    before = ask("PM:L?;PM:RAN?;PM:UNITS?;PM:FILT?")
    assert ask(command) == ""
    assert ask("ERRSTR?") == '201, "VALUE OUT OF RANGE"'
    assert ask("PM:L?;PM:RAN?;PM:UNITS?;PM:FILT?") == before


def test_errors_wait_in_a_queue_and_the_rest_of_a_message_is_done(ask: Ask) -> None:
    assert ask("WHAT?;PM:L?;PM:RAN 9") == "635"
    assert ask("ERR?;ERR?;ERR?") == "115,201,0"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_messages_end_as_they_like(twin: Newport1936RTwin, end: bytes) -> None:
    assert answer(twin, b"PM:L 980" + end + b"PM:L?" + end) == "980\r\n"
    assert not twin.errors


def test_over_usb_a_message_needs_no_end(twin: Newport1936RTwin) -> None:
    assert answer(twin, b"PM:L?", end=True) == "635\r\n"


def test_half_a_message_waits_for_the_other_half(twin: Newport1936RTwin) -> None:
    assert answer(twin, b"PM:") == ""
    assert answer(twin, b"L?\r") == "635\r\n"


def test_with_echo_every_character_comes_back_and_a_prompt(twin: Newport1936RTwin) -> None:
    assert answer(twin, b"ECHO 1\r") == "> "
    assert answer(twin, b"PM") == "PM"
    assert answer(twin, b":L?\r") == ":L?\r\n635\r\n> "
    assert answer(twin, b"PM:L 700\r") == "PM:L 700\r\n> "
    assert answer(twin, b"ECHO 0\r") == "ECHO 0\r\n"
    assert answer(twin, b"PM:L?\r") == "700\r\n"


def test_power_is_corrected_for_the_wavelength(ask: Ask, lamp: Lamp) -> None:
    lamp.watts = 0.1
    ask("PM:L 980;PM:P?")  # finds its range
    assert float(ask("PM:P?")) == pytest.approx(0.01)
    assert float(ask("PM:DP?")) == pytest.approx(0.01)
    ask("PM:L 635")
    assert float(ask("PM:P?")) == pytest.approx(0.01 * 0.056 / 0.0335)


@pytest.mark.parametrize(("unit", "value"), [(0, 0.01 * 0.056), (3, 0.01), (6, 10.0)])
def test_other_units_give_other_numbers(ask: Ask, lamp: Lamp, unit: int, value: float) -> None:
    lamp.watts = 0.1
    ask(f"PM:L 980;PM:UNITS {unit};PM:P?")
    reading = ask("PM:PWS?")
    assert float(reading.split(",")[0]) == pytest.approx(value)
    assert status(reading) >> 7 == unit


def test_while_it_looks_for_its_range_the_reading_is_the_one_before(
    twin: Newport1936RTwin, ask: Ask, lamp: Lamp, clock: VirtualClock
) -> None:
    ask("PM:L 980;PM:P?")
    lamp.watts = 0.1
    reading = ask("PM:PWS?")
    assert float(reading.split(",")[0]) == 0.0
    assert status(reading) & RANGING
    reading = ask("PM:PWS?")
    assert float(reading.split(",")[0]) == pytest.approx(0.01)
    assert status(reading) == 2 << 7 | twin.range << 4 | DETECTOR


def test_over_its_range_it_shows_a_wrong_number_and_says_so(ask: Ask, lamp: Lamp) -> None:
    lamp.watts = 0.1
    ask("PM:L 980;PM:RAN 3")
    reading = ask("PM:PWS?")
    assert float(reading.split(",")[0]) == pytest.approx(1.05 * float(ask("PM:MAX:P?")))
    assert status(reading) & (OVER | SATURATED) == OVER
    lamp.watts = 100
    assert status(ask("PM:PWS?")) & (OVER | SATURATED) == OVER | SATURATED


def test_a_held_reading_stays(ask: Ask, lamp: Lamp) -> None:
    lamp.watts = 0.1
    ask("PM:L 980;PM:P?")
    ask("PM:RUN 0")
    lamp.watts = 0.2
    assert float(ask("PM:P?")) == pytest.approx(0.01)
    ask("PM:MODE 1;PM:RUN 1")
    assert ask("PM:RUN?") == "0"
    assert float(ask("PM:P?")) == pytest.approx(0.02)


def test_zero_and_correction_change_the_reading(ask: Ask, lamp: Lamp) -> None:
    lamp.watts = 0.1
    ask("PM:L 980;PM:P?")
    ask("PM:ZEROSTO")
    assert float(ask("PM:ZEROVAL?")) == pytest.approx(0.01)
    assert float(ask("PM:P?")) == pytest.approx(0)
    ask("PM:ZEROVAL 0;PM:CORR 2 0.001 3")
    assert float(ask("PM:P?")) == pytest.approx(0.063)


def test_the_data_store_fills_in_time(twin: Newport1936RTwin, lamp: Lamp) -> None:
    lamp.watts = 0.1
    answer(twin, b"PM:L 980;PM:P?\r")
    answer(twin, b"PM:DS:CL;PM:DS:SIZE 30;PM:DS:INT 1000;PM:DS:EN 1\r")  # 0.1 s; 2 s pass
    assert answer(twin, b"PM:DS:COUNT?\r") == "20\r\n"
    assert answer(twin, b"PM:DS:C?;PM:DS:EN?\r") == "30,0\r\n"
    mean, deviation = answer(twin, b"PM:STAT:MEAN?;PM:STAT:SDEV?\r").split(",")
    assert float(mean) == pytest.approx(0.01)
    assert float(deviation) == pytest.approx(0, abs=1e-9)
    assert answer(twin, b"PM:STAT:MAX?\r") == answer(twin, b"PM:STAT:MIN?\r")


def test_a_ring_buffer_goes_on(twin: Newport1936RTwin) -> None:
    answer(twin, b"PM:DS:CL;PM:DS:SIZE 5;PM:DS:BUF 1;PM:DS:INT 1000;PM:DS:EN 1\r")
    assert answer(twin, b"PM:DS:C?;PM:DS:EN?\r") == "5,1\r\n"
    answer(twin, b"PM:DS:EN 0\r")
    assert answer(twin, b"PM:DS:EN?\r") == "0\r\n"


@pytest.mark.parametrize(
    ("which", "values"), [("2", [2]), ("2-4", [2, 3, 4]), ("-2", [1, 2]), ("+2", [4, 5])]
)
def test_stored_values_are_listed_between_header_and_end(
    twin: Newport1936RTwin, which: str, values: list[int]
) -> None:
    twin.store.fill().extend([1.0, 2.0, 3.0, 4.0, 5.0])
    lines = answer(twin, f"PM:DS:GET? {which}\r".encode()).splitlines()
    begin = lines.index("End of Header") + 1
    assert [float(line) for line in lines[begin:-1]] == values
    assert lines[-1] == "End of Data"


@pytest.mark.parametrize("question", ["PM:DS:GET? 1", "PM:DS:GET?", "PM:DS:GET? +0", "PM:STAT:MEAN?"])
def test_an_empty_store_is_an_error(ask: Ask, question: str) -> None:
    assert ask(question) == ""
    assert ask("ERR?") == "201"


def test_a_2936_has_a_second_channel_with_nothing_on_it(
    make: Callable[..., Newport1936RTwin], lamp: Lamp
) -> None:
    twin = make(instrument="2936-R")
    lamp.watts = 0.1
    answer(twin, b"PM:L 980;PM:P?\r")
    first, _, second, empty = answer(twin, b"PM:PWS?\r").split()
    assert (float(first), float(second)) == (pytest.approx(0.01), 0.0)
    assert not int(empty, 16) & DETECTOR
    assert answer(twin, b"PM:CHAN 2;PM:CHAN?;PM:DETMODEL?\r") == "2,NO DETECTOR\r\n"
    assert float(answer(twin, b"PM:PWS?\r").split()[0]) == pytest.approx(0.01)


def test_noise_becomes_less_by_the_digital_filter(make: Callable[..., Newport1936RTwin], lamp: Lamp) -> None:
    twin = make(noise=0.01)
    lamp.watts = 0.1
    answer(twin, b"PM:L 980;PM:P?\r")

    def spread(length: int) -> float:
        answer(twin, f"PM:DS:CL;PM:DIGITALFILTER {length};PM:DS:INT 100;PM:DS:EN 1\r".encode())
        return float(answer(twin, b"PM:STAT:SDEV?\r"))

    assert spread(1) == pytest.approx(1e-3, rel=0.2)
    assert spread(10000) == pytest.approx(1e-5, rel=0.2)


# -- our driver against it ------------------------------------------------------------------------


def test_the_driver_measures_through_range_changes(meter: Newport1936R, lamp: Lamp) -> None:
    meter.wavelength = 980
    for watts in (1e-5, 0.1, 1e-3, 0.5, 0.0):
        lamp.watts = watts
        assert meter.power == pytest.approx(watts / 10, abs=1e-12)


def test_the_driver_never_gives_a_number_over_the_range(meter: Newport1936R, lamp: Lamp) -> None:
    meter.wavelength = 980
    meter.range = 3
    lamp.watts = 0.1
    with pytest.raises(OverRange, match=r"meter: power is above the range of 8\.92\d*e-06 W"):
        meter.power  # noqa: B018
    meter.auto_range = True
    assert meter.power == pytest.approx(0.01)
    lamp.watts = 100
    with pytest.raises(OverRange, match="saturates"):
        meter.power  # noqa: B018


def test_what_somebody_does_at_the_panel_is_noticed(twin: Newport1936RTwin, meter: Newport1936R) -> None:
    assert meter.power == 0
    twin.unit = 6
    with pytest.raises(DeviceFault, match="shows dBm"):
        meter.power  # noqa: B018
    twin.unit = 2
    answer(twin, b"PM:RUN 0\r")
    with pytest.raises(DeviceFault, match="held"):
        meter.power  # noqa: B018
    answer(twin, b"PM:RUN 1\r")
    twin.detector_present = False
    with pytest.raises(DeviceFault, match="no detector"):
        meter.power  # noqa: B018


def test_opening_ends_the_echo_an_earlier_client_left_on(twin: Newport1936RTwin, clock: VirtualClock) -> None:
    answer(twin, b"ECHO 1\r")
    meter = driver(twin, clock)
    assert meter.instrument == "NEWPORT 1936-R v1.2.5 03/14/25 SN20010"
    assert twin.echo is False
    assert meter.power == 0


def test_opening_changes_no_wavelength_and_forgets_old_errors(
    twin: Newport1936RTwin, clock: VirtualClock
) -> None:
    answer(twin, b"PM:L 900;WHAT\r")
    assert driver(twin, clock).wavelength == 900


def test_the_empty_channel_of_a_2936_is_a_fault(
    make: Callable[..., Newport1936RTwin], clock: VirtualClock
) -> None:
    with pytest.raises(DeviceFault, match="no detector"):
        driver(make(instrument="2936-R"), clock, channel=2).power  # noqa: B018


def test_half_an_answer_is_a_time_out_and_the_next_reading_is_right(
    twin: Newport1936RTwin, meter: Newport1936R, lamp: Lamp
) -> None:
    lamp.watts = 0.1
    meter.wavelength = 980
    right = meter.power
    send = twin.send
    twin.send = lambda data, delay=0.0: send(data[:6], delay)  # type: ignore[method-assign]
    with pytest.raises((DeviceTimeout, BadAnswer), match="meter: "):
        meter.power  # noqa: B018
    twin.send = send  # type: ignore[method-assign]
    assert meter.power == right

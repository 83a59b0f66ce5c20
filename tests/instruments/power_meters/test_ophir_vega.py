"""Conversations of the Ophir drivers, beside Ophir's guide to programmers."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, OverRange, WrongModel
from antistokes.instruments.power_meters.ophir_vega import OphirStarLite, OphirVega
from antistokes.instruments.roles import PowerMeter

IDENTITY = ("$II", "*VEGA 612345 VEGA")
HEAD = ("$HI", "*SI 123456 PD300-1W 00000001 ")
WAVELENGTHS = ("$AW", "*CONTINUOUS 400 1100 2 635 980 NONE NONE NONE NONE")
RANGES = ("$AR", "*-1 dBm AUTO 30.0mW 3.00mW 300uW")
OPENING = [IDENTITY, IDENTITY, HEAD, WAVELENGTHS, ("$FP", "*"), RANGES, RANGES, ("$WN-1", "*")]
WATTS = ("$SI", "*W")


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[OphirVega]:
    settings = {"clock": VirtualClock(), "name": "meter"} | settings
    return expected_protocol(OphirVega, [*OPENING, *pairs], **settings)


def test_opening_asks_who_is_there_and_measures_power() -> None:
    with talk([]) as meter:
        assert PowerMeter in meter.ROLES
        assert meter.wavelength_range == (400, 1100)
        assert meter.limits["full_scale"].high == 0.03
        assert (meter.instrument, meter.head) == ("VEGA 612345 VEGA", "SI 123456 PD300-1W 00000001")
        assert meter.settle_time == 0.5


def test_a_thermal_head_settles_slowly() -> None:
    pairs = [("$HI", "*TH 77 10A 00000003") if pair is HEAD else pair for pair in OPENING]
    with expected_protocol(OphirVega, pairs, clock=VirtualClock()) as meter:
        assert meter.settle_time == 3.0


@pytest.mark.parametrize(
    ("driver", "answer", "message"),
    [
        (OphirVega, "*STARLITE 1 STARLITE", r"Ophir Vega expected, but '\*STARLITE"),
        (OphirStarLite, "*VEGA 1 VEGA", r"Ophir StarLite expected, but '\*VEGA"),
        (OphirVega, "?UNKNOWN COMMAND", "UNKNOWN COMMAND"),
    ],
)
def test_another_model_is_refused(driver: type, answer: str, message: str) -> None:
    with pytest.raises(WrongModel, match=message), expected_protocol(driver, [("$II", answer)]):
        pass


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("*XX", "no head"),
        ("*XX 0 NONE 00000000", "no head"),
        ("*", "no head"),
        ("*PY 9 PE25 80000002", "does not measure power"),
    ],
)
def test_a_head_that_cannot_do_it_is_refused(answer: str, message: str) -> None:
    pairs = [IDENTITY, IDENTITY, ("$HI", answer)]
    with pytest.raises(DeviceFault, match=message), expected_protocol(OphirVega, pairs):
        pass


def test_a_head_without_wavelengths_in_nm_is_refused() -> None:
    pairs = [IDENTITY, IDENTITY, HEAD, ("$AW", "*DISCRETE 1 YAG CO2")]
    with (
        pytest.raises(DeviceFault, match="names of wavelengths only .YAG CO2."),
        expected_protocol(OphirVega, pairs),
    ):
        pass


def test_the_wavelength_is_set_in_whole_nm_and_read_back() -> None:
    pairs = [("$WL976", "*"), ("$AW", "*CONTINUOUS 400 1100 2 635 976 NONE NONE NONE NONE"), WAVELENGTHS]
    with talk(pairs) as meter:
        before = meter.clock.now()
        meter.wavelength = 975.6
        assert meter.clock.now() - before == pytest.approx(0.5)
        assert meter.wavelength == 980


def test_a_wavelength_that_was_not_taken_is_a_fault() -> None:
    with talk([("$WL976", "*"), WAVELENGTHS]) as meter, pytest.raises(DeviceFault, match="stays at 980 nm"):
        meter.wavelength = 976


@pytest.mark.parametrize("wavelength", [399, 1101, float("nan")])
def test_a_wavelength_the_head_does_not_know_sends_nothing(wavelength: float) -> None:
    with talk([]) as meter, pytest.raises(LimitError, match="meter: wavelength"):
        meter.wavelength = wavelength


def test_a_wavelength_is_rounded_before_it_is_checked() -> None:
    with talk([]) as meter:
        meter.narrow_limit("wavelength", 400, 975.6)
        with pytest.raises(LimitError, match="meter: wavelength = 976 nm"):
            meter.wavelength = 975.6


@pytest.mark.parametrize(("power", "index"), [(0.03, 0), (0.0031, 0), (0.003, 1), (1e-6, 2), (0, 2)])
def test_the_smallest_range_that_holds_the_power_is_taken(power: float, index: int) -> None:
    with talk([RANGES, (f"$WN{index}", "*")]) as meter:
        meter.full_scale = power


def test_a_range_holds_the_power_it_is_called_by() -> None:
    with talk([("$AR", "*-1 dBm AUTO 30.0mW 300uW 30.0uW"), ("$WN2", "*")]) as meter:
        meter.full_scale = 3e-5


@pytest.mark.parametrize(
    ("answer", "automatic", "full_scale"),
    [
        ("*-1 dBm AUTO 30.0mW 3.00mW", True, 0.03),
        ("*1 AUTO 30.0mW 3.00mW", False, 0.003),
        ("*0 10.0W 3.00W 300mW", False, 10.0),
    ],
)
def test_ranges_are_found_behind_any_words(answer: str, automatic: bool, full_scale: float) -> None:
    with talk([("$AR", answer)] * 2) as meter:
        assert meter.auto_range is automatic
        assert meter.full_scale == pytest.approx(full_scale)


def test_turning_automatic_ranging_off_takes_the_highest_range() -> None:
    with talk([RANGES, ("$WN0", "*"), ("$AR", "*2 dBm AUTO 30.0mW 3.00mW 300uW")]) as meter:
        meter.auto_range = False
        meter.auto_range = False


@pytest.mark.parametrize(
    ("answer", "position"), [("*2 OUT IN", "IN"), ("*1 OUT IN", "OUT"), ("*1 N/A", "N/A"), ("*N/A", "N/A")]
)
def test_the_filter_is_read(answer: str, position: str) -> None:
    with talk([("$FQ", answer)]) as meter:
        assert meter.filter == position


@pytest.mark.parametrize(("answer", "power"), [("*1.234E-3", 1.234e-3), (" * -0.030E-2 ", -3e-4)])
def test_power_is_in_watts(answer: str, power: float) -> None:
    with talk([WATTS, ("$SP", answer)]) as meter:
        assert meter.power == power


def test_over_range_is_no_number() -> None:
    pairs = [WATTS, ("$SP", "*OVER"), RANGES]
    with talk(pairs) as meter, pytest.raises(OverRange, match="meter: power is above the range of 0.03 W"):
        meter.power  # noqa: B018


def test_dbm_are_no_watts() -> None:
    pairs = [("$SI", "*d"), ("$SP", "*-2.9E1")]
    with talk(pairs) as meter, pytest.raises(DeviceFault, match="shows the unit 'd'"):
        meter.power  # noqa: B018


@pytest.mark.parametrize("text", ["HEAD NOT CONNECTED", " Not Supported Command"])
def test_a_refusal_is_a_fault_with_its_text(text: str) -> None:
    with talk([("$SI", f"?{text}")]) as meter, pytest.raises(DeviceFault, match=f"refused: {text.strip()}"):
        meter.power  # noqa: B018


@pytest.mark.parametrize("answer", ["1.234E-3", "*", "*nan", "*1.2.3"])
def test_what_cannot_be_a_power_is_named(answer: str) -> None:
    with talk([WATTS, ("$SP", answer)]) as meter, pytest.raises(BadAnswer, match=r"meter: '\$SP'"):
        meter.power  # noqa: B018


@pytest.mark.parametrize(
    "answer",
    ["*", "*CONTINUOUS 400 1100", "*CONTINUOUS 400 1100 0 635", "*CONTINUOUS 400 1100 3 635 980 NONE"],
)
def test_what_cannot_be_wavelengths_is_named(answer: str) -> None:
    with talk([("$AW", answer)]) as meter, pytest.raises(BadAnswer, match=r"meter: '\$AW'"):
        meter.wavelength  # noqa: B018


@pytest.mark.parametrize("answer", ["*", "*1.0", "*2 AUTO 3.00mW 300uW", "*x 3.00mW"])
def test_what_cannot_be_ranges_is_named(answer: str) -> None:
    with talk([("$AR", answer)]) as meter, pytest.raises(BadAnswer, match=r"meter: '\$AR'"):
        meter.full_scale  # noqa: B018

"""Conversations of the PM100-class drivers, beside the manuals' table of commands."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, OverRange, WrongModel
from antistokes.instruments.power_meters.thorlabs_pm100d import (
    PM100D,
    PM100USB,
    PM400,
    ThorlabsPowerMeter,
)
from antistokes.instruments.roles import PowerMeter

NO_ERROR = ("SYST:ERR?", '+0,"No error"')
SENSOR = '"S120C","1234567","01-JAN-2026",1,18,305'


def opening(name: str, averaging: int) -> list[tuple[str | None, str | None]]:
    return [
        ("*IDN?", f"Thorlabs,{name},P1,1.0"),
        ("SYST:SENS:IDN?", SENSOR),
        ("SENS:CORR:WAV? MIN", "4.00000000E+02"),
        ("SENS:CORR:WAV? MAX", "1.10000000E+03"),
        (f"SENS:AVER:COUN {averaging}", None),
        NO_ERROR,
        ("SENS:POW:RANG:AUTO 1", None),
        NO_ERROR,
        ("SENS:POW:UNIT W", None),
        NO_ERROR,
    ]


def talk(pairs: Sequence[tuple[Any, Any]]) -> AbstractContextManager[PM100D]:
    return expected_protocol(
        PM100D, [*opening("PM100D", 100), *pairs], name="power_meter", clock=VirtualClock()
    )


@pytest.mark.parametrize(
    ("driver", "name", "averaging"),
    [(PM100D, "PM100D", 100), (PM100USB, "PM100USB", 10), (PM400, "PM400", 30)],
)
def test_opening_reads_the_head_and_measures_in_watts(
    driver: type[ThorlabsPowerMeter], name: str, averaging: int
) -> None:
    with expected_protocol(driver, opening(name, averaging), clock=VirtualClock()) as meter:
        assert PowerMeter in meter.ROLES
        assert meter.wavelength_range == (400, 1100)
        assert meter.sensor == "S120C,1234567,01-JAN-2026,1,18,305"


@pytest.mark.parametrize(("driver", "other"), [(PM100D, "PM100USB"), (PM100USB, "PM100D"), (PM400, "PM100D")])
def test_a_sister_model_is_refused(driver: type[ThorlabsPowerMeter], other: str) -> None:
    answer = [("*IDN?", f"Thorlabs,{other},P1,1.0")]
    with (
        pytest.raises(WrongModel, match=f"{driver.MODEL} expected, but 'Thorlabs,{other}"),
        expected_protocol(driver, answer, clock=VirtualClock()),
    ):
        pass


def test_a_meter_without_a_head_is_refused() -> None:
    pairs = [*opening("PM100D", 100)[:1], ("SYST:SENS:IDN?", '"no sensor","","",0,0,0')]
    with (
        pytest.raises(DeviceFault, match="no sensor head"),
        expected_protocol(PM100D, pairs, clock=VirtualClock()),
    ):
        pass


@pytest.mark.parametrize(("driver", "most"), [(PM100D, 3000), (PM100USB, 900), (PM400, 2700)])
def test_averaging_fits_into_the_time_out(driver: type[ThorlabsPowerMeter], most: int) -> None:
    assert driver.LIMITS["averaging"].high == most


def test_a_wavelength_is_set_and_the_error_queue_read() -> None:
    with talk([("SENS:CORR:WAV 980", None), NO_ERROR, ("SENS:CORR:WAV?", "9.80000000E+02")]) as meter:
        meter.wavelength = 980
        assert meter.wavelength == 980


def test_an_error_of_the_meter_is_raised() -> None:
    pairs = [("SENS:CORR:WAV 980", None), ("SYST:ERR?", '-222,"Data out of range"'), NO_ERROR]
    with talk(pairs) as meter, pytest.raises(DeviceFault, match="power_meter: error -222"):
        meter.wavelength = 980


@pytest.mark.parametrize(("quantity", "value"), [("wavelength", 1101), ("averaging", 0), ("full_scale", 101)])
def test_values_outside_the_limits_send_nothing(quantity: str, value: float) -> None:
    with talk([]) as meter, pytest.raises(LimitError, match=quantity):
        setattr(meter, quantity, value)


def test_a_changed_range_costs_one_reading() -> None:
    pairs = [
        ("SENS:POW:RANG?", "0.1"),
        ("SENS:POW:RANG 0.001", None),
        NO_ERROR,
        ("SENS:POW:RANG?", "0.001"),
        ("MEAS:POW?", "0.0005"),
    ]
    with talk(pairs) as meter:
        meter.full_scale = 1e-3


def test_over_range_is_no_number() -> None:
    pairs = [("MEAS:POW?", "9.9E+37"), ("SENS:POW:RANG?", "0.001")]
    with talk(pairs) as meter, pytest.raises(OverRange, match=r"above the range of 0\.001 W"):
        _ = meter.power


@pytest.mark.parametrize("answer", ["nan", "", "1.2E", "OVER"])
def test_a_reading_that_is_no_number_is_refused(answer: str) -> None:
    with talk([("MEAS:POW?", answer)]) as meter, pytest.raises(BadAnswer, match="MEAS:POW"):
        _ = meter.power


def test_power_with_surplus_blanks() -> None:
    with talk([("MEAS:POW?", " 1.5E-3 ")]) as meter:
        assert meter.power == 1.5e-3

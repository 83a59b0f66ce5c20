"""The Yokogawa driver, word for word."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    Refused,
    WrongModel,
)
from antistokes.instruments.roles import Spectrometer
from antistokes.instruments.spectrometers.yokogawa_aq6370 import AQ6370, AQ6373

OK = (b"SYST:ERR?", b'0,"No error"')
IDN = (b"*IDN?", b"YOKOGAWA,AQ6370D,91V000001,02.08")
SETTINGS = [
    b":ABOR", b":FORM:DATA REAL,64", b":INIT:SMOD 1", b":UNIT:X 0", b":DISP:TRAC:Y1:SPAC 1",
    b":DISP:TRAC:Y1:UNIT 1", b":TRAC:ACT TRA", b":TRAC:ATTR:TRA 0",
]  # fmt: skip
START, STOP = (b":SENS:WAV:STAR?", b"+9.00000000E-007"), (b":SENS:WAV:STOP?", b"+1.00000000E-006")
POINTS, SENSITIVITY = (b":SENS:SWE:POIN?", b"101"), (b":SENS:SENS?", b"3")
OPENING = [
    IDN,
    (b"*CLS", None),
    *[step for command in SETTINGS for step in ((command, None), OK)],
    (b":SENS:WAV:STOP?", b"+1.70000000E-006"),
    (b":SENS:WAV:STAR 900.000NM", None), OK,
    (b":SENS:WAV:STOP 1000.000NM", None), OK,
    (b":SENS:BAND:RES 0.50NM", None), OK,
    (b":SENS:SENS HIGH1", None), OK,
    (b":SENS:SWE:POIN 101", None), OK,
]  # fmt: skip
UNIT = (b":DISP:TRAC:Y1:UNIT?", b"1")
AXIS = np.linspace(900e-9, 1000e-9, 101)
BEGIN = [UNIT, START, STOP, POINTS, START, STOP, POINTS, SENSITIVITY, (b":ABOR", None), (b"*CLS;:INIT", None)]
DONE = [(b":STAT:OPER:EVEN?", b"1"), OK]


def block(values):
    data = np.asarray(values, "<f8").tobytes()
    return b"#3%d" % len(data) + data


@contextmanager
def analyser(*exchanges, opening=OPENING, kind=AQ6370):
    settings = {"start": 900.0, "stop": 1000.0, "resolution": 0.5, "sensitivity": "HIGH1", "points": 101}
    clock = VirtualClock()
    with expected_protocol(kind, [*opening, *exchanges], name="osa", clock=clock, **settings) as it:
        yield it


def frame(*exchanges):
    with analyser(*exchanges) as osa:
        return osa.frame()


RESOLUTION = (b":SENS:BAND:RES?", b"+5.00000000E-010")


def test_fulfils_its_role():
    with analyser(RESOLUTION) as osa:
        assert Spectrometer in osa.ROLES
        assert osa.signal_unit == "W/nm"
        assert osa.saturation == pytest.approx(0.1 / 0.5)


def test_another_model_is_refused():
    with (
        pytest.raises(WrongModel, match=r"Yokogawa AQ6373B expected, but 'YOKOGAWA,AQ6370D"),
        analyser(opening=[IDN], kind=AQ6373),
    ):
        pass


def test_a_setting_the_device_refuses_is_an_error_at_opening():
    opening = [*OPENING[:3], (b"SYST:ERR?", b'-113,"Undefined header"'), OK]
    with pytest.raises(DeviceFault, match="osa: error -113"), analyser(opening=opening):
        pass


def test_a_frame_is_one_sweep_of_trace_a():
    level = np.linspace(0, 1e-6, 101)
    with analyser(
        *BEGIN,
        (b":STAT:OPER:EVEN?", b"0"),
        (b":STAT:OPER:EVEN?", b"0"),
        *DONE,
        (b":TRAC:X? TRA", block(AXIS)), OK,
        (b":TRAC:Y? TRA", block(level)), OK,
        RESOLUTION,
    ) as osa:  # fmt: skip
        np.testing.assert_allclose(osa.frame(), level / 0.5)
        assert osa.clock.now() == pytest.approx(0.2)


def test_a_level_axis_changed_at_the_front_panel_is_a_fault():
    with pytest.raises(DeviceFault, match=r"osa: the level axis is in unit 0, not in W"):
        frame((b":DISP:TRAC:Y1:UNIT?", b"0"))


def test_a_window_changed_at_the_front_panel_is_a_fault():
    with pytest.raises(DeviceFault, match=r"osa: the sweep went from 910\.000 to 1010\.000 nm"):
        frame(*BEGIN, *DONE, (b":TRAC:X? TRA", block(AXIS + 1e-8)), OK, (b":TRAC:Y? TRA", block(AXIS)), OK)


def test_a_trace_of_another_size_is_a_bad_answer():
    with pytest.raises(BadAnswer, match=r"osa: a trace of 101 wavelengths and 100 levels, expected 101"):
        frame(*BEGIN, *DONE, (b":TRAC:X? TRA", block(AXIS)), OK, (b":TRAC:Y? TRA", block(AXIS[1:])), OK)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_a_bad_answer(value):
    level = np.ones(101)
    level[7] = value
    with pytest.raises(BadAnswer, match="1 values that are not finite"):
        frame(*BEGIN, *DONE, (b":TRAC:X? TRA", block(AXIS)), OK, (b":TRAC:Y? TRA", block(level)), OK)


@pytest.mark.parametrize("answer", [b"no", b"#0", b"#1x"])
def test_what_is_no_block_is_a_bad_answer(answer):
    with pytest.raises(BadAnswer, match="begins no binary block"):
        frame(*BEGIN, *DONE, (b":TRAC:X? TRA", answer))


def test_a_block_that_is_no_row_of_numbers_is_a_bad_answer():
    with pytest.raises(BadAnswer, match="gave 7 bytes, no multiple of 8"):
        frame(*BEGIN, *DONE, (b":TRAC:X? TRA", b"#17" + bytes(7)), OK)


def test_an_error_of_the_sweep_is_raised():
    with pytest.raises(DeviceFault, match="Calibration"):
        frame(*BEGIN, DONE[0], (b"SYST:ERR?", b'-300,"Calibration failed"'), OK)


def test_a_sweep_that_does_not_end_is_aborted():
    polls = [(b":STAT:OPER:EVEN?", b"0")] * 852
    with pytest.raises(DeviceTimeout, match="osa: a sweep rated 5 s has not ended in 85 s"):
        frame(*BEGIN, *polls, (b":ABOR", None))


@pytest.mark.parametrize("answer", [b"3", b"HIGH1", b" 3 "])
def test_sensitivity_is_told_by_number_or_word(answer):
    with analyser((b":SENS:SENS?", answer)) as osa:
        assert osa.sensitivity == "HIGH1"


def test_an_unknown_sensitivity_is_a_bad_answer_and_none_is_sent():
    with analyser((b":SENS:SENS?", b"9")) as osa:
        with pytest.raises(BadAnswer, match="'9'"):
            _ = osa.sensitivity
        with pytest.raises(Refused, match=r"sensitivity = 'HIGH4'.*HIGH3"):
            osa.sensitivity = "HIGH4"


@pytest.mark.parametrize(
    ("quantity", "value"), [("start", 599), ("stop", 1701), ("resolution", 5), ("points", 50002)]
)
def test_values_beyond_the_limits_send_nothing(quantity, value):
    with analyser() as osa, pytest.raises(LimitError, match=f"osa: {quantity} = "):
        setattr(osa, quantity, value)


def test_a_window_the_wrong_way_round_sends_nothing():
    with analyser() as osa, pytest.raises(Refused, match="start = 1000 nm must be below stop = 900 nm"):
        osa.window = (1000, 900)


def test_a_resolution_the_model_has_not_sends_nothing():
    with analyser() as osa, pytest.raises(Refused, match=r"AQ6370D has 0\.02, 0\.05"):
        osa.resolution = 0.3


def test_a_window_above_the_old_one_sets_the_stop_first():
    with analyser(
        STOP, (b":SENS:WAV:STOP 1200.000NM", None), OK, (b":SENS:WAV:STAR 1100.000NM", None), OK
    ) as osa:
        osa.window = (1100, 1200)


def test_the_exposure_is_the_rated_sweep_time_and_nothing_else():
    asked = [START, STOP, POINTS, SENSITIVITY]
    with analyser(*asked * 3) as osa:
        assert osa.exposure_limits == (5, 5)
        osa.exposure = 5.0
        with pytest.raises(LimitError, match="exposure = 1 s"):
            osa.exposure = 1.0


def test_a_wide_window_and_many_points_take_longer():
    wide = (b":SENS:WAV:STOP?", b"+1.20000000E-006")
    with analyser(START, wide, (b":SENS:SWE:POIN?", b"2002"), SENSITIVITY) as osa:
        assert osa.exposure == pytest.approx(5 * 3 * 2)


def test_make_safe_ends_a_sweep():
    with analyser((b":ABOR", None), (b":ABOR", None)) as osa:
        osa.make_safe()
        osa.make_safe()

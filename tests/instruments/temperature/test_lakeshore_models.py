"""The Lake Shore 331 and 335 drivers, word for word (manuals, chapter 6)."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, OverRange, WrongModel
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.temperature.lakeshore_models import LakeShore331, LakeShore335

IDN_331 = (b"*IDN?", b"LSCI,MODEL331S,123456,061404")
CSET = (b"CSET? 1", b"A,1,0,2")
OPENING_331 = [IDN_331, (b"*ESR?", b"128"), CSET, CSET]
OPENING_335 = [
    (b"*IDN?", b"LSCI,MODEL335,LSA12AB/1234567,2.0"),
    (b"*ESR?", b"128"),
    (b"OUTMODE? 1", b"1,2,0"),
    (b"INTYPE? B", b"1,0,0,0,1"),
]
OK = (b"*ESR?", b"000")


@contextmanager
def model_331(*exchanges, opening=OPENING_331, **settings):
    settings |= {"name": "cryostat", "clock": VirtualClock()}
    with expected_protocol(LakeShore331, [*opening, *exchanges], **settings) as it:
        yield it


@contextmanager
def model_335(*exchanges, **settings):
    settings |= {"name": "cryostat", "clock": VirtualClock()}
    with expected_protocol(LakeShore335, [*OPENING_335, *exchanges], **settings) as it:
        yield it


def test_the_331_reads_one_question_at_a_time():
    with model_331(
        (b"KRDG? B", b"+077.350"), (b"RDGST? B", b"000"),
        (b"HTR?", b"+045.2"), (b"RANGE?", b"2"),
        sample_input="B",
    ) as cryostat:  # fmt: skip
        assert TemperatureController in cryostat.ROLES
        assert cryostat.temperature == 77.35
        assert cryostat.heater_output == 45.2
        assert cryostat.control is True


def test_the_331_reports_its_sensor():
    with (
        model_331((b"KRDG? A", b"+000.000"), (b"RDGST? A", b"128")) as cryostat,
        pytest.raises(OverRange, match="input A: sensor over-range"),
    ):
        _ = cryostat.temperature


def test_the_331_switches_on_without_naming_its_loop():
    with model_331(
        (b"CMODE? 1", b"1"), (b"RANGE?", b"0"), (b"RAMP? 1", b"0,+005.0"),
        (b"RANGE 3", None), OK, (b"HTRST?", b"0"),
        heater_range="high",
    ) as cryostat:  # fmt: skip
        cryostat.control = True


def test_the_331_is_not_switched_on_in_open_loop():
    with (
        model_331((b"CMODE? 1", b"3")) as cryostat,
        pytest.raises(DeviceFault, match="not in closed loop .CMODE 3"),
    ):
        cryostat.control = True


def test_the_331_has_no_ramp_rate_of_0():
    with model_331((b"RAMP 1,0,0.1", None), OK) as cryostat:
        cryostat.ramp = 0


def test_the_331_made_safe_releases_the_analog_output_from_loop_2():
    with model_331(
        (b"RANGE 0", None), (b"RANGE?", b"0"), IDN_331,
        (b"ANALOG?", b"0,3,A,1,+300.0,+000.0,+000.0"),
        (b"ANALOG 0,0,A,1,+300.0,+000.0,+000.0", None),
        (b"ANALOG?", b"0,0,A,1,+300.0,+000.0,+000.0"),
    ) as cryostat:  # fmt: skip
        cryostat.make_safe()


def test_the_331_made_safe_leaves_an_analog_output_that_shows_a_reading():
    with model_331(
        (b"RANGE 0", None), (b"RANGE?", b"0"), IDN_331, (b"ANALOG?", b"0,1,A,1,+300.0,+000.0,+000.0")
    ) as cryostat:
        cryostat.make_safe()


def test_a_331e_has_no_loop_2():
    idn = (b"*IDN?", b"LSCI,MODEL331E,123456,061404")
    with model_331((b"RANGE 0", None), (b"RANGE?", b"0"), idn, opening=[idn, *OPENING_331[1:]]) as cryostat:
        cryostat.make_safe()


@pytest.mark.parametrize(
    ("loop_2", "text"), [(b"0,3,A,1,+300.0,+000.0,+000.0", "stays on loop 2"), (b"0,3", "ANALOG")]
)
def test_a_loop_2_that_stays_is_reported(loop_2, text):
    stays = [
        (b"RANGE 0", None), (b"RANGE?", b"0"), IDN_331,
        (b"ANALOG?", b"0,3,A,1,+300.0,+000.0,+000.0"),
        (b"ANALOG 0,0,A,1,+300.0,+000.0,+000.0", None),
        (b"ANALOG?", loop_2),
    ]  # fmt: skip
    with model_331(*stays, *stays) as cryostat, pytest.raises((DeviceFault, BadAnswer), match=text):
        cryostat.make_safe()


def test_a_331_heater_that_stays_on_is_reported():
    stays = [
        (b"RANGE 0", None), (b"RANGE?", b"2"), IDN_331, (b"ANALOG?", b"0,1,A,1,+300.0,+000.0,+000.0")
    ]  # fmt: skip
    with (
        model_331(*stays, *stays) as cryostat,
        pytest.raises(DeviceFault, match="stays on: 'RANGE.' was answered by '2'"),
    ):
        cryostat.make_safe()


def test_a_331_heater_that_is_not_confirmed_does_not_keep_loop_2_on():
    released = (b"ANALOG?", b"0,0,A,1,+300.0,+000.0,+000.0")
    with model_331(
        (b"RANGE 0", None), (b"RANGE?", b"x"), IDN_331,
        (b"ANALOG?", b"0,3,A,1,+300.0,+000.0,+000.0"),
        (b"ANALOG 0,0,A,1,+300.0,+000.0,+000.0", None), released,
        (b"RANGE 0", None), (b"RANGE?", b"0"), IDN_331, released,
    ) as cryostat:  # fmt: skip
        cryostat.make_safe()


def test_nobody_comes_between_a_331s_reading_and_its_status():
    with model_331((b"KRDG? A", b"+077.350"), (b"RDGST? A", b"000")) as cryostat:
        ask, held = cryostat.ask, []

        def asked(question):
            held.append(cryostat.lock._is_owned())
            return ask(question)

        cryostat.ask = asked
        assert cryostat.temperature == 77.35
        assert held == [True, True]


@pytest.mark.parametrize(
    ("cset", "error", "text"),
    [(b"A,2,0,2", DeviceFault, "set to °C"), (b"A,x,0,2", BadAnswer, "'x'"), (b"A", BadAnswer, "CSET")],
)
def test_a_331_whose_loop_is_not_in_kelvin_is_refused(cset, error, text):
    opening = [*OPENING_331[:2], *[(b"CSET? 1", cset)] * (2 if b"," in cset else 1)]
    with pytest.raises(error, match=text), model_331(opening=opening):
        pass


def test_the_335_switches_both_outputs_off():
    with model_335((b"RANGE 1,0;RANGE 2,0", None), (b"RANGE? 1;RANGE? 2", b"0;0")) as cryostat:
        assert cryostat.control_input == "B"
        cryostat.make_safe()


def test_the_335_has_two_inputs():
    with pytest.raises(ValueError, match="not in the discrete set"):
        LakeShore335("nowhere", clock=VirtualClock(), sample_input="C")


@pytest.mark.parametrize("driver", [LakeShore331, LakeShore335])
def test_a_336_is_refused(driver):
    with (
        pytest.raises(WrongModel, match=f"{driver.MODEL} expected, but 'LSCI,MODEL336"),
        expected_protocol(driver, [(b"*IDN?", b"LSCI,MODEL336,X,1")], clock=VirtualClock()),
    ):
        pass

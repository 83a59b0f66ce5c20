"""The Cryostation driver, word for word."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, Refused, WrongModel
from antistokes.instruments.temperature.montana_cryostation import Cryostation


def frame(text):
    return b"%02d%b" % (len(text), text.encode())


def said(question, answer):
    return frame(question), frame(answer)


OPENING = [said("GAS", "F"), said("GTSP", "300.00")]
COMMA = [said("GAS", "F"), said("GTSP", "300,00")]


@contextmanager
def controller(*exchanges, opening=OPENING, **settings):
    settings = {"name": "cryostat", "clock": VirtualClock()} | settings
    with expected_protocol(Cryostation, [*opening, *exchanges], **settings) as it:
        yield it


@pytest.mark.parametrize("answer", [frame("4.20"), b"LSCI,MODEL336,LSA12AB/1234567,2.9\r\n", b"00"])
def test_anything_else_is_refused(answer):
    with (
        pytest.raises(WrongModel, match=r"Montana Cryostation expected"),
        controller(opening=[(b"03GAS", answer)]),
    ):
        pass


@pytest.mark.parametrize(
    ("thermometer", "question"), [("sample", "GST"), ("platform", "GPT"), ("user", "GUT")]
)
@pytest.mark.parametrize("answer", ["77.350", "77,350"])
def test_temperature(thermometer, question, answer):
    with controller(said(question, answer), thermometer=thermometer) as cryostat:
        assert cryostat.temperature == 77.35


@pytest.mark.parametrize("answer", ["-0.1", "-0.100", "-0,10"])
def test_not_available_is_a_fault(answer):
    with controller(said("GST", answer)) as cryostat, pytest.raises(DeviceFault, match="GST.*not available"):
        _ = cryostat.temperature


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (frame("Error: Invalid command."), DeviceFault),
        (frame("System not able to execute command at this time."), DeviceFault),
        (frame("0.000"), BadAnswer),
        (frame("nan"), BadAnswer),
        (frame("1.234,5"), BadAnswer),
        (frame("OK"), BadAnswer),
        (frame(""), BadAnswer),
        (b"\xff", BadAnswer),
    ],
)
def test_anything_but_a_reading_is_a_named_error(answer, error):
    with controller((b"03GST", answer)) as cryostat, pytest.raises(error) as caught:
        _ = cryostat.temperature
    assert caught.value.device == "cryostat"


@pytest.mark.parametrize("value", [1.9, 350.1, float("nan")])
def test_a_setpoint_beyond_the_limit_sends_nothing(value):
    with controller() as cryostat, pytest.raises(LimitError, match="setpoint"):
        cryostat.setpoint = value


def test_setpoint():
    with controller(
        said("STSP 77.00", "OK, Temperature Set Point = 77.00"), said("GTSP", "77.00")
    ) as cryostat:
        cryostat.setpoint = 77


def test_a_setpoint_is_sent_with_the_mark_the_device_uses():
    with controller(
        said("STSP 4,20", "OK, Temperature Set Point = 4,20"), said("GTSP", "4,20"), opening=COMMA
    ) as cryostat:
        cryostat.setpoint = 4.2


def test_a_refused_setpoint_is_a_fault():
    with (
        controller(said("STSP 77.00", "Error: Invalid set point")) as cryostat,
        pytest.raises(DeviceFault, match="STSP 77.00.*Invalid set point"),
    ):
        cryostat.setpoint = 77


def test_a_setpoint_taken_for_another_is_a_fault():
    with (
        controller(said("STSP 4.20", "OK"), said("GTSP", "420.00")) as cryostat,
        pytest.raises(DeviceFault, match=r"4.20 K was taken for 420 K"),
    ):
        cryostat.setpoint = 4.2


def test_control_on_starts_the_cooldown():
    with controller(said("GAS", "F"), said("SCD", "OK")) as cryostat:
        cryostat.control = True
        assert cryostat.control is True


REFUSED = said("SCD", "System not able to cooldown at this time")


def test_a_refused_cooldown_is_a_fault():
    with (
        controller(said("GAS", "F"), REFUSED, said("GS2T", "295.00")) as cryostat,
        pytest.raises(DeviceFault, match="not able to cooldown"),
    ):
        cryostat.control = True


def test_a_cold_cryostat_refuses_because_it_runs_already():
    with controller(said("GAS", "F"), REFUSED, said("GS2T", "3.50")) as cryostat:
        cryostat.control = True


def test_control_twice():
    with controller(said("GAS", "F"), said("SCD", "OK"), said("GAS", "F"), REFUSED) as cryostat:
        cryostat.control = True
        cryostat.control = True


def test_in_alarm_nothing_is_started():
    with controller(said("GAS", "T")) as cryostat, pytest.raises(DeviceFault, match="in alarm"):
        cryostat.control = True


STOP = [said("STP", "OK"), said("SPHP 0.0", "OK, Platform Heater Power Set Point = 0.0000")]


def test_control_off_stops_the_heater():
    with controller(*STOP, said("GPHP", "0.000"), said("GPHP", "0.000")) as cryostat:
        cryostat.control = False
        assert cryostat.control is False


def test_a_working_heater_counts_as_control():
    with controller(said("GPHP", "1.736")) as cryostat:
        assert cryostat.control is True


def test_make_safe_waits_for_the_heater_and_may_be_called_when_nothing_runs():
    idle = [said("STP", "System not able to stop at this time"), *STOP[1:], said("GPHP", "0.000")]
    with controller(*STOP, said("GPHP", "1.736"), said("GPHP", "0.000"), *idle) as cryostat:
        cryostat.make_safe()
        cryostat.make_safe()


def test_a_heater_that_stays_on_is_a_fault():
    stays = [*STOP, *[said("GPHP", "1.736")] * 12]
    with (
        controller(*stays, *stays) as cryostat,
        pytest.raises(DeviceFault, match="heater stays on at 1.736 W"),
    ):
        cryostat.make_safe()


@pytest.mark.parametrize("garbled", [0, 1, 2])
def test_a_garbled_answer_keeps_nothing_from_being_stopped(garbled):
    """The rest is done, then all of it again."""
    stop = [*STOP, said("GPHP", "0.000")]
    first = [(asked, frame("!!") if n == garbled else answer) for n, (asked, answer) in enumerate(stop)]
    if garbled == 1:
        del first[2]  # a heater that is not told to be off is not looked at
    with controller(*first, *stop) as cryostat:
        cryostat.make_safe()


def test_what_answers_nonsense_is_told_all_the_same():
    garbled = [(asked, frame("!!")) for asked, _ in STOP]
    blind = [(asked, None) for asked, _ in STOP]
    with controller(*garbled, *garbled, *blind) as cryostat, pytest.raises(BadAnswer, match="'STP'"):
        cryostat.make_safe()


@pytest.mark.parametrize("switch_off", [lambda it: it.make_safe(), lambda it: setattr(it, "control", False)])
def test_a_heater_whose_power_is_not_available_is_off_when_that_is_confirmed(switch_off):
    with controller(*STOP, said("GPHP", "-0.100")) as cryostat:
        switch_off(cryostat)


def test_a_heater_that_neither_confirms_nor_tells_its_power_may_be_on():
    unknown = [STOP[0], said("SPHP 0.0", "System not able to set power at this time")]
    unknown += [said("GPHP", "-0.100")] * 12
    with (
        controller(*unknown, *unknown) as cryostat,
        pytest.raises(DeviceFault, match="'GPHP': not available"),
    ):
        cryostat.make_safe()


def test_keep_control_sends_nothing():
    with controller(keep_control=True) as cryostat:
        cryostat.make_safe()


def test_a_message_too_long_for_its_length_is_refused():
    with controller() as cryostat, pytest.raises(Refused, match="longer than 99"):
        cryostat.ask("X" * 100)

"""The MercuryiTC driver, word for word."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    LimitError,
    OverRange,
    Refused,
    WrongModel,
)
from antistokes.instruments.temperature.oxford_mercuryitc import MercuryITC

LOOP = "DEV:MB1.T1:TEMP:LOOP"
IDN = (b"*IDN?", b"IDN:OXFORD INSTRUMENTS:MERCURY ITC:132750010:2.6.04")
CAT = (b"READ:SYS:CAT", b"STAT:SYS:CAT:DEV:MB1.T1:TEMP:DEV:MB0.H1:HTR:DEV:DB6.T1:TEMP")


def read(noun, value):
    return f"READ:{noun}".encode(), f"STAT:{noun}:{value}".encode()


def put(noun, value, echo=None, verdict="VALID"):
    return f"SET:{noun}:{value}".encode(), f"STAT:SET:{noun}:{echo or value}:{verdict}".encode()


OPENING = [
    IDN,
    CAT,
    read(f"{LOOP}:HTR", "MB0.H1"),
    read("DEV:DB6.T1:TEMP:LOOP:HTR", "None"),
    read("DEV:DB6.T1:TEMP:CAL:COLDL", "1.4000K"),
    read("DEV:DB6.T1:TEMP:CAL:HOTL", "420.0000K"),
]
NO_RAMP = read(f"{LOOP}:RENA", "OFF")
OFF = [
    put(f"{LOOP}:ENAB", "OFF"),
    put(f"{LOOP}:HSET", "0"),
    read(f"{LOOP}:HSET", "0.0000"),
    read(f"{LOOP}:ENAB", "OFF"),
]
SAMPLE = "DEV:DB6.T1:TEMP:SIG:TEMP"


@contextmanager
def controller(*exchanges, opening=OPENING, **settings):
    settings = {"name": "cryostat", "clock": VirtualClock(), "sample_sensor": "DB6.T1"} | settings
    with expected_protocol(MercuryITC, [*opening, *exchanges], **settings) as it:
        yield it


def test_another_mercury_is_refused():
    with (
        pytest.raises(WrongModel, match=r"Oxford MercuryiTC expected, but .*MERCURY IPS"),
        expected_protocol(MercuryITC, [(b"*IDN?", b"IDN:OXFORD INSTRUMENTS:MERCURY IPS:1:2")]),
    ):
        pass


@pytest.mark.parametrize("setting", [{"loop": "DB8.T1"}, {"sample_sensor": "MB0.H1"}])
def test_a_sensor_that_is_not_fitted_is_refused(setting):
    with (
        pytest.raises(Refused, match=r"is not fitted; fitted: MB1.T1, DB6.T1"),
        controller(opening=OPENING[:2], **setting),
    ):
        pass


def test_a_sensor_of_impossible_name_is_refused_before_anything_is_sent():
    with (
        pytest.raises(Refused, match=r"'MB1:T1': must be written like"),
        controller(loop="MB1:T1", opening=[]),
    ):
        pass


def test_a_catalogue_that_is_cut_short_is_an_error():
    with (
        pytest.raises(BadAnswer, match="SYS:CAT"),
        controller(opening=[IDN, (b"READ:SYS:CAT", b"STAT:SYS:CAT:DEV:MB1.T1:TE:DEV")]),
    ):
        pass


@pytest.mark.parametrize(
    ("answer", "kelvin"),
    [
        ("77.3456K", 77.3456),
        ("77.35", 77.35),
        ("77350.0mK", 77.35),
        ("0.07735kK", 77.35),
        ("77.35:K ", 77.35),
    ],
)
def test_temperature_in_whatever_unit(answer, kelvin):
    with controller(read(SAMPLE, answer)) as cryostat:
        assert cryostat.temperature == pytest.approx(kelvin)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (f"STAT:{SAMPLE}:N/A", DeviceFault),
        (f"STAT:{SAMPLE}:INVALID", DeviceFault),
        ("STAT:DEV:DB6.T1:TEMP:NOT_FOUND", DeviceFault),
        ("STAT:DEV:INVALID", DeviceFault),
        (f"STAT:{SAMPLE}:500.0000K", OverRange),
        (f"STAT:{SAMPLE}:1.0000K", OverRange),
        (f"STAT:{SAMPLE}:0.0000K", BadAnswer),
        (f"STAT:{SAMPLE}:77.3V", BadAnswer),
        (f"STAT:{SAMPLE}:77.3m", BadAnswer),
        (f"STAT:{SAMPLE}:nanK", BadAnswer),
        (f"STAT:{SAMPLE}:", BadAnswer),
        (f"STAT:{SAMPLE}", BadAnswer),
        ("STAT:DEV:MB1.T1:TEMP:SIG:TEMP:77.3456K", BadAnswer),
        ("", BadAnswer),
    ],
)
def test_anything_but_a_reading_is_a_named_error(answer, error):
    with (
        controller((f"READ:{SAMPLE}".encode(), answer.encode())) as cryostat,
        pytest.raises(error) as caught,
    ):
        _ = cryostat.temperature
    assert caught.value.device == "cryostat"


@pytest.mark.parametrize("value", [1.3, 500.1, float("nan")])
def test_a_setpoint_beyond_the_limit_sends_nothing(value):
    with controller() as cryostat, pytest.raises(LimitError, match="setpoint"):
        cryostat.setpoint = value


@pytest.mark.parametrize("echo", ["77.0000", "77.0000K", "77"])
def test_setpoint(echo):
    with controller(
        NO_RAMP, put(f"{LOOP}:TSET", "77.0000", echo), NO_RAMP, read(f"{LOOP}:TSET", "77.0000K")
    ) as cryostat:
        cryostat.setpoint = 77
        assert cryostat.setpoint == 77


def test_a_ramp_starts_where_the_temperature_is():
    ramp = [read(f"{LOOP}:RENA", "ON"), read(f"{LOOP}:RSET", "2.0000K/m")]
    with controller(
        *ramp,
        read("DEV:MB1.T1:TEMP:SIG:TEMP", "290.1000K"),
        put(f"{LOOP}:RENA", "OFF"),
        put(f"{LOOP}:TSET", "290.1000"),
        put(f"{LOOP}:RSET", "2"),
        put(f"{LOOP}:RENA", "ON"),
        put(f"{LOOP}:TSET", "77.0000"),
        *ramp,
        read(f"{LOOP}:TSET", "250.0000K"),
    ) as cryostat:
        cryostat.setpoint = 77
        assert cryostat.setpoint == 77
        assert cryostat.working_setpoint == 250


def test_an_infinite_ramp_is_none():
    with controller(read(f"{LOOP}:RENA", "ON"), read(f"{LOOP}:RSET", "infK/m")) as cryostat:
        assert cryostat.ramp == 0


@pytest.mark.parametrize("verdict", ["INVALID", "N/A", "DENIED"])
def test_a_refused_setting_is_a_fault(verdict):
    with (
        controller(NO_RAMP, put(f"{LOOP}:TSET", "77.0000", verdict=verdict)) as cryostat,
        pytest.raises(DeviceFault, match=rf"TSET:77.0000' was refused: {verdict}"),
    ):
        cryostat.setpoint = 77


@pytest.mark.parametrize(
    "answer",
    [f"STAT:SET:{LOOP}:TSET:300.0000:VALID", f"STAT:{LOOP}:TSET:77.0000K", "STAT:SET:DEV:MB1", ""],
)
def test_an_answer_to_something_else_is_not_taken_for_success(answer):
    with (
        controller(NO_RAMP, (f"SET:{LOOP}:TSET:77.0000".encode(), answer.encode())) as cryostat,
        pytest.raises(BadAnswer, match="TSET"),
    ):
        cryostat.setpoint = 77


def test_control_on():
    with controller(
        NO_RAMP, put(f"{LOOP}:ENAB", "ON"), (b"READ:SYS:ALRM", b"STAT:SYS:ALRM:DB5.L1\tLow Helium;")
    ) as cryostat:
        cryostat.control = True


def test_an_alarm_of_its_heater_is_a_fault():
    with (
        controller(
            NO_RAMP, put(f"{LOOP}:ENAB", "ON"), (b"READ:SYS:ALRM", b"STAT:SYS:ALRM:MB0.H1\tOpen Circuit;")
        ) as cryostat,
        pytest.raises(DeviceFault, match="MB0.H1: Open Circuit"),
    ):
        cryostat.control = True


def test_a_loop_without_heater_cannot_control():
    with (
        controller(
            opening=[*OPENING[:2], read(f"{LOOP}:HTR", "N/A"), *OPENING[3:]],
        ) as cryostat,
        pytest.raises(DeviceFault, match="MB1.T1 has no heater"),
    ):
        cryostat.control = True


def test_control_off_also_ends_what_the_loop_left_on_the_heater():
    with controller(*OFF, read(f"{LOOP}:ENAB", "OFF"), read(f"{LOOP}:HSET", "0.0000")) as cryostat:
        cryostat.control = False
        assert cryostat.control is False


def test_an_output_set_by_hand_counts_as_control():
    with controller(read(f"{LOOP}:ENAB", "OFF"), read(f"{LOOP}:HSET", "12.5000")) as cryostat:
        assert cryostat.control is True


def test_make_safe_twice():
    with controller(*OFF, *OFF) as cryostat:
        cryostat.make_safe()
        cryostat.make_safe()


def test_a_heater_that_stays_on_is_a_fault():
    stuck = [*OFF[:2], read(f"{LOOP}:HSET", "30.0000"), OFF[3]]
    with controller(*stuck, *stuck) as cryostat, pytest.raises(DeviceFault, match="MB1.T1 stays on at 30 %"):
        cryostat.make_safe()


def test_a_loop_that_refuses_does_not_keep_the_other_on():
    opening = [*OPENING[:3], read("DEV:DB6.T1:TEMP:LOOP:HTR", "DB1.H1"), *OPENING[4:]]
    other = [(b.replace(b"MB1.T1", b"DB6.T1"), a.replace(b"MB1.T1", b"DB6.T1")) for b, a in OFF]
    denied = [put(f"{LOOP}:ENAB", "OFF", verdict="DENIED"), put(f"{LOOP}:HSET", "0")]
    with (
        controller(*denied, *denied, *other, opening=opening) as cryostat,
        pytest.raises(DeviceFault, match="DENIED"),
    ):
        cryostat.make_safe()


@pytest.mark.parametrize("garbled", [0, 1, 2, 3])
def test_a_garbled_answer_neither_leaves_its_heater_on_nor_the_other(garbled):
    opening = [*OPENING[:3], read("DEV:DB6.T1:TEMP:LOOP:HTR", "DB1.H1"), *OPENING[4:]]
    other = [(b.replace(b"MB1.T1", b"DB6.T1"), a.replace(b"MB1.T1", b"DB6.T1")) for b, a in OFF]
    first = OFF[: max(garbled + 1, 2)]
    first[garbled] = (OFF[garbled][0], b"STAT:\xff")
    with controller(*first, *OFF, *other, opening=opening) as cryostat:
        cryostat.make_safe()


def test_what_answers_nonsense_is_told_all_the_same():
    garbled = [(asked, b"STAT:\xff") for asked, _ in OFF[:2]]
    blind = [(asked, None) for asked, _ in OFF[:2]]
    with controller(*garbled, *garbled, *blind) as cryostat, pytest.raises(BadAnswer, match="ENAB:OFF"):
        cryostat.make_safe()


def test_keep_control_sends_nothing():
    with controller(keep_control=True) as cryostat:
        cryostat.make_safe()


def test_pid():
    with controller(
        *[put(f"{LOOP}:{k}", v) for k, v in (("P", "10"), ("I", "1.5"), ("D", "0"))],
        *[read(f"{LOOP}:{k}", v) for k, v in (("P", "10.0000"), ("I", "1.5000"), ("D", "0.0000"))],
    ) as cryostat:
        cryostat.pid = (10, 1.5, 0)
        assert cryostat.pid == (10, 1.5, 0)


@pytest.mark.parametrize("answer", ["STAT:SYS:ALRM:", "STAT:SYS:ALRM:N/A", "STAT:SYS:INVALID"])
def test_no_alarms(answer):
    with controller((b"READ:SYS:ALRM", answer.encode())) as cryostat:
        assert cryostat.check_errors() == []

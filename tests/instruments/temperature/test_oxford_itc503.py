"""The Oxford ITC503 driver, word for word (operator's handbook, remote operation)."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    InstrumentError,
    LimitError,
    OverRange,
    Refused,
    WrongModel,
)
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.temperature.oxford_itc503 import ITC503

VERSION = (b"V", b"ITC503 Version 1.11 (c) OXFORD 1997")


def status(auto=1, remote=3, sweep=0, sensor=1, auto_pid=0):
    return b"X", b"X0A%dC%dS%02dH%dL%d" % (auto, remote, sweep, sensor, auto_pid)


REMOTE = status()
OFF = [status(auto=0), (b"R5", b"R0.0")]


@contextmanager
def controller(*exchanges, opening=VERSION, **settings):
    settings |= {"name": "cryostat", "clock": VirtualClock()}
    with expected_protocol(ITC503, [opening, *exchanges], **settings) as it:
        yield it


def test_fulfils_its_role_and_opening_sets_nothing():
    with controller() as cryostat:
        assert TemperatureController in cryostat.ROLES
        assert cryostat.setpoint_range == (1.4, 420)


def test_another_model_is_refused():
    with (
        pytest.raises(WrongModel, match="Oxford ITC503 expected, but 'IPS120-10 Version 3.07"),
        controller(opening=(b"V", b"IPS120-10  Version 3.07  (c) OXFORD 1996")),
    ):
        pass


@pytest.mark.parametrize("answer", [b"R77.3", b"R+77.3", b"R+00077.3", b"\nR77.3", b" R77.3 "])
def test_temperature_is_the_sample_sensors(answer):
    with controller((b"R2", answer), sample_sensor=2) as cryostat:
        assert cryostat.temperature == 77.3


def test_the_control_sensor_comes_from_the_status():
    with controller(status(sensor=3), (b"R3", b"R4.235")) as cryostat:
        assert cryostat.control_temperature == 4.235


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"R1677.7", OverRange),
        (b"R-0.1", OverRange),
        (b"R0.0", OverRange),
        (b"R", BadAnswer),
        (b"Rnan", BadAnswer),
        (b"R77.3R77.3", BadAnswer),
        (b"X0A1C3S00H1L0", BadAnswer),
        (b"77.3", BadAnswer),
        (b"", BadAnswer),
        (b"?R1", DeviceFault),
    ],
)
def test_an_answer_that_is_no_temperature_is_an_error(answer, error):
    with controller((b"R1", answer)) as cryostat, pytest.raises(error, match="cryostat: ") as caught:
        _ = cryostat.temperature
    assert caught.value.device == "cryostat"


def test_a_setpoint_is_set_under_remote_control():
    with controller(REMOTE, REMOTE, (b"T77.350", b"T"), (b"R0", b"R77.4")) as cryostat:
        cryostat.setpoint = 77.35
        assert cryostat.setpoint == 77.4


def test_under_local_control_it_takes_the_remote_control_first():
    local = status(remote=2)
    with controller(local, local, (b"C3", b"C"), (b"T300.000", b"T")) as cryostat:
        cryostat.setpoint = 300


def test_a_setpoint_ends_a_sweep():
    sweeping = status(sweep=3)
    with controller(sweeping, sweeping, (b"S0", b"S"), (b"T300.000", b"T")) as cryostat:
        cryostat.setpoint = 300


@pytest.mark.parametrize(
    ("answer", "error"), [(b"?T300.000", DeviceFault), (b"R300", BadAnswer), (b"TT", BadAnswer)]
)
def test_a_setting_that_is_not_echoed_is_an_error(answer, error):
    with controller(REMOTE, REMOTE, (b"T300.000", answer)) as cryostat, pytest.raises(error, match="T300"):
        cryostat.setpoint = 300


@pytest.mark.parametrize("answer", [b"X0A1C3S00H1", b"X", b"X0A1C3S00H1L0L0"])
def test_half_a_status_is_an_error(answer):
    with controller((b"X", answer)) as cryostat, pytest.raises(BadAnswer, match="cryostat: 'X' was answered"):
        _ = cryostat.control


@pytest.mark.parametrize("quantity", ["setpoint", "gas_flow"])
@pytest.mark.parametrize("value", [-1, 1e4, float("nan")])
def test_beyond_the_limits_nothing_is_sent(quantity, value):
    with controller() as cryostat, pytest.raises(LimitError, match=quantity):
        setattr(cryostat, quantity, value)


def test_the_heater_is_switched_and_the_gas_left_alone():
    automatic, manual = status(auto=3), status(auto=2)
    with controller(
        manual, REMOTE, (b"A3", b"A"), automatic,
        automatic, REMOTE, (b"A2", b"A"), REMOTE, (b"O0", b"O"), *OFF, manual,
    ) as cryostat:  # fmt: skip
        cryostat.control = True
        assert cryostat.control is True
        cryostat.control = False
        assert cryostat.control is False


def test_the_gas_is_set_by_hand_only():
    with controller(
        status(auto=1), REMOTE, (b"G12.5", b"G"), (b"R7", b"R12.5"),
        status(auto=1), REMOTE, (b"A3", b"A"), status(auto=3),
    ) as cryostat:  # fmt: skip
        cryostat.gas_flow = 12.5
        assert cryostat.gas_flow == 12.5
        cryostat.gas_auto = True
        with pytest.raises(DeviceFault, match="gas_auto = False"):
            cryostat.gas_flow = 20


def test_pid_is_a_tuple_and_not_the_tables():
    with controller(
        REMOTE, REMOTE, (b"P5.0", b"P"), (b"I0.9", b"I"), (b"D0.0", b"D"),
        (b"R8", b"R5.0"), (b"R9", b"R0.9"), (b"R10", b"R0.0"),
        REMOTE, (b"L1", b"L"), status(auto_pid=1),
    ) as cryostat:  # fmt: skip
        cryostat.pid = (5, 0.9, 0)
        assert cryostat.pid == (5.0, 0.9, 0.0)
        cryostat.auto_pid = True
        with pytest.raises(DeviceFault, match="auto_pid = False"):
            cryostat.pid = (1, 1, 1)


SAFE = [
    REMOTE, (b"S0", b"S"),
    status(auto=1), REMOTE, (b"A0", b"A"), REMOTE, (b"O0", b"O"),
]  # fmt: skip


def test_make_safe_switches_the_heater_off_and_waits_for_it():
    with controller(*SAFE, OFF[0], (b"R5", b"R18.5"), *OFF) as cryostat:
        cryostat.make_safe()
        assert cryostat.clock.now() == 0.25


def test_a_heater_that_stays_on_is_reported():
    still_on = [status(auto=0), (b"R5", b"R18.5")] * 9
    stays = [*SAFE, *still_on]
    with controller(*stays, *stays) as cryostat, pytest.raises(DeviceFault, match="not off 2 s after"):
        cryostat.make_safe()


@pytest.mark.parametrize("refused", [1, 4, 6])
def test_a_refused_order_keeps_none_of_the_others_from_being_given(refused):
    """S0, A0 or O0; then all of it is done again."""
    first = [*SAFE, *OFF] if refused == 1 else SAFE
    first = [(o, b"?" + o) if n == refused else (o, a) for n, (o, a) in enumerate(first)]
    with controller(*first, *SAFE, *OFF) as cryostat:
        cryostat.make_safe()


def test_a_garbled_status_does_not_leave_the_heater_on():
    off = [status(auto=1), REMOTE, (b"A0", b"A"), REMOTE, (b"O0", b"O")]
    with controller((b"X", b"X0A"), REMOTE, (b"O0", b"O"), *off, *OFF) as cryostat:
        cryostat.control = False


def test_what_answers_nonsense_is_told_all_the_same():
    garbled = [(b"X", b"X0A")] * 2
    blind = [(b"C3", None), (b"A0", None), (b"O0", None)]
    with controller(*garbled, *garbled, *blind) as cryostat, pytest.raises(BadAnswer, match="'X'"):
        cryostat.control = False


def test_a_station_may_keep_the_control_on():
    with controller(keep_control=True) as cryostat:
        cryostat.make_safe()


def test_on_the_isobus_it_names_its_address():
    with controller((b"@4R1", b"R77.3"), opening=(b"@4V", VERSION[1]), isobus=4) as cryostat:
        assert cryostat.temperature == 77.3


@pytest.mark.parametrize(
    ("settings", "error"), [({"isobus": 10}, Refused), ({"sample_sensor": 4}, ValueError)]
)
def test_wrong_settings_are_refused_before_anything_is_opened(settings, error):
    with pytest.raises(error) as caught:
        ITC503("nowhere", clock=VirtualClock(), **settings)
    assert not isinstance(caught.value, InstrumentError)

"""Twins of the Yokogawa analysers: their dialect on a socket and on a bus, and the driver with them."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, ConnectionFailed, DeviceTimeout, WrongModel
from antistokes.instruments.spectrometers.yokogawa_aq6370 import AQ6370, AQ6373
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light import Light
from antistokes.simulated_hw.twin import Line
from antistokes.simulated_hw.twins.yokogawa_aq6370 import AQ6370Twin, AQ6373Twin, YokogawaSettings
from antistokes.simulated_hw.visa import VirtualVisaLibrary

BUS, SOCKET = "GPIB0::1::INSTR", "TCPIP0::192.168.1.2::10001::SOCKET"
PHOTON = 1.98644586e-16  # J·nm


class LitBench(Bench):
    """Shines what a test says."""

    lights: list[Light] = []

    def collected(self) -> list[Light]:
        return self.lights


def make_twin(kind=AQ6370Twin, resource=BUS, **settings):
    bench = LitBench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = kind("osa", bench, YokogawaSettings(**settings))
    twin.resource_name = resource
    return twin


def watts(nm, power, fwhm=0.01):
    return Light(nm, fwhm, power * nm / PHOTON)


def opened(twin, kind=AQ6370, **settings):
    library = VirtualVisaLibrary.of([twin])
    return kind(twin.resource_name, "osa", visa_library=library, clock=twin.clock, **settings)


def heard(twin, line):
    """All that comes on *line* from now on, and when."""
    got = b""
    while line.next_due() is not None:
        twin.clock.sleep(max(0.0, line.next_due() - twin.clock.now()))
        got += line.take() or b""
    return got


def ask(twin, message):
    """On the bus."""
    twin.feed(message.encode() + b"\n", end=True)
    return heard(twin, twin)


@pytest.fixture
def twin():
    return make_twin()


# -- the dialect ----------------------------------------------------------------------------------


def test_identity(twin):
    assert ask(twin, "*idn?") == b"YOKOGAWA,AQ6370D,91V000001,02.08\n"
    assert b"AQ6373B" in ask(make_twin(AQ6373Twin), "*IDN?")


@pytest.mark.parametrize(
    ("command", "question", "answer"),
    [
        (":SENS:WAV:STAR 900NM", ":SENSe:WAVelength:STARt?", "+9.00000000E-007"),
        (":SENSE:WAVELENGTH:STOP 1.55e-6", ":sens:wav:stop?", "+1.55000000E-006"),
        (":SENS:WAV:CENT 1000NM;SPAN 50NM", ":SENS:WAV:STAR?;STOP?", "+9.75000000E-007;+1.02500000E-006"),
        (":SENS:BAND:RES 0.11NM", ":SENS:BWID:RES?", "+1.00000000E-010"),
        (":SENS:SENS HIGH3", ":SENSe:SENSe?", "5"),
        (":SENS:SENS 6", ":SENS:SENS?", "6"),
        (":SENS:SWE:POIN 501", ":SENS:SWE:POIN?;POIN:AUTO?", "501;0"),
        (":INIT:SMOD SINGLE", ":INIT:SMOD?", "1"),
        (":INIT:SMOD 2", ":INITiate:SMODe?", "2"),
        (":FORM:DATA REAL,32", ":FORM?", "REAL,32"),
        (":DISP:TRAC:Y1:SPAC LIN", ":DISPlay:WINDow:TRACe:Y1:SCALe:UNIT?", "1"),
        (":DISP:TRAC:Y1:UNIT DBM/NM", ":DISP:TRAC:Y1:UNIT?;SPAC?", "2;0"),
        (":DISP:TRAC:Y1:RLEV -20", ":DISPlay:TRACe:Y1:SCALe:RLEVel?", "-20"),
        (":TRAC:ACT TRC", ":TRACE:ACTIVE?", "TRC"),
        (":TRAC:ATTR:TRB MAX", ":TRACe:ATTRibute:TRB?", "2"),
        (":UNIT:X WAV", ":UNIT:X?", "0"),
        (":CAL:ZERO OFF", ":CAL:ZERO?", "0"),
    ],
)
def test_settings(twin, command, question, answer):
    assert ask(twin, command) == b""
    assert ask(twin, question).decode() == answer + "\n"
    assert ask(twin, ":SYST:ERR?") == b'0,"No error"\n'


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (":NONSENSE 1", -113),
        (":SENS:WAV:STAR 500NM", -222),
        (":SENS:WAV:STAR", -109),
        (":SENS:WAV:STAR 1650NM;STOP 1600NM", -221),
        (":SENS:SWE:POIN 100", -222),
        (":SENS:SENS HIGH4", -224),
        (":FORM:DATA REAL,16", -224),
        (":TRAC:Y? TRB", -230),
        (":TRAC:Y? TRZ", -224),
        (":CALC:MARK:X? 0", -221),
        (":CALC:DATA?", -230),
        (":DISP:TRAC:Y1:RLEV", -109),
    ],
)
def test_refused_commands_go_to_the_error_buffer_and_have_no_answer(twin, command, code):
    assert ask(twin, command) == b""
    assert ask(twin, ":SYST:ERR?").startswith(f"{code},".encode())
    assert ask(twin, ":SYST:ERR?") == b'0,"No error"\n'


def test_only_the_last_error_is_kept(twin):
    ask(twin, ":NONSENSE")
    ask(twin, ":SENS:SWE:POIN 1")
    assert ask(twin, ":SYST:ERR?").startswith(b"-222")
    assert ask(twin, ":SYST:ERR?").startswith(b"0,")


def test_a_sweep_takes_its_time_and_sets_the_event_bit_once(twin):
    ask(twin, ":SENS:WAV:STAR 900NM;STOP 1000NM")
    ask(twin, ":SENS:SENS HIGH1")
    assert ask(twin, ":STAT:OPER:COND?") == b"0\n"
    ask(twin, "*CLS;:INIT")
    ask(twin, ":INIT")
    assert ask(twin, ":SYST:ERR?").startswith(b"-213")
    twin.clock.sleep(4.9)
    assert ask(twin, ":STAT:OPER:EVEN?") == b"0\n"
    twin.clock.sleep(0.1)
    assert ask(twin, ":STAT:OPER:COND?;EVEN?") == b"1;1\n"
    assert ask(twin, ":STAT:OPER:EVEN?") == b"0\n"


def test_a_sweep_is_longer_for_a_wide_window_for_many_points_and_for_an_auto_offset(twin):
    ask(twin, ":SENS:SENS NORM;:SENS:WAV:STAR 900NM;STOP 1000NM;:SENS:SWE:POIN 1001")
    lasts = []
    for change in ("*CLS", ":SENS:WAV:STOP 1200NM", ":SENS:SWE:POIN 2002"):
        ask(twin, change)
        before = twin.clock.now()
        ask(twin, ":INIT;*OPC?")
        lasts.append(twin.clock.now() - before)
    twin.clock.sleep(598 - twin.clock.now())
    before = twin.clock.now()
    ask(twin, ":INIT;*OPC?")
    assert [*lasts, twin.clock.now() - before] == pytest.approx([1, 3, 6, 36], abs=0.01)


def test_opc_answers_when_the_sweep_has_ended(twin):
    ask(twin, ":SENS:WAV:STAR 900NM;STOP 1000NM;:SENS:SENS NORM")
    before = twin.clock.now()
    assert ask(twin, ":INIT;*OPC?") == b"1\n"
    assert twin.clock.now() - before == pytest.approx(1, abs=0.01)


def test_until_the_sweep_has_ended_the_trace_is_the_old_one(twin):
    ask(twin, ":SENS:SENS NORM;:SENS:WAV:STAR 900NM;STOP 1000NM;:INIT;*OPC?")
    old = ask(twin, ":TRAC:Y? TRA")
    ask(twin, ":INIT")
    assert ask(twin, ":TRAC:Y? TRA") == old
    twin.clock.sleep(1)
    assert ask(twin, ":TRAC:Y? TRA") != old


def test_an_aborted_sweep_leaves_the_old_trace(twin):
    ask(twin, ":INIT;:ABOR")
    twin.clock.sleep(100)
    assert ask(twin, ":STAT:OPER:COND?;:TRAC:DATA:SNUM? TRA") == b"0;0\n"


def test_repeated_sweeps_go_on(twin):
    ask(twin, ":SENS:SENS NORM;:SENS:WAV:STAR 900NM;STOP 1000NM;:INIT:SMOD REPEAT;:INIT")
    traces = set()
    for _ in range(3):
        twin.clock.sleep(1.1)
        traces.add(ask(twin, ":TRAC:Y? TRA,1,5"))
    assert len(traces) == 3


def test_a_trace_in_every_format(twin):
    ask(twin, ":SENS:SENS NORM;:SENS:WAV:STAR 900NM;STOP 1000NM;:SENS:SWE:POIN 101;:INIT;*OPC?")
    text = np.array(ask(twin, ":TRAC:X? TRA").split(b","), float)
    np.testing.assert_allclose(text, np.linspace(900e-9, 1000e-9, 101))
    for bits in (32, 64):
        ask(twin, f":FORM:DATA REAL,{bits}")
        answer = ask(twin, ":TRAC:DATA:X? TRA")
        assert answer[:5] == b"#3%d" % (101 * bits // 8)
        assert answer[-1:] == b"\n"
        np.testing.assert_allclose(np.frombuffer(answer[5:-1], f"<f{bits // 8}"), text, rtol=1e-6)
    ask(twin, ":FORM:DATA ASCII")
    assert ask(twin, ":TRAC:X? TRA,3,4").count(b",") == 1


def test_the_level_is_the_power_in_the_bandwidth(twin):
    twin.bench.lights = [watts(1000.0, 1e-5)]
    ask(twin, ":SENS:SENS HIGH3;:SENS:WAV:STAR 950NM;STOP 1050NM;:SENS:SWE:POIN 101;:INIT;*OPC?")
    assert ask(twin, ":CALC:MARK:MAX;:CALC:MARK:X? 0") == b"+1.00000000E-006\n"
    assert float(ask(twin, ":CALC:MARK:Y? 0")) == pytest.approx(-20, abs=0.01)
    levels = np.array(ask(twin, ":TRAC:Y? TRA").split(b","), float)
    assert levels.min() == -210
    ask(twin, ":DISP:TRAC:Y1:SPAC LIN")
    assert float(ask(twin, ":CALC:MARK:Y? 0")) == pytest.approx(1e-5, rel=2e-3)
    ask(twin, ":CALC:MARK:MAX:SRL;:CALC:MARK:MAX:SCEN")
    assert float(ask(twin, ":DISP:TRAC:Y1:RLEV?")) == pytest.approx(1e-5, rel=2e-3)
    ask(twin, ":CALC")
    center, _, modes = ask(twin, ":CALC:DATA?").split(b",")
    assert (float(center), modes) == (pytest.approx(1e-6), b"1\n")


def test_traces_are_copied_and_deleted(twin):
    ask(twin, ":SENS:SENS NORM;:INIT;*OPC?")
    ask(twin, ":TRAC:COPY TRA,TRB")
    assert ask(twin, ":TRAC:DATA:SNUM? TRB") == ask(twin, ":TRAC:DATA:SNUM? TRA")
    ask(twin, ":TRAC:DEL TRB")
    assert ask(twin, ":TRAC:DATA:SNUM? TRB") == b"0\n"
    ask(twin, ":TRAC:DEL:ALL")
    assert ask(twin, ":TRAC:DATA:SNUM? TRA") == b"0\n"


def test_reset_gives_the_settings_of_power_on(twin):
    ask(twin, ":SENS:WAV:STAR 900NM;:FORM:DATA REAL,64;:DISP:TRAC:Y1:SPAC LIN;:SENS:SWE:POIN 101")
    ask(twin, "*RST")
    assert ask(twin, ":SENS:WAV:STAR?;:FORM?;:DISP:TRAC:Y1:UNIT?;:SENS:SWE:POIN:AUTO?").split(b";") == [
        b"+6.00000000E-007", b"ASCII", b"0", b"1\n",
    ]  # fmt: skip


def test_during_the_auto_offset_the_aq6373b_hears_nothing():
    for kind, longest in ((AQ6370Twin, 1), (AQ6373Twin, 31)):
        twin = make_twin(kind)
        twin.clock.sleep(601)
        ask(twin, "*IDN?")
        assert 0 < twin.clock.now() - 601 < longest
    assert twin.clock.now() > 630
    ask(twin, ":CAL:ZERO OFF")
    twin.clock.sleep(600)
    before = twin.clock.now()
    ask(twin, "*IDN?")
    assert twin.clock.now() - before < 1


# -- the login ------------------------------------------------------------------------------------


def say(twin, line, message):
    line.feed(message.encode() + b"\r\n")
    return heard(twin, line)


def test_on_a_socket_nothing_works_before_the_login():
    twin = make_twin(resource=SOCKET, users={"lab": "secret"})
    line = Line(twin)
    assert say(twin, line, "*IDN?") == b""
    assert say(twin, line, 'OPEN "lab"') == b"AUTHENTICATE CRAM-MD5.\r\n"
    assert say(twin, line, "wrong") == b""
    assert say(twin, line, "*IDN?") == b""
    say(twin, line, 'OPEN "lab"')
    assert say(twin, line, '"secret"') == b"READY\r\n"
    assert say(twin, line, "*IDN?").endswith(b"02.08\r\n")
    other = Line(twin)
    assert say(twin, other, "*IDN?") == b""
    assert say(twin, line, "CLOSE") == b""
    assert say(twin, line, "*IDN?") == b""


def test_a_closed_connection_is_logged_out():
    twin = make_twin(resource=SOCKET)
    line = Line(twin)
    say(twin, line, 'OPEN "anonymous"')
    assert say(twin, line, "") == b"READY\r\n"
    line.discard()
    assert say(twin, line, "*IDN?") == b""


def test_a_serial_line_needs_no_login():
    twin = make_twin(resource="ASRL1::INSTR")
    assert say(twin, Line(twin), "*IDN?").startswith(b"YOKOGAWA")


# -- the driver with it ---------------------------------------------------------------------------


@pytest.mark.parametrize("resource", [BUS, SOCKET, "ASRL1::INSTR"])
@pytest.mark.parametrize(("twin_kind", "kind"), [(AQ6370Twin, AQ6370), (AQ6373Twin, AQ6373)])
def test_a_frame_shows_the_light_there_is(resource, twin_kind, kind):
    twin = make_twin(twin_kind, resource)
    osa = opened(twin, kind, start=900, stop=1000, points=101, sensitivity="HIGH2", resolution=2.0)
    assert osa.wavelengths()[[0, -1]] == pytest.approx([900, 1000])
    twin.bench.lights = [watts(950.0, 1e-6)]
    before = twin.clock.now()
    frame = osa.frame()
    assert twin.clock.now() - before == pytest.approx(osa.exposure, rel=0.1)
    assert osa.wavelengths()[np.argmax(frame)] == pytest.approx(950)
    assert frame.max() == pytest.approx(1e-6 / 2.0, rel=0.01)  # W over the resolution
    assert 0 < frame.min() < 1e-11
    twin.bench.lights = []
    assert osa.frame().max() < 1e-10


def test_wide_lines_have_a_spectral_power_whatever_the_bandwidth():
    twin = make_twin()
    twin.bench.lights = [watts(950.0, 1e-6, fwhm=10.0)]
    frames = {}
    for resolution in (0.5, 1.0):
        osa = opened(twin, start=900, stop=1000, points=201, sensitivity="HIGH3", resolution=resolution)
        frames[resolution] = osa.frame().max()
    assert frames[1.0] / frames[0.5] == pytest.approx(1, rel=0.02)
    assert frames[1.0] == pytest.approx(1e-6 / 10, rel=0.02)


def test_settings_and_snapshot():
    osa = opened(make_twin(), start=900, stop=1000, sensitivity="NORM")
    osa.window = (1100, 1200)
    osa.start, osa.stop = 1050, 1150
    osa.points, osa.resolution, osa.sensitivity = 501, 0.1, "HIGH1"
    assert osa.snapshot() == {
        "model": "Yokogawa AQ6370D", "start": 1050, "stop": 1150, "resolution": 0.1,
        "sensitivity": "HIGH1", "points": 501, "exposure": 5,
    }  # fmt: skip


def test_a_frame_survives_the_auto_offset():
    twin = make_twin(AQ6373Twin)
    osa = opened(twin, AQ6373, start=900, stop=1000, sensitivity="HIGH1")
    for wait in (0, 590, 5, 570, 25):
        twin.clock.sleep(wait)
        assert len(osa.frame()) == 1001


def test_a_frame_after_an_interrupted_one_is_new():
    twin = make_twin()
    osa = opened(twin, start=900, stop=1000, sensitivity="HIGH1")
    twin.bench.lights = [watts(950.0, 1e-6)]
    osa.write(":INIT")
    twin.bench.lights = []
    assert osa.frame().max() < 1e-9


def test_a_wrong_user_is_told():
    with pytest.raises(ConnectionFailed, match="osa: login of 'nobody' was not answered"):
        opened(make_twin(resource=SOCKET), user="nobody")


def test_another_model_is_refused():
    with pytest.raises(WrongModel, match="Yokogawa AQ6373B expected, but 'YOKOGAWA,AQ6370D"):
        opened(make_twin(), AQ6373)


@pytest.mark.parametrize(
    ("resource", "error", "text"),
    [
        (BUS, BadAnswer, "7908 bytes came where 8008 should have"),
        (SOCKET, DeviceTimeout, "no answer to 'read of 8008 bytes' within 40 s"),
    ],
)
def test_a_block_that_is_too_short_ends_in_an_error_and_the_next_frame_is_right(resource, error, text):
    twin = make_twin(resource=resource)
    osa = opened(twin, start=900, stop=1000, sensitivity="NORM")
    change_block(twin, lambda data: data[:-101])
    with pytest.raises(error, match=f"osa: {text}"):
        osa.frame()
    assert len(osa.frame()) == 1001


@pytest.mark.parametrize("resource", [BUS, SOCKET])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=repr)
def test_whatever_ends_a_block_is_no_part_of_the_next_answer(resource, end):
    twin = make_twin(resource=resource)
    osa = opened(twin, start=900, stop=1000, sensitivity="NORM")
    change_block(twin, lambda data: data[:-1] + end)
    assert len(osa.frame()) == 1001
    assert osa.points == 1001


@pytest.mark.parametrize("resource", [BUS, SOCKET])
@pytest.mark.parametrize("answer", [b"nonsense\n", b"#0xxxx\n", b"#2xx\n"])
def test_what_is_no_block_is_a_bad_answer_and_the_next_frame_is_right(resource, answer):
    twin = make_twin(resource=resource)
    osa = opened(twin, start=900, stop=1000, sensitivity="NORM")
    change_block(twin, lambda data: answer)
    with pytest.raises(BadAnswer, match="begins no binary block"):
        osa.frame()
    assert len(osa.frame()) == 1001


def change_block(twin, change):
    """The next binary answer is another one."""
    send = twin.send

    def changed(data, delay=0.0):
        if data.startswith(b"#"):
            twin.send = send
            data = change(data)
        send(data, delay)

    twin.send = changed


def test_the_same_seed_gives_the_same_frames():
    frames = [opened(make_twin(), start=900, stop=1000).frame() for _ in range(2)]
    np.testing.assert_array_equal(*frames)

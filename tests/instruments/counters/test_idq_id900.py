"""The ID900 driver: its conversation, request by request, and what goes wrong on the way."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters import zmq_requests
from antistokes.instruments.counters.idq_id900 import ID900
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    Refused,
    WrongModel,
)

ADDRESS = "tcp://192.168.1.50:5555"
OPENING = [
    ("*IDN?", "ID QUANTIQUE,ID900,1908029T010,1.21"),
    ("DEVI:CONF:LOAD HISTO", "loaded"),
    ("DEVI:RES LOWRES", "LOWRES"),
    ("INPU2:EDGE FALLING", "FALLING"),
    ("INPU2:COUP DC", "DC"),
    ("INPU2:SELE UNSHAPED", "UNSHAPED"),
    ("INPU2:ENAB ON", "ON"),
    ("STAR:EDGE RISING", "RISING"),
    ("STAR:COUP DC", "DC"),
    ("STAR:SELE UNSHAPED", "UNSHAPED"),
    ("STAR:ENAB ON", "ON"),
    ("INPU2:THRE -0.1V", "-0.100V"),
    ("INPU2:THRE?", "-0.100V"),
    ("STAR:THRE 0.5V", "0.500V"),
    ("STAR:THRE?", "500mV"),
    ("TSGE8:ENAB OFF", "OFF"),
    ("TSGE8:MODE ONESHOT", "ONESHOT"),
    ("HIST1:INPO:STOP:LINK TSCO6", "TSCO6"),
    ("HIST1:INPO:REF:LINK STAR", "STAR"),
    ("HIST1:INPO:ENAB:LINK TSGE8", "TSGE8"),
    ("HIST1:MIN 0", "0TB"),
    ("STAR:COUN:MODE ACCUM", "ACCUM"),
    ("INPU2:COUN:MODE ACCUM", "ACCUM"),
]


class ZmqError(Exception):
    pass


class FakeZmq:
    """Module, context and socket in one: expects requests and gives their replies; None: none comes."""

    REQ, ZMQError = 3, ZmqError

    def __init__(self, conversation):
        self.conversation = list(conversation)
        self.sockets = self.open = 0
        self.terminated = False

    def Context(self):  # noqa: N802
        return self

    def socket(self, socket_type):
        assert socket_type == self.REQ
        self.sockets += 1
        self.open += 1
        return self

    def connect(self, addr):
        assert addr == ADDRESS

    def send_string(self, u):
        expected, self.reply = self.conversation.pop(0)
        assert u == expected
        if isinstance(self.reply, Exception):
            raise self.reply

    def poll(self, timeout=None):
        assert timeout == 2000
        return 0 if self.reply is None else 1

    def recv(self):
        return self.reply if isinstance(self.reply, bytes) else self.reply.encode()

    def close(self, linger=None):
        assert linger == 0
        self.open -= 1

    def term(self):
        assert self.open == 0, "it would wait for the sockets"
        self.terminated = True


def open_driver(*rest):
    zmq = FakeZmq([*OPENING, *rest])
    driver = ID900(zmq, ADDRESS, "counter", clock=VirtualClock(), channel=2, edge="FALLING", threshold=-0.1)
    return driver, zmq


def test_opening_makes_the_device_known():
    driver, zmq = open_driver()
    assert zmq.conversation == []
    driver.close()
    driver.close()
    assert zmq.terminated


@pytest.mark.parametrize(
    ("reply", "error", "problem"),
    [
        (
            "IDQ,ID1000,5,2.0",
            WrongModel,
            "ID Quantique ID900 expected, but 'IDQ,ID1000,5,2.0' answers on tcp://",
        ),
        (None, ConnectionFailed, "nobody answers on tcp://192.168.1.50:5555: no answer to '.*' within 2 s"),
        (
            ZmqError("Invalid argument"),
            ConnectionFailed,
            "connection to tcp.* failed at '.*': Invalid argument",
        ),
        ("Error: SCPI_ERR_INVALID_CMD", DeviceFault, "SCPI_ERR_INVALID_CMD"),
    ],
)
def test_what_does_not_answer_as_an_id900_is_refused_and_let_go(reply, error, problem):
    zmq = FakeZmq([("*IDN?", reply)])
    with pytest.raises(error, match=f"counter: .*{problem}"):
        ID900(zmq, ADDRESS, "counter", clock=VirtualClock())
    assert zmq.terminated


def test_an_input_that_is_not_there_is_refused():
    with pytest.raises(Refused, match="channel = 5: must be 1 to 4"):
        ID900(FakeZmq([]), ADDRESS, clock=VirtualClock(), channel=5)


@pytest.mark.parametrize(
    ("quantity", "value", "sent", "read"),
    [
        ("bin_width", 1e-6, ("HIST1:BWID 1000000", "1000000TB"), "1000 kTB"),
        ("bin_width", 1.01e-10, ("HIST1:BWID 200", "200TB"), "200"),
        ("bin_width", 3e-10, ("HIST1:BWID 300", "300TB"), "300TB"),
        ("bins", 512, ("HIST1:BCOU 512", "512"), "512"),
        ("threshold", 1.25, ("INPU2:THRE 1.25V", "1.250V"), "1250mV"),
        ("start_threshold", -0.5, ("STAR:THRE -0.5V", "-0.500V"), " -0.5 V "),
    ],
)
def test_a_setting_is_sent_and_read_back(quantity, value, sent, read):
    question = sent[0].partition(" ")[0] + "?"
    driver, zmq = open_driver(sent, (question, read))
    setattr(driver, quantity, value)
    assert zmq.conversation == []


def test_a_setting_that_the_device_does_not_take_is_a_fault():
    driver, _ = open_driver(("HIST1:BCOU 512", "400"), ("HIST1:BCOU?", "400"))
    with pytest.raises(DeviceFault, match="counter: HIST1:BCOU = 512 was refused: it is 400"):
        driver.bins = 512


@pytest.mark.parametrize(
    ("quantity", "value"), [("bin_width", 9e-11), ("bin_width", 2e-3), ("bins", 16385), ("threshold", 2.1)]
)
def test_what_is_outside_the_limits_is_not_sent(quantity, value):
    driver, _ = open_driver()
    with pytest.raises(LimitError, match=f"counter: {quantity} = "):
        setattr(driver, quantity, value)


HISTOGRAM = [
    ("HIST1:BCOU?", "3"),
    ("TSGE8:ENAB OFF", "OFF"),
    ("HIST1:FLUS", "Flushed Histogram!"),
    ("TSGE8:ONES:PWID 2000000000000", "2000000000000TB"),
    ("STAR:COUN:RESE", "Counter value set to 0 "),
    ("TSGE8:ENAB ON", "ON"),
    ("STAR:COUN?", "202"),
    ("TSGE8:ENAB OFF", "OFF"),
    ("HIST1:DATA?", "[3, 2,1]"),
]


def test_a_histogram_is_taken_between_two_moves_of_the_gate():
    driver, zmq = open_driver(*HISTOGRAM)
    np.testing.assert_array_equal(driver.histogram(2.0), [3, 2, 1])
    assert zmq.conversation == []
    assert driver.triggers == pytest.approx(200)


@pytest.mark.parametrize("seconds", [0, -1.0, 9e-4, 1.1e6, float("nan"), float("inf")])
def test_a_time_that_no_gate_can_be_open_for_is_refused(seconds):
    driver, _ = open_driver()
    with pytest.raises(Refused, match="counter: collect for .* s: must be 0.001 to 1e.06 s"):
        driver.histogram(seconds)


def test_without_triggers_there_is_no_histogram():
    driver, zmq = open_driver(*HISTOGRAM[:6], ("STAR:COUN?", "0"), HISTOGRAM[7])
    with pytest.raises(DeviceFault, match="counter: no trigger came at START"):
        driver.histogram(2.0)
    assert zmq.conversation == []


@pytest.mark.parametrize(
    "answer", ["[1,2,3", "[1,2]", "[1,2,3,4]", "[1,2,x]", "[1,2,]", "", "[]", "[1,-2,3]"]
)
def test_counts_that_are_no_list_of_all_bins_are_a_bad_answer(answer):
    driver, _ = open_driver(*HISTOGRAM[:-1], ("HIST1:DATA?", answer))
    with pytest.raises(BadAnswer, match="counter: 'HIST1:DATA.' was answered by"):
        driver.histogram(2.0)


@pytest.mark.parametrize(("step", "reply"), [(1, "ON"), (2, "?"), (4, "done"), (5, "OFF")])
def test_an_unexpected_confirmation_is_a_bad_answer(step, reply):
    steps = [*HISTOGRAM[:step], (HISTOGRAM[step][0], reply)] + ([HISTOGRAM[7]] if step == 5 else [])
    driver, _ = open_driver(*steps)
    with pytest.raises(BadAnswer, match="counter: .* was answered by"):
        driver.histogram(2.0)


def test_a_count_rate_is_counted_by_the_clock():
    driver, _ = open_driver(("INPU2:COUN:RESE", "Counter value set to 0 "), ("INPU2:COUN?", "70"))
    assert driver.count_rate() == pytest.approx(700)


@pytest.mark.parametrize("answer", ["", "many", "1.2.3", "5 s", "nan"])
def test_a_number_that_is_none_is_a_bad_answer(answer):
    driver, _ = open_driver(("HIST1:BCOU?", answer))
    with pytest.raises(BadAnswer, match="not a number"):
        driver.bins  # noqa: B018


@pytest.mark.parametrize(
    "answer", ["SCPI_ERR_PARAM_TYPE", "400;SCPI_ERR_PARAM_CNT ", "No connection to TSCO9"], ids=str
)
def test_an_error_is_an_ordinary_reply(answer):
    driver, _ = open_driver(("X", answer))
    with pytest.raises(DeviceFault, match="counter: 'X' was answered by"):
        driver.ask("X")


def test_bytes_that_are_no_text_are_a_bad_answer():
    driver, _ = open_driver(("X", b"\xff\xfe"))
    with pytest.raises(BadAnswer, match="counter: 'X' was answered by bytes that are no text"):
        driver.ask("X")


@pytest.mark.parametrize(
    ("reply", "error"),
    [(None, DeviceTimeout), (ZmqError("gone"), ConnectionFailed), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_after_a_request_without_a_reply_the_next_goes_by_a_new_socket(reply, error):
    driver, zmq = open_driver(("X", reply), ("Y", "1"), ("Z", "2"))
    if isinstance(reply, KeyboardInterrupt):
        zmq.poll = lambda timeout: (_ for _ in ()).throw(reply)
        zmq.conversation[0] = ("X", "late")
    with pytest.raises(error):
        driver.ask("X")
    assert (zmq.sockets, zmq.open) == (1, 0)
    zmq.__dict__.pop("poll", None)
    assert [driver.ask("Y"), driver.ask("Z")] == ["1", "2"]
    assert (zmq.sockets, zmq.open) == (2, 1)


# -- pyzmq --------------------------------------------------------------------------------------------


def test_pyzmq_has_everything_the_protocols_name():
    zmq = pytest.importorskip("zmq")
    module = SimpleNamespace(REQ=zmq.REQ, ZMQError=zmq.ZMQError, Context=zmq.Context)
    for name in vars(zmq_requests.Zmq):
        assert name.startswith("_") or hasattr(module, name)
    for ours, theirs in ((zmq_requests.ZmqSocket, zmq.Socket), (zmq_requests.ZmqContext, zmq.Context)):
        for name, member in vars(ours).items():
            if not name.startswith("_"):
                expected = list(inspect.signature(member).parameters)
                assert list(inspect.signature(getattr(theirs, name)).parameters)[: len(expected)] == expected


def test_pyzmq_with_an_address_it_does_not_know_is_a_failed_connection():
    zmq = pytest.importorskip("zmq")
    with pytest.raises(ConnectionFailed, match="connection to USB0::1::INSTR failed"):
        ID900(zmq, "USB0::1::INSTR", clock=VirtualClock())


def test_pyzmq_with_nobody_there_is_a_failed_connection():
    zmq = pytest.importorskip("zmq")
    with pytest.raises(ConnectionFailed, match="nobody answers on tcp://127.0.0.1:9"):
        ID900(zmq, "tcp://127.0.0.1:9", clock=VirtualClock(), timeout=0.05)

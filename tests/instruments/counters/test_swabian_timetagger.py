"""The Time Tagger driver against an SDK that does what a test says; its Protocol against the real one."""

from __future__ import annotations

import inspect
import re
from types import SimpleNamespace

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters import swabian_sdk
from antistokes.instruments.counters.swabian_timetagger import SwabianTimeTagger
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    Refused,
    WrongModel,
)


def buffer(times=(), channels=None, kinds=None, missed=None, **kwargs):
    n = len(times)
    return SimpleNamespace(
        **{"size": n, "hasOverflows": False, "tStart": 1000} | kwargs,
        getTimestamps=lambda: np.array(times, dtype=np.int64),
        getChannels=lambda: np.array([1] * n if channels is None else channels, dtype=np.int32),
        getEventTypes=lambda: np.array([0] * n if kinds is None else kinds, dtype=np.uint8),
        getMissedEvents=lambda: np.array([0] * n if missed is None else missed, dtype=np.uint16),
    )


class FakeSdk:
    """Module, tagger and every measurement in one; what it answers can be changed."""

    def __init__(self):
        self.calls = []
        self.answers = {
            "scanTimeTagger": ("A1", "B2"),
            "getModel": "Time Tagger Ultra",
            "getSerial": "A1",
            "getChannelList": (1, 2, 3, -1, -2, -3),
            "getTriggerLevelRange": (-2.5, 2.5),
            "getDeadtimeRange": (2000, 2_147_000_000),
            "getTriggerLevel": 0.5,
            "getInputDelay": 3000,
            "getDeadtime": 2000,
            "getOverflowsAndClear": 0,
            "waitUntilFinished": True,
            "isRunning": False,
            "getCountsTotal": np.array([50]),
        }

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args):
            self.calls.append((name, *(a for a in args if a is not self)))
            answer = self.answers.get(name, self)
            if isinstance(answer, list):
                answer = answer.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


@pytest.fixture
def sdk():
    return FakeSdk()


@pytest.fixture
def driver(sdk):
    driver = SwabianTimeTagger(sdk, "A1", "tagger", clock=VirtualClock(), buffer=1000)
    sdk.calls.clear()
    return driver


def test_opening_sets_known_thresholds_and_nothing_else(sdk):
    SwabianTimeTagger(sdk, "A1", clock=VirtualClock(), photon_channel=-3, photon_level=-0.1)
    assert ("createTimeTagger", "A1") in sdk.calls
    assert [call for call in sdk.calls if call[0].startswith("set")] == [
        ("setTriggerLevel", 1, 0.5),
        ("setTriggerLevel", -3, -0.1),
    ]


def test_a_serial_number_that_is_not_there_names_those_that_are(sdk):
    with pytest.raises(ConnectionFailed, match="serial number 'C3'; free: A1, B2"):
        SwabianTimeTagger(sdk, "C3", clock=VirtualClock())


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        ({"getModel": "Pulse Streamer"}, WrongModel, "Swabian Time Tagger expected, but 'Pulse Streamer'"),
        ({"getChannelList": (1, 3)}, Refused, r"photon_channel = 2: Time Tagger Ultra has \[1, 3\]"),
        ({"getTriggerLevelRange": (0.6, 2.0)}, LimitError, "trigger_level = 0.5 V"),
        ({"createTimeTagger": RuntimeError("in use")}, ConnectionFailed, "cannot open 'A1': in use"),
    ],
)
def test_what_cannot_be_used_is_refused(sdk, answer, error, problem):
    sdk.answers |= answer
    with pytest.raises(error, match=problem):
        SwabianTimeTagger(sdk, "A1", clock=VirtualClock())
    opened = error is not ConnectionFailed
    assert (("freeTimeTagger",) in sdk.calls) is opened


@pytest.mark.parametrize(
    ("quantity", "value", "call"),
    [
        ("trigger_level", 1.5, ("setTriggerLevel", 1, 1.5)),
        ("photon_level", -0.2, ("setTriggerLevel", 2, -0.2)),
        ("trigger_delay", 1e-6, ("setInputDelay", 1, 1_000_000)),
        ("photon_delay", -2e-9, ("setInputDelay", 2, -2000)),
        ("dead_time", 50e-9, ("setDeadtime", 2, 50_000)),
    ],
)
def test_a_setting_goes_to_its_channel_in_volts_or_picoseconds(sdk, driver, quantity, value, call):
    setattr(driver, quantity, value)
    assert sdk.calls == [call]


def test_settings_are_read_from_the_device(driver):
    assert (driver.trigger_level, driver.photon_delay, driver.dead_time) == (0.5, 3e-9, 2e-9)
    assert driver.snapshot()["model"] == "Time Tagger Ultra"


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("trigger_level", 2.6), ("photon_level", -2.6), ("dead_time", 1e-9), ("bins", 0), ("bin_width", 0.0)],
)
def test_what_the_device_does_not_allow_is_not_sent(sdk, driver, quantity, value):
    with pytest.raises(LimitError, match=f"tagger: {quantity} = "):
        setattr(driver, quantity, value)
    assert sdk.calls == []


@pytest.mark.parametrize(("asked", "got"), [(3e-12, 3e-12), (3.2e-12, 4e-12), (1e-6, 1e-6), (1e-3, 1e-3)])
def test_a_bin_is_whole_picoseconds_and_not_shorter_than_asked(driver, asked, got):
    driver.bin_width = asked
    assert driver.bin_width == pytest.approx(got, rel=1e-12)


def test_a_histogram_and_its_triggers_are_taken_together(sdk, driver):
    driver.bin_width, driver.bins = 1e-6, 3
    sdk.answers["getData"] = np.array([3, 2, 1], dtype=np.int32)
    np.testing.assert_array_equal(driver.histogram(0.5), [3, 2, 1])
    assert driver.triggers == 50
    assert sdk.calls == [
        ("SynchronizedMeasurements",),
        ("getTagger",),
        ("Histogram", 2, 1, 1_000_000, 3),
        ("Countrate", [1]),
        ("getOverflowsAndClear",),
        ("startFor", 500_000_000_000),
        ("waitUntilFinished", 5000),
        ("stop",),
        ("getOverflowsAndClear",),
        ("getCountsTotal",),
        ("getData",),
    ]
    np.testing.assert_allclose(driver.times(), [0, 1e-6, 2e-6])


def test_overflows_during_a_histogram_are_a_fault(sdk, driver):
    sdk.answers["getOverflowsAndClear"] = [7, 2]
    with pytest.raises(DeviceFault, match="tagger: events were lost: 2 overflows"):
        driver.histogram(0.1)


def test_a_histogram_that_does_not_end_is_a_time_out(sdk, driver):
    sdk.answers["waitUntilFinished"] = False
    with pytest.raises(DeviceTimeout, match="tagger: a measurement of 0.1 s has not ended"):
        driver.histogram(0.1)
    assert sdk.calls[-1] == ("stop",)


def test_a_histogram_of_another_size_is_a_bad_answer(sdk, driver):
    sdk.answers["getData"] = np.zeros(4, dtype=np.int32)
    with pytest.raises(BadAnswer, match="shape"):
        driver.histogram(0.1)


def test_a_count_rate_is_counted_for_a_tenth_of_a_second(sdk, driver):
    assert driver.count_rate() == 500
    assert ("Countrate", [2]) in sdk.calls
    assert ("startFor", 100_000_000_000) in sdk.calls


def test_a_stream_comes_in_blocks_with_times_from_its_start(sdk, driver):
    sdk.answers["isRunning"] = [True, True, True, False]
    sdk.answers["getData"] = [buffer([1000, 1500], [1, 2]), buffer(), buffer([2000]), buffer([3000])]
    blocks = list(driver.stream(1.0))
    assert [list(block.times) for block in blocks] == [[0, 500], [1000], [2000]]
    assert list(blocks[0].channels) == [1, 2]
    assert blocks[0].times.dtype == np.int64
    assert sdk.calls[:2] == [("TimeTagStream", 1000, [1, 2]), ("startFor", 10**12)]
    # the data after the end was seen are the last
    assert sdk.calls[-3:] == [("isRunning",), ("getData",), ("stop",)]


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        (buffer([1] * 1000), "1000 waited, more than the buffer holds"),
        (buffer([1], hasOverflows=True), r"\(0 or more\): an overflow"),
        (
            buffer([1, 2, 3], kinds=[2, 4, 3], missed=[0, 70, 0]),
            r"\(70 or more\): an overflow, missed events",
        ),
        (buffer([1], kinds=[1]), "an error of the time base"),
        (buffer([1], kinds=[9]), "event type 9"),
    ],
)
def test_lost_events_end_a_stream(sdk, driver, block, problem):
    sdk.answers["getData"] = block
    with pytest.raises(DeviceFault, match=f"tagger: events were lost.*{problem}"):
        list(driver.stream(1.0))
    assert sdk.calls[-1] == ("stop",)


def test_a_block_that_contradicts_its_size_is_a_bad_answer(sdk, driver):
    sdk.answers["getData"] = buffer([1, 2], size=3)
    with pytest.raises(BadAnswer, match="for 3 events"):
        list(driver.stream(1.0))


def test_a_stream_that_does_not_end_is_a_time_out(sdk, driver):
    sdk.answers |= {"isRunning": True, "getData": buffer()}
    with pytest.raises(DeviceTimeout, match="tagger: a stream of 1 s has not ended"):
        list(driver.stream(1.0))


def test_a_stream_that_is_not_read_to_its_end_is_stopped(sdk, driver):
    sdk.answers |= {"isRunning": True, "getData": buffer([1])}
    stream = driver.stream(1.0)
    next(stream)
    stream.close()
    assert sdk.calls[-1] == ("stop",)


def test_what_the_sdk_raises_gets_the_devices_name(sdk, driver):
    sdk.answers["Histogram"] = RuntimeError("boom")
    with pytest.raises(DeviceFault, match="tagger: 'Histogram' failed: RuntimeError: boom"):
        driver.histogram(0.1)


def test_closing_frees_the_device_once(sdk, driver):
    driver.close()
    driver.close()
    assert sdk.calls == [("freeTimeTagger",)]


# -- the real SDK -----------------------------------------------------------------------------------


@pytest.fixture
def real():
    return pytest.importorskip("Swabian.TimeTagger")


def parameters(function, documented):
    """Names, from the signature or, where that says ``*args``, from the docstring."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    if names == ["args", "kwargs"]:
        return re.findall(r":param (\w+):", documented.__doc__)
    return names


def methods(protocol):
    return {
        name: member
        for base in protocol.__mro__
        for name, member in vars(base).items()
        if not name.startswith("_") and base.__module__ == swabian_sdk.__name__
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Tagger", "TimeTagger"),
        ("Stream", "TimeTagStream"),
        ("StreamBuffer", "TimeTagStreamBuffer"),
        ("Histogram", "Histogram"),
        ("Countrate", "Countrate"),
        ("Together", "SynchronizedMeasurements"),
    ],
)
def test_the_real_classes_have_everything_the_protocols_name(real, ours, theirs):
    found = getattr(real, theirs)
    for name, member in methods(getattr(swabian_sdk, ours)).items():
        their = inspect.getattr_static(found, name)
        assert isinstance(their, property) is isinstance(member, property), name
        if not isinstance(member, property):
            expected = [p for p in inspect.signature(member).parameters if p != "self"]
            assert parameters(their, their)[: len(expected)] == expected, name


def test_the_real_module_has_everything_the_protocol_names(real):
    for name, member in methods(swabian_sdk.TimeTaggerSdk).items():
        their = getattr(real, name)
        expected = [p for p in inspect.signature(member).parameters if p != "self"]
        function = their.__init__ if inspect.isclass(their) else their
        assert parameters(function, function)[: len(expected)] == expected, name


def test_the_real_kinds_of_events_are_those_the_driver_names(real):
    kinds = ["TimeTag", "Error", "OverflowBegin", "OverflowEnd", "MissedEvents"]
    assert [int(real.TagType[kind]) for kind in kinds] == [0, 1, 2, 3, 4]


def test_the_real_sdk_without_a_device_is_a_failed_connection(real):
    with pytest.raises(ConnectionFailed, match="no Time Tagger with serial number 'NOBODY'; free: none"):
        SwabianTimeTagger(real, "NOBODY", clock=VirtualClock())

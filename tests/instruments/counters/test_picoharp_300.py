"""The PicoHarp driver and the seam to PHLib, against a library that notes its calls."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters import picoquant_phlib
from antistokes.instruments.counters.picoharp_300 import PicoHarp300
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    MissingDependency,
    Refused,
)


class Library:
    """Answers from tables; notes every call without its results' addresses."""

    def __init__(self):
        self.calls = []
        self.codes = {}
        self.integers = {
            "PH_GetFeatures": 7,
            "PH_GetCountRate": 100,
            "PH_GetWarnings": 0,
            "PH_GetFlags": 0,
            "PH_CTCStatus": 1,
        }
        self.reals = {"PH_GetResolution": 2048.0, "PH_GetElapsedMeasTime": 1000.0}
        self.words = [[]]
        self.counts = np.arange(65536, dtype=np.uint32)
        self.actual = None

    def __getattr__(self, name):
        if not name.startswith("PH_"):
            raise AttributeError(name)
        return lambda *arguments: self.call(name, *arguments)

    def call(self, name, *arguments):
        plain = tuple(a for a in arguments if isinstance(a, int))
        self.calls.append((name.removeprefix("PH_"), *plain))
        if name in self.codes:
            return self.codes[name]
        if name == "PH_OpenDevice":
            if plain[0] == 2:
                arguments[1].value = b"1012345"
                return 0
            return -1
        if name == "PH_GetLibraryVersion":
            arguments[0].value = b"3.0"
        elif name == "PH_GetErrorString":
            arguments[0].value = b"ERROR_SOMETHING"
        elif name == "PH_GetHardwareInfo":
            arguments[1].value, arguments[2].value, arguments[3].value = b"PicoHarp 300", b"930004", b"2.0"
        elif name == "PH_GetWarningsText":
            arguments[1].value = b"one\ntwo"
        elif name == "PH_GetBaseResolution":
            arguments[1]._obj.value, arguments[2]._obj.value = 4.0, 8
        elif name in self.integers:
            arguments[-1]._obj.value = self.integers[name]
        elif name in self.reals:
            arguments[-1]._obj.value = self.reals[name]
        elif name == "PH_GetHistogram":
            ctypes.memmove(arguments[1], self.counts.ctypes.data, self.counts.nbytes)
        elif name == "PH_ReadFiFo":
            words = np.array(self.words.pop(0) if self.words else [], dtype=np.uint32)
            ctypes.memmove(arguments[1], words.ctypes.data, words.nbytes)
            arguments[-1]._obj.value = len(words) if self.actual is None else self.actual
        return 0

    def sent(self):
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def library():
    return Library()


def open_driver(library, **settings) -> PicoHarp300:
    sdk = SimpleNamespace(load=lambda: library)
    return PicoHarp300(sdk, "1012345", "counter", clock=VirtualClock(), **settings)


@pytest.fixture
def driver(library):
    driver = open_driver(library)
    library.calls.clear()
    return driver


def test_opening_finds_the_serial_number_and_sets_everything(library):
    driver = open_driver(library, sync_level=80, photon_level=120, zero_cross=(5, 15))
    assert library.sent() == [
        ("GetLibraryVersion",),
        ("OpenDevice", 0),
        ("OpenDevice", 1),
        ("OpenDevice", 2),
        ("Initialize", 2, 0),
        ("Calibrate", 2),
        ("SetSyncDiv", 2, 1),
        ("SetInputCFD", 2, 0, 80, 5),
        ("SetInputCFD", 2, 1, 120, 15),
        ("SetOffset", 2, 0),
        ("SetMultistopEnable", 2, 1),
        ("GetHardwareInfo", 2),
        ("GetBaseResolution", 2),
    ]
    assert driver.clock.now() >= 0.1  # until the rate meters are right
    assert driver.snapshot() == {
        "model": "PicoQuant PicoHarp 300",
        "serial_number": "1012345",
        "library_version": "3.0",
        "mode": "T2",
        "bin_width": pytest.approx(512e-12),
        "bins": 65536,
        "sync_level": 80,
        "photon_level": 120,
    }
    driver.close()
    assert library.sent() == [("CloseDevice", 2)]


def test_a_histogram_is_a_conversation(library, driver):
    driver.bin_width, driver.bins = 2e-9 / 4, 100
    library.calls.clear()
    counts = driver.histogram(1.0)
    assert library.sent() == [
        ("GetCountRate", 2, 0),
        ("SetBinning", 2, 7),
        ("GetResolution", 2),
        ("SetStopOverflow", 2, 1, 65535),
        ("ClearHistMem", 2, 0),
        ("GetCountRate", 2, 0),
        ("GetCountRate", 2, 1),
        ("GetWarnings", 2),
        ("StartMeas", 2, 1000),
        ("GetCountRate", 2, 0),
        ("CTCStatus", 2),
        ("GetElapsedMeasTime", 2),
        ("StopMeas", 2),
        ("GetFlags", 2),
        ("GetHistogram", 2, 0),
    ]
    np.testing.assert_array_equal(counts, np.arange(100.0))
    assert driver.triggers == 100


@pytest.fixture(autouse=True)
def the_resolution_follows_the_binning(library):
    call = library.call

    def follow(name, *arguments):
        if name == "PH_SetBinning":
            library.reals["PH_GetResolution"] = 4.0 * 2 ** arguments[1]
        return call(name, *arguments)

    library.call = follow


@pytest.mark.parametrize(("rate", "divider"), [(10_000_000, 1), (20_000_000, 2), (80_000_000, 8)])
def test_fast_syncs_are_divided_to_what_it_can_follow(library, driver, rate, divider):
    library.integers["PH_GetCountRate"] = rate
    driver.histogram(1.0)
    sent = library.sent()
    assert [call[2] for call in sent if call[0] == "SetSyncDiv"] == ([divider] if divider > 1 else [])
    assert driver.triggers == rate
    driver.histogram(1.0)
    assert "SetSyncDiv" not in {call[0] for call in library.sent()}, "it is set already"


def test_syncs_too_fast_for_its_divider_are_refused(library, driver):
    library.integers["PH_GetCountRate"] = 100_000_000
    with pytest.raises(DeviceFault, match="100000000/s at the sync input; it follows 8.4e.07/s at most"):
        driver.histogram(1.0)


def test_a_t2_stream_is_a_conversation_and_drains_the_buffer_at_the_end(library, driver):
    library.words = [[0, 0x10000005], [], [0xF0000000, 0x10000001], []]
    blocks = list(driver.stream(0.5))
    assert library.sent() == [
        ("GetFeatures", 2),
        ("Initialize", 2, 2),
        ("Calibrate", 2),
        ("SetSyncDiv", 2, 1),
        ("SetInputCFD", 2, 0, 100, 10),
        ("SetInputCFD", 2, 1, 100, 10),
        ("SetOffset", 2, 0),
        ("SetMarkerEdges", 2, 0, 0, 0, 0),
        ("SetMarkerEnable", 2, 0, 0, 0, 0),
        ("GetCountRate", 2, 0),
        ("GetCountRate", 2, 1),
        ("GetWarnings", 2),
        ("StartMeas", 2, 500),
        ("ReadFiFo", 2, 131072),
        ("GetFlags", 2),
        ("CTCStatus", 2),
        ("ReadFiFo", 2, 131072),
        ("GetFlags", 2),
        ("StopMeas", 2),
    ]
    assert [block.times.tolist() for block in blocks] == [[0, 20]]
    library.words = [[0x10000005], [0xF0000000, 0x10000001], []]
    assert [block.times.tolist() for block in driver.stream(0.5)] == [[20], [4 * 210698241]]
    assert (driver.trigger_channel, driver.photon_channel) == (0, 1)


@pytest.mark.parametrize(("rate", "binning"), [(10_000_000, 3), (5_000_000, 4), (1_000_000, 6), (500_000, 7)])
def test_t3_takes_the_finest_resolution_that_holds_a_sync_period(library, rate, binning):
    driver = open_driver(library, mode="T3", marker=3)
    library.integers["PH_GetCountRate"] = rate
    library.words = [[0x10010002, 0xF0040003]]
    library.sent()
    (block,) = driver.stream(1.0)
    sent = library.sent()
    assert ("SetBinning", 2, binning) in sent
    assert ("SetMarkerEdges", 2, 0, 0, 1, 0) in sent
    assert ("SetMarkerEnable", 2, 0, 0, 1, 0) in sent
    period = 1e12 / rate
    assert block.times.tolist() == [2 * period + 4 * 2**binning, 3 * period]
    assert block.channels.tolist() == [1, 103]
    assert driver.trigger_channel == 103


@pytest.mark.parametrize(
    ("asked", "given"), [(4e-12, 4e-12), (4.1e-12, 8e-12), (16e-12, 16e-12), (300e-12, 512e-12)]
)
def test_a_bin_is_never_shorter_than_asked_for(driver, asked, given):
    driver.bin_width = asked
    assert driver.bin_width == pytest.approx(given)


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("bin_width", 3e-12),
        ("bin_width", 1e-9),
        ("bins", 0),
        ("bins", 65537),
        ("sync_level", -1),
        ("photon_level", 801),
        ("photon_level", float("nan")),
    ],
)
def test_values_beyond_the_limits_are_not_sent(library, driver, quantity, value):
    with pytest.raises(LimitError, match=quantity):
        setattr(driver, quantity, value)
    assert library.sent() == []


def test_discriminators_are_sent_in_whole_millivolts_and_kept(library, driver):
    driver.photon_level = 66.6
    assert library.sent() == [("SetInputCFD", 2, 1, 67, 10)]
    assert driver.photon_level == 67


@pytest.mark.parametrize(
    "settings", [{"marker": 5}, {"marker": 0}, {"zero_cross": (10, 21)}, {"sync_level": 900}]
)
def test_settings_that_cannot_be_are_refused_before_anything_is_opened(library, settings):
    with pytest.raises(Refused):
        open_driver(library, **settings)
    assert library.sent() == []


@pytest.mark.parametrize("seconds", [0, -1, 1e-4, 360_001, float("nan")])
@pytest.mark.parametrize("measure", ["histogram", "stream"])
def test_times_the_device_cannot_measure_are_refused_at_once(library, driver, measure, seconds):
    with pytest.raises(Refused, match=r"must be 0\.001 to 360000 s"):
        getattr(driver, measure)(seconds)
    assert library.sent() == []


def test_make_safe_stops_and_may_be_called_again(library, driver):
    driver.make_safe()
    driver.make_safe()
    assert library.sent() == [("StopMeas", 2)] * 2


@pytest.mark.parametrize(
    ("code", "error"), [(-17, DeviceFault), (-36, ConnectionFailed), (-10, ConnectionFailed)]
)
def test_error_codes_become_named_errors(library, driver, code, error):
    library.codes["PH_StartMeas"] = code
    with pytest.raises(error, match=f"counter: 'PH_StartMeas' failed: error {code} ERROR_SOMETHING"):
        driver.histogram(1.0)


def test_a_device_that_fails_while_it_is_opened_is_closed(library):
    library.codes["PH_Calibrate"] = -64
    with pytest.raises(DeviceFault, match="PH_Calibrate"):
        open_driver(library)
    assert library.sent()[-1] == ("CloseDevice", 2)


@pytest.mark.parametrize("measure", ["histogram", "stream"])
def test_a_measurement_that_does_not_end_is_a_timeout(library, driver, measure):
    library.integers["PH_CTCStatus"] = 0
    begin = driver.clock.now()
    with pytest.raises(DeviceTimeout, match="counter: a .* of 1 s"):
        list(getattr(driver, measure)(1.0))
    assert 6 < driver.clock.now() - begin < 8
    assert library.sent()[-1] == ("StopMeas", 2)


def test_another_bin_width_than_was_set_is_a_bad_answer(library, driver):
    driver.bin_width = 64e-12
    library.call = type(library).call.__get__(library)
    with pytest.raises(BadAnswer, match=r"bin width is 2\.048e-09 s; 6\.4e-11 s was set"):
        driver.histogram(1.0)


@pytest.mark.parametrize(
    ("words", "problem"),
    [([0x80000000], "channels .* are in the records"), ([0x1C8F0000, 0x10000000], "overflow is missing")],
)
def test_words_that_cannot_be_are_a_bad_answer(library, driver, words, problem):
    library.words = [words]
    with pytest.raises(BadAnswer, match=f"counter: 'PH_ReadFiFo': .*{problem}"):
        list(driver.stream(1.0))


@pytest.mark.parametrize("actual", [-1, 131_073])
def test_a_number_of_words_that_cannot_be_is_a_bad_answer(library, driver, actual):
    library.actual = actual
    with pytest.raises(BadAnswer, match=f"gave {actual} records of 131072"):
        list(driver.stream(1.0))


def test_warnings_go_to_the_log_on_one_line(library, driver, caplog):
    library.integers["PH_GetWarnings"] = 1
    driver.histogram(1.0)
    assert "counter: histogram mode: one two" in caplog.messages


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(picoquant_phlib, "_FILES", ("no-such-phlib.so",))
    with pytest.raises(MissingDependency, match=r"PHLib 3\.0, which is not installed \(.*no-such-phlib"):
        picoquant_phlib.load()


def test_importing_the_seam_needs_no_library():
    assert callable(picoquant_phlib.load)

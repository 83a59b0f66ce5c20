"""Twin of the PicoHarp 300: its library as a C caller sees it, and the driver with it."""

from __future__ import annotations

import ctypes
import inspect
import logging

import numpy as np
import pytest

from antistokes.analysis.time_tags import DecayHistogram, read_ptu
from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters import picoquant_phlib
from antistokes.instruments.counters.picoharp_300 import PicoHarp300
from antistokes.instruments.errors import ConnectionFailed, DeviceFault, Refused, WrongModel
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light import Flashes, Light
from antistokes.simulated_hw.photon_counting import PhotomultiplierSettings, alive
from antistokes.simulated_hw.twins.picoharp_300 import PicoHarp300Twin, PicoHarpSettings
from antistokes.simulated_hw.waveform import PulseTrain

SERIAL = "1012345"
BLIND = PhotomultiplierSettings(efficiency=1.0, dark_per_s=0.0, dead_time_s=0.0)


class LitBench(Bench):
    """After each trigger a decay with the time constant *tau*; *rate* photons per s in the mean."""

    rate, tau, period = 1e5, 1e-3, 10e-3
    pulsed = True

    def pulses(self) -> PulseTrain | None:
        return PulseTrain(self.period, self.period / 2) if self.pulsed else None

    def flashes(self) -> Flashes:
        times = np.linspace(0, self.period, 1001)
        rates = np.exp(-times / self.tau)
        rates *= self.rate * self.period / np.trapezoid(rates, times)
        return Flashes(times, [Light(541.0, 10.0, self.rate)], rates[None, :])

    def collected(self) -> list[Light]:
        return [Light(541.0, 10.0, self.rate)]


def make_twin(**settings) -> PicoHarp300Twin:
    bench = LitBench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    return PicoHarp300Twin("counter", bench, PicoHarpSettings(**{"detector": BLIND} | settings))


def open_driver(twin, **settings) -> PicoHarp300:
    return PicoHarp300(twin.sdk(), SERIAL, "counter", clock=twin.bench.clock, **settings)


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def library(twin):
    """Open, in T2 mode, calibrated."""
    library = twin.sdk().load()
    assert library.PH_OpenDevice(0, ctypes.create_string_buffer(8)) == 0
    assert library.PH_Initialize(0, 2) == 0
    assert library.PH_Calibrate(0) == 0
    return library


def integer(function, *arguments) -> int:
    value = ctypes.c_int()
    assert function(0, *arguments, ctypes.byref(value)) == 0
    return value.value


def read_fifo(library, count=131072) -> np.ndarray:
    words = np.zeros(count, dtype=np.uint32)
    actual = integer(library.PH_ReadFiFo, words.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32)), count)
    return words[:actual]


# -- the library ----------------------------------------------------------------------------------


def test_it_has_every_function_the_drivers_protocol_names_with_its_arguments(library):
    for name, theirs in inspect.getmembers(picoquant_phlib.PHLib, inspect.isfunction):
        if name.startswith("PH_"):
            expected = len(inspect.signature(theirs).parameters) - 1
            with pytest.raises(TypeError, match=f"{name} takes {expected} arguments"):
                getattr(library, name)(*[0] * 9)
    with pytest.raises(AttributeError):
        library.PH_Nonsense(0)


def test_only_device_0_is_there_and_opens_once(twin):
    library = twin.sdk().load()
    serial = ctypes.create_string_buffer(8)
    assert [library.PH_OpenDevice(i, serial) for i in (1, 7, 8, -1)] == [-1, -1, -17, -17]
    assert library.PH_Initialize(0, 0) == -10
    assert library.PH_OpenDevice(0, serial) == 0
    assert serial.value.decode() == SERIAL
    assert library.PH_OpenDevice(0, serial) == -11
    assert library.PH_CloseDevice(0) == 0
    assert library.PH_OpenDevice(0, serial) == 0


def test_texts_never_leave_their_buffer(twin):
    twin.resource_name = "USB0::0x1313::0x8078::P0012345::INSTR"
    buffer = ctypes.create_string_buffer(b"#" * 12, 12)
    assert twin.sdk().load().PH_OpenDevice(0, buffer) == 0
    assert buffer.raw == b"USB0::0\0####"


@pytest.mark.parametrize(
    ("function", "arguments", "code"),
    [
        ("Initialize", (1,), -17),
        ("SetInputCFD", (2, 100, 10), -17),
        ("SetInputCFD", (0, 801, 10), -17),
        ("SetInputCFD", (0, 100, 21), -17),
        ("SetSyncDiv", (3,), -17),
        ("SetSyncOffset", (100_000,), -17),
        ("SetStopOverflow", (1, 65_536), -17),
        ("SetBinning", (8,), -17),
        ("SetOffset", (-1,), -17),
        ("SetMultistopEnable", (2,), -17),
        ("SetMarkerEdges", (0, 1, 2, 0), -17),
        ("SetMarkerHoldoffTime", (210_481,), -17),
        ("EnableRouting", (1,), -19),
        ("StartMeas", (0,), -17),
        ("StartMeas", (360_000_001,), -17),
        ("GetCountRate", (2, ctypes.c_int()), -17),
        ("ReadFiFo", (ctypes.c_int(), 131_073, ctypes.c_int()), -17),
        ("GetHistogram", (ctypes.c_int(), 0), -18),
        ("ClearHistMem", (0,), -18),
        ("GetFlags", (None,), -17),
    ],
)
def test_what_cannot_be_is_refused_with_the_codes_of_the_library(library, function, arguments, code):
    assert getattr(library, f"PH_{function}")(0, *arguments) == code
    text = ctypes.create_string_buffer(40)
    assert library.PH_GetErrorString(text, code) == 0
    assert text.value.startswith(b"ERROR_")


def test_nothing_can_be_done_before_initialising_nor_measured_before_calibrating(twin):
    library = twin.sdk().load()
    library.PH_OpenDevice(0, ctypes.create_string_buffer(8))
    assert library.PH_GetFeatures(0, ctypes.c_int()) == -22
    library.PH_Initialize(0, 0)
    assert library.PH_StartMeas(0, 100) == -23
    library.PH_Calibrate(0)
    assert library.PH_StartMeas(0, 100) == 0
    assert library.PH_StartMeas(0, 100) == -16
    assert library.PH_SetBinning(0, 1) == -16


def test_whole_numbers_come_as_such_or_as_c_int_and_results_by_any_kind_of_pointer(library):
    assert library.PH_SetBinning(ctypes.c_int(0), ctypes.c_int(3)) == 0
    value = ctypes.c_double()
    for target in (value, ctypes.byref(value), ctypes.pointer(value), ctypes.addressof(value)):
        value.value = 0
        assert library.PH_GetResolution(0, target) == 0
        assert value.value == 32
    array = np.zeros(1)
    assert library.PH_GetResolution(0, array.ctypes) == 0
    assert array[0] == 32


def test_rates_are_zero_for_a_tenth_of_a_second_after_initialising_or_a_new_divider(twin, library):
    for again in (lambda: library.PH_Initialize(0, 2), lambda: library.PH_SetSyncDiv(0, 1)):
        again()
        assert integer(library.PH_GetCountRate, 0) == 0
        twin.bench.clock.sleep(0.11)
        assert integer(library.PH_GetCountRate, 0) == pytest.approx(100, abs=10)  # whole pulses in the gate
    assert integer(library.PH_GetCountRate, 1) == pytest.approx(1e5, rel=0.1)


def test_warnings_go_by_the_rates_that_were_read_last(twin, library):
    twin.bench.clock.sleep(0.2)
    assert integer(library.PH_GetWarnings) == 0x0011
    for channel in (0, 1):
        integer(library.PH_GetCountRate, channel)
    assert integer(library.PH_GetWarnings) == 0
    twin.bench.rate = 2e7
    integer(library.PH_GetCountRate, 1)
    text = ctypes.create_string_buffer(16384)
    assert integer(library.PH_GetWarnings) == 0x0040
    assert library.PH_GetWarningsText(0, text, 0x0040) == 0
    assert text.value == b"WARNING_INP1_RATE_TOO_HIGH"


@pytest.mark.parametrize(
    ("mode", "divider", "clock", "rate", "warning"),
    [
        (3, 1, 0.0, 0.01, 0x0400),
        (3, 2, 0.0, 0.01, 0x0402),
        (3, 1, 1e6, 1e5, 0x0100),
        (0, 1, 2e7, 1e5, 0x0004),
        (2, 2, 0.0, 1e5, 0x0200),
        (3, 1, 1e6, 1e3, 0),
    ],
)
def test_each_warning_has_its_cause(mode, divider, clock, rate, warning):
    twin = make_twin(sync_clock_Hz=clock)
    twin.bench.rate = rate
    library = twin.sdk().load()
    library.PH_OpenDevice(0, ctypes.create_string_buffer(8))
    library.PH_Initialize(0, mode)
    library.PH_SetSyncDiv(0, divider)
    library.PH_SetBinning(0, 7)
    twin.bench.clock.sleep(0.2)
    for channel in (0, 1):
        integer(library.PH_GetCountRate, channel)
    assert integer(library.PH_GetWarnings) & ~0x0010 == warning


def test_the_buffer_gives_what_was_asked_for_and_keeps_the_rest(twin, library):
    library.PH_SetMarkerEnable(0, 0, 0, 0, 0)
    library.PH_StartMeas(0, 1000)
    twin.bench.clock.sleep(0.1)
    first = read_fifo(library, 100)
    assert len(first) == 100
    assert first[0] >> 28 == 0  # the trigger at the start
    rest = read_fifo(library)
    assert 9000 < len(rest) < 11000
    words = np.concatenate([first, rest])
    # an overflow each 843 µs, also where nothing else came
    assert np.sum(words == 0xF0000000) == int(twin.seen / (210_698_240 * 4e-12)) == 119


def test_a_full_buffer_is_flagged_until_the_next_start(twin, library):
    twin.bench.rate = 3e6
    library.PH_StartMeas(0, 10_000)
    twin.bench.clock.sleep(0.05)
    assert integer(library.PH_GetFlags) == 0
    twin.bench.clock.sleep(0.2)
    assert integer(library.PH_GetFlags) == 3
    assert sum(len(read_fifo(library)) for _ in range(4)) == 262_144
    assert integer(library.PH_GetFlags) == 3
    library.PH_StopMeas(0)
    library.PH_StartMeas(0, 10)
    assert integer(library.PH_GetFlags) == 0


def test_the_measurement_ends_by_itself_and_can_be_read_afterwards(twin, library):
    library.PH_StartMeas(0, 100)
    assert integer(library.PH_CTCStatus) == 0
    twin.bench.clock.sleep(5)
    assert integer(library.PH_CTCStatus) == 1
    elapsed = ctypes.c_double()
    library.PH_GetElapsedMeasTime(0, elapsed)
    assert elapsed.value == pytest.approx(100)
    assert len(read_fifo(library)) == pytest.approx(1e4, rel=0.1)
    assert len(read_fifo(library)) == 0


def test_an_unplugged_device_answers_with_usb_errors(twin, library):
    twin.plugged = False
    assert library.PH_GetFlags(0, ctypes.c_int()) == -36
    assert library.PH_CloseDevice(0) == 0
    assert library.PH_OpenDevice(0, ctypes.create_string_buffer(8)) == -1


def test_the_dead_time_starts_at_events_that_are_seen():
    times = np.array([0.0, 0.5, 1.2, 1.5, 2.1, 5.0, 5.9, 6.0, 6.95, 7.1])
    assert alive(times, 1.0, -9.0).tolist() == [0.0, 1.2, 5.0, 6.0, 7.1]
    assert alive(times, 1.0, -0.6).tolist() == [0.5, 1.5, 5.0, 6.0, 7.1]
    assert alive(times[:0], 1.0, 0.0).tolist() == []


# -- the driver with it ---------------------------------------------------------------------------


def stream(driver, seconds, bin_width=2e-5, bins=500) -> DecayHistogram:
    histogram = DecayHistogram(bin_width, bins, driver.trigger_channel, driver.photon_channel)
    for tags in driver.stream(seconds):
        histogram.add(*tags)
    return histogram


def record(twin) -> list[np.ndarray]:
    """Arrival times, in s since the start of the measurement, of every photon the twin hears from now on."""
    heard: list[np.ndarray] = []
    hear = twin._heard

    def listen(channel, times):
        alive = hear(channel, times)
        if channel == 1:
            heard.append(alive)
        return alive

    twin._heard = listen
    return heard


@pytest.mark.parametrize(("mode", "clock"), [("T2", 0.0), ("T3", 5e6), ("T3", 1e7), ("T3", 6e5)])
def test_a_decay_of_milliseconds_is_found_with_both_kinds_of_records(mode, clock):
    twin = make_twin(sync_clock_Hz=clock)
    twin.bench.rate = 2e4
    driver = open_driver(twin, mode=mode)
    heard = record(twin)
    histogram = stream(driver, 5.0)
    photons = np.concatenate(heard)
    # every photon, where it was; the trigger of T3 is known to one period of the clock
    start = twin.start % twin.bench.period
    truth, _ = np.histogram((photons + start) % twin.bench.period, np.arange(501) * 2e-5)
    assert histogram.counts.sum() + histogram.outside == len(photons)
    assert histogram.triggers == 500
    tolerance = 3 * np.sqrt(truth * (1 / (clock * 2e-5) if clock else 1e-3)) + 3 + 0.1 * np.sqrt(truth)
    assert np.all(abs(histogram.counts[1:] - truth[1:]) <= tolerance[1:])
    times = histogram.times()[25:200]
    slope = np.polyfit(times, np.log(histogram.counts[25:200]), 1, w=np.sqrt(histogram.counts[25:200]))[0]
    assert -1 / slope == pytest.approx(twin.bench.tau, rel=0.02)


@pytest.mark.parametrize(("mode", "clock"), [("T2", 0.0), ("T3", 5e6)])
def test_no_event_is_lost_at_the_highest_rate(mode, clock):
    twin = make_twin(sync_clock_Hz=clock)
    twin.bench.tau, twin.bench.rate = 1e3, 8.8e6  # even light; 4.8 million per s after the dead time
    driver = open_driver(twin, mode=mode)
    heard = record(twin)
    histogram = stream(driver, 0.4)
    photons = sum(map(len, heard))
    assert photons / 0.4 > 4.7e6
    assert histogram.counts.sum() + histogram.outside == photons
    assert histogram.triggers == 40


def test_a_higher_rate_ends_in_an_error_not_in_fewer_photons():
    twin = make_twin()
    twin.bench.tau, twin.bench.rate = 1e3, 20e6
    driver = open_driver(twin)
    with pytest.raises(DeviceFault, match="counter: events were lost"):
        stream(driver, 1.0)
    twin.bench.rate = 1e5
    assert stream(driver, 0.1).triggers == 10


def test_a_stream_nobody_reads_loses_events_and_says_so():
    twin = make_twin()
    twin.bench.rate = 1e6
    blocks = open_driver(twin).stream(5.0)
    next(blocks)
    twin.bench.clock.sleep(1)
    with pytest.raises(DeviceFault, match="events were lost"):
        list(blocks)


@pytest.mark.parametrize("clock", [0.0, 4e5])
def test_t3_refuses_a_sync_slower_than_its_span(clock):
    twin = make_twin(sync_clock_Hz=clock)
    driver = open_driver(twin, mode="T3")
    with pytest.raises(DeviceFault, match=r"/s at the sync input: T3 loses photons later than 2\.1 µs"):
        list(driver.stream(0.1))
    assert not twin.running


def test_photons_later_than_the_t3_span_are_not_recorded(twin, library):
    """As in the device: with the slow trigger at the sync input nearly all light is lost."""
    library.PH_Initialize(0, 3)
    library.PH_Calibrate(0)
    library.PH_SetBinning(0, 7)
    library.PH_SetMarkerEnable(0, 0, 0, 0, 0)
    library.PH_StartMeas(0, 1000)
    twin.bench.clock.sleep(2)
    words = read_fifo(library)
    assert len(words) == pytest.approx(1e6 * 2.1e-6 * 100, rel=0.3)
    assert set(words >> 28) == {1}


def test_a_histogram_shows_a_short_decay_and_counts_its_triggers(twin):
    twin.bench.period, twin.bench.tau, twin.bench.rate = 5e-5, 2e-6, 2e4
    driver = open_driver(twin)
    driver.bin_width, driver.bins = 300e-12, 40_000
    assert driver.bin_width == pytest.approx(512e-12)
    before = twin.bench.clock.now()
    counts = driver.histogram(5.0)
    assert twin.bench.clock.now() - before == pytest.approx(5, abs=0.3)
    assert counts.shape == driver.times().shape == (40_000,)
    rate = 1 / 2e-6 * np.exp(-driver.times() / 2e-6)  # one photon per trigger, 95 ns of dead time after each
    expected = 1e5 * rate * 512e-12 / (1 + rate * 95e-9)
    assert counts.sum() == pytest.approx(expected.sum(), rel=0.01)
    assert counts.sum() < 0.985 * 1e5
    assert np.average(driver.times(), weights=counts) == pytest.approx(
        np.average(driver.times(), weights=expected), rel=0.02
    )
    assert driver.triggers == pytest.approx(1e5, rel=1e-3)


def test_a_histogram_ends_when_a_bin_is_full(twin):
    twin.bench.period, twin.bench.tau, twin.bench.rate = 5e-5, 1e-8, 1e5
    driver = open_driver(twin)
    counts = driver.histogram(100.0)
    assert counts.max() == driver.saturation == 65_535
    assert driver.triggers < 0.9 * 100 / 5e-5
    again = driver.histogram(0.1)
    assert again.max() < 65_535


def test_without_a_trigger_a_histogram_is_empty_and_the_log_says_why(twin, caplog):
    twin.bench.pulsed = False
    with caplog.at_level(logging.WARNING):
        assert open_driver(twin).histogram(0.1).sum() == 0
    assert "WARNING_INP0_RATE_ZERO" in caplog.text


def test_one_device_does_histograms_and_streams_in_turn(twin):
    twin.bench.period = 1e-3
    driver = open_driver(twin, sync_level=70)
    assert stream(driver, 0.1).triggers == 100
    driver.histogram(0.1)
    assert twin.mode == 0
    assert stream(driver, 0.1).triggers == 100
    assert twin.levels[0] == (70, 10)


def test_a_running_stream_refuses_other_measurements_until_it_is_left(twin):
    driver = open_driver(twin)
    blocks = driver.stream(1.0)
    next(blocks)
    with pytest.raises(Refused, match="a stream is running"):
        driver.histogram(0.1)
    blocks.close()
    assert not twin.running
    driver.histogram(0.1)


def test_an_unplugged_device_ends_a_stream_with_its_name(twin):
    blocks = open_driver(twin).stream(1.0)
    next(blocks)
    twin.plugged = False
    with pytest.raises(ConnectionFailed, match="counter: 'PH_.*' failed: error -36 ERROR_USB_VCMD_FAIL"):
        list(blocks)


def test_a_system_error_is_raised(twin):
    driver = open_driver(twin)
    twin.system_error = True
    with pytest.raises(DeviceFault, match="system error"):
        driver.histogram(0.1)


def test_another_model_is_refused_with_both_names():
    twin = make_twin(hardware="HydraHarp 400")
    with pytest.raises(WrongModel, match="PicoQuant PicoHarp 300 expected, but 'HydraHarp 400' answers"):
        open_driver(twin)
    assert not twin.is_open


def test_an_older_library_is_refused():
    with pytest.raises(ConnectionFailed, match=r"PHLib is version 2\.3; must be 3\.0"):
        open_driver(make_twin(library="2.3"))


def test_a_device_without_time_tagging_makes_histograms_only():
    driver = open_driver(make_twin(features=1))
    driver.histogram(0.1)
    with pytest.raises(DeviceFault, match="no time-tagging option"):
        list(driver.stream(0.1))


def test_a_serial_number_that_is_not_there_names_those_that_are(twin):
    with pytest.raises(ConnectionFailed, match="no PicoHarp with serial number '99'; attached: 1012345"):
        PicoHarp300(twin.sdk(), "99", "counter", clock=twin.bench.clock)
    assert not twin.is_open
    open_driver(twin)
    with pytest.raises(ConnectionFailed, match="attached: error -11 ERROR_DEVICE_LOCKED"):
        open_driver(twin)


@pytest.mark.parametrize(
    ("mode", "clock", "kind", "unit"), [("T2", 0.0, 0x00010203, 4e-12), ("T3", 5e6, 0x00010303, 200e-9)]
)
def test_a_file_of_the_same_words_read_by_ptufile_holds_the_same_tags(tmp_path, mode, clock, kind, unit):
    ptufile = pytest.importorskip("ptufile.ptufile")
    twin = make_twin(sync_clock_Hz=clock)
    words = []
    take = twin.take
    twin.take = lambda count: words.append(take(count)) or words[-1]
    ours = [np.concatenate(parts) for parts in zip(*open_driver(twin, mode=mode).stream(0.5), strict=True)]
    header = {
        "Measurement_Mode": int(mode[1]),
        "Measurement_SubMode": 0,
        "TTResultFormat_TTTRRecType": kind,
        "TTResultFormat_BitsPerRecord": 32,
        "MeasDesc_GlobalResolution": unit,
        "MeasDesc_Resolution": twin.resolution(),
        "TTResult_NumberOfRecords": sum(map(len, words)),
        "Header_End": None,
    }
    path = tmp_path / "a.ptu"
    tags = b"".join(ptufile.encode_tag(name, value) for name, value in header.items())
    path.write_bytes(b"PQTTTR\0\0" + b"1.0.00\0\0" + tags + np.concatenate(words).tobytes())
    theirs = [np.concatenate(parts) for parts in zip(*read_ptu(path, syncs=False)[1], strict=True)]
    np.testing.assert_array_equal(ours[1], theirs[1])
    # a marker is not before what it follows in a stream
    photons = ours[1] < 100
    np.testing.assert_array_equal(ours[0][photons], theirs[0][photons])
    assert abs(ours[0] - theirs[0]).max() <= 200_000


def test_the_same_seed_gives_the_same_tags():
    first, second = (list(open_driver(make_twin()).stream(0.2)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.times, other.times)
        np.testing.assert_array_equal(one.channels, other.channels)

"""The SR430 twin by its manual pages, then our driver against it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters.srs_sr430 import SR430
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.photon_counting import PhotomultiplierSettings
from antistokes.simulated_hw.twins.srs_sr430 import SR430Settings, SR430Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

Ask = Callable[[str], str]
WIDTH, PERIOD = 5.12e-6, 10e-3  # s


class Generator:
    """Triggers every 10 ms."""

    train: PulseTrain | None = PulseTrain(PERIOD, 1e-4)

    def pulses(self) -> PulseTrain | None:
        return self.train


@pytest.fixture
def generator() -> Generator:
    return Generator()


@pytest.fixture
def make(generator: Generator) -> Callable[..., SR430Twin]:
    def make(dark: float = 1e4, **settings: Any) -> SR430Twin:
        bench = Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)
        bench.generator = generator
        detector = PhotomultiplierSettings(dark_per_s=dark, dead_time_s=0)
        twin = SR430Twin("scaler", bench, SR430Settings(detector=detector, **settings))
        twin.resource_name = "GPIB0::8::INSTR"
        return twin

    return make


@pytest.fixture
def twin(make: Callable[..., SR430Twin]) -> SR430Twin:
    return make()


@pytest.fixture
def ask(twin: SR430Twin) -> Ask:
    return lambda message: answer(twin, message)


def raw(twin: SR430Twin, message: str) -> bytes:
    twin.feed(message.encode() + b"\n")
    twin.clock.sleep(0.01)
    data = b""
    while (part := twin.take()) is not None:
        data += part
    return data


def answer(twin: SR430Twin, message: str) -> str:
    data = raw(twin, message)
    assert not data or data.endswith(b"\n")
    return data.decode().removesuffix("\n")


def driver(twin: SR430Twin, **settings: Any) -> SR430:
    library = VirtualVisaLibrary.of([twin])
    return SR430("GPIB0::8::INSTR", "scaler", clock=twin.clock, visa_library=library, **settings)


# -- the twin -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("*IDN?", "Stanford_Research_Systems,SR430,s/n00211,ver1.06"),
        ("OUTP?", "1"),
        ("bwth?", "3"),
        ("RSCN?", "1000"),
        ("SCAN?", "0"),
        ("*STB?", "3"),
        ("*STB? 0", "1"),
        ("*ESR?", "128"),
        ("ERRS?", "0"),
        ("MCSS?", "0"),
        ("BINA? 1", "0.000000e+000"),
    ],
)
def test_a_question_is_answered(ask: Ask, question: str, reply: str) -> None:
    assert ask(question) == reply


@pytest.mark.parametrize(
    ("command", "question", "reply"),
    [
        ("BWTH 19", "BWTH?", "19"),
        ("BREC16", "BREC?", "16"),
        ("BOFF 16320", "BOFF?", "16320"),
        ("BCLK 1", "BCLK?", "1"),
        ("RSCN 32767", "RSCN?", "32767"),
        ("RSCN 40000", "RSCN?", "-25536"),
        ("DCLV 10E-3", "DCLV?", "0.0100"),
        ("DCLV -0.3", "DCLV?", "-0.3000"),
        ("TRLV 2", "TRLV?", "2.000"),
        ("TRSL 1", "TRSL?", "1"),
        ("*SRE 4", "*SRE?", "4"),
    ],
)
def test_a_setting_is_kept(ask: Ask, command: str, question: str, reply: str) -> None:
    ask("*CLS")
    assert ask(command) == ""
    assert ask(question) == reply
    assert ask("*ESR?") == "0"


@pytest.mark.parametrize(
    ("command", "event"),
    [
        ("BWTH 20", 16),
        ("BREC 17", 16),
        ("BREC 0", 16),
        ("BOFF 17", 16),
        ("RSCN 32768", 16),
        ("RSCN 65536", 16),
        ("DCLV 0.31", 16),
        ("BINA? 1025", 16),
        ("BINB? 0", 16),
        ("SCLR", 32),
        ("BWTH x", 32),
        ("hello", 32),
    ],
)
def test_what_is_not_taken_shows_in_the_event_register(ask: Ask, command: str, event: int) -> None:
    ask("*CLS")
    assert ask(command) == ""
    assert ask("*ESR?") == str(event)
    assert ask("*ESR?") == "0"


def test_answers_go_where_outp_says(ask: Ask) -> None:
    ask("OUTP 0")
    assert ask("*IDN?") == ""
    ask("OUTP 1")
    assert ask("SCAN?") == "0"


def test_a_scan_ends_with_its_records(twin: SR430Twin, ask: Ask) -> None:
    ask("RSCN 50;SSCN")
    assert ask("*STB? 0") == "0"
    twin.clock.sleep(10)
    assert ask("SCAN?") == "50"
    assert ask("*STB? 0") == "1"
    ask("SSCN")  # nothing more without CLRS
    twin.clock.sleep(10)
    assert ask("SCAN?") == "50"


def test_start_after_a_pause_adds_up_and_clear_forgets(twin: SR430Twin, ask: Ask) -> None:
    ask("RSCN 0;BWTH 8;SSCN")
    twin.clock.sleep(1)
    ask("PAUS")
    first, total = int(ask("SCAN?")), twin.counts.sum()
    assert first == pytest.approx(101, abs=2)
    twin.clock.sleep(5)
    assert ask("SCAN?") == str(first)
    assert ask("MCSS?") == "17"
    ask("SSCN")
    twin.clock.sleep(1)
    ask("PAUS")
    assert int(ask("SCAN?")) == pytest.approx(2 * first, abs=2)
    assert twin.counts.sum() > 1.5 * total
    ask("CLRS")
    assert (ask("SCAN?"), twin.counts.sum()) == ("0", 0)


def test_records_are_not_reshaped_before_they_are_cleared(ask: Ask) -> None:
    ask("*CLS;SSCN;PAUS;BWTH 5")
    assert (ask("*ESR?"), ask("BWTH?")) == ("16", "3")
    ask("CLRS;BWTH 5")
    assert (ask("*ESR?"), ask("BWTH?")) == ("0", "5")


def test_triggers_while_it_is_dead_are_ignored(twin: SR430Twin, ask: Ask) -> None:
    # the manual's example: 1024 bins of 40.96 µs need 42.35 ms
    ask("*CLS;BWTH 11;RSCN 0")
    assert twin.record_time() == pytest.approx(42.35e-3, rel=1e-3)
    ask("SSCN")
    twin.clock.sleep(10)
    assert int(ask("SCAN?")) == pytest.approx(200, abs=1)  # every fifth
    assert ask("ERRS? 6") == "1"


@pytest.mark.parametrize("setting", ["TRLV 0", "TRLV -1", "BCLK 1"])
def test_without_a_trigger_there_are_no_records(twin: SR430Twin, ask: Ask, setting: str) -> None:
    ask(f"{setting};SSCN")
    twin.clock.sleep(10)
    assert ask("SCAN?") == "0"


def test_photons_below_the_threshold_do_not_count(make: Callable[..., SR430Twin]) -> None:
    for pulse, level, seen in (
        (0.1, 0.05, True),
        (0.1, 0.2, False),
        (-0.1, -0.05, True),
        (-0.1, 0.05, False),
    ):
        twin = make(pulse_V=pulse)
        answer(twin, f"DCLV {level};RSCN 0;BWTH 8;SSCN")
        twin.clock.sleep(5)
        assert int(answer(twin, "SCAN?")) > 400
        assert bool(twin.counts.sum()) is seen


def test_bins_come_as_text_with_a_comma_after_the_last(twin: SR430Twin, ask: Ask) -> None:
    twin.counts[:3] = 0, 1, 12345
    words = ask("BINA?").split(",")
    assert len(words) == 1025
    assert words[:3] == ["0.000000e+000", "1.000000e+000", "1.234500e+004"]
    assert words[-1] == ""
    assert {len(word) for word in words[:-1]} == {13}
    assert ask("BINA? 3") == "1.234500e+004"


def test_bins_come_as_bytes_without_an_end(twin: SR430Twin) -> None:
    twin.counts[:4] = 10, 13, 256, 32767
    data = raw(twin, "BINB?")
    assert len(data) == 2048
    assert data[:8] == b"\x0a\x00\x0d\x00\x00\x01\xff\x7f"
    assert raw(twin, "BINB? 4") == b"\xff\x7f"


def test_a_bin_is_full_at_32767(make: Callable[..., SR430Twin]) -> None:
    twin = make(dark=1e7)
    answer(twin, "*CLS;BWTH 8;RSCN 0;SSCN")
    twin.clock.sleep(20)
    answer(twin, "PAUS")
    assert twin.counts.max() == 32767
    assert answer(twin, "ERRS?") == "128"
    assert answer(twin, "ERRS?") == "0"


def test_the_counts_between_two_bins(twin: SR430Twin, ask: Ask) -> None:
    twin.counts[10:20] = 7
    ask("LLIM 10;RLIM 14;STAT")
    assert ask("SPAR?2") == "3.500000e+001"


# -- the driver against it ------------------------------------------------------------------------------


def test_a_histogram_counts_what_the_detector_sees(twin: SR430Twin) -> None:
    scaler = driver(twin)
    scaler.bin_width, scaler.bins = WIDTH, 1500
    assert (scaler.bin_width, scaler.bins) == (pytest.approx(WIDTH), 2048)
    counts = scaler.histogram(100.0)
    # a record of 10.5 ms and its dead time last longer than one period
    assert scaler.triggers == pytest.approx(5000, abs=2)
    expected = 1e4 * WIDTH * scaler.triggers
    assert counts.mean() == pytest.approx(expected, rel=5 / np.sqrt(expected * 2048))
    again = scaler.histogram(100.0)
    assert again.mean() == pytest.approx(expected, rel=0.01)  # nothing added up
    assert scaler.count_rate() == pytest.approx(1e4, rel=0.1)


def test_the_shape_of_records_can_be_changed_after_a_scan(twin: SR430Twin) -> None:
    scaler = driver(twin)
    scaler.histogram(1.0)
    scaler.bins = 3000
    assert len(scaler.histogram(1.0)) == len(scaler.times()) == 3072


def test_a_full_bin_and_no_trigger_are_named(make: Callable[..., SR430Twin], generator: Generator) -> None:
    scaler = driver(make(dark=1e7))
    scaler.bin_width = WIDTH
    with pytest.raises(OverRange, match="^scaler: a bin is full"):
        scaler.histogram(20.0)
    assert scaler.histogram(1.0).max() < 32767
    generator.train = None
    with pytest.raises(DeviceFault, match="^scaler: no record in 1 s"):
        scaler.histogram(1.0)


def test_an_unlocked_clock_is_named(twin: SR430Twin) -> None:
    scaler = driver(twin)
    twin.clock_unlocked = True
    with pytest.raises(DeviceFault, match="clock is unlocked"):
        scaler.histogram(1.0)


def test_data_cut_short_are_named_and_the_next_are_right(twin: SR430Twin) -> None:
    scaler = driver(twin)
    feed = twin.feed

    def cut(data: bytes, end: bool = False) -> None:
        feed(data, end)
        if data.startswith(b"BINB?"):
            due, content = twin._outbox.pop()
            twin._outbox.append((due, content[:-100]))

    twin.feed = cut  # type: ignore[method-assign]
    with pytest.raises((DeviceTimeout, BadAnswer), match=r"^scaler: .*2048 bytes"):
        scaler.histogram(1.0)
    twin.feed = feed  # type: ignore[method-assign]
    assert len(scaler.histogram(1.0)) == 1024


def test_thresholds_and_edges_are_set_at_opening(twin: SR430Twin) -> None:
    driver(twin, threshold=-0.05, rising=False, trigger_level=1.25, trigger_rising=False)
    assert [twin.values[name] for name in ("DCLV", "DCSL", "TRLV", "TRSL")] == [-0.05, 1, 1.25, 1]

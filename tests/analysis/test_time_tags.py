"""Decay histograms of tags, and PTU files written here by hand and read by ptufile."""

from __future__ import annotations

import importlib
import struct
import sys
import tracemalloc

import numpy as np
import pytest

from antistokes.analysis.time_tags import MARKER, SYNC, DecayHistogram, read_ptu

PERIOD, TAU = 2e-3, 2e-4
BIN, BINS = 1e-5, 150


def decay(bin_width=BIN, bins=BINS, trigger=SYNC, photon=1) -> DecayHistogram:
    return DecayHistogram(bin_width, bins, trigger, photon)


def tags(*pairs) -> tuple[np.ndarray, np.ndarray]:
    """(µs, channel) …"""
    times, channels = zip(*pairs, strict=True)
    return (np.array(times) * 1_000_000).astype(np.int64), np.array(channels, dtype=np.int32)


def blinking(seconds=1.0, seed=1) -> tuple[np.ndarray, np.ndarray]:
    """Triggers each 2 ms, five photons of a decay after each; all on multiples of 1024 ps."""
    rng = np.random.default_rng(seed)
    triggers = np.arange(0, round(seconds / PERIOD)) * round(PERIOD * 1e12 / 1024) * 1024
    photons = np.repeat(triggers, 5) + np.round(rng.exponential(TAU * 1e12 / 1024, 5 * len(triggers))) * 1024
    times = np.concatenate([triggers, photons]).astype(np.int64)
    channels = np.concatenate([np.zeros(len(triggers)), np.ones(len(photons))]).astype(np.int32)
    order = np.argsort(times, kind="stable")
    return times[order], channels[order]


def truth(times, channels, trigger=SYNC) -> tuple[np.ndarray, int]:
    """One tag after the other."""
    counts, triggers, last = np.zeros(BINS, dtype=int), 0, None
    for time, channel in zip(times.tolist(), channels.tolist(), strict=True):
        if channel == trigger:
            last, triggers = time, triggers + 1
        elif channel == 1 and last is not None and (time - last) // 10_000_000 < BINS:
            counts[(time - last) // 10_000_000] += 1
    return counts, triggers


# -- the histogram --------------------------------------------------------------------------------


def test_every_photon_after_a_trigger_counts_from_that_trigger():
    histogram = decay()
    histogram.add(*tags((0, 0), (5, 1), (10, 1), (15, 1), (100, 0), (109.999999, 1), (130, 1)))
    assert histogram.counts[:4].tolist() == [2, 2, 0, 1]
    assert histogram.counts.sum() == 5
    assert histogram.triggers == 2
    np.testing.assert_allclose(histogram.times()[:3], [0, 1e-5, 2e-5])


def test_photons_before_the_first_trigger_and_after_the_last_bin_are_outside():
    histogram = decay()
    histogram.add(*tags((1, 1), (2, 1), (3, 0), (3, 1), (1503, 1), (9000, 1)))
    assert histogram.counts.sum() == 1
    assert histogram.outside == 4


def test_other_channels_do_not_matter():
    histogram = decay(trigger=102, photon=2)
    histogram.add(*tags((0, 102), (1, 1), (2, 101), (12, 2), (13, 0)))
    assert histogram.counts[:2].tolist() == [0, 1]
    assert (histogram.triggers, histogram.outside) == (1, 0)


@pytest.mark.parametrize("block", [1, 2, 7, 1000])
def test_blocks_of_any_size_give_the_same(block):
    times, channels = blinking(0.2)
    histogram = decay()
    for begin in range(0, len(times), block):
        histogram.add(times[begin : begin + block], channels[begin : begin + block])
        histogram.add(times[:0], channels[:0])
    counts, triggers = truth(times, channels)
    np.testing.assert_array_equal(histogram.counts, counts)
    assert histogram.triggers == triggers
    assert histogram.counts.sum() + histogram.outside == 5 * triggers


def test_memory_does_not_grow_with_the_stream():
    times, channels = blinking(0.5)
    histogram = decay()
    histogram.add(times, channels)
    tracemalloc.start()
    for _ in range(20):
        histogram.add(times, channels)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 20_000


@pytest.mark.parametrize(("width", "bins"), [(0.4e-12, 10), (-1e-9, 10), (1e-9, 0)])
def test_bins_that_cannot_be_are_refused(width, bins):
    with pytest.raises(ValueError, match="at least 1 ps and 1 bin"):
        DecayHistogram(width, bins, 0, 1)


# -- PTU files ------------------------------------------------------------------------------------


def write_ptu(path, record_type, words, resolution, sync_period, mode, said=None) -> str:
    """Format: 8 characters, 8 of version, then entries of 32-byte name, index, type, 8-byte value."""
    integer, real, empty = 0x10000008, 0x20000008, 0xFFFF0008
    entries = [
        ("Measurement_Mode", integer, struct.pack("<q", mode)),
        ("Measurement_SubMode", integer, struct.pack("<q", 0)),
        ("TTResultFormat_TTTRRecType", integer, struct.pack("<q", record_type)),
        ("TTResultFormat_BitsPerRecord", integer, struct.pack("<q", 32)),
        ("MeasDesc_GlobalResolution", real, struct.pack("<d", sync_period)),
        ("MeasDesc_Resolution", real, struct.pack("<d", resolution)),
        ("TTResult_NumberOfRecords", integer, struct.pack("<q", len(words) if said is None else said)),
        ("Header_End", empty, bytes(8)),
    ]
    with open(path, "wb") as file:
        file.write(b"PQTTTR\0\0" + b"1.0.00\0\0")
        for name, kind, value in entries:
            file.write(name.encode().ljust(32, b"\0") + struct.pack("<iI", -1, kind) + value)
        file.write(struct.pack(f"<{len(words)}I", *words))
    return str(path)


def wrapped(counts, wrap, overflow):
    """(count, rest) of each event, with the *overflow* words that come before it."""
    passed = 0
    for count in counts:
        words = []
        while count - passed >= wrap:
            words.append(overflow)
            passed += wrap
        yield words, count - passed


def pico_t2(times, channels) -> list[int]:
    words = []
    for (extra, rest), channel in zip(
        wrapped((times // 4).tolist(), 210698240, 0xF0000000), channels.tolist(), strict=True
    ):
        words += [*extra, channel << 28 | rest]
    return words


def pico_t3(times, channels, period, resolution) -> list[int]:
    """Sync: a clock; channel 0 of the tags becomes marker 2."""
    words = []
    for time, channel, (extra, rest) in zip(
        times.tolist(), channels.tolist(), wrapped((times // period).tolist(), 65536, 0xF0000000), strict=True
    ):
        delay = time % period // resolution
        words += [*extra, 0xF << 28 | 2 << 16 | rest if channel == 0 else 1 << 28 | delay << 16 | rest]
    return words


def hydra_t3(times, channels, period, resolution) -> list[int]:
    """Sync: the trigger; one photon input (0 in the record)."""
    words = []
    keep = channels == 1
    for time, (extra, rest) in zip(
        times[keep].tolist(), wrapped((times[keep] // period).tolist(), 1024, 0xFE000001), strict=True
    ):
        words += [*extra, time % period // resolution << 10 | rest]
    return words


def hydra_t2(times, channels) -> list[int]:
    words = []
    for (extra, rest), channel in zip(
        wrapped((times // 1).tolist(), 33554432, 0xFE000001), channels.tolist(), strict=True
    ):
        words += [*extra, (0x80000000 if channel == 0 else 0) | rest]
    return words


def histogram_of(path, trigger, block=1000, **options) -> DecayHistogram:
    histogram = decay(trigger=trigger)
    for times, channels in read_ptu(path, block=block, **options)[1]:
        assert (times.dtype, channels.dtype) == (np.int64, np.int32)
        histogram.add(times, channels)
    return histogram


@pytest.mark.parametrize("block", [1, 1000, 1 << 20])
def test_a_picoharp_t2_file_gives_the_true_decay(tmp_path, block):
    times, channels = blinking(0.2)
    path = write_ptu(tmp_path / "a.ptu", 0x00010203, pico_t2(times, channels), 4e-12, 4e-12, 2)
    header, _ = read_ptu(path)
    assert header[:2] == ("PicoHarpT2", "T2")
    assert header.resolution == 4e-12
    histogram = histogram_of(path, SYNC, block)
    counts, triggers = truth(times, channels)
    np.testing.assert_array_equal(histogram.counts, counts)
    assert histogram.triggers == triggers
    read = [np.concatenate(parts) for parts in zip(*read_ptu(path, block=block)[1], strict=True)]
    np.testing.assert_array_equal(read[0], times)
    np.testing.assert_array_equal(read[1], channels)


def test_a_picoharp_t3_file_with_a_clock_and_a_marker_gives_the_true_decay(tmp_path):
    period, resolution = 204_800, 64  # ps
    times, channels = blinking()
    times = times // resolution * resolution
    words = pico_t3(times, channels, period, resolution)
    path = write_ptu(tmp_path / "a.ptu", 0x00010303, words, 64e-12, 204.8e-9, 3)
    header, _ = read_ptu(path)
    assert (header.record_type, header.mode) == ("PicoHarpT3", "T3")
    assert header.sync_period == 204.8e-9
    histogram = histogram_of(path, MARKER + 2, syncs=False)
    # a marker has the time of its sync pulse
    times[channels == 0] = times[channels == 0] // period * period
    channels[channels == 0] = 102
    counts, triggers = truth(times, channels, trigger=102)
    np.testing.assert_array_equal(histogram.counts, counts)
    assert histogram.triggers == triggers


@pytest.mark.parametrize("syncs_at_once", [3, 1 << 20])
def test_a_hydraharp_t3_file_gives_the_true_decay_and_all_its_sync_pulses(
    tmp_path, monkeypatch, syncs_at_once
):
    module = importlib.import_module("antistokes.analysis.time_tags")
    monkeypatch.setattr(module, "_SYNCS", syncs_at_once)
    times, channels = blinking(6.0)  # more pulses than the counter in a record can hold
    period = round(PERIOD * 1e12 / 1024) * 1024
    resolution = 65536
    words = hydra_t3(times, channels, period, resolution)
    path = write_ptu(tmp_path / "a.ptu", 0x01010304, words, resolution * 1e-12, period * 1e-12, 3)
    histogram = histogram_of(path, SYNC)
    photon = channels == 1
    times[photon] = times[photon] // period * period + times[photon] % period // resolution * resolution
    counts, triggers = truth(times, channels)
    np.testing.assert_array_equal(histogram.counts, counts)
    # no pulse is known after the last photon
    assert histogram.triggers == times[photon][-1] // period + 1 == triggers


def test_a_hydraharp_t2_file_tells_its_sync_from_its_first_input(tmp_path):
    times, channels = blinking(0.2)
    path = write_ptu(tmp_path / "a.ptu", 0x01010204, hydra_t2(times, channels), 1e-12, 1e-12, 2)
    histogram = histogram_of(path, SYNC)
    counts, triggers = truth(times, channels)
    np.testing.assert_array_equal(histogram.counts, counts)
    assert histogram.triggers == triggers


def test_markers_that_come_together_are_several_tags(tmp_path):
    words = [1 << 28 | 7 << 16 | 1, 0xF << 28 | 0b1010 << 16 | 2, 1 << 28 | 3]
    path = write_ptu(tmp_path / "a.ptu", 0x00010303, words, 4e-12, 1e-8, 3)
    ((times, channels),) = read_ptu(path, syncs=False)[1]
    assert times.tolist() == [10_028, 20_000, 20_000, 30_000]
    assert channels.tolist() == [1, 102, 104, 1]


def test_a_file_cut_short_is_refused(tmp_path):
    path = write_ptu(tmp_path / "a.ptu", 0x00010203, [1, 2, 3], 4e-12, 4e-12, 2, said=5)
    with pytest.raises(ValueError, match=r"a\.ptu: 3 records are there, 5 should be"):
        read_ptu(path)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "a.ptu").write_bytes(b"no PTU file" * 20)
    with pytest.raises(ValueError, match=r"a\.ptu"):
        read_ptu(tmp_path / "a.ptu")


def test_without_ptufile_the_error_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ptufile", None)
    with pytest.raises(ImportError, match=r"'ptufile': pip install 'antistokes\[ptu\]'"):
        read_ptu(tmp_path / "a.ptu")

"""Words of the PicoHarp 300 become tags."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.instruments.counters.picoquant_records import Decoder

OVERFLOW = 0xF0000000
T2_WRAP = 210_698_240


def t2(channel, time) -> int:
    return channel << 28 | time


def t3(number, delay, channel=1) -> int:
    return channel << 28 | delay << 16 | number


def decode(decoder, *words) -> list[tuple[int, int]]:
    times, channels = decoder.decode(np.array(words, dtype=np.uint32))
    assert (times.dtype, channels.dtype) == (np.int64, np.int32)
    return list(zip(times.tolist(), channels.tolist(), strict=True))


def test_t2_words_are_times_of_two_inputs():
    assert decode(Decoder("T2", 4), t2(0, 0), t2(1, 5), t2(1, T2_WRAP - 1)) == [
        (0, 0),
        (20, 1),
        (4 * (T2_WRAP - 1), 1),
    ]


def test_t2_overflows_move_what_follows_in_this_and_later_blocks():
    decoder = Decoder("T2", 4)
    assert decode(decoder, t2(1, 7), OVERFLOW, t2(1, 7), OVERFLOW, OVERFLOW) == [
        (28, 1),
        (28 + 4 * T2_WRAP, 1),
    ]
    assert decode(decoder) == []
    assert decode(decoder, OVERFLOW) == []
    assert decode(decoder, t2(0, 1)) == [(4 * (4 * T2_WRAP + 1), 0)]


def test_a_long_stream_stays_exact():
    decoder = Decoder("T2", 4)
    for _ in range(10):
        decode(decoder, *[OVERFLOW] * 100_000)
    assert decode(decoder, t2(1, 1)) == [(4 * (10**6 * T2_WRAP + 1), 1)]


def test_t3_words_are_a_sync_number_and_a_delay():
    decoder = Decoder("T3", 200_000, 64)
    assert decode(decoder, t3(3, 0), t3(3, 4095), t3(65535, 1), OVERFLOW, t3(2, 5)) == [
        (600_000, 1),
        (600_000 + 4095 * 64, 1),
        (65535 * 200_000 + 64, 1),
        (65538 * 200_000 + 320, 1),
    ]


def test_a_sync_period_need_not_be_whole_ps():
    assert decode(Decoder("T3", 200_000.4, 64), t3(4, 1), t3(10, 0)) == [(800_066, 1), (2_000_004, 1)]


def test_markers_are_channels_101_to_104_and_several_bits_several_tags():
    assert decode(Decoder("T3", 1000, 4), t3(1, 2), t3(2, 1, 15), t3(3, 0b1010, 15), t3(4, 7)) == [
        (1008, 1),
        (2000, 101),
        (3000, 102),
        (3000, 104),
        (4028, 1),
    ]
    assert decode(Decoder("T2", 4), t2(15, 0x20 | 0b101), t2(1, 60)) == [(148, 101), (148, 103), (240, 1)]


def test_a_marker_is_never_before_the_event_it_follows():
    assert decode(Decoder("T3", 1000, 4), t3(1, 200), t3(1, 1, 15), t3(1, 201)) == [
        (1800, 1),
        (1800, 101),
        (1804, 1),
    ]


@pytest.mark.parametrize(
    ("mode", "words"), [("T2", [t2(5, 0)]), ("T2", [t2(14, 1)]), ("T3", [t3(0, 0, 0)]), ("T3", [t3(1, 1, 5)])]
)
def test_channels_there_are_not_are_refused(mode, words):
    with pytest.raises(ValueError, match=f"channels .*{words[0] >> 28}.* are in the records"):
        decode(Decoder(mode, 4, 4), *words)


@pytest.mark.parametrize(("mode", "late", "early"), [("T2", T2_WRAP - 1, 5), ("T3", 65535, 5)])
def test_a_missing_overflow_is_noticed_within_a_block_and_between_blocks(mode, late, early):
    decoder = Decoder(mode, 4, 4)
    with pytest.raises(ValueError, match="an overflow is missing"):
        decode(decoder, 1 << 28 | late, 1 << 28 | early)
    decoder = Decoder(mode, 4, 4)
    decode(decoder, 1 << 28 | late)
    with pytest.raises(ValueError, match="an overflow is missing"):
        decode(decoder, 1 << 28 | early)

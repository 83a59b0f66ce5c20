"""What a PicoHarp 300 writes into its buffer for the pulses at its inputs.

Source: PicoQuant's PTU format description and demo programs. Times in s since the measurement's start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint32]

T2_WRAP, T3_WRAP = 210_698_240, 65_536
DELAYS = 4096
_SPECIAL = 0xF << 28


class Pulses(NamedTuple):
    """In [begin, end): at input 1, at input 0 (T2) and at the marker inputs, by their bit."""

    begin: float
    end: float
    photons: Array
    syncs: Array
    markers: dict[int, Array]


def t2_words(pulses: Pulses, tick: float) -> Words:
    """Channel in 4 bits, time in units of *tick* in 28; an overflow each 210698240 ticks."""
    keys = [_wraps(pulses.begin / tick, pulses.end / tick, T2_WRAP)]
    words = [np.full(len(keys[0]), _SPECIAL)]
    for channel, times in ((0, pulses.syncs), (1, pulses.photons)):
        ticks = (times / tick).astype(np.int64)
        keys.append(ticks)
        words.append((channel << 28) | (ticks % T2_WRAP))
    for bit, times in pulses.markers.items():
        ticks = (times / tick).astype(np.int64)
        keys.append(ticks)
        words.append(_SPECIAL | (ticks % T2_WRAP & ~0xF) | bit)
    return _in_order(keys, words)


def t3_words(pulses: Pulses, sync_rate: float, resolution: float, offset: float) -> Words:
    """Channel in 4 bits, delay in 12, number of the sync pulse in 16; an overflow each 65536 pulses.

    Photons whose delay, less *offset*, does not fit into 12 bits are not recorded.
    """
    keys = [_wraps(pulses.begin * sync_rate, pulses.end * sync_rate, T3_WRAP) * DELAYS]
    words = [np.full(len(keys[0]), _SPECIAL)]
    number = np.floor(pulses.photons * sync_rate).astype(np.int64)
    delay = np.floor((pulses.photons - number / sync_rate - offset) / resolution).astype(np.int64)
    fits = (delay >= 0) & (delay < DELAYS)
    number, delay = number[fits], delay[fits]
    keys.append(number * DELAYS + delay)
    words.append((1 << 28) | (delay << 16) | (number % T3_WRAP))
    for bit, times in pulses.markers.items():
        exact = times * sync_rate
        number = exact.astype(np.int64)
        delay = ((exact - number) / sync_rate / resolution).astype(np.int64)
        keys.append(number * DELAYS + delay.clip(0, DELAYS - 1))
        words.append(_SPECIAL | (bit << 16) | (number % T3_WRAP))
    return _in_order(keys, words)


def _wraps(begin: float, end: float, wrap: int) -> npt.NDArray[np.int64]:
    """Counts in [begin, end) at which the counter starts again."""
    first = max(int(np.ceil(begin / wrap)), 1)
    return np.arange(first, int(np.ceil(end / wrap)), dtype=np.int64) * wrap


def _in_order(keys: list[npt.NDArray[np.int64]], words: list[npt.NDArray[np.int64]]) -> Words:
    order = np.argsort(np.concatenate(keys), kind="stable")
    return np.concatenate(words)[order].astype(np.uint32)

"""The time-tagged records of the PicoHarp 300: 32-bit words become tags.

Source: PicoQuant's PTU format description and demo programs. A word has the channel in its upper four
bits. In T2 the rest is the time; in T3 twelve bits are the delay after the last sync pulse and sixteen the
number of that pulse. Channel 15 is an overflow of that time or number, or markers 1 to 4, a bit for each.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..tags import Tags

Mode = Literal["T2", "T3"]

#: channels of the tags: inputs 0 (sync) and 1, and 101 to 104 for the markers
SYNC, PHOTONS, MARKER = 0, 1, 100

_SPECIAL = 0xF
_WRAP = {"T2": 210_698_240, "T3": 65_536}
_INPUTS = {"T2": (0, 4), "T3": (1, 4)}


class Decoder:
    """Turns words, block after block, into tags; an overflow in one block counts in all later ones.

    :param unit: ps of one count: the time's (T2), the sync period (T3)
    :param resolution: ps of one count of the delay (T3)
    """

    def __init__(self, mode: Mode, unit: float, resolution: float = 0.0) -> None:
        self.mode, self.unit, self.resolution = mode, float(unit), float(resolution)
        self._wrap = _WRAP[mode]
        self._passed = 0  # counts in all overflows so far
        self._latest = 0  # count of the last tag

    def decode(self, words: npt.NDArray[np.uint32]) -> Tags:
        """Every event in *words*, overflows left out.

        A marker is known to some ten ns (T2) or to one sync period (T3) only: it gets no time before that of
        the event it follows.

        :raises ValueError: words that this device cannot have sent, or an overflow is missing
        """
        channel = (words >> 28).astype(np.uint8)
        low, high = _INPUTS[self.mode]
        found = np.bincount(channel, minlength=16)
        if found[:low].any() or found[high + 1 : _SPECIAL].any():
            raise ValueError(f"channels {np.flatnonzero(found).tolist()} are in the records")
        special = np.flatnonzero(channel == _SPECIAL)
        bits = words[special] & 0xF if self.mode == "T2" else (words[special] >> 16) & 0xF
        overflows, markers, bits = special[bits == 0], special[bits > 0], bits[bits > 0]

        wraps = np.arange(len(overflows) + 1) * self._wrap + self._passed
        self._passed = int(wraps[-1])
        counts = np.repeat(wraps, np.diff(overflows, prepend=0, append=len(words)))
        counts += words & (0x0FFF_FFFF if self.mode == "T2" else 0xFFFF)
        delays = (words >> 16) & 0xFFF
        channels = channel.astype(np.int32)
        if len(special):
            several = np.ones(len(words), dtype=np.intp)
            several[overflows] = 0
            several[markers] = np.bitwise_count(bits)
            delays[markers] = 0
            rows = np.repeat(np.arange(len(words)), several)
            counts, delays, channels = counts[rows], delays[rows], channels[rows]
            channels[channels == _SPECIAL] = MARKER + 1 + np.nonzero((bits[:, None] >> np.arange(4)) & 1)[1]
        self._check_order(counts)
        times = self._ps(counts, delays)
        if len(markers):
            np.maximum.accumulate(times, out=times)
        return Tags(times, channels)

    def _check_order(self, counts: npt.NDArray[np.int64]) -> None:
        back = np.diff(counts, prepend=self._latest)
        if len(back) and back.min() < -self._wrap // 2:
            raise ValueError("the records go back in time: an overflow is missing")
        if len(counts):
            self._latest = int(counts[-1])

    def _ps(self, counts: npt.NDArray[np.int64], delays: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        if self.mode == "T2":
            return counts * round(self.unit)
        times = counts * self.unit
        times += delays * self.resolution
        times += 0.5  # for the cut to be a rounding
        return times.astype(np.int64)

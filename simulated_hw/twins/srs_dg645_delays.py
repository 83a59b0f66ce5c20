"""Delays of the DG645 twin: each channel counts from another one, in the end from T0."""

from __future__ import annotations

from .srs_dg645_settings import ILLEGAL_DELAY, ILLEGAL_LINK, ILLEGAL_VALUE, DG645Error, integer

_T0, _T1, A, B = 0, 1, 2, 3
_ALL = range(10)  # T0, T1, A to H
_LATEST = 2000.0  # s
_STEP = 5e-12  # s
_PULSES = 1e-5  # s, of the four outputs after ``*RST``; assumed


class Delays(dict[int, tuple[int, float]]):
    """Reference and delay in s of each channel; after ``*RST``, or a copy of *others*."""

    def __init__(self, others: Delays | None = None) -> None:
        pairs = {channel: (channel - 1, _PULSES) if channel % 2 else (_T0, 0.0) for channel in _ALL}
        super().__init__(others or pairs | {_T1: (_T0, 0.0)})

    def time(self, channel: int) -> float:
        """From T0 to the edge of *channel*, s. :raises DG645Error: channels refer to each other"""
        total = 0.0
        for _ in _ALL:
            if channel in (_T0, _T1):
                return total
            channel, delay = self[channel]
            total += delay
        raise DG645Error(ILLEGAL_LINK)

    def last(self) -> float:
        """From T0 to the last edge, s."""
        return max(self.time(channel) for channel in _ALL)

    def link(self, channel: int, reference: int, delay: float) -> None:
        """:raises DG645Error: an edge would come before T0 or too late, or never; nothing changes then"""
        if channel in (_T0, _T1):
            raise DG645Error(ILLEGAL_LINK)
        if not abs(delay) <= _LATEST:
            raise DG645Error(ILLEGAL_DELAY)
        before = self[channel]
        self[channel] = (reference, round(delay / _STEP) * _STEP)
        try:
            if not all(-_STEP / 2 <= self.time(c) <= _LATEST for c in _ALL):
                raise DG645Error(ILLEGAL_DELAY)
        except DG645Error:
            self[channel] = before
            raise


def channel_number(text: str) -> int:
    """:raises DG645Error: there is no such channel"""
    if (number := integer(text)) not in _ALL:
        raise DG645Error(ILLEGAL_VALUE)
    return number

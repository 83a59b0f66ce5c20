"""Time tags: decay histograms of a stream of any length, and PicoQuant PTU files as such a stream.

A block of tags is two arrays of the same length in order of time: times in ps (int64) and channels
(int32), as a time tagger's stream gives them. ``0`` is the sync input, ``1`` and up the photon inputs,
``101`` to ``104`` the marker inputs 1 to 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Channels = npt.NDArray[np.int32]
Block = tuple[Times, Channels]

SYNC = 0
MARKER = 100
_BEFORE_ANY = np.iinfo(np.int64).min // 2
_SYNCS = 1 << 20  # most sync tags in one block


class DecayHistogram:
    """Photons by their delay after the last trigger, collected block by block; every photon counts.

    :param bin_width: s, rounded to whole ps
    :param bins: number of bins; photons with longer delays are counted in :attr:`outside`
    :param trigger_channel, photon_channel: the two that matter; tags on other channels are skipped
    """

    def __init__(self, bin_width: float, bins: int, trigger_channel: int, photon_channel: int) -> None:
        self._width = round(bin_width * 1e12)
        if self._width < 1 or bins < 1:
            raise ValueError(f"bin_width = {bin_width} s, bins = {bins}: must be at least 1 ps and 1 bin")
        self.trigger_channel, self.photon_channel = trigger_channel, photon_channel
        #: photons per bin, (bins,)
        self.counts = np.zeros(bins, dtype=np.int64)
        #: triggers so far, the last one included whose photons may still come
        self.triggers = 0
        #: photons before the first trigger or after the last bin
        self.outside = 0
        self._last = _BEFORE_ANY

    def add(self, times: Times, channels: Channels) -> None:
        """Sort in one block; the next one goes on where it ended."""
        if not len(times):
            return
        is_trigger = channels == self.trigger_channel
        triggers = np.flatnonzero(is_trigger)
        photons = np.flatnonzero(channels == self.photon_channel)
        begins = np.concatenate([[self._last], times[triggers]])
        # how many triggers came before each photon, in the order of the tags
        latest = np.cumsum(is_trigger, dtype=np.int32)[photons]
        bins = (times[photons] - begins[latest]) // self._width
        inside = bins[(bins >= 0) & (bins < len(self.counts))]
        self.counts += np.bincount(inside, minlength=len(self.counts))
        self.outside += len(photons) - len(inside)
        self.triggers += len(triggers)
        self._last = int(begins[-1])

    def times(self) -> npt.NDArray[np.float64]:
        """Start of each bin after the trigger, s, (bins,)."""
        return np.arange(len(self.counts), dtype=np.float64) * self._width * 1e-12


class PtuHeader(NamedTuple):
    """What a PTU file says of itself."""

    #: ``PicoHarpT3``, ``HydraHarp2T2`` …
    record_type: str
    #: "T2": every event has its time; "T3": a photon has its delay after the last sync pulse
    mode: str
    records: int
    #: s: of the times (T2), of the delays (T3)
    resolution: float
    #: s from one sync pulse to the next; nan in T2
    sync_period: float
    #: all tags of the header by name
    tags: dict[str, Any]


def read_ptu(
    path: str | Path, *, syncs: bool = True, block: int = 1 << 20
) -> tuple[PtuHeader, Iterator[Block]]:
    """Header and tags of a PTU file, read block by block: memory does not grow with the file.

    T3 files hold no sync pulses: they are put in where they must have been, up to the last tag.

    :param syncs: False leaves them out, where the trigger is a marker and the sync a fast clock
    :param block: records read at once
    :raises ImportError: the package ptufile is not installed
    :raises ValueError: no PTU file, or its records end before the header says
    """
    ptufile = _ptufile()
    with ptufile.PtuFile(path) as file:
        tags, offset = dict(file.tags), file.record_offset
        t3 = file.is_t3
        header = PtuHeader(
            record_type=file.record_type.name,
            mode="T3" if t3 else "T2",
            records=file.number_records,
            resolution=file.tcspc_resolution if t3 else file.global_resolution,
            sync_period=file.global_resolution if t3 else float("nan"),
            tags=tags,
        )
    there = (Path(path).stat().st_size - offset) // 4
    if there < header.records:
        raise ValueError(f"{path}: {there} records are there, {header.records} should be; it is cut short")
    return header, _blocks(path, offset, header, syncs, block)


def _blocks(path: str | Path, offset: int, header: PtuHeader, syncs: bool, block: int) -> Iterator[Block]:
    overflow, first_sync = 0, 0
    with _ptufile().PtuFile(path) as file, open(path, "rb") as stream:
        stream.seek(offset)
        for begin in range(0, header.records, block):
            count = min(block, header.records - begin)
            # the time of one zero word more is that of all overflows before it
            words = np.zeros(count + 1, dtype=np.uint32)
            words[:-1] = np.fromfile(stream, dtype="<u4", count=count)
            decoded = file.decode_records(words)
            carried, overflow = overflow, overflow + int(decoded["time"][-1])
            decoded, words = decoded[:-1], words[:-1]
            rows, channels = _channels(decoded, words, header)
            pulses = decoded["time"][rows].astype(np.int64) + carried
            if header.mode == "T2":
                yield _ps(pulses, header.resolution), channels
                continue
            delays = np.where(channels < MARKER, decoded["dtime"][rows], 0)
            times = _ps(pulses, header.sync_period) + _ps(delays, header.resolution)
            if not syncs:
                yield times, channels
                continue
            yield from _with_syncs(times, channels, pulses, first_sync, header.sync_period)
            first_sync = max(first_sync, int(pulses[-1]) + 1) if len(pulses) else first_sync


def _channels(decoded: Any, words: npt.NDArray[np.uint32], header: PtuHeader) -> tuple[Any, Channels]:
    """Which record each tag is from (overflows are none, a marker may be several) and its channel."""
    channel = decoded["channel"].astype(np.int32)
    if header.record_type != "PicoHarpT2":  # that one has two inputs of the same kind, 0 and 1
        channel[channel >= 0] += 1
        if header.mode == "T2":
            channel[words >> 25 == 0x40] = SYNC
    marker = decoded["marker"]
    if not marker.any():
        rows = np.flatnonzero(channel >= 0)
        return rows, channel[rows]
    several = np.where(channel >= 0, 1, np.bitwise_count(marker & 0xF))
    rows = np.repeat(np.arange(len(channel)), several)
    channels = channel[rows]
    channels[channels < 0] = MARKER + 1 + np.nonzero((marker[:, None] >> np.arange(4)) & 1)[1]
    return rows, channels


def _with_syncs(
    times: Times, channels: Channels, pulses: Times, first: int, period: float
) -> Iterator[Block]:
    """The tags with one more per sync pulse from number *first* to that of the last tag."""
    done = 0
    while done < len(times):
        last = min(int(pulses[-1]), first + _SYNCS - 1)
        end = int(np.searchsorted(pulses, last, side="right"))
        extra = max(last - first + 1, 0)
        # a tag comes after all sync pulses up to its own number
        place = np.arange(end - done) + np.clip(pulses[done:end] - first + 1, 0, extra)
        is_sync = np.ones(end - done + extra, dtype=bool)
        is_sync[place] = False
        all_times, all_channels = np.empty(len(is_sync), np.int64), np.full(len(is_sync), SYNC, np.int32)
        all_times[place], all_channels[place] = times[done:end], channels[done:end]
        all_times[is_sync] = _ps(np.arange(first, first + extra), period)
        yield all_times, all_channels
        done, first = end, first + extra


def _ps(count: npt.NDArray[Any], unit: float) -> Times:
    """*count* times *unit* (s) in whole ps; exact where the unit is whole ps."""
    whole = round(unit * 1e12)
    if abs(unit * 1e12 - whole) < 1e-12 * whole:
        return count.astype(np.int64) * whole
    return np.rint(count * (unit * 1e12)).astype(np.int64)


def _ptufile() -> Any:
    try:
        import ptufile
    except ImportError as error:
        raise ImportError("PTU files need the package 'ptufile': pip install 'antistokes[ptu]'") from error
    return ptufile

"""Writing rows into run.h5. One thread owns a :class:`RunFileWriter`; only :class:`Column` is shared.

Chunks must take their places in the file in an order that follows from the points alone, however
they were split into commits: A0 B0 S0 T0, S1 T1, S2 T2, ... A1 B1 S512 T512, where A, B are scalar
channels and S, T spectra. A chunk gets its place when its first row is written (see
``runfile_layout.OPEN_OPTIONS``), so it suffices to write in that order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5s

from .channels import Channel, RunHeader
from .recovery import mend
from .runfile_layout import (
    LOG,
    MESSAGE_BYTES,
    OPEN_OPTIONS,
    SCALAR_CHUNK,
    SLAB,
    STREAM_CHUNK,
    STREAMS,
    channels_of,
    create,
    fill_of,
    finish,
    monitor_path,
    refuse_full,
    set_status,
    unfinish,
)

_RING_BYTES = 16 << 20  # most memory for rows that wait to be written


class Entry(NamedTuple):
    """A row of a stream: of the log, or of a monitor.

    :param after: number of points before it
    :param to: the stream's group
    :param row: a value for each of the stream's datasets
    """

    after: int
    to: str
    row: tuple[Any, ...]


def split_message(message: str) -> list[bytes]:
    """*message* as pieces of at most MESSAGE_BYTES bytes of UTF-8, no character torn."""
    rest, pieces = message.encode("utf-8", "replace"), []
    while len(rest) > MESSAGE_BYTES:
        end = MESSAGE_BYTES
        while rest[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        pieces.append(rest[:end])
        rest = rest[end:]
    return [*pieces, rest]


class Column:
    """One per-point dataset and the ring of rows on their way to it.

    ``slot[i] = value`` sets row i of the ring; a memoryview takes half the time of an array and
    refuses a float for an integer channel.
    """

    def __init__(self, channel: Channel, dataset: h5py.Dataset, rows: int) -> None:
        self.name, self.fill = channel.name, fill_of(channel)
        self._id, self._shape = dataset.id, dataset.shape[1:]
        self._origin = (0,) * len(self._shape)
        self._rows: npt.NDArray[Any] = np.full((rows, *self._shape), self.fill, channel.dtype)
        self.slot: Any = self._rows if self._shape else self._rows.data

    def extend(self, stop: int) -> None:
        self._id.set_extent((stop, *self._shape))

    def attach(self, dataset: h5py.Dataset) -> None:
        """The dataset of the file when it has been opened anew."""
        self._id = dataset.id

    def write(self, start: int, stop: int) -> None:
        """Rows [start, stop) of the run; they must not go round the end of the ring."""
        shape = (stop - start, *self._shape)
        space = self._id.get_space()
        space.select_hyperslab((start, *self._origin), shape)
        first = start % len(self._rows)
        self._id.write(h5s.create_simple(shape), space, self._rows[first : first + shape[0]])


class Stream:
    """Datasets that grow together, one row at a time, beside the points."""

    def __init__(self, group: h5py.Group, names: Sequence[str]) -> None:
        self._datasets = [group[name] for name in names]
        self._rows: list[tuple[Any, ...]] = []
        self._written = len(self._datasets[0])
        #: rows at the last commit
        self.committed = self._written

    @property
    def takes_a_chunk(self) -> bool:
        """The next row needs a new place in the file."""
        return (self._written + len(self._rows)) % STREAM_CHUNK == 0

    def append(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)

    def write(self) -> None:
        """What was appended."""
        if not self._rows:
            return
        stop = self._written + len(self._rows)
        for dataset, values in zip(self._datasets, zip(*self._rows, strict=True), strict=True):
            dataset.resize(stop, axis=0)
            dataset[self._written : stop] = np.array(values, dataset.dtype)
        self._written = stop
        self._rows.clear()

    def commit(self) -> None:
        """What was written is on disk."""
        self.committed = self._written


class RunFileWriter:
    """The open file, its columns and streams, and how far each has been written.

    :param kept: points that *path* holds already, which are not written again; None: it is a new file
    """

    def __init__(self, path: Path, header: RunHeader, kept: int | None = None) -> None:
        self._path = path
        self._file = create(path, header) if kept is None else h5py.File(path, "r+", **OPEN_OPTIONS)
        self._entry = self._file["entry"]
        channels = channels_of(header)
        self.rows = _ring_rows(header)
        self.columns = [Column(c, self._entry["data"][c.name], self.rows) for c in channels]
        self._scalars = [col for c, col in zip(channels, self.columns, strict=True) if not c.dims]
        self._wide = [col for c, col in zip(channels, self.columns, strict=True) if c.dims]
        self._groups = [LOG, *(monitor_path(channel.name) for channel in header.monitors)]
        self.points = kept or 0
        #: rows of all streams
        self.entries = 0
        self._begin()

    def _begin(self) -> None:
        self._streams = {
            path: Stream(self._entry[path], STREAMS[path.partition("/")[0]]) for path in self._groups
        }
        self._n_committed, self._heartbeat = self._entry["run/n_committed"], self._entry["run/heartbeat"]
        self._file.swmr_mode = True

    def open_again(self) -> None:
        """After an error, and :meth:`abandon`: the file as it was at the last commit that is on disk.

        :raises OSError: it cannot grow; it was not touched: what is half written does harm
        """
        refuse_full(self._path, _RING_BYTES)
        mend(self._path)
        self._file = h5py.File(self._path, "r+", **OPEN_OPTIONS)
        self._entry = self._file["entry"]
        unfinish(self._file)
        self.points = int(self._entry["run/n_committed"][()])
        for path, stream in self._streams.items():
            datasets = [self._entry[path][name] for name in STREAMS[path.partition("/")[0]]]
            rows = min(stream.committed, *map(len, datasets))
            for dataset in datasets:
                dataset.resize(rows, axis=0)
        for column in self.columns:
            column.attach(self._entry["data"][column.name])
        self._begin()

    def write(self, points: int, entries: Sequence[Entry]) -> None:
        """Write up to *points*, and *entries*, of which none is later than *points*."""
        for after, to, row in entries:
            stream = self._streams[to]
            if stream.takes_a_chunk:  # after all that was before it
                self._write_streams()
                self._write_points(after)
            stream.append(row)
        self._write_streams()
        self.entries += len(entries)
        self._write_points(points)

    def commit(self, heartbeat: float) -> None:
        """Make what was written readable: first the rows, then their number."""
        self._file.flush()
        self._n_committed[()] = self.points
        self._heartbeat[()] = heartbeat
        self._file.flush()
        for stream in self._streams.values():
            stream.commit()

    def finish(self, status: str, reason: str, end: datetime, snapshot: Mapping[str, Any]) -> None:
        """Commit with the final status, then leave SWMR and add what is known only now."""
        set_status(self._file, status)
        self.commit(end.timestamp())
        self._file.close()
        with h5py.File(self._path, "r+", **OPEN_OPTIONS) as file:
            finish(file, reason, end, snapshot)

    def abandon(self) -> None:
        """Let go of the file after an error; what was committed stays."""
        # Closing writes, so it fails for the reason that is already being reported.
        with contextlib.suppress(OSError, RuntimeError):
            self._file.close()

    def _write_points(self, stop: int) -> None:
        step = min(SCALAR_CHUNK, self.rows)
        while self.points < stop:
            start = self.points
            end = min(stop, start - start % step + step)
            for column in self.columns:
                column.extend(end)
            for column in self._scalars:
                column.write(start, end)
            for slab in range(start - start % SLAB, end, SLAB):
                for column in self._wide:
                    column.write(max(slab, start), min(slab + SLAB, end))
            self.points = end

    def _write_streams(self) -> None:
        for stream in self._streams.values():
            stream.write()


def _ring_rows(header: RunHeader) -> int:
    """As many rows as fit into _RING_BYTES: a power of two, from SLAB to two chunks of scalars."""
    sizes = {dimension.name: len(dimension.values) for dimension in header.dimensions}
    row = sum(
        np.dtype(channel.dtype).itemsize * int(np.prod([sizes[name] for name in channel.dims]))
        for channel in channels_of(header)
    )
    rows = max(SLAB, min(2 * SCALAR_CHUNK, _RING_BYTES // row))
    return int(1 << (rows.bit_length() - 1))

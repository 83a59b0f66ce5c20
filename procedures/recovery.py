"""Repair a run file whose writer was killed, so that every program can open it again.

``kill -9`` leaves a file that says it is still being written: HDF5's consistency flags are set and
the end of file it states may lie behind the data. Both are in the superblock (HDF5 File Format
Specification 3.0, section II.A), guarded by Bob Jenkins' lookup3 checksum (public domain).
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py

from antistokes.analysis.hdf5_texts import texts_are_in_order
from antistokes.instruments.errors import RunFileError

from .runfile_layout import (
    FORMAT_NAME,
    FORMAT_VERSION,
    LOG,
    MONITORS,
    OPEN_OPTIONS,
    cause_of,
    finish,
    refuse_full,
    set_status,
)
from .runfile_lock import RunFileLock

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK = 48  # bytes, version 3 with offsets of 8 bytes
_FLAGS, _BASE, _END_OF_FILE, _CHECKSUM = 11, 12, 28, 44
_MASK = 0xFFFFFFFF
#: reason of a run that nobody ended
KILLED = "killed: the writer ended without closing the file"


def recover(path: str | Path) -> int:
    """Repair the run file in place and mark the run as failed; the number of points that it holds.

    A file that is in order is left as it is.

    :raises RunFileError: a writer still lives, or this is no run file
    """
    path = Path(path)
    if not path.is_file():
        raise RunFileError(f"{path}: there is no such file")
    lock = RunFileLock(path)
    try:
        return mend(path)
    finally:
        lock.release()


def mend(path: Path) -> int:
    """:func:`recover` for who holds the lock already."""
    block = b""
    try:
        block = _read_superblock(path)
        mended = _mended(block, path.stat().st_size)
        # a full disk leaves a file that was closed but says that it is longer than it is
        if block[_FLAGS] or _end(block) > _end(mended):
            _write_superblock(path, mended)
        with h5py.File(path, "r") as file:
            ours = file.attrs.get("format_name") == FORMAT_NAME
            points = int(file["entry/run/n_committed"][()]) if ours else 0
            whole = ours and not block[_FLAGS] and file["entry/run/status"].asstr()[()] != "running"
            newer = ours and int(file.attrs["format_version"]) > FORMAT_VERSION
        if not ours:
            raise KeyError("it is not a run file")
        if newer:
            raise KeyError("it was written by a newer antistokes")
        if not whole:
            refuse_full(path)
            _complete(path, points)
        return points
    except (OSError, KeyError, RuntimeError) as error:
        _write_superblock(path, block)
        cause = error.args[0] if isinstance(error, KeyError) else cause_of(error)
        raise RunFileError(f"{path}: cannot be repaired: {cause}") from error


@contextmanager
def as_recovered(path: Path) -> Iterator[h5py.File]:
    """Open *path* for reading as it would be once recovered, also while it is written; it is not changed.

    Not by HDF5's own way for files that are written (SWMR): where such a file is damaged, that reads it again
    and again for hours.

    :raises RunFileError: this is no run file
    """
    block = _mended(_read_superblock(path), path.stat().st_size)
    with _Mended(path, block) as mended, h5py.File(mended, "r") as file:
        yield file


class _Mended(io.FileIO):
    """A file that begins with another superblock."""

    def __init__(self, path: Path, block: bytes) -> None:
        super().__init__(path, "rb")
        self._block = block

    def readinto(self, buffer: Any) -> int:
        start = self.tell()
        count = super().readinto(buffer)
        new = self._block[start : start + count]
        memoryview(buffer).cast("B")[: len(new)] = new
        return count


def _read_superblock(path: Path) -> bytes:
    with path.open("rb") as file:
        block = file.read(_SUPERBLOCK)
    if len(block) < _SUPERBLOCK or not block.startswith(_SIGNATURE) or block[8:11] != b"\x03\x08\x08":
        raise RunFileError(f"{path}: is not a run file")
    if struct.unpack_from("<I", block, _CHECKSUM)[0] != lookup3(block[:_CHECKSUM]):
        raise RunFileError(f"{path}: cannot be repaired: its first {_SUPERBLOCK} bytes are damaged")
    if not texts_are_in_order(path):
        raise RunFileError(f"{path}: cannot be repaired: a text in it has no length")
    return block


def _mended(block: bytes, size: int) -> bytes:
    """The superblock of a closed file of *size* bytes."""
    new = bytearray(block)
    new[_FLAGS] = 0
    struct.pack_into("<Q", new, _END_OF_FILE, size - struct.unpack_from("<Q", block, _BASE)[0])
    struct.pack_into("<I", new, _CHECKSUM, lookup3(bytes(new[:_CHECKSUM])))
    return bytes(new)


def _end(block: bytes) -> int:
    """End of the file as the superblock states it."""
    end: int = struct.unpack_from("<Q", block, _END_OF_FILE)[0]
    return end


def _write_superblock(path: Path, block: bytes) -> None:
    with path.open("r+b") as file:
        file.write(block)
        file.flush()
        os.fsync(file.fileno())


def _complete(path: Path, points: int) -> None:
    """Cut everything to *points* and add what the writer had no time for."""
    with h5py.File(path, "r+", **OPEN_OPTIONS) as file:
        entry = file["entry"]
        for dataset in entry["data"].values():
            if dataset.maxshape[0] is None:
                dataset.resize(points, axis=0)
        for group in (entry[LOG], *entry.get(MONITORS, {}).values()):
            growing = [dataset for dataset in group.values() if dataset.shape]
            rows = min(map(len, growing))
            for dataset in growing:
                dataset.resize(rows, axis=0)
        if file["entry/run/status"].asstr()[()] == "running":
            set_status(file, "failed")
        finish(file, KILLED, datetime.fromtimestamp(float(entry["run/heartbeat"][()]), UTC))


def _turn(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _MASK


def lookup3(data: bytes) -> int:
    """Jenkins' ``hashlittle`` with seed 0: the checksum of all HDF5 metadata."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    *body, last = struct.iter_unpack("<III", data + bytes(-len(data) % 12))
    for x, y, z in body:
        a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
        for bits in (4, 6, 8, 16, 19, 4):
            a = ((a - c) & _MASK) ^ _turn(c, bits)
            c = (c + b) & _MASK
            a, b, c = b, c, a
    a, b, c = (a + last[0]) & _MASK, (b + last[1]) & _MASK, (c + last[2]) & _MASK
    for bits in (14, 11, 25, 16, 4, 14, 24):  # each step works on the next of c, a, b
        c = ((c ^ b) - _turn(b, bits)) & _MASK
        a, b, c = b, c, a
    return b

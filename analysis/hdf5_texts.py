"""Is the place where HDF5 keeps texts in order? Where a text there has no length, HDF5 looks for ever.

A global heap collection (HDF5 File Format Specification 3.0, section III.E) is a signature, its size, and
objects behind each other, each with its size; object 0 is what is free.
"""

from __future__ import annotations

import struct
from pathlib import Path

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_HEADER = 16
_OBJECT = struct.Struct("<HHIQ")  # number, references, nothing, size
#: bytes at each end of a file; texts are written before the first point and after the last
_ENDS = 1 << 22


def texts_are_in_order(path: Path) -> bool:
    """False where HDF5 would not come back from reading them."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        for begin in (0, max(0, size - _ENDS)):
            file.seek(begin)
            if not all(map(_is_whole, _collections(file.read(_ENDS)))):
                return False
    return True


def _collections(block: bytes) -> list[bytes]:
    """Each from its signature to its end, or to that of *block*."""
    found = []
    at = block.find(_SIGNATURE)
    while at >= 0:
        size = int.from_bytes(block[at + 8 : at + _HEADER], "little")
        found.append(block[at : at + size])
        at = block.find(_SIGNATURE, at + 8)
    return found


def _is_whole(collection: bytes) -> bool:
    at = _HEADER
    while at + _OBJECT.size <= len(collection):
        number, _, _, size = _OBJECT.unpack_from(collection, at)
        step = -(-size // 8) * 8 + _OBJECT.size if number else size
        if step < _OBJECT.size:
            return False
        at += step
    return True

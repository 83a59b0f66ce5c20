"""The lock beside a run file (``run.h5.lock``): held while somebody writes, gone with the process.

HDF5 gives its own lock up when SWMR writing begins, so that it cannot tell a living writer from a
dead one. The operating system frees this one with the process that held it, however it ended.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from antistokes.instruments.errors import RunFileError


class RunFileLock:
    """Hold ``<path>.lock``; :class:`RunFileError` when another writer holds it or it cannot be made."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise RunFileError(f"{path}: cannot be written: {error.strerror}") from error
        try:
            _lock(self._handle)
        except OSError:
            os.close(self._handle)
            raise RunFileError(f"{path}: is being written by another process") from None

    def release(self) -> None:
        """Give the lock up and remove its file."""
        os.close(self._handle)  # first: Windows does not remove an open file
        self._path.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

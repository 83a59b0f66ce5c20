"""What a window sees of the run that goes on: collected beside the recorder, looked at when there is time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from antistokes.procedures.channels import Record, RunHeader

Array = npt.NDArray[np.float64]
_PHOTONS = "photons"  # of a decay
SPECTRA = 300  # that are kept
_FIRST = 1024  # points there is room for at first


class Column:
    """Numbers that grow at their end; to add one costs the same however many there are."""

    def __init__(self) -> None:
        self._room = np.empty(_FIRST)
        self._count = 0

    def append(self, value: float) -> None:
        if self._count == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[self._count] = value
        self._count += 1

    @property
    def values(self) -> Array:
        """All so far, (n,); not to be written to."""
        return self._room[: self._count]


class LiveRun:
    """A sink (:class:`antistokes.procedures.channels.Sink`) of a runner in another thread.

    Scalar channels and the sums of spectra over the bands of the sample are kept for all points, spectra for
    the last few hundred, other arrays for the last one.

    :ivar header: None before the first run
    :ivar ended: status and reason; None while it goes on
    """

    def __init__(self) -> None:
        self.header: RunHeader | None = None
        self.ended: tuple[str, str] | None = None
        self._lock = threading.Lock()
        self._begin({}, None)

    def _begin(self, windows: Mapping[str, npt.NDArray[np.bool_]], header: RunHeader | None) -> None:
        self._windows = windows
        names = [c.name for c in header.channels if not c.dims] if header is not None else []
        names += [f"band {name}" for name in windows]
        if header is not None and any(channel.name == "decay" for channel in header.channels):
            names.append(_PHOTONS)
        self._columns = {name: Column() for name in names}
        self._last: Record = {}
        self._spectra: deque[Array] = deque(maxlen=SPECTRA)
        self._points = 0

    def open(self, header: RunHeader) -> None:
        windows: dict[str, npt.NDArray[np.bool_]] = {}
        for dimension in header.dimensions:
            if dimension.name == "wavelength":
                for name, (low, high) in header.sample.get("bands", {}).items():
                    windows[name] = (dimension.values >= low) & (dimension.values <= high)
        with self._lock:
            self._begin(windows, header)
            self.header, self.ended = header, None

    def append(self, record: Mapping[str, Any]) -> None:
        with self._lock:
            spectrum, decay = record.get("spectrum"), record.get("decay")
            sums: dict[str, float] = {}
            if spectrum is not None:
                self._spectra.append(spectrum)
                for name, inside in self._windows.items():
                    sums[f"band {name}"] = np.sum(spectrum, where=inside)
            if decay is not None:
                sums[_PHOTONS] = np.sum(decay)
            for name, column in self._columns.items():
                column.append(float(sums.get(name, record.get(name, np.nan))))
            self._last = dict(record)
            self._points += 1

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        with self._lock:
            self.ended = status, reason

    @property
    def points(self) -> int:
        return self._points

    @property
    def bands(self) -> list[str]:
        return list(self._windows)

    @property
    def axes(self) -> list[str]:
        """Columns that are set-points, the outermost first; not those that count, as a direction does."""
        channels = self.header.channels if self.header is not None else ()
        return [one.name for one in channels if one.coordinate and one.dtype == "f8"]

    @property
    def curves(self) -> dict[str, str]:
        """Columns that the run is about, and what they are called: bands, photons, or the signal."""
        if self._windows:
            return {f"band {name}": name for name in self._windows}
        signal = self.header.signal if self.header is not None else ""
        found = [name for name in (_PHOTONS, signal) if name in self._columns]
        return {name: name.replace("_", " ") for name in found}

    def column(self, name: str) -> Array:
        """A scalar channel, or ``band NAME``, at all points so far, (n,); empty where there is none."""
        with self._lock:
            found = self._columns.get(name)
            return np.empty(0) if found is None else found.values

    def last(self, name: str) -> Array | None:
        """An array of the last point."""
        with self._lock:
            value = self._last.get(name)
        return None if value is None else np.asarray(value, dtype=float)

    def spectra(self) -> list[Array]:
        """The last ones, the oldest first; at most :data:`SPECTRA`."""
        with self._lock:
            return list(self._spectra)

    def dimension(self, name: str) -> Array | None:
        """The values along an axis inside a point."""
        dimensions = self.header.dimensions if self.header is not None else ()
        return next((one.values for one in dimensions if one.name == name), None)

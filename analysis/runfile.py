"""Reading run.h5: finished, while it is being written, and after its writer was killed.

The file is never changed. What is not yet committed is not shown. :func:`load` gives the data as an
``xarray.Dataset``, :func:`load_monitors` what was recorded beside its points, :func:`describe` what is known
about the run. A finished file can also be opened with
``xarray.open_dataset(path, engine="h5netcdf", group="entry/data")``.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from .hdf5_texts import texts_are_in_order

_FORMAT_NAME = "upconversion-run"
_FORMAT_VERSION = 1
_SUPERBLOCK = 36  # bytes that are read of it
_HDF5_ATTRIBUTES = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "coordinates"}
_KILLED = ("failed", "killed: the writer ended without closing the file")
#: A closed file and one being written need different ways, and a file that is already open in this
#: process (by xarray, by the recorder) must be opened again in the same way.
_CLOSED: tuple[dict[str, Any], ...] = ({}, {"locking": False})
_WRITTEN: tuple[dict[str, Any], ...] = ({"swmr": True, "locking": False}, {"swmr": True})
#: what HDF5, h5py and whatever reads texts and arrays say of a file that holds something else than it should
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
_TRIES = 20
_PAUSE = 0.05  # s


class NotARunFile(ValueError):
    """The file is missing, or it is not a run file that can be read."""


def load(path: str | Path, arrays: bool = True) -> xr.Dataset:
    """All channels of a run, dimension ``point`` first, read into memory.

    :param arrays: False: of the channels only those with one number per point, which is quick

    Set-points and ``time`` (s since the start) are coordinates; the dimensions inside a point
    (``wavelength``) are indexes. Variables carry ``units`` and ``long_name``. A reading that failed
    is NaN; ``flags`` says why a point should be looked at (``flag_masks``, ``flag_meanings``).

    Attributes of the dataset: ``title``, ``procedure``, ``parameters``, ``status``, ``reason``,
    ``start``, ``end``, ``planned``, ``simulated``, ``seed``, ``sample`` (with ``bands`` in nm),
    ``beam`` (radii in µm), ``excitation_wavelength`` (nm or None), ``signal``, ``axis``.

    :raises NotARunFile: the file is missing or is no run file
    """
    with _opened(path) as file:
        data = file["entry/data"]
        points = int(file["entry/run/n_committed"][()])
        variables, coordinates = {}, set()
        for name, (item, dims) in _channels(data).items():
            if len(dims) > 1 and not arrays:
                continue
            values = item[:points] if dims[0] == "point" else item[()]
            variables[name] = xr.Variable(dims, values, _attributes(item))
            coordinates |= {name} if dims == (name,) else set(item.attrs.get("coordinates", "").split())
        dataset = xr.Dataset(variables).set_coords(coordinates)
        dataset.attrs = _facts(file, path) | {
            "signal": data.attrs["signal"],
            "axis": data.attrs["axes"][0],
        }
    return dataset


def load_monitors(path: str | Path) -> dict[str, xr.DataArray]:
    """What was recorded beside the points: each monitor by its name, along ``time`` (s since the start).

    ``units`` and ``long_name`` (what it is and how often it was read) are attributes. A reading that failed
    is NaN. Empty where the run had no monitors.

    :raises NotARunFile: the file is missing or is no run file
    """
    with _opened(path) as file:
        found = {}
        for name, group in _monitors(file).items():
            rows = min(len(group["time"]), len(group["value"]))
            time = xr.Variable("time", group["time"][:rows], {"units": "s", "long_name": "time"})
            values = group["value"]
            found[name] = xr.DataArray(values[:rows], {"time": time}, name=name, attrs=_attributes(values))
    return found


def describe(path: str | Path, log_lines: int = 20) -> dict[str, Any]:
    """What is in a run file, in plain Python types, without reading the data.

    The attributes of :func:`load`, and: ``points``; ``channels`` (name to ``units``, ``long_name``,
    ``dims``, ``shape`` of one point, ``dtype``, ``coordinate``); ``devices`` with their settings
    ``before`` and ``after`` the run; ``monitors`` (name to ``units``, ``long_name``, ``readings``, and
    ``lowest``, ``highest`` and ``last`` of them, NaN without any); ``station``; ``software`` (versions);
    ``interruptions``, after which the run was resumed (``points``, ``status``, ``reason``, ``end``,
    ``resumed``, ``changes`` that were accepted); ``log``, the last *log_lines* lines as
    (seconds since the start, level, message).

    :raises NotARunFile: the file is missing or is no run file
    """
    with _opened(path) as file:
        entry = file["entry"]
        data, instrument, process = entry["data"], entry["instrument"], entry["process"]
        per_point = {
            name: (item, dims)
            for name, (item, dims) in _channels(data).items()
            if dims[0] == "point" and name != "point"
        }
        coordinates = {
            name for item, _ in per_point.values() for name in item.attrs.get("coordinates", "").split()
        }
        return _facts(file, path) | {
            "file": str(path),
            "points": int(entry["run/n_committed"][()]),
            "channels": {
                name: {
                    "units": str(item.attrs["units"]),
                    "long_name": str(item.attrs.get("long_name", "")),
                    "dims": dims[1:],
                    "shape": item.shape[1:],
                    "dtype": str(item.dtype),
                    "coordinate": name in coordinates,
                }
                for name, (item, dims) in per_point.items()
            },
            "devices": {
                "before": json.loads(_text(instrument, "devices_before")),
                "after": json.loads(_text(instrument, "devices_after", "{}")),
            },
            "monitors": {name: _of_monitor(group) for name, group in _monitors(file).items()},
            "station": _text(process, "station_name"),
            "software": json.loads(_text(process, "software_json")),
            "interruptions": json.loads(_text(entry, "run/interruptions", "[]")),
            "log": _log(entry["log"])[-log_lines:],
        }


@contextmanager
def _opened(path: str | Path) -> Iterator[h5py.File]:
    path = Path(path)
    if not path.is_file():
        raise NotARunFile(f"{path}: there is no such file")
    if not h5py.is_hdf5(path):
        raise NotARunFile(f"{path}: is not a run file (not HDF5)")
    _refuse_truncated(path)
    if not texts_are_in_order(path):
        raise NotARunFile(f"{path}: is damaged: a text in it has no length")
    try:
        with _open(path) as file:
            _check_format(path, file)
            yield file
    except NotARunFile:
        raise
    except _DAMAGE as error:
        raise NotARunFile(f"{path}: is damaged: {' '.join(str(error).split())}") from error


def _check_format(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format_name") != _FORMAT_NAME:
        raise NotARunFile(f"{path}: is not a run file (an HDF5 file of another kind)")
    if (version := int(file.attrs["format_version"])) > _FORMAT_VERSION:
        raise NotARunFile(
            f"{path}: has format version {version}; this antistokes reads up to {_FORMAT_VERSION}"
        )


def _refuse_truncated(path: Path) -> None:
    """HDF5 would look for the missing end for minutes; where it should be stands in the superblock.

    Not so in a file whose writer is at work or was killed: its flags (byte 11) are set, and it opens.
    """
    with path.open("rb") as file:
        block = file.read(_SUPERBLOCK)
    end, size = int.from_bytes(block[28:36], "little"), path.stat().st_size
    if len(block) < _SUPERBLOCK:
        raise NotARunFile(f"{path}: is truncated: {size} bytes")
    if block[8] == 3 and block[11] == 0 and size < end:
        raise NotARunFile(f"{path}: is truncated: {size} of {end} bytes; 'antistokes recover' may save it")


def _open(path: Path) -> h5py.File:
    """Open for reading; a writer that is just finishing lets nobody in for some milliseconds."""
    for _ in range(_TRIES):
        for way in (*_CLOSED, *_WRITTEN):
            try:
                return h5py.File(path, "r", **way)
            except (OSError, RuntimeError) as error:
                problem = error
            if way is _CLOSED[-1] and "already open" not in str(problem):
                break  # it is closed, and damaged: HDF5 would read it again and again for hours
        threading.Event().wait(_PAUSE)
    raise NotARunFile(f"{path}: cannot be opened ({problem}); if its writer was killed, recover it")


def _facts(file: h5py.File, path: str | Path) -> dict[str, Any]:
    entry = file["entry"]
    process, beam = entry["process"], entry["instrument/beam_excitation"]
    status, reason = _text(entry, "run/status"), _text(entry, "run/reason", "")
    if status == "running" and not _is_being_written(Path(path)):
        status, reason = _KILLED
    return {
        "title": _text(entry, "title"),
        "procedure": _text(process, "procedure"),
        "parameters": json.loads(_text(process, "parameters_json")),
        "status": status,
        "reason": reason,
        "start": _text(entry, "start_time"),
        "end": _text(entry, "end_time", ""),
        "planned": int(process["planned"][()]),
        "simulated": bool(entry.attrs["simulated"]),
        "seed": int(process["seed"][()]) if "seed" in process else None,
        "sample": json.loads(_text(entry, "sample/record")),
        "beam": json.loads(_text(beam, "record")),
        "excitation_wavelength": (
            float(beam["incident_wavelength"][()]) if "incident_wavelength" in beam else None
        ),
    }


def _monitors(file: h5py.File) -> dict[str, h5py.Group]:
    return dict(file["entry"].get("monitors", {}))


def _of_monitor(group: h5py.Group) -> dict[str, Any]:
    values = group["value"][: len(group["time"])]
    known = values[np.isfinite(values)]
    return {
        "units": str(group["value"].attrs["units"]),
        "long_name": str(group["value"].attrs.get("long_name", "")),
        "readings": len(values),
        "lowest": float(known.min()) if len(known) else math.nan,
        "highest": float(known.max()) if len(known) else math.nan,
        "last": float(known[-1]) if len(known) else math.nan,
    }


def _attributes(item: h5py.Dataset) -> dict[str, Any]:
    return {key: value for key, value in item.attrs.items() if key not in _HDF5_ATTRIBUTES}


def _channels(data: h5py.Group) -> dict[str, tuple[h5py.Dataset, tuple[str, ...]]]:
    """Each dataset and the names of its dimensions.

    By reference, as HDF5's own function crashes where one leads nowhere; by address, as asking an object for
    its name takes HDF5 longer than all else.
    """
    items = dict(data.items())
    scales = {h5py.h5o.get_info(item.id).addr: name for name, item in items.items() if item.is_scale}

    def dims(name: str, item: h5py.Dataset) -> tuple[str, ...]:
        if item.is_scale:
            return (name,)
        found = (h5py.h5r.dereference(one[0], data.file.id) for one in item.attrs["DIMENSION_LIST"])
        return tuple(scales[h5py.h5o.get_info(each).addr] for each in found)

    return {name: (item, dims(name, item)) for name, item in items.items()}


def _text(group: h5py.Group, name: str, default: str | None = None) -> str:
    if default is not None and name not in group:
        return default
    return str(group[name].asstr()[()])


def _log(log: h5py.Group) -> list[tuple[float, int, str]]:
    """The lines of the log; those of level 0 continue the line before."""
    n = min(len(item) for item in log.values())
    lines: list[tuple[float, int, bytes]] = []
    for moment, level, message in zip(log["time"][:n], log["level"][:n], log["message"][:n], strict=True):
        if level == 0 and lines:
            lines[-1] = (*lines[-1][:2], lines[-1][2] + bytes(message))
        else:
            lines.append((float(moment), int(level), bytes(message)))
    return [(moment, level, message.decode()) for moment, level, message in lines]


def _is_being_written(path: Path) -> bool:
    """Whether a living process holds the lock beside the file."""
    try:
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)

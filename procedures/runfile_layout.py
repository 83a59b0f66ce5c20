"""What is where in run.h5: NeXus (NXoptical_spectroscopy), readable by xarray, fit for SWMR writing.

    /entry             title, start and end, definition; attribute ``simulated``
        data           NXdata, the default plot: one dataset per channel along ``point`` (unlimited)
        instrument     beam_excitation, detector_signal, software, the devices before and after
        sample         what was known of the sample
        process        procedure, parameters, station file, sample file, seed, versions
        run            status, n_committed, heartbeat: the three things written in place during the run
        log            time, level, message
        monitors/NAME  NXlog: time, value; what was recorded beside the points, where there was anything

NeXus fields are for people and NeXus programs; the JSON beside them (``record``, ``*_json``,
``devices_*``) holds the same without loss for programs. Nothing carries a time stamp that does not
come from the experiment's clock, so that two runs in virtual time are the same to the byte.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from antistokes.instruments.errors import RunFileError

from .channels import Channel, Flag, RunHeader
from .runfile_facts import as_json, fill_instrument, fill_process, fill_sample, new_group

FORMAT_NAME = "upconversion-run"
FORMAT_VERSION = 1
#: rows in a chunk of a scalar channel
SCALAR_CHUNK = 4096
#: rows in a chunk of a channel with dimensions: 128 KiB at 2048 pixels of 8 bytes
SLAB = 8
#: what grows beside the points is in groups of datasets; rows in a chunk of them
STREAM_CHUNK = 256
LOG, MONITORS = "log", "monitors"
STREAMS = {LOG: ("time", "level", "message"), MONITORS: ("time", "value")}
MESSAGE_BYTES = 256

#: Superblock 3 is what SWMR needs; nothing newer, so that older readers can open the file. The own lock
#: replaces HDF5's, which a reader left open would turn against the writer.
#: No chunk cache, so that a chunk gets its place in the file when it is first written and not at the
#: next flush; no metadata blocks, as a flush gives back what is left of one. Otherwise the layout would
#: depend on the moments of the commits.
OPEN_OPTIONS: dict[str, Any] = {
    "libver": ("v110", "v110"),
    "locking": False,
    "rdcc_nbytes": 0,
    "meta_block_size": 0,
}
#: Smaller chunks share a block like the metadata (HDF5's "small data block"), and there is no way to
#: turn that off.
_SMALLEST_CHUNK = 2048  # bytes

POINT = Channel("point", long_name="point number", dtype="i8")
TIME = Channel("time", "s", "time since the start of the run")
FLAGS = Channel("flags", long_name="quality flags", dtype="u4")

_DEFINITION = "NXoptical_spectroscopy"


def channels_of(header: RunHeader) -> tuple[Channel, ...]:
    """All per-point datasets in the order of the file: point and time, the declared channels, flags."""
    return (POINT, TIME, *header.channels, FLAGS)


def fill_of(channel: Channel) -> float | int:
    """What a channel holds where nothing was recorded: NaN, or 0 for integers."""
    return np.nan if np.dtype(channel.dtype).kind == "f" else 0


def monitor_path(name: str) -> str:
    """Where the monitor called *name* is, in the entry."""
    return f"{MONITORS}/{name}"


def create(path: Path, header: RunHeader) -> h5py.File:
    """A new file with everything known before the first point, open for writing (SWMR not yet on).

    It appears with all of that, or not at all.

    :raises RunFileError: the file exists, cannot be created, or the header contradicts itself
    """
    _check(path, header)
    if path.exists():
        raise _exists(path)
    growing = path.with_name(f".{path.name}.new")
    # in memory: HDF5 does not survive a disk that is full when a file begins
    with h5py.File(growing, "w", driver="core", backing_store=False, **OPEN_OPTIONS) as file:
        _fill(file, header)
        file.flush()
        image = file.id.get_file_image()
    try:
        growing.write_bytes(image)
        _name(growing, path)
        return h5py.File(path, "r+", **OPEN_OPTIONS)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise RunFileError(f"{path}: cannot be created: {cause_of(error)}") from error
    finally:
        growing.unlink(missing_ok=True)


def _exists(path: Path) -> RunFileError:
    return RunFileError(f"{path}: exists already and is never overwritten; choose another name")


def _name(file: Path, path: Path) -> None:
    """Call *file* *path*. :raises FileExistsError: another is called so"""
    try:
        path.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:  # this file system has no second names
        if path.exists():
            raise FileExistsError from None
        file.rename(path)


def refuse_full(path: Path, room: int = 1 << 20) -> None:
    """:raises OSError: the disk has not *room*, in bytes, for the file at *path*, which is as it was"""
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        try:
            file.seek(size)
            written = 0
            while written < room:
                written += file.write(bytes(1 << 20))
        finally:
            file.truncate(size)


def set_status(file: h5py.File, status: str) -> None:
    """``running``, ``completed``, ``stopped`` or ``failed``; in place, hence allowed while SWMR is on."""
    file["entry/run/status"][()] = status


#: what :func:`finish` adds
_LATE = ("end_time", "run/reason", "instrument/devices_after")


def unfinish(file: h5py.File) -> None:
    """The run goes on; SWMR must be off."""
    for name in _LATE:
        if name in file["entry"]:
            del file["entry"][name]
    set_status(file, "running")


def finish(file: h5py.File, reason: str, end: datetime, snapshot: Mapping[str, Any] | None = None) -> None:
    """Add what is known only after the run; SWMR must be off, as this makes new datasets.

    What is there already, because the writer died while it did this, stays.
    """
    texts = (end.isoformat(), reason, None if snapshot is None else as_json(snapshot))
    for name, text in zip(_LATE, texts, strict=True):
        if text is not None and name not in file["entry"]:
            file["entry"][name] = text


def cause_of(error: Exception) -> str:
    """The reason in one line: HDF5's messages are long, the operating system's short."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error).partition("\n")[0]


def _check(path: Path, header: RunHeader) -> None:
    dimensions = {dimension.name for dimension in header.dimensions}
    channels = channels_of(header)
    names = [channel.name for channel in channels] + [dimension.name for dimension in header.dimensions]
    problems = [f"{name!r} is declared {n} times" for name, n in Counter(names).items() if n > 1]
    names += [channel.name for channel in header.monitors]
    problems += [f"{name!r} is not a name for a channel" for name in names if not name or "/" in name]
    problems += [f"dimension {d.name!r} has no values" for d in header.dimensions if not len(d.values)]
    for channel in channels:
        problems += [f"{channel.name!r} needs dimension {d!r}" for d in channel.dims if d not in dimensions]
        if np.dtype(channel.dtype).kind not in "iuf":
            problems.append(f"{channel.name!r} is of type {channel.dtype!r}; must be an integer or a float")
    known = {channel.name for channel in channels}
    problems += [f"{name!r} is not a channel" for name in (header.signal, header.axis) if name not in known]
    if problems:
        raise RunFileError(f"{path}: {'; '.join(problems)}")


def _fill(file: h5py.File, header: RunHeader) -> None:
    version = header.software.get("antistokes", "")
    file.attrs.update(
        NX_class="NXroot",
        default="entry",
        format_name=FORMAT_NAME,
        format_version=FORMAT_VERSION,
        creator=f"antistokes {version}".strip(),
        file_time=header.start.isoformat(),
        HDF5_Version=h5py.version.hdf5_version,
        h5py_version=h5py.version.version,
    )
    entry = new_group(file, "entry", "NXentry")
    entry.attrs.update(default="data", simulated=header.simulated)
    entry["definition"] = _DEFINITION
    entry["definition"].attrs.update(
        version="v2026.06", URL=f"https://manual.nexusformat.org/classes/applications/{_DEFINITION}.html"
    )
    entry["title"] = f"{header.title} (simulated)" if header.simulated else header.title
    entry["experiment_type"] = "photoluminescence"
    if header.simulated:
        entry["experiment_description"] = "simulated: measured on a virtual bench, not on a sample"
    entry["start_time"] = header.start.isoformat()
    fill_instrument(new_group(entry, "instrument", "NXinstrument"), header, version)
    fill_sample(new_group(entry, "sample", "NXsample"), header.sample)
    fill_process(new_group(entry, "process", "NXprocess"), header, version)
    _make_data(new_group(entry, "data", "NXdata"), header)
    run = new_group(entry, "run", "NXcollection")
    # Text written while SWMR is on must have a fixed length.
    run.create_dataset("status", data="running", dtype=h5py.string_dtype("utf-8", 16))
    run["n_committed"] = np.int64(0)
    run["heartbeat"] = header.start.timestamp()
    run["heartbeat"].attrs["units"] = "s"
    log = new_group(entry, LOG, "NXcollection")
    _stream_dataset(log, "time", "f8").attrs["units"] = "s"
    _stream_dataset(log, "level", "i8")
    _stream_dataset(log, "message", h5py.string_dtype("utf-8", MESSAGE_BYTES))
    if header.monitors:
        monitors = new_group(entry, MONITORS, "NXcollection")
        for channel in header.monitors:
            _make_monitor(new_group(monitors, channel.name, "NXlog"), channel, header)


def _make_monitor(group: h5py.Group, channel: Channel, header: RunHeader) -> None:
    group["description"] = channel.long_name
    time = _stream_dataset(group, "time", "f8")
    time.attrs.update(units="s", start=header.start.isoformat())
    time.make_scale("time")
    value = _stream_dataset(group, "value", channel.dtype)
    _describe(value, channel.units, channel.long_name)
    value.dims[0].attach_scale(time)


def _make_data(data: h5py.Group, header: RunHeader) -> None:
    sizes = {dimension.name: len(dimension.values) for dimension in header.dimensions}
    scales = {}
    for dimension in header.dimensions:
        scale = data.create_dataset(dimension.name, data=np.asarray(dimension.values, float))
        _describe(scale, dimension.units, dimension.long_name)
        scale.make_scale(dimension.name)
        scales[dimension.name] = scale
    if header.response is not None:
        response = data.create_dataset("response", data=np.asarray(header.response, float))
        _describe(response, "", "relative response of the emission path, per photon")
        response.dims[0].attach_scale(scales["wavelength"])
    coordinates = " ".join([c.name for c in header.channels if c.coordinate] + [TIME.name])
    for channel in channels_of(header):
        shape = tuple(sizes[name] for name in channel.dims)
        dataset = data.create_dataset(
            channel.name,
            (0, *shape),
            np.dtype(channel.dtype),
            maxshape=(None, *shape),
            chunks=(_chunk_rows(channel, shape), *shape),
            fillvalue=fill_of(channel),
            fill_time="never",  # every row is written; a fill would write it twice
        )
        _describe(dataset, channel.units, channel.long_name)
        if channel == POINT:
            dataset.make_scale(POINT.name)
            continue
        dataset.dims[0].attach_scale(data[POINT.name])
        for axis, name in enumerate(channel.dims, start=1):
            dataset.dims[axis].attach_scale(scales[name])
        if not channel.coordinate and channel != TIME:
            dataset.attrs["coordinates"] = coordinates
    data[FLAGS.name].attrs["flag_masks"] = np.array([int(flag) for flag in Flag], "u4")
    data[FLAGS.name].attrs["flag_meanings"] = Flag.meanings()
    signal_dims = next(c for c in channels_of(header) if c.name == header.signal).dims
    axes = (header.axis, *signal_dims)
    data.attrs["signal"] = header.signal
    data.attrs["axes"] = list(axes)
    for index, name in enumerate(axes):
        data.attrs[f"{name}_indices"] = index
    data.attrs["simulated"] = header.simulated


def _chunk_rows(channel: Channel, shape: tuple[int, ...]) -> int:
    """SLAB, doubled for very short rows; it always divides SCALAR_CHUNK."""
    if not shape:
        return SCALAR_CHUNK
    rows, row = SLAB, np.dtype(channel.dtype).itemsize * int(np.prod(shape))
    while rows * row < _SMALLEST_CHUNK:
        rows *= 2
    return rows


def _stream_dataset(group: h5py.Group, name: str, dtype: Any) -> h5py.Dataset:
    return group.create_dataset(
        name, (0,), dtype, maxshape=(None,), chunks=(STREAM_CHUNK,), fill_time="never"
    )


def _describe(dataset: h5py.Dataset, units: str, long_name: str) -> None:
    dataset.attrs["units"] = units
    if long_name:
        dataset.attrs["long_name"] = long_name

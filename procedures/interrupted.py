"""A run that did not come to its end, as its file tells it: what is needed to go on with it."""

from __future__ import annotations

import json
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from antistokes.instruments.backend import plugin
from antistokes.instruments.errors import Refused, RunFileError
from antistokes.instruments.station import Station
from antistokes.instruments.stationfile import MonitorEntry

from .channels import Past, Record, RunHeader
from .measurement import RecordedPlan
from .plan_file import AxisEntry
from .problems import Problems
from .procedure import Procedure
from .recovery import KILLED, as_recovered
from .runfile_layout import FORMAT_NAME, FORMAT_VERSION, cause_of, channels_of
from .runfile_lock import RunFileLock
from .sequence import Sequence

_BATCH = 64  # points read at a time
#: of a station file: what it is called, and what does not belong to the experiment
_NAMES = ("name", "format", "version")
#: settings by which a device is told from another of its kind
_IDENTITY = ("model", "serial", "serial_number", "identity", "idn")
_Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A number as it is, an array as its check sum; like what the file holds in type and shape."""

    value: Any
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, value: Any) -> Mark:
        sign = zlib.crc32(np.ascontiguousarray(value).data) if value.shape else value.item()
        return cls(sign, value.dtype, value.shape)

    def fits(self, value: Any) -> bool:
        """Is *value* the same reading?"""
        now = Mark.of(np.broadcast_to(np.asarray(value, self.dtype), self.shape))
        return now.value == self.value or (now.value != now.value and self.value != self.value)


@dataclass(frozen=True)
class Interrupted:
    """What the file of a run says that was stopped, failed or killed. Nothing is changed by looking.

    :ivar points: that are safely on disk
    :ivar status, reason: how it ended
    :ivar parameters: of the procedure, or of the sequence
    :ivar station_path, sample_path: as they were given; the second is empty for the station's own sample
    """

    path: Path
    points: int
    planned: int
    status: str
    reason: str
    start: datetime
    end: datetime
    simulated: bool
    seed: int | None
    procedure: str
    parameters: dict[str, Any]
    station_path: str
    station_file: str
    sample_path: str
    sample_file: str
    sample: dict[str, Any]
    monitors: dict[str, MonitorEntry]
    devices: dict[str, dict[str, Any]]
    software: dict[str, str]

    @classmethod
    def read(cls, path: str | Path) -> Interrupted:
        """:raises RunFileError: this is no run file, a newer one, one that is being written, or complete"""
        path = Path(path)
        if not path.is_file():
            raise RunFileError(f"{path}: there is no such file")
        RunFileLock(path).release()  # nobody writes
        try:
            with as_recovered(path) as file:
                _check_format(path, file)
                return cls._of(path, file)
        except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            cure = f"'antistokes recover {path}' may mend it"
            raise RunFileError(f"{path}: is no run file, or damaged; {cure} ({cause_of(error)})") from error

    @classmethod
    def _of(cls, path: Path, file: h5py.File) -> Interrupted:
        entry = file["entry"]
        process, run = entry["process"], entry["run"]
        status, points = _text(run, "status"), int(run["n_committed"][()])
        planned = int(process["planned"][()])
        if status == "completed":
            raise RunFileError(f"{path}: is complete ({points} points): there is nothing to go on with")
        killed = status == "running"
        start = datetime.fromisoformat(_text(entry, "start_time"))
        beat = datetime.fromtimestamp(float(run["heartbeat"][()]), start.tzinfo)
        return cls(
            path=path,
            points=points,
            planned=planned,
            status="failed" if killed else status,
            reason=KILLED if killed else _text(run, "reason"),
            start=start,
            end=beat if killed else datetime.fromisoformat(_text(entry, "end_time")),
            simulated=bool(entry.attrs["simulated"]),
            seed=int(process["seed"][()]) if "seed" in process else None,
            procedure=_text(process, "procedure"),
            parameters=json.loads(_text(process, "parameters_json")),
            station_path=_text(process, "station_path"),
            station_file=_text(process, "station_file"),
            sample_path=_text(process, "sample_path"),
            sample_file=_text(process, "sample_file"),
            sample=json.loads(_text(entry["sample"], "record")),
            monitors={
                name: MonitorEntry(**monitor)
                for name, monitor in json.loads(_text(process, "monitors_json") or "{}").items()
            },
            devices=json.loads(_text(entry["instrument"], "devices_before")),
            software=json.loads(_text(process, "software_json")),
        )

    def plan(self) -> RecordedPlan:
        """What was to be measured. :raises Refused: the file does not say enough of it"""
        return recorded_plan(self.procedure, self.parameters, str(self.path))

    def ago(self, now: datetime) -> float:
        """s since the run began, where *now* is the date; on a virtual bench it begins anew."""
        return 0.0 if self.simulated else (now - self.start).total_seconds()

    def past(self, now: datetime) -> Iterator[Past]:
        """The points on disk, one by one; none on a virtual bench: what it measured is measured again."""
        if self.simulated:
            return
        since = self.ago(now)
        for rows in self._batches():
            times = rows.pop("time")
            rows.pop("point")
            for i, time in enumerate(times):
                yield Past(_record({name: values[i] for name, values in rows.items()}), since - float(time))

    def marks(self) -> Iterator[dict[str, Mark]]:
        """Of each point, what tells the readings of its channels from others."""
        for rows in self._batches():
            for i in range(len(rows["point"])):
                yield {name: Mark.of(values[i]) for name, values in rows.items()}

    def _batches(self) -> Iterator[_Arrays]:
        with as_recovered(self.path) as file:
            data = file["entry/data"]
            per_point = {name: item for name, item in data.items() if item.maxshape[0] is None}
            for first in range(0, self.points, _BATCH):
                stop = min(first + _BATCH, self.points)
                yield {name: item[first:stop] for name, item in per_point.items()}

    def same_channels(self, header: RunHeader) -> None:
        """:raises Refused: a run with *header* does not fit behind the points of this file"""
        with as_recovered(self.path) as file:
            data = file["entry/data"]
            had = {name: item.shape[1:] for name, item in data.items() if item.maxshape[0] is None}
            axes = {dimension.name: np.asarray(dimension.values) for dimension in header.dimensions}
            problems = [
                f"'{name}' has other values"
                for name, values in axes.items()
                if name not in data or not np.array_equal(data[name][()], values)
            ]
            was = set(file["entry"].get("monitors", ()))
        has = {
            channel.name: tuple(len(axes[name]) for name in channel.dims) for channel in channels_of(header)
        }
        problems += [f"channel '{name}' is missing" for name in had.keys() - has.keys()]
        problems += [f"channel '{name}' is new" for name in has.keys() - had.keys()]
        problems += [f"channel '{n}' has another shape" for n in had.keys() & has.keys() if had[n] != has[n]]
        if was != {monitor.name for monitor in header.monitors}:
            problems.append("other monitors")
        if problems:
            raise Refused(f"{self.path}: cannot go on with it: {'; '.join(problems)}")

    def differences(self, station: Station, devices: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """What is not as it was, each in one line.

        :param devices: settings of the instruments now
        """
        found = _changes("station file", self.station_file, station.file.text, _NAMES)
        sample = station.sample.id if station.sample else None
        if sample != self.sample.get("id"):
            found.append(f"sample: was {self.sample.get('id')}, is {sample}")
        else:
            found += _changes("sample", self.sample_file, station.backend.sample_text)
        if self.seed != station.backend.seed:
            found.append(f"seed: was {self.seed}, is {station.backend.seed}")
        for name in self.devices.keys() & devices.keys():
            for word in _IDENTITY:
                was, now = self.devices[name].get(word), devices[name].get(word)
                if was != now:
                    found.append(f"{name}: {word} was {was}, is {now}")
        return found


def _record(row: Mapping[str, Any]) -> Record:
    """Without what could not be read."""
    read = {name: value for name, value in row.items() if not np.all(np.isnan(value))}
    return {name: value if np.ndim(value) else value.item() for name, value in read.items()}


def _check_format(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format_name") != FORMAT_NAME:
        raise RunFileError(f"{path}: is not a run file of antistokes")
    version = int(file.attrs.get("format_version", 0))
    if version != FORMAT_VERSION:
        raise RunFileError(f"{path}: is of format {version}; this antistokes goes on with {FORMAT_VERSION}")


def _text(group: h5py.Group, name: str) -> str:
    return str(group[name].asstr()[()]) if name in group else ""


def recorded_plan(name: str, parameters: Mapping[str, Any], of: str) -> RecordedPlan:
    """The plan that has this name and these parameters.

    :param of: where they are from, in messages
    :raises Refused: they do not say enough
    """
    if name != Sequence.NAME:
        return _procedure(name, dict(parameters))
    if "over" not in parameters:
        raise Refused(
            f"{of}: its axes were made by a program, which alone can make them again: "
            "resume(path, station, plan)"
        )
    problems = Problems()
    tables = parameters["over"]
    axes = [AxisEntry(**table).axis_of((), problems, of) for table in tables]
    problems.refuse()
    steps = [_procedure(step.pop("procedure"), step) for step in map(dict, parameters["steps"])]
    return Sequence([axis for axis in axes if axis], steps, tables)


def _procedure(name: str, parameters: dict[str, Any]) -> Procedure:
    kind: type[Procedure] = plugin("antistokes.procedures", name).load()
    return kind.of(parameters)


def _changes(what: str, was: str, now: str, but: tuple[str, ...] = ()) -> list[str]:
    """Where two TOML texts differ, whatever their comments."""
    try:
        old, new = _flat(was), _flat(now)
    except tomllib.TOMLDecodeError:  # several files, one after the other
        return [] if was == now else [f"{what}: its text was another"]
    return [
        f"{what}: {key} was {old.get(key, 'not there')}, is {new.get(key, 'not there')}"
        for key in sorted(old.keys() | new.keys())
        if key not in but and old.get(key) != new.get(key)
    ]


def _flat(text: str) -> dict[str, Any]:
    """Each value by its whole key."""
    found: dict[str, Any] = {}

    def visit(table: Mapping[str, Any], prefix: str) -> None:
        for key, value in table.items():
            if isinstance(value, dict) and value:
                visit(value, f"{prefix}{key}.")
            else:
                found[f"{prefix}{key}"] = value

    visit(tomllib.loads(text), "")
    return found

"""What run.h5 says of a run beside its data: devices, beam, sample, procedure, software."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from .channels import RunHeader

_UNITS = ("um", "mW", "fs", "MHz")


def fill_instrument(group: h5py.Group, header: RunHeader, version: str) -> None:
    """Beam, detector and devices before the run; *version* is that of antistokes."""
    beam = new_group(group, "beam_excitation", "NXbeam")
    beam["parameter_reliability"] = "measured" if header.beam else "nominal"
    if header.excitation_wavelength is not None:
        beam["incident_wavelength"] = float(header.excitation_wavelength)
        beam["incident_wavelength"].attrs["units"] = "nm"
    for key, value in header.beam.items():
        name, _, unit = key.rpartition("_")
        if value is None:
            continue
        if unit in _UNITS:
            beam[name] = float(value)
            beam[name].attrs["units"] = unit
        else:
            beam[key] = value
    beam["record"] = as_json(header.beam)
    wide = any(channel.dims for channel in header.channels if channel.name == header.signal)
    detector = new_group(group, "detector_signal", "NXdetector")
    detector["detector_channel_type"] = "multichannel" if wide else "single-channel"
    software = new_group(group, "software_acquisition", "NXprogram")
    software["program"] = "antistokes"
    software["program"].attrs["version"] = version
    group["devices_before"] = as_json(header.snapshot)


def fill_sample(group: h5py.Group, sample: Mapping[str, Any]) -> None:
    """The sample's record."""
    group["name"] = sample.get("name") or sample.get("id") or "unknown"
    for key, name in (("id", "sample_id"), ("formula", "chemical_formula"), ("description", "description")):
        if sample.get(key):
            group[name] = sample[key]
    group["record"] = as_json(sample)


def fill_process(group: h5py.Group, header: RunHeader, version: str) -> None:
    """Procedure, parameters, and the files that describe the station and the sample."""
    group["program"] = "antistokes"
    group["version"] = version
    group["date"] = header.start.isoformat()
    group["procedure"] = header.procedure
    group["parameters_json"] = as_json(header.parameters)
    group["planned"] = np.int64(header.planned)
    if header.seed is not None:
        group["seed"] = header.seed
    group["station_name"] = header.station_name
    group["station_path"] = header.station_path
    group["station_file"] = header.station_file
    group["sample_file"] = header.sample_file
    group["sample_path"] = header.sample_path
    group["monitors_json"] = as_json(header.monitor_entries)
    group["software_json"] = as_json(header.software)


def new_group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    """In NeXus a group has a class."""
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def as_json(value: Any) -> str:
    """Without loss, for programs."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: Any) -> Any:
    """What JSON does not know: mappings, sets, numpy numbers and arrays; the rest as text."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)

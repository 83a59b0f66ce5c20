"""Making the file of an interrupted run ready for what is still to be measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import h5py

from antistokes.instruments.errors import RunFileError

from .interrupted import Interrupted
from .recovery import mend
from .runfile_facts import as_json
from .runfile_layout import LOG, MONITORS, OPEN_OPTIONS, cause_of, refuse_full, unfinish

_INTERRUPTIONS = "run/interruptions"


def reopen(run: Interrupted, now: datetime, software: Mapping[str, str], changes: Sequence[str]) -> None:
    """Repair the file, keep what was known at its end under ``run/interruptions``; it is running again.

    Who calls this holds the file's lock.

    :param changes: differences that the user accepts
    :raises RunFileError: the disk is full; the file is as it was
    """
    try:
        refuse_full(run.path)
    except OSError as error:
        raise RunFileError(f"{run.path}: cannot be written: {cause_of(error)}") from error
    mend(run.path)
    with h5py.File(run.path, "r+", **OPEN_OPTIONS) as file:
        entry = file["entry"]
        known = json.loads(entry[_INTERRUPTIONS].asstr()[()]) if _INTERRUPTIONS in entry else []
        known.append(
            {
                "points": run.points,
                "status": run.status,
                "reason": run.reason,
                "end": run.end.isoformat(),
                "resumed": now.isoformat(),
                "changes": list(changes),
                "software": dict(software),
            }
        )
        if _INTERRUPTIONS in entry:
            del entry[_INTERRUPTIONS]
        entry[_INTERRUPTIONS] = as_json(known)
        if run.simulated:
            _cut_streams(entry, run.points)
        unfinish(file)


def _cut_streams(entry: h5py.Group, points: int) -> None:
    """Forget what came after the last point: it is lived through again."""
    end = entry["data/time"][points - 1] if points else -1.0
    for group in (entry[LOG], *entry.get(MONITORS, {}).values()):
        rows = int((group["time"][()] <= end).sum())
        for dataset in group.values():
            if dataset.shape:
                dataset.resize(rows, axis=0)

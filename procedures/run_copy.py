"""A copy of a run file elsewhere: recorded where the disk is near, kept where the group looks for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from antistokes.instruments.errors import RunFileError
from antistokes.instruments.free_path import free_path


def copy_run(path: Path, folder: Path) -> Path:
    """Copy the closed run file *path* into *folder*; it appears there whole or not at all.

    Nothing is overwritten: where its name is taken the copy gets a number.

    :return: the copy
    :raises RunFileError: it cannot be copied
    """
    growing = folder / f".{path.name}.new"
    try:
        shutil.copyfile(path, growing)
        with growing.open("rb+") as file:
            os.fsync(file.fileno())
        copy = free_path(folder / path.name)
        growing.rename(copy)
    except OSError as error:
        growing.unlink(missing_ok=True)
        raise RunFileError(f"{path}: cannot be copied to {folder}: {error.strerror or error}") from error
    return copy

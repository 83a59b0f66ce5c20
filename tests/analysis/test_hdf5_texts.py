"""A text without a length, on which HDF5 would not come back, is refused before HDF5 sees it."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from antistokes.analysis import load
from antistokes.analysis.hdf5_texts import texts_are_in_order
from antistokes.analysis.runfile import NotARunFile
from antistokes.instruments.errors import RunFileError
from antistokes.procedures.recovery import recover

_FIRST_SIZE = 24  # bytes from the signature of a collection to the size of its first object


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.h5"
    with h5py.File(path, "w", libver="v110") as file:
        file["words"] = ["some", "words"]
    assert texts_are_in_order(path)
    content = bytearray(path.read_bytes())
    where = content.index(b"GCOL") + _FIRST_SIZE
    content[where : where + 8] = bytes(8)
    content[where - 8 : where - 6] = bytes(2)  # of what is free, without a size
    path.write_bytes(content)
    return path


@pytest.mark.timeout(10)
def test_it_is_refused(endless: Path) -> None:
    before = endless.read_bytes()
    with pytest.raises(NotARunFile, match="no length"):
        load(endless)
    with pytest.raises(RunFileError, match="no length"):
        recover(endless)
    assert endless.read_bytes() == before


def test_texts_at_the_end_of_a_long_file_are_seen(endless: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.h5"
    long.write_bytes(bytes(9 << 20) + endless.read_bytes())
    assert not texts_are_in_order(long)

"""Copies of run files."""

import pytest

from antistokes.instruments.errors import RunFileError
from antistokes.procedures.run_copy import copy_run


def test_a_copy_is_whole_and_overwrites_nothing(tmp_path):
    path, folder = tmp_path / "run.h5", tmp_path / "group"
    path.write_bytes(b"measured")
    folder.mkdir()
    assert [copy_run(path, folder).name for _ in range(3)] == ["run.h5", "run-2.h5", "run-3.h5"]
    assert {copy.read_bytes() for copy in folder.iterdir()} == {b"measured"}


def test_a_share_that_is_gone_is_told(tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(b"measured")
    with pytest.raises(RunFileError, match=r"run\.h5: cannot be copied to .*gone: No such file"):
        copy_run(path, tmp_path / "gone")
    assert [each.name for each in tmp_path.iterdir()] == ["run.h5"]

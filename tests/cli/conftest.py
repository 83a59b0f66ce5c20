"""Running the command line inside the test's process."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from antistokes.cli.main import main
from antistokes.simulated_hw.stations import find_station


@dataclass
class Result:
    """What one command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        """The machine-readable last line."""
        return json.loads(self.out.strip().splitlines()[-1])


@pytest.fixture
def antistokes(capsys, tmp_path, monkeypatch):
    """Call as ``antistokes("run", "power-sweep", …)``; the working folder is the test's own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Result(ended.value.code, captured.out, captured.err)

    return call


@pytest.fixture
def variant(tmp_path):
    """A copy of the built-in station with some of its text replaced."""

    def write(*changes: tuple[str, str], name: str = "lab.toml") -> Path:
        text = find_station("virtual").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write

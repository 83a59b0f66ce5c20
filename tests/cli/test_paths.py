"""Paths that cannot be read or written: one line, exit code 2, and no instrument is touched for them."""

import pytest

from antistokes.instruments.station import Station

# below a regular file nothing can be made, whoever asks; below /proc neither
WRITTEN = [
    ("plot", "a.h5", "--out", "/nowhere/p.png"),
    ("plot", "a.h5", "--out", "text/p.png"),
    ("report", "a.h5", "--out", "/proc/p.html"),
    ("demo", "--out", "text/d"),
    ("demo", "--out", "/proc/d"),
    ("run", "power-sweep", "--out", "/proc/a.h5"),
    ("run", "power-sweep", "--out", "/proc"),
    ("run", "power-sweep", "--out", f"{'x' * 300}.h5"),
    ("samples", "plot", "css82", "--out", "text/p.png"),
]
READ = [("info",), ("plot",), ("recover",), ("report",)]


@pytest.fixture
def folder(run_file, tmp_path):
    """With a run file ``a.h5`` and a file ``text``."""
    (tmp_path / "text").write_text("")
    return tmp_path


@pytest.mark.parametrize("arguments", WRITTEN)
def test_what_cannot_be_written_is_refused(antistokes, folder, monkeypatch, arguments):
    monkeypatch.setattr(Station, "open_one", lambda *_: pytest.fail("an instrument was opened"))
    before = sorted(folder.iterdir())
    done = antistokes(*arguments, "--json")
    assert done.code == done.data["exit_code"] == 2
    assert arguments[-1].split("/")[0] in done.data["error"]
    assert "\n" not in done.data["error"]
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("command", READ)
@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (".", "is a folder"),
        ("none.h5", "no such file"),
        ("text/a.h5", ""),
        (f"{'x' * 300}.h5", "cannot be used"),
    ],
)
def test_what_cannot_be_read_is_refused(antistokes, folder, command, file, problem):
    done = antistokes(*command, file, "--json")
    assert done.code == done.data["exit_code"] == 2
    assert file in done.data["error"]
    assert problem in done.data["error"]


def test_a_figure_that_cannot_be_written_costs_no_result(antistokes, folder, monkeypatch):
    from antistokes.analysis import figures
    from antistokes.analysis.bands import AnalysisError

    def full(figure, path):
        raise AnalysisError(f"figure file {path}: cannot be written: No space left on device")

    monkeypatch.setattr(figures, "save_figure", full)
    done = antistokes("demo", "--json")
    assert done.code == 0
    assert set(done.data["bands"]) >= {"green", "red"}
    assert "figure" not in done.data
    assert any("No space left" in warning for warning in done.data["warnings"])

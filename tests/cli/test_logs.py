"""What is said of runs, on the terminal and in the log that is kept."""

import json
import logging
from pathlib import Path

import platformdirs
import pytest

from antistokes.cli.logs import logged
from antistokes.instruments.logfile import log_path

log = logging.getLogger("antistokes.somewhere")


def test_warnings_are_shown_and_everything_is_kept(monkeypatch, tmp_path, capsys):
    path = tmp_path / "new" / "a.log"
    monkeypatch.setenv("ANTISTOKES_LOG", str(path))
    with logged():
        log.info("calibrated %d mW", 3)
        log.warning("laser: [no] answer µ")
    log.warning("said to nobody")
    assert capsys.readouterr().err.splitlines()[:1] == ["warning: laser: [no] answer µ"]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(line["level"], line["of"], line["says"]) for line in lines] == [
        ("info", "somewhere", "calibrated 3 mW"),
        ("warning", "somewhere", "laser: [no] answer µ"),
    ]
    assert not logging.getLogger("antistokes").handlers


def test_a_log_that_cannot_be_written_keeps_nobody_from_measuring(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANTISTOKES_LOG", str(tmp_path / "file" / "a.log"))
    with logged():
        log.warning("heard")
    said = capsys.readouterr().err
    assert "no log is kept" in said
    assert "warning: heard" in said


@pytest.mark.parametrize(("said", "path"), [("", None), ("x.log", Path("x.log"))])
def test_where_the_log_is(monkeypatch, said, path):
    monkeypatch.setenv("ANTISTOKES_LOG", said)
    assert log_path() == path
    monkeypatch.delenv("ANTISTOKES_LOG")
    assert log_path() == platformdirs.user_log_path("antistokes", appauthor=False) / "antistokes.log"


def test_a_run_says_that_it_begins_and_ends(antistokes, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTISTOKES_LOG", "a.log")
    settings = ["--set", "longest_exposure=0.01", "--set", "frames=2"]
    assert antistokes("run", "spectrum", "--out", "r.h5", *settings).code == 0
    says = [json.loads(line)["says"] for line in Path("a.log").read_text(encoding="utf-8").splitlines()]
    assert any("begins" in line for line in says)
    assert says[-1] == "completed after 1 points"

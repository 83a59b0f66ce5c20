"""Samples that a person changes, and the table of the lamp that one brings."""

from __future__ import annotations

import signal
import sys

import pytest

from antistokes.analysis import describe, load
from antistokes.cli import person
from antistokes.cli.progress import ProgressBar
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.instruments.response import Response

LAMP = ("run", "calibrate-response", "--set", "frames=2", "--out", "cal.h5")
SLOTS = ("empty", "aside", "sample")
SPHERE = """
[simulation.optics]
filter = { edge_nm = 3000 }
[simulation.sphere]
collection = 1e-7
"""
YIELD = ("run", "quantum-yield", "--set", "frames=5", "--set", "wanted_error=0", "--set", "force=true")


@pytest.fixture
def answers(monkeypatch):
    """A terminal: what is asked on it is collected, and answered by Enter, or as *answers.say* says."""

    class Answers(list):
        say = staticmethod(str)

    asked = Answers()

    def enter(text, **_):
        asked.append(text)
        asked.say()

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(person.notes, "input", enter)
    return asked


def test_the_lamp_gives_a_table_that_a_station_reads(antistokes, variant, tmp_path):
    done = antistokes(*LAMP, "--station", variant(), "--yes")
    assert done.code == 0
    assert '[response]\nfile = "cal.response.csv"' in done.out
    station = variant(("[simulation]", '[response]\nfile = "cal.response.csv"\n\n[simulation]'))
    assert antistokes("run", "spectrum", "--set", "frames=2", "--station", station, "--out", "s.h5").code == 0
    spectrum, table = load("s.h5"), Response.read(tmp_path / "cal.response.csv")
    assert spectrum["response"].values == pytest.approx(table.at(spectrum["wavelength"].values), nan_ok=True)
    (tmp_path / "cal.h5").unlink()
    assert antistokes(*LAMP, "--yes", "--json").data["response_files"] == ["cal.response-2.csv"]


def test_a_person_brings_what_the_virtual_bench_then_has(antistokes, answers, variant):
    station = variant(extra=SPHERE)
    done = antistokes(*YIELD, "--station", station, "--out", "q.h5")
    assert done.code == 3, "so thin a sample absorbs too little for a yield"
    assert answers == [f"bring '{slot}' into the beam, then press Enter: " for slot in SLOTS]
    run = load("q.h5")
    green = (run["wavelength"] > 530) & (run["wavelength"] < 550)
    empty, aside, inside = (run["spectrum"] / run["pump_power"]).where(green).sum("wavelength").values
    assert inside > 3 * abs(aside)
    assert inside > 3 * abs(empty)


def test_somebody_who_interrupts_when_asked_ends_the_run_dark(antistokes, answers):
    answers.say = lambda: signal.raise_signal(signal.SIGINT)
    assert antistokes(*LAMP).code == 130
    assert describe("cal.h5")["devices"]["after"]["laser"]["emission"] is False


def test_without_a_terminal_it_is_refused_and_says_what_would_help(antistokes, tmp_path):
    done = antistokes(*LAMP)
    assert done.code == 2
    for word in ("sample_holder", "terminal", "--yes", "change samples"):
        assert word in done.err
    assert not list(tmp_path.iterdir())


def test_something_that_the_virtual_bench_cannot_have_is_named(antistokes, tmp_path):
    done = antistokes(*LAMP, "--yes", "--set", "lamp=sun")
    assert (done.code, "sample 'sun' is unknown" in done.err, list(tmp_path.iterdir())) == (2, True, [])


def test_hardware_never_changes_samples_by_itself(tmp_path):
    lab = 'backend = "@py"\n[instruments.laser]\ndriver = "cobolt_06"\nresource = "ASRL5::INSTR"\n'
    (tmp_path / "lab.toml").write_text(lab, encoding="utf-8")
    station = Station.load(tmp_path / "lab.toml")
    with pytest.raises(Refused, match=r"--yes: on hardware \('lab'\) somebody must change the samples"):
        person.attend(station, True, ProgressBar())

"""The watchdog: another process that switches the light off when the program cannot."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from antistokes.instruments import Station, watchdog, watchdog_process
from antistokes.instruments.errors import AntistokesError, FileRefused, Refused
from antistokes.instruments.station import SafeStep
from antistokes.instruments.stationfile import StationFile
from antistokes.instruments.watchdog import Progress, Watchdog
from antistokes.procedures.light import Light
from antistokes.procedures.pace import Pace

STATION = """\
backend = "@py"
[instruments.laser]
driver = "thorlabs_cld1015"
resource = "{laser}"
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "{power_meter}"
"""
LIT = """\
import sys, threading
from antistokes.instruments import Station
from antistokes.instruments.watchdog import Progress
with Station.load(sys.argv[1]) as station:
    station["laser"].current = 0.2
    station["laser"].emission = True
    print(station.watchdog._process.pid, flush=True)
    {then}
    threading.Event().wait({seconds})
"""
#: the same by the worker of a window
WINDOW = """\
import os, sys
from pathlib import Path
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from antistokes.gui.app import application
from antistokes.gui.lab import Lab
from antistokes.gui.main_window import MainWindow
from antistokes.instruments import Station
app = application()
window = MainWindow(Lab(Station.load(sys.argv[1])), Path())
def light():
    station = window.lab.station
    station["laser"].current = 0.2
    station["laser"].emission = True
    print(station.watchdog._process.pid, flush=True)
window.lab._jobs.put(light)
window.show()
app.exec()
"""


class Lab:
    """A bench in a process of its own, and the station file by which others reach it."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "antistokes.cli", "serve", "--station", "virtual", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        resources = {}
        while "ready" not in (said := self.line()):
            resources[said["name"]] = said["resource"]
        self.path = folder / "lab.toml"
        self.path.write_text(STATION.format(**resources))

    def line(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


def lit_by(lab: Lab, then: str = "", seconds: float = 60, program: str = LIT) -> subprocess.Popen:
    """A program that switches the laser on; the bench has seen it."""
    text = program.format(then=then, seconds=seconds)
    command = [sys.executable, "-c", text, lab.path]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    program.watchdog = int(program.stdout.readline())
    assert lab.line()["light"] is True
    return program


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        threading.Event().wait(0.02)
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("how", ["killed", "asked", "window killed"])
def test_light_is_off_within_two_seconds(lab, how):
    act = "station.watchdog.act('test')" if how == "asked" else ""
    program = lit_by(lab, act, program=WINDOW if how == "window killed" else LIT)
    since = time.time()
    if how != "asked":
        program.kill()
    dark = lab.line()
    assert dark["light"] is False
    assert -0.5 < dark["time"] - since < 2.0
    program.kill()
    program.communicate()
    assert gone(program.watchdog)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
def test_who_says_goodbye_is_left_alone_and_ctrl_c_is_not_for_the_watchdog(lab):
    program = lit_by(lab, "import os, signal; os.kill(station.watchdog._process.pid, signal.SIGINT)", 0.5)
    assert lab.line()["light"] is False  # by the station itself
    program.communicate(timeout=10)
    assert program.returncode == 0
    assert gone(program.watchdog)


def test_a_watchdog_that_cannot_start_is_refused_and_nothing_is_opened(lab, monkeypatch, tmp_path):
    station = Station.load(lab.path)
    for interpreter in (str(tmp_path / "no-python"), "false"):
        monkeypatch.setattr(sys, "executable", interpreter)
        with pytest.raises(Refused, match=r"watchdog cannot be started.*\[watchdog\] enabled = false"):
            station.open()
        assert list(station) == []


def test_drivers_are_found_where_the_program_finds_them(tmp_path, monkeypatch):
    (tmp_path / "beside_the_script.py").write_text(
        "from pymeasure.instruments import Instrument as Chiller\n"
    )
    path = tmp_path / "lab.toml"
    entry = 'driver = "beside_the_script:Chiller"\nresource = "TCPIP0::127.0.0.1::9::SOCKET"\n'
    path.write_text(f'backend = "@py"\n[instruments.chiller]\n{entry}')
    dog = Watchdog(StationFile.read(path))
    with pytest.raises(Refused, match="No module named 'beside_the_script'"):
        dog.start()
    monkeypatch.syspath_prepend(tmp_path)
    dog.start()
    dog.stop()


def test_who_lost_the_watchdog_is_told(lab):
    with Station.load(lab.path) as station:
        station.watchdog.check()
        station.watchdog._process.kill()
        station.watchdog._process.wait()
        light = Light(station, Pace(station.waits))
        with pytest.raises(AntistokesError, match="its watchdog has ended"):
            light.on()
        assert not light.is_on
        station.open()  # as the next run does
        station.check_watched()


def test_after_it_has_acted_there_is_no_light_until_another_watches(lab):
    with Station.load(lab.path) as station:
        station.watchdog.act("emergency stop")
        with pytest.raises(AntistokesError, match="its watchdog made all safe: emergency stop"):
            station.check_watched()


def test_what_is_simulated_or_says_so_has_none(lab, tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(lab.path.read_text() + "[watchdog]\nenabled = false\n")
    assert Station.load(path).watchdog is None
    assert Station.load(lab.path, rehearsal=True).watchdog is None


@pytest.mark.parametrize("entry", ["hang_s = 0.1", 'hang_s = "long"', "enable = true"])
def test_a_wrong_entry_is_refused(lab, tmp_path, entry):
    path = tmp_path / "lab.toml"
    path.write_text(lab.path.read_text() + f"[watchdog]\n{entry}\n")
    with pytest.raises(FileRefused, match="watchdog"):
        StationFile.read(path)


def test_a_run_that_does_not_move_is_told_with_the_device_it_is_in(
    station_file, monkeypatch, virtual_station
):
    monkeypatch.setattr(watchdog, "_PERIOD", 0.005)
    monkeypatch.setattr(watchdog, "_PROMPT", 0.02)
    dog = Watchdog(virtual_station.file)
    said, acted = [], threading.Event()

    def act(reason: str) -> None:
        said.append(reason)
        acted.set()

    monkeypatch.setattr(dog, "act", act)
    monkeypatch.setattr(dog, "_say", lambda words: None)
    thread = threading.Thread(target=dog._beat)
    thread.start()
    with dog.watching(Progress(time.monotonic(), stopping=True)):
        virtual_station["laser"].wait_for(lambda: acted.wait(5), 1)
    dog._over.set()
    thread.join()
    assert said[0].startswith("laser: wait_for has not moved for")


# -- the process, in this one -----------------------------------------------------------------------


@pytest.fixture
def process(monkeypatch, station_file):
    """Runs the process' main with what it hears, and gives its exit code and the reasons it acted for."""
    monkeypatch.setattr(watchdog_process, "_keep_log", lambda: None)
    monkeypatch.setattr(watchdog_process.signal, "signal", lambda *_: None)
    monkeypatch.setattr(watchdog_process, "_SILENCE", 0.05)
    acts = []
    monkeypatch.setattr(watchdog_process, "_act", lambda file, reason, hung: acts.append((reason, hung)) or 0)

    def run(stdin) -> tuple[int, list]:
        monkeypatch.setattr(sys, "stdin", stdin)
        return watchdog_process.main(str(station_file())), acts

    return run


def test_goodbye_end_and_order(process):
    assert process(io.StringIO("beat\ngoodbye\n")) == (0, [])
    assert process(io.StringIO("beat\n")) == (0, [("the program has ended without switching off", None)])
    _, acts = process(io.StringIO("beat\nact laser: frame has not moved\n"))
    assert acts[1] == ("laser: frame has not moved", os.getppid())


def test_silence(process):
    ended = threading.Event()

    class Silent:
        def __iter__(self):
            ended.wait(5)
            return iter(())

    _, acts = process(Silent())
    ended.set()
    assert "nothing has been heard" in acts[0][0]


def test_what_does_not_answer_is_tried_again_and_a_hung_program_ended(monkeypatch, station_file):
    monkeypatch.setattr(watchdog_process, "_PAUSE", 0.0)
    asked, killed = [], []

    def make_all_safe(file, within, only):
        asked.append(only)
        names = ["laser", "cryostat"] if only is None else only
        return [SafeStep(name, 0.0, "busy" if name == "laser" and not killed else "") for name in names]

    monkeypatch.setattr(watchdog_process, "make_all_safe", make_all_safe)
    monkeypatch.setattr(watchdog_process.os, "kill", lambda *arguments: killed.append(arguments))
    file = StationFile.read(station_file())
    assert watchdog_process._act(file, "test", 4242) == 0
    assert asked == [None] + [["laser"]] * 4
    assert killed == [(4242, signal.SIGKILL)]
    asked.clear()
    killed.clear()
    assert watchdog_process._act(file, "test", None) == 1
    assert (len(asked), killed) == (8, [])

"""``antistokes gui``; the window itself is tested in tests/gui."""

import sys

from antistokes.gui import app


def test_without_qt_it_says_what_installs_it(antistokes, monkeypatch):
    for module in [name for name in sys.modules if name.startswith("antistokes.gui")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pyqtgraph", None)
    done = antistokes("gui")
    assert done.code == 2
    assert "pip install 'antistokes[gui]'" in done.err
    assert len(done.err.strip().splitlines()) == 2  # and which station


def test_it_opens_on_the_station_and_folder_named(antistokes, monkeypatch, tmp_path, variant):
    seen = []
    monkeypatch.setattr(app, "start", lambda station, folder: seen.append((station.file.path, folder)) or 0)
    lab = variant()
    assert antistokes("gui", "--station", lab, "--out", "runs").code == 0
    ((path, folder),) = seen
    assert path == str(lab)
    assert folder.name == "runs"


def test_a_file_is_no_folder(antistokes, tmp_path):
    (tmp_path / "text").write_text("")
    assert antistokes("gui", "--out", "text").code == 2

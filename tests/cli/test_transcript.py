"""``--transcript``: what went over the wires, to read."""

from __future__ import annotations

import re


def test_every_command_and_answer_is_written_down(antistokes, tmp_path):
    path = tmp_path / "wires.log"
    antistokes("run", "spectrum", "--out", tmp_path / "a.h5", "--transcript", path)
    lines = path.read_text().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line) for line in lines)
    said = [line.split(" ", 1)[1] for line in lines]
    assert said[0] == "laser > '*IDN?'"
    assert said[1].startswith("laser < 'Thorlabs,CLD1015,")
    assert "attenuator > '0in'" in said
    assert [line for line in said if "OUTP:STAT " in line][-1] == "laser > 'OUTP:STAT 0'"
    antistokes("run", "spectrum", "--out", tmp_path / "b.h5")
    assert path.read_text().splitlines() == lines


def test_a_transcript_that_cannot_be_written_is_refused(antistokes, tmp_path):
    refused = antistokes("run", "spectrum", "--out", "a.h5", "--transcript", tmp_path / "no" / "t")
    assert refused.code == 2
    assert "cannot be used" in refused.err
    assert not (tmp_path / "a.h5").exists()

"""A laboratory's plan files are tests."""

import subprocess
import sys

PLAN = """\
format = "antistokes-plan"
version = 1
station = "virtual"
[[runs]]
[[runs.steps]]
procedure = "power-sweep"
settings = { start = 10, stop = 30, points_per_decade = 4, order = "up" }
"""


def test_plans_that_cannot_work_fail_with_all_that_is_wrong(tmp_path):
    (tmp_path / "good.toml").write_text(PLAN)
    (tmp_path / "bad.toml").write_text(PLAN.replace("stop = 30", "stop = 1, frames = 1"))
    (tmp_path / "other.toml").write_text('name = "no plan"')
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert "1 failed, 1 passed" in done.stdout
    assert "power-sweep: frames: is 1; expected int >= 2" in done.stdout
    assert "power-sweep: start = 10 W/cm^2; must be up to stop, 1 W/cm^2" in done.stdout

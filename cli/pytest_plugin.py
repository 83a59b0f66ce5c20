"""pytest collects plan files (``*.toml`` that say they are one) and fails those that cannot work.

Each is rehearsed, as ``antistokes check`` does it: on the station that it names, else on the built-in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_HEAD = 4096  # bytes within which a file says what it is
_PLAN = b'"antistokes-plan"'


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".toml":
        return None
    with file_path.open("rb") as file:
        is_plan = _PLAN in file.read(_HEAD)
    return PlanFile.from_parent(parent, path=file_path) if is_plan else None


class PlanFile(pytest.File):
    """One plan file."""

    def collect(self) -> Iterator[pytest.Item]:
        yield Rehearsal.from_parent(self, name="check")


class Rehearsal(pytest.Item):
    """Passes where ``antistokes check`` ends with exit code 0."""

    def runtest(self) -> None:
        from antistokes.cli.errand import Errand
        from antistokes.cli.rehearsing import rehearse
        from antistokes.procedures.problems import Problems

        errand = Errand(str(self.path), None, None, None, None, (), (), yes=True, rehearsal=True)
        problems = Problems()
        place, runs = errand.read(problems)
        rehearse(runs, place, problems)
        problems.refuse()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        from antistokes.instruments.errors import AntistokesError, PlanRefused

        error = excinfo.value
        if isinstance(error, PlanRefused):
            return "\n".join(error.problems)
        return str(error) if isinstance(error, AntistokesError) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}: check"

"""Several procedures, one after the other, at every combination of axes, in one run and one file.

::

    for T in (77, 300): for wavelength in (970, 980): power sweep, then lifetime

is ``Sequence([SampleTemperature([77, 300]), ExcitationWavelength([970, 980])], [PowerSweep(), Lifetime()])``.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as List
from dataclasses import dataclass
from typing import Any, ClassVar

from .axes import Axis
from .problems import Problems
from .procedure import Procedure


@dataclass
class Sequence:
    """Carried out like a procedure.

    :param axes: around all procedures, the slowest first; may be empty
    :param procedures: at least one
    :param tables: from which a plan file's axes were made, and can be made again
    """

    NAME: ClassVar[str] = "sequence"

    axes: List[Axis]
    procedures: List[Procedure]
    tables: List[Mapping[str, Any]] | None = None

    @property
    def SIGNAL(self) -> str:  # noqa: N802 (as procedures call it)
        """Channel of the default plot: that of the first procedure."""
        return self.procedures[0].SIGNAL

    def check(self) -> None:
        problems = Problems()
        for procedure in self.procedures:
            with problems.noted():
                procedure.check()
        problems.refuse()

    def over(self) -> List[Axis]:
        return self.axes

    def steps(self) -> List[Procedure]:
        return self.procedures

    def parameters(self) -> dict[str, Any]:
        """Axes with set-points and, where known, how they were made; procedures with parameters."""
        known = {} if self.tables is None and self.axes else {"over": [dict(t) for t in self.tables or ()]}
        return {
            "axes": {axis.name: axis.setpoints.tolist() for axis in self.axes},
            "steps": [{"procedure": step.NAME} | step.parameters() for step in self.procedures],
        } | known

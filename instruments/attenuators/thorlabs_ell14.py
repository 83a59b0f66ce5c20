"""Thorlabs ELL14 rotation mount turning a half-wave plate before a polariser.

Messages: :mod:`antistokes.instruments.ellx`. Read on the safe side where the manual is silent: ``st`` may be
answered by a position, a status or not at all; whether the mount was homed since power-up cannot be asked, so
it is homed once per connection.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit
from ..ellx import BUSY, PAUSE, ELLxInstrument
from ..errors import BadAnswer, DeviceFault
from ..roles import Attenuator

_STOP_MAX = 2.0  # s
_TOLERANCE = 0.5  # degrees between where a move should and did end


class ELL14Attenuator(ELLxInstrument):
    """Thorlabs ELL14 with wave plate. Fulfils :class:`~antistokes.instruments.roles.Attenuator`.

    Opening does not move it. The first set position homes it: on its way the plate passes angles of any
    transmission, so open the beam only afterwards where that matters. Until then :attr:`position` counts
    from wherever the mount stood when it got power.

    :param address: of the mount on its bus, one hexadecimal digit
    :param position_range: degrees between which the transmission goes from most to least
    """

    MODEL = "Thorlabs ELL14"
    INTERFACES = ("RS-232 (USB adapter)",)
    VERIFIED = "Its twin, written from the protocol manual; not on a real mount."
    ROLES = (Attenuator,)
    IDN_WORDS = ("IN0E",)  # the answer to ``in`` begins with the motor type: 0E is 14
    LIMITS: ClassVar[dict[str, Limit]] = {
        "position": Limit(0, 360, "deg"),
        "velocity": Limit(25, 100, "%"),  # slower, the motor may stall
    }
    SNAPSHOT = ("serial_number", "position", "velocity", "homed")

    position_unit = "deg"
    settle_time = 0.05

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        position_range: tuple[float, float] = (0.0, 90.0),
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, address=address, **connection)
        low, high = position_range
        self.check_limit("position", low)
        self.check_limit("position", high)
        self.position_range = (low, high)
        information = self.information()
        try:
            self._pulses = int(information[22:30], 16) * 360 / int(information[18:22], 16)
        except (ValueError, ZeroDivisionError):
            raise BadAnswer(self.name, f"'in' was answered by {information!r}") from None

    # -- movement ---------------------------------------------------------------------------------

    @property
    def position(self) -> float:
        """Control the angle of the plate from its home, in degrees; returns when the move has ended.

        :raises DeviceFault: the mount reports a fault, or stands elsewhere than it should
        """
        return self._pulses_of(self._question("gp", "PO")) * 360 / self._pulses

    @position.setter
    def position(self, angle: float) -> None:
        if not self.homed:
            self.home()
        pulses = round(angle / 360 * self._pulses)
        reached = self._move("ma", f"{pulses & 0xFFFFFFFF:08X}") * 360 / self._pulses
        if abs((reached - angle + 180) % 360 - 180) > _TOLERANCE:
            raise DeviceFault(self.name, f"stopped at {reached:.2f} deg on its way to {angle:.2f} deg")

    @property
    def velocity(self) -> float:
        """Control the speed, in % of the fastest."""
        return float(self._hexadecimal(self._question("gv", "GV"), 2))

    @velocity.setter
    def velocity(self, percent: float) -> None:
        self._question("sv", "GS", f"{round(percent):02X}")

    def make_safe(self) -> None:
        """Stop a move. A plate cannot close a beam, and it is not turned to where more light may pass.

        :raises DeviceFault: it still moves
        """
        with self.lock:
            self._send("st")
            end = self.clock.now() + _STOP_MAX
            while True:
                self.clock.sleep(PAUSE)
                self._unread = True  # whatever answered st
                self._drop_unread()
                if self._status() != BUSY:
                    return
                if self.clock.now() >= end:
                    raise DeviceFault(self.name, f"still moves {_STOP_MAX:g} s after it was told to stop")

"""Princeton Instruments / Acton SP-2300i monochromator.

Sources: the command list of the IsoPlane and SP-750i manuals, which is the same, and public drivers of the
SP-2300i. Read on the safe side where these are silent: gratings are numbered through, three to a turret; the
longest wavelength is 1400 nm for 1200 grooves/mm and grows with the groove spacing; a refused word is named.
"""

from __future__ import annotations

import itertools
import re
from typing import Any, ClassVar, Literal

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, LimitError, Refused
from ..instrument import VisaInstrument
from ..roles import Monochromator

_OK, _REFUSED = " ok", "? "  # how an answer ends, before CR LF
_MOST_LINES = 200  # of one answer
_LATE_ANSWERS = 16  # more than can be under way after a time-out
_MOVE_MAX = 60.0  # s for a turn of the grating or the turret, or a move of a slit
_NEAR = 0.05  # nm from where it was sent
_LONGEST, _GROOVES = 1400.0, 1200.0  # nm with so many grooves per mm
_PER_TURRET = 3
_NO_MOTOR = ("no motor", "no slit")

Port = Literal["side", "front"]


class ActonSP2300i(VisaInstrument):
    """Acton SP-2300i. Fulfils :class:`~antistokes.instruments.roles.Monochromator`.

    The RS-232 port echoes what it is sent, the USB port does not; both are understood and left as they are.
    Setting a wavelength returns when the grating has arrived and the controller says so.

    :param entrance_port, exit_port: the slits that are used
    """

    MODEL = "Acton SP-2300i"
    INTERFACES = ("USB (serial port)", "RS-232")
    VERIFIED = (
        "Against its twin, written from manuals of its family and answers noted in public drivers, which "
        "yaqd-acton 2023.9 was run against too; not on a device."
    )
    ROLES = (Monochromator,)
    IDN_WORDS = ("SP-2-3", "SP-23")
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "\r",
        "timeout": 3000,
        "asrl": {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "wavelength": Limit(0, 11200, "nm"),
        "grating": Limit(1, 9, ""),
        "turret": Limit(1, 3, ""),
        "entrance_slit": Limit(10, 3000, "µm"),
        "exit_slit": Limit(10, 3000, "µm"),
    }
    SNAPSHOT = ("serial_number", "wavelength", "grating", "gratings", "turret", "exit_mirror")

    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        entrance_port: Port = "side",
        exit_port: Port = "side",
        **connection: Any,
    ) -> None:
        self._sync_words = itertools.count(1)
        super().__init__(adapter, name, clock=clock, **connection)
        self._slits = {
            "entrance": f"{entrance_port.upper()}-ENT-SLIT",
            "exit": f"{exit_port.upper()}-EXIT-SLIT",
        }
        self.serial_number = self.ask("SERIAL")
        self.write("MONO-STOP")  # a scan that another program began would go on
        #: number and description of each one that is installed
        self.gratings: dict[str, str] = self._read_gratings()
        self._grooves = self._grooves_of(self.grating)

    # -- wavelength -------------------------------------------------------------------------------

    @property
    def wavelength(self) -> float:
        """Control the wavelength that is passed, in nm; returns when it has arrived.

        :raises LimitError: the present grating does not reach it
        """
        return float(self._asked("?NM", r"(-?\d+\.\d+)(?: nm)?"))

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        wavelength = round(wavelength, 3)
        with self.lock:
            low, high = self.wavelength_range
            if not low <= wavelength <= high:
                raise LimitError(f"{self.name}: wavelength", wavelength, low, high, "nm")
            self._move(f"{wavelength:.3f} GOTO")
            found = self.wavelength
        if abs(found - wavelength) > _NEAR:
            raise DeviceFault(self.name, f"stands at {found:g} nm when it should be at {wavelength:g} nm")

    @property
    def wavelength_range(self) -> tuple[float, float]:
        """Get the shortest and longest wavelength of the present grating, in nm (a mirror: 0 to 0)."""
        low, high, _ = self.limits["wavelength"]
        return low, min(high, _LONGEST * _GROOVES / self._grooves if self._grooves else 0.0)

    # -- gratings ---------------------------------------------------------------------------------

    @property
    def grating(self) -> int:
        """Control which grating is in the beam, by its number; the turret turns for up to 20 s."""
        return int(self._asked("?GRATING", "([1-9])"))

    @grating.setter
    def grating(self, number: int) -> None:
        with self.lock:
            turret = self.turret
            if str(number) not in self.gratings or _turret_of(number) != turret:
                able = ", ".join(n for n in self.gratings if _turret_of(int(n)) == turret) or "none"
                raise Refused(f"{self.name}: grating = {number}: turret {turret} has {able}")
            self._move(f"{number:d} GRATING")
            found = self.grating
            self._grooves = self._grooves_of(found)
        if found != number:
            raise DeviceFault(self.name, f"has grating {found} in the beam when it should be {number}")

    @property
    def turret(self) -> int:
        """Control which turret the controller takes for mounted (it is changed by hand), by its number.

        Its first grating is put into the beam.
        """
        return int(self._asked("?TURRET", "([1-3])"))

    @turret.setter
    def turret(self, number: int) -> None:
        able = [int(n) for n in self.gratings if _turret_of(int(n)) == number]
        if not able:
            raise Refused(f"{self.name}: turret = {number}: no grating of it is installed")
        with self.lock:
            self._move(f"{number:d} TURRET")
            self.grating = able[0]

    def _read_gratings(self) -> dict[str, str]:
        """Lines such as ``1  300 g/mm BLZ=  500NM``, an arrow before that of the present one."""
        gratings = {}
        for line in self.ask("?GRATINGS").splitlines():
            found = re.fullmatch(r"\x1a?\s*([1-9])\s+(\S.*?)\s*", line)
            if found and "not installed" not in found[2].lower():
                gratings[found[1]] = " ".join(found[2].split())
        if not gratings:
            raise DeviceFault(self.name, "has no grating installed")
        return gratings

    def _grooves_of(self, number: int) -> float:
        """Per mm; 0 for a mirror."""
        text = self.gratings.get(str(number), "")
        found = re.match(r"([\d.]+) ?g/mm", text, re.IGNORECASE)
        if found is None and "mirror" not in text.lower():
            raise DeviceFault(self.name, f"grating {number} is {text or 'not installed'!r}: grooves unknown")
        return float(found[1]) if found else 0.0

    # -- slits and mirrors ------------------------------------------------------------------------

    @property
    def entrance_slit(self) -> float:
        """Control the width of the entrance slit, in µm. :raises DeviceFault: it is set by hand"""
        return self._motor_slit("entrance")

    @entrance_slit.setter
    def entrance_slit(self, width: float) -> None:
        self._move_slit("entrance", width)

    @property
    def exit_slit(self) -> float:
        """Control the width of the exit slit, in µm. :raises DeviceFault: it is set by hand"""
        return self._motor_slit("exit")

    @exit_slit.setter
    def exit_slit(self, width: float) -> None:
        self._move_slit("exit", width)

    @property
    def exit_mirror(self) -> str:
        """Control which exit the light leaves through: side or front ("no motor" where it is fixed)."""
        return self._asked("EXIT-MIRROR ?MIRROR", "(side|front|no motor)")

    @exit_mirror.setter
    def exit_mirror(self, port: str) -> None:
        if port not in ("side", "front"):
            raise Refused(f"{self.name}: exit_mirror = {port!r}: must be 'side' or 'front'")
        self._move(f"EXIT-MIRROR {port.upper()}")

    def _slit(self, which: str) -> float | None:
        """µm; None without a motor."""
        answer = self._asked(f"{self._slits[which]} ?MICRONS", r"(\d+)(?: um)?|no motor|no slit")
        return float(answer) if answer else None

    def _motor_slit(self, which: str) -> float:
        width = self._slit(which)
        if width is None:
            raise DeviceFault(self.name, f"its {which} slit has no motor")
        return width

    def _move_slit(self, which: str, width: float) -> None:
        microns = round(width)
        self.check_limit(f"{which}_slit", microns)
        with self.lock:
            self._motor_slit(which)
            self._move(f"{self._slits[which]} {microns} MICRONS")

    # -- safety and identity ----------------------------------------------------------------------

    def make_safe(self) -> None:
        """Stop a scan of the grating that another program may have begun."""
        self.write("MONO-STOP")

    def snapshot(self) -> dict[str, Any]:
        slits = {f"{which}_slit": self._slit(which) for which in self._slits}
        return super().snapshot() | {name: width or "no motor" for name, width in slits.items()}

    def check_model(self) -> None:
        try:
            super().check_model()
        except (BadAnswer, DeviceFault):  # noise, or half a command, was in front of the first question
            super().check_model()

    def identity(self) -> str:
        """The answer to ``MODEL``."""
        return self.ask("MODEL")

    # -- messages ---------------------------------------------------------------------------------

    def write(self, command: str, **kwargs: Any) -> None:
        """Send *command* and wait until it is done. :raises DeviceFault: it is refused"""
        self._silent(command, self.ask(command))

    def _move(self, command: str) -> None:
        """The same for one that is done when something has moved."""
        self._silent(command, self._exchange(command, _MOVE_MAX))

    def _silent(self, command: str, answer: str) -> None:
        if answer in _NO_MOTOR:
            raise DeviceFault(self.name, f"'{command}' was refused: {answer}")
        if answer:
            raise self.wrong_answer(command, answer)

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """What the answer to *command* says, without echo and ``ok``.

        :raises DeviceFault: the device does not know it
        """
        return self._exchange(command)

    def _exchange(self, command: str, patience: float = 0.0) -> str:
        with self.lock:
            self._before(command)
            super().write(command)
            text = self._lines(command, patience)
            self._unread = False
        said = text.removesuffix(_OK).removeprefix(command).strip(" \r\n")
        if text.endswith(_REFUSED):
            raise DeviceFault(self.name, f"'{command}' was refused: {said}")
        return said

    def _lines(self, command: str, patience: float = 0.0) -> str:
        """The answer up to ``ok`` or ``?``, which may begin *patience* s later than the time-out."""
        end = self.clock.now() + patience
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            try:
                lines.append(self._answer(command))
            except DeviceTimeout as error:
                if lines:
                    raise DeviceTimeout(self.name, f"{error.problem}; received so far: {lines}") from None
                if self.clock.now() >= end:
                    raise
                continue
            if lines[-1].endswith((_OK, _REFUSED)):
                return "\n".join(lines)
        raise self.wrong_answer(command, lines[0])

    def _asked(self, command: str, pattern: str) -> str:
        """The group of *pattern* in the answer, "" where it took no part."""
        answer = self.ask(command)
        found = re.fullmatch(pattern, answer)
        if found is None:
            raise self.wrong_answer(command, answer)
        return found[1] or ""

    def _resynchronise(self) -> None:
        """Without echo an answer does not say what it answers: send a word that was never sent before.

        It is no command, and makes none of half a command that waits in the device for its end. Refused
        words are named.
        """
        word = f"SYNC{next(self._sync_words)}"
        super().write(word)
        for _ in range(_LATE_ANSWERS):
            text = self._lines(word)
            if text.endswith(_REFUSED) and (word in text or text.strip() == "?"):
                return
        raise BadAnswer(self.name, f"'{word}' was answered by {_LATE_ANSWERS} answers to something else")


def _turret_of(grating: int) -> int:
    return (grating - 1) // _PER_TURRET + 1

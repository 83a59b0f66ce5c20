"""Twin of the Acton SP-2300i monochromator between the collected light and the counter.

Words and framing from the IsoPlane and SP-750i manuals and public drivers. Assumed: how much it passes; after
``>NM`` it moves for nobody until ``MONO-STOP``; a word that lacks its number is refused like one that is
unknown; what a bare ``?`` does was seen on a sister model.

It interprets words one after the other, numbers before the word that uses them. Values out of range are
clipped, and a grating that is not on the turret is not taken, without a word.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from msgspec import Meta

from antistokes.instruments.records import NonNegative, Record

from ..grating import Grating, OpticsSettings
from ..twin import Answer, Twin, answers
from .acton_sp2300i_drive import Drive

_LONGEST, _GROOVES = 1400.0, 1200.0  # nm with so many grooves per mm
_TURN = 20.0  # s for the turret, and to find its home
_SLIT_SPEED, _SLIT_MIN, _SLIT_MAX = 400.0, 10, 3000  # µm/s (assumed), µm
_PER_TURRET = 3
_EMPTY = " Not Installed    "
_CRASH = "\r\nAddress Error \r\nA=3F4F4445 PC=81444"

Width = Annotated[float, Meta(ge=_SLIT_MIN, le=_SLIT_MAX)]
Mirror = Literal["", "front", "side"]


class ActonSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "29012345"
    #: RS-232; the USB port does not echo
    echo: bool = True
    #: from number 1, three on a turret; an empty place is not installed
    gratings: Annotated[tuple[str, ...], Meta(min_length=1, max_length=9)] = (
        "1200 g/mm BLZ=  500NM",
        " 600 g/mm BLZ=  1.0UM",
        " 150 g/mm BLZ=  500NM",
    )
    #: widths of the slits that are used, µm
    entrance_slit_um: Width = 500.0
    exit_slit_um: Width = 500.0
    #: slits of the side ports have motors, others none
    motors: bool = True
    #: where the mirrors with a motor point to; none: fixed, and on the way to the counter
    entrance_mirror: Mirror = ""
    exit_mirror: Mirror = ""
    #: exit at which the counter is
    counter_at: Literal["front", "side"] = "side"
    power_on_wavelength: NonNegative = 0.0
    optics: OpticsSettings = OpticsSettings()


class _UnknownWord(Exception):
    """Not known here, or without the number it needs."""


class ActonTwin(Twin):
    """Passes the collected light to the counter."""

    model = "Acton SP-2300i"
    Settings = ActonSettings
    settings: ActonSettings
    terminator = b"\r"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        s = self.settings
        self.echo = s.echo
        self.rate = 100.0  # nm/min
        self.turret = self.grating = 1
        self.mirrors: dict[str, str] = {"ENT": s.entrance_mirror, "EXIT": s.exit_mirror}
        widths = {"ENT": s.entrance_slit_um, "EXIT": s.exit_slit_um}
        self.slits = {f"SIDE-{end}-SLIT": width for end, width in widths.items()} if s.motors else {}
        self._fixed = widths
        self._mirror, self._slit = "EXIT", "SIDE-ENT-SLIT"
        #: after >NM, until MONO-STOP
        self.scanning = False
        self._marked = False  # the transport marks ends of messages: not RS-232
        self._busy_until = self._turning_until = self._now = self.clock.now()
        self._numbers: list[float] = []
        self.drive = Drive(self._now, s.power_on_wavelength)
        self.bench.monochromator = self

    # -- what is so now -----------------------------------------------------------------------------

    def installed(self, number: int) -> str:
        """Description of a grating, "" where there is none."""
        gratings = self.settings.gratings
        return gratings[number - 1].strip() if number <= len(gratings) else ""

    @property
    def optics(self) -> Grating:
        """The grating in the beam."""
        grooves = re.match(r"([\d.]+) *g/mm", self.installed(self.grating))
        return Grating(float(grooves[1]) if grooves else 0.0, self.settings.optics)

    def transmission(self, wavelength: float, fwhm: float) -> float:
        """See :class:`~antistokes.simulated_hw.light_path.Passband`."""
        if self.clock.now() < self._turning_until or self.mirrors["EXIT"] not in (
            "",
            self.settings.counter_at,
        ):
            return 0.0
        entrance, exit_ = (self.slits.get(f"SIDE-{end}-SLIT", self._fixed[end]) for end in ("ENT", "EXIT"))
        return self.optics.transmission(self.drive.at(self.clock.now()), entrance, exit_, wavelength, fwhm)

    def _limit(self) -> float:
        grooves = self.optics.grooves
        return _LONGEST * _GROOVES / grooves if grooves else 0.0

    # -- the wire -----------------------------------------------------------------------------------

    def feed(self, data: bytes, end: bool = False) -> None:
        self._marked = end
        super().feed(data, end)

    def respond(self, message: str) -> Answer:
        message = message.strip("\n")
        echoed = self.echo and not self._marked
        if echoed:
            self.send(message.encode("latin-1"))
        # while something moves it does not listen
        self._now = max(self.clock.now(), self._busy_until)
        self._numbers.clear()
        said = []
        for word in message.split():
            try:
                text = super().respond(word.upper())
            except _UnknownWord:
                return b" ? \r\n" if echoed else f" {word} ? \r\n".encode("latin-1")
            self._now = max(self._now, self._busy_until)
            if isinstance(text, str):
                said.append(text)
            if text in ("no motor", _CRASH):
                break
        self.take_time(self._now - self.clock.now())
        if said == [_CRASH]:
            return _CRASH.encode()
        lines = "".join(said) if any("\n" in text for text in said) else "".join(f" {t} " for t in said)
        return f"{lines} ok\r\n".encode("latin-1")

    def unknown(self, message: str) -> Answer:
        raise _UnknownWord

    @answers(r"([-+]?(?:\d+\.?\d*|\.\d+))")
    def push(self, number: str) -> None:
        self._numbers.append(float(number))

    def _number(self) -> float:
        if not self._numbers:
            raise _UnknownWord
        return self._numbers.pop()

    # -- words: wavelength --------------------------------------------------------------------------

    @answers(r"\?NM")
    def get_wavelength(self) -> str:
        return f"{self.drive.at(self._now):.3f} nm"

    @answers("GOTO|<GOTO>")
    def go_to(self) -> None:
        target = self._target()
        if not self.scanning:
            self.drive.go(self._now, target, self.optics)
            self._busy_until = self.drive.arrival

    @answers("NM|<NM>")
    def scan(self) -> None:
        target = self._target()
        if not self.scanning:
            self.drive.scan(self._now, target, self.rate)
            self._busy_until = self.drive.arrival

    @answers(">NM")
    def scan_free(self) -> None:
        target = self._target()
        if not self.scanning:
            self.drive.scan(self._now, target, self.rate)
            self.scanning = True

    def _target(self) -> float:
        return min(max(self._number(), 0.0), self._limit())

    @answers(r"MONO-\?DONE")
    def is_done(self) -> str:
        return str(int(self._now >= self.drive.arrival))

    @answers("MONO-STOP")
    def stop(self) -> None:
        self.scanning = False
        self.drive.stand(self._now, self.drive.at(self._now))

    @answers(r"\?NM/MIN")
    def get_rate(self) -> str:
        return f"{self.rate:.3f} nm/min"

    @answers("NM/MIN")
    def set_rate(self) -> None:
        self.rate = min(max(self._number(), 0.01), 2000.0)

    # -- words: gratings ----------------------------------------------------------------------------

    @answers(r"\?GRATING")
    def get_grating(self) -> str:
        return str(self.grating)

    @answers("GRATING")
    def set_grating(self) -> None:
        number = round(self._number())
        turret = (number - 1) // _PER_TURRET + 1
        if self.scanning or not 1 <= number <= 9 or not self.installed(number) or turret != self.turret:
            return
        if number != self.grating:
            self.grating = number
            self.drive.stand(self._now, min(self.drive.at(self._now), self._limit()))
            self._turning_until = self._busy_until = self._now + _TURN

    @answers(r"\?TURRET")
    def get_turret(self) -> str:
        return str(self.turret)

    @answers("TURRET")
    def set_turret(self) -> None:
        number = round(self._number())
        if 1 <= number <= 3 and not self.scanning:
            self.turret = number

    @answers(r"\?GRATINGS")
    def list_gratings(self) -> str:
        text = "\r\n"
        for n in range(1, 10):
            arrow = "\x1a" if n == self.grating else " "
            text += f"{arrow}{n} {self.installed(n).rjust(21) if self.installed(n) else _EMPTY} \r\n"
        return text

    @answers(r"\?TURRETS")
    def list_turrets(self) -> str:
        text = "\r\n"
        for turret in (1, 2, 3):
            first = (turret - 1) * _PER_TURRET + 1
            grooves = (self.installed(n).split(" g/mm")[0] or "-" for n in range(first, first + _PER_TURRET))
            text += f" {turret} {' '.join(grooves)} \r\n"
        return text

    # -- words: slits and mirrors -------------------------------------------------------------------

    @answers("((?:FRONT|SIDE)-(?:ENT|EXIT)-SLIT)")
    def choose_slit(self, slit: str) -> str | None:
        self._slit = slit
        return None if slit in self.slits else "no motor"

    @answers(r"\?MICRONS")
    def get_width(self) -> str:
        return f"{self.slits[self._slit]:.0f} um" if self._slit in self.slits else "no motor"

    @answers("MICRONS")
    def set_width(self) -> str | None:
        return self._move_slit(min(max(self._number(), _SLIT_MIN), _SLIT_MAX))

    @answers("SHOME")
    def home_slit(self) -> str | None:
        return self._move_slit(_SLIT_MIN)

    def _move_slit(self, width: float) -> str | None:
        if self._slit not in self.slits:
            return "no motor"
        self._busy_until = self._now + abs(width - self.slits[self._slit]) / _SLIT_SPEED
        self.slits[self._slit] = round(width)
        return None

    @answers("(ENT|EXIT)-MIRROR")
    def choose_mirror(self, mirror: str) -> str | None:
        self._mirror = mirror
        return None if self.mirrors[mirror] else "no motor"

    @answers(r"\?MIRROR")
    def get_mirror(self) -> str:
        return self.mirrors[self._mirror] or "no motor"

    @answers(r"\?MIR")
    def get_mirror_number(self) -> str:
        return str(int(self.mirrors[self._mirror] == "side"))

    @answers("(FRONT|SIDE)")
    def turn_mirror(self, to: str) -> str | None:
        if not self.mirrors[self._mirror]:
            return "no motor"
        self.mirrors[self._mirror] = to.lower()
        self._busy_until = self._now + 1.0
        return None

    # -- words: the rest ----------------------------------------------------------------------------

    @answers("MODEL")
    def get_model(self) -> str:
        return "SP-2-300i"

    @answers("SERIAL")
    def get_serial(self) -> str:
        return self.settings.serial

    @answers("ECHO")
    def echo_on(self) -> None:
        self.echo = True

    @answers("NO-ECHO")
    def echo_off(self) -> None:
        self.echo = False

    @answers("MONO-RESET")
    def reset(self) -> None:
        self.rate, self.turret, self.grating, self.scanning = 100.0, 1, 1, False
        self.drive.stand(self._now, self.settings.power_on_wavelength)
        self._turning_until = self._busy_until = self._now + _TURN

    @answers("MONO-EESTATUS")
    def status(self) -> str:
        o = self.settings.optics
        head = f"\r\n{self.get_model()} \r\nserial number {self.settings.serial} \r\nturret  {self.turret} "
        tail = (
            f"wavelength {self.settings.power_on_wavelength:.3f}\r\nrate {self.rate:.3f}\r\n"
            "backlash 25600 \r\n"
            f"focal length {o.focal_length_mm:.0f} \r\nhalf angle {o.half_angle_deg:.2f} \r\n"
        )
        return f"{head}\r\ngrating {self.grating} \r\n{self.list_gratings()}{tail}"

    @answers(r"\?")
    def crash(self) -> str:
        return _CRASH

"""Twin of the Thorlabs ELL14 rotation mount, and of one with a half-wave plate before a polariser.

Wire behaviour: :mod:`..ellx`. Assumed where the manual is silent: after power-up the count is 0 wherever the
mount stands; relative moves may pass 0 or 360 degrees and the count wraps; ``st`` is answered by a position.
"""

from __future__ import annotations

from antistokes.instruments.records import NonNegative, Positive, Record

from ..ellx import OUT_OF_RANGE, hexadecimal, signed
from ..ellx_mover import ELLxMover
from ..light_path import WavePlate, WavePlateSettings
from ..twin import Answer, answers

_PULSES = 143360  # per revolution
_ENDLESS = 1000 * 360.0  # degrees: a move that waits to be stopped


class MountSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``, whatever the mount turns."""

    address: str = "0"
    serial: str = "11400012"
    speed_deg_per_s: Positive = 430.0
    #: where it stands when it gets power
    power_up_deg: float = 200.0
    #: largest error of a position reached
    error_pulses: NonNegative = 2


class ELL14Settings(MountSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    plate: WavePlateSettings = WavePlateSettings()


class _RotatingPlate(WavePlate):
    """A plate where its mount is now."""

    def __init__(self, settings: WavePlateSettings, twin: ELL14Mount) -> None:
        super().__init__(settings)
        self._twin = twin

    def transmission(self, wavelength: float) -> float:
        self.angle = self._twin.place()
        return super().transmission(wavelength)


class ELL14Mount(ELLxMover):
    """Turns something; whoever inherits puts it on the bench."""

    Settings = MountSettings
    settings: MountSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.jog = 0x2000  # pulses
        self.home_offset = 0  # pulses from the mark to position 0
        self.periods = {"f1": 0xA9, "b1": 0xB9, "f2": 0xA9, "b2": 0xB9}
        self._zero = self.settings.power_up_deg  # where it counts from, degrees from the mark
        self._stand(self._zero)

    # -- what is so now ---------------------------------------------------------------------------

    def _count(self, angle: float) -> float:
        """Position as the mount counts it, pulses; it starts again after a turn."""
        pulses = (angle - self._zero) / 360 * _PULSES
        slack = self.settings.error_pulses + 1
        return pulses if -slack <= pulses <= _PULSES + slack else pulses % _PULSES

    def _turn(self, to: float, zero: float) -> bytes | None:
        """Move to an angle, count from *zero* then; answers when there."""
        error = self.settings.error_pulses * 360 / _PULSES
        fault = self._set_out(to, self.settings.speed_deg_per_s, error)
        if not fault:
            self._zero = zero
        return self._at_end(fault or self._position(self._to))

    def _occupy(self, seconds: float) -> bytes | None:
        """Be busy on the spot, then well."""
        self._stand(self.place())
        self._begin, self._end = self.clock.now(), self.clock.now() + seconds
        return self._at_end("GS00")

    def press_button(self, forward: bool = True) -> None:
        """Somebody jogs it by hand: two messages nobody asked for."""
        start, step = self.place(), self.jog * 360 / _PULSES
        self.send(self._say("BS01" if forward else "BS02"))
        self._from, self._to = start, start + (step if forward else -step)
        self._begin, self._end = self.clock.now(), self.clock.now() + step / self.settings.speed_deg_per_s
        self.send(self._say(self._position(self._to, "BO")), self._end - self.clock.now())

    def _position(self, angle: float, word: str = "PO") -> str:
        return f"{word}{hexadecimal(round(self._count(angle)))}"

    def _where(self) -> str:
        return self._position(self.place())

    # -- questions --------------------------------------------------------------------------------

    @answers("in")
    def identify(self) -> bytes:
        return self._say(f"IN0E{self.settings.serial:0>8.8}20231701{360:04X}{_PULSES:08X}")

    @answers("i([12])")
    def get_motor(self, motor: str) -> bytes:
        forward, backward = self.periods[f"f{motor}"], self.periods[f"b{motor}"]
        # loop on, motor off, current, ramps, periods
        return self._say(f"I{motor}100400FFFFFFFF{forward:04X}{backward:04X}")

    @answers("gj")
    def get_jog(self) -> bytes:
        return self._say(f"GJ{hexadecimal(self.jog)}")

    @answers("go")
    def get_home_offset(self) -> bytes:
        return self._say(f"HO{hexadecimal(self.home_offset)}")

    # -- movement ---------------------------------------------------------------------------------

    @answers("ho([01]?)")
    def home(self, direction: str) -> Answer:
        """To the mark: backwards (0) or forwards (1)."""
        target = self.home_offset / _PULSES * 360
        down = (self.place() - target) % 360
        # the count starts afresh at the mark
        self._from = self._to = target + (down if direction != "1" else down - 360 if down else 0)
        return self._turn(target, target)

    @answers("ma([0-9A-Fa-f]{8})")
    def move_to(self, data: str) -> Answer:
        pulses = signed(data)
        if not 0 <= pulses <= _PULSES:
            return self._refuse(OUT_OF_RANGE)
        start = self.place()
        return self._turn(start + (pulses - self._count(start)) * 360 / _PULSES, self._zero)

    @answers("mr([0-9A-Fa-f]{8})")
    def move_by(self, data: str) -> Answer:
        pulses = signed(data)
        if abs(pulses) > _PULSES:
            return self._refuse(OUT_OF_RANGE)
        return self._turn(self.place() + pulses * 360 / _PULSES, self._zero)

    @answers("(fw|bw)")
    def jog_once(self, command: str) -> Answer:
        """One jog step; without a step, on and on until ``st``."""
        sign = 1 if command == "fw" else -1
        if self.jog:
            return self._turn(self.place() + sign * self.jog * 360 / _PULSES, self._zero)
        self._turn(self.place() + sign * _ENDLESS, self._zero)
        self._forget_ending()
        return self._say("GS00")

    # -- settings ---------------------------------------------------------------------------------

    @answers("sj([0-9A-Fa-f]{8})")
    def set_jog(self, data: str) -> Answer:
        if not 0 <= signed(data) <= _PULSES:
            return self._refuse(OUT_OF_RANGE)
        self.jog = signed(data)
        return self._say("GS00")

    @answers("so([0-9A-Fa-f]{8})")
    def set_home_offset(self, data: str) -> Answer:
        if not abs(signed(data)) <= _PULSES:
            return self._refuse(OUT_OF_RANGE)
        self.home_offset = signed(data)
        return self._say("GS00")

    @answers("([fb][12])([0-9A-Fa-f]{4})")
    def set_period(self, which: str, data: str) -> bytes:
        self.periods[which] = int(data, 16)
        return self._say("GS00")

    @answers("s[12]|om|cm")
    def search(self) -> Answer:
        """Search the best frequency, or run the motors in."""
        return self._occupy(1.0)


class ELL14Twin(ELL14Mount):
    """Turns a wave plate before a polariser, in the excitation path."""

    model = "Thorlabs ELL14"
    Settings = ELL14Settings
    settings: ELL14Settings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.plate = _RotatingPlate(self.settings.plate, self)
        self.bench.elements[self.name] = self.plate

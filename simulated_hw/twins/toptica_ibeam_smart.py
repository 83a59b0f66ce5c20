"""Twin of the Toptica iBeam smart, a diode laser head that regulates its power.

Answers as public drivers parse them. Assumed where these differ or are silent: the light is the sum of the
enabled channels, never more than the head's maximum; a level above that is refused; the external gate acts
on channel 2 and higher, channel 1 is the bias below them; an open interlock, a turned key or a hot head end
the emission and ``laser on`` is refused meanwhile; a level without a channel is that of channel 2.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from antistokes.instruments.records import NonNegative, Positive

from ..twin import answers
from .toptica_ibeam_smart_shell import WRONG_PARAMETER, LaserError, ShellSettings, ShellTwin

_MAIN = 2  # the channel the gate acts on
_TTL = 1.5  # V
_THRESHOLD, _SLOPE = 0.04, 0.9  # A, W/A of the diode
_HOUR = 3600
_BOOT = 0.5  # s
_UNITS = {"nano": 1e-9, "micro": 1e-6, "milli": 1e-3, None: 1e-3}
_N = r"(\d+)"
_UNIT = r"(?: (nano|micro|milli))?"
_VALUE = r"(\d+(?:\.\d*)?|\.\d+)"


class IBeamSettings(ShellSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    wavelength_nm: Positive = 980.0
    power_max_W: Positive = 0.2
    channels: Annotated[int, Meta(ge=1, le=5)] = 2
    serial: str = "15384"
    #: from no light to the level
    soft_start_s: NonNegative = 0.2
    diode_C: float = 25.0
    base_plate_C: float = 27.0


class _Fault:
    """Something that ends the emission and keeps it from coming back.

    :param text: the device's error
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, twin: IBeamSmartTwin, owner: type) -> bool:
        return self.text in twin.faults

    def __set__(self, twin: IBeamSmartTwin, present: bool) -> None:
        (twin.faults.add if present else twin.faults.discard)(self.text)
        if present:
            twin.switch(False)


class _Head:
    """What comes out of the head."""

    def __init__(self, twin: IBeamSmartTwin) -> None:
        self._twin = twin
        self.wavelength = twin.settings.wavelength_nm

    def power(self, volts: float = 0.0) -> float:
        return self._twin.light(volts)


class IBeamSmartTwin(ShellTwin):
    """A laser head that shines into the excitation path."""

    model = "Toptica iBeam smart"
    Settings = IBeamSettings
    settings: IBeamSettings

    interlock_open = _Fault("F-030, interlock is open")
    key_locked = _Fault("F-031, laser is locked by the key switch")
    too_hot = _Fault("F-032, temperature out of range")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        #: texts of the faults that are there
        self.faults: set[str] = set()
        self.born = self.clock.now()
        self._emitted = 0.0  # s, up to the last switching off
        self._since: float | None = None  # when the laser came on
        self._power_on()
        self.bench.sources[self.name] = _Head(self)

    def _power_on(self) -> None:
        self.switch(False)
        self.levels = dict.fromkeys(range(1, self.settings.channels + 1), 0.0)  # W
        self.enabled = dict.fromkeys(self.levels, False)
        self.external = self.fine = self.skill = False
        self.fine_share = {"a": 90.0, "b": 10.0}  # %

    # -- what is so now ---------------------------------------------------------------------------

    def switch(self, on: bool) -> None:
        """Emission on or off."""
        if on and self._since is None:
            self._since = self.clock.now()
        elif not on and self._since is not None:
            self._emitted += self.clock.now() - self._since
            self._since = None

    def trip_by_itself(self) -> None:
        """The head is too hot for a moment."""
        self.too_hot = True
        self.too_hot = False

    def light(self, volts: float = 0.0) -> float:
        """Power leaving the head with *volts* at the digital input, W."""
        if self._since is None:
            return 0.0
        gated = self.external and volts < _TTL
        total = sum(p for n, p in self.levels.items() if self.enabled[n] and not (gated and n >= _MAIN))
        age, soft = self.clock.now() - self._since, self.settings.soft_start_s
        return (min(1.0, age / soft) if soft else 1.0) * min(total, self.settings.power_max_W)

    def _current(self, volts: float) -> float:
        return 0.0 if self._since is None else _THRESHOLD + self.light(volts) / _SLOPE

    def _channel(self, text: str | None) -> int:
        number = _MAIN if text is None else int(text)
        if number not in self.levels:
            raise LaserError(WRONG_PARAMETER)
        return number

    # -- emission ---------------------------------------------------------------------------------

    @answers("laser (on|off)")
    def set_laser(self, word: str) -> None:
        if word == "on" and self.faults:
            raise LaserError(min(self.faults))
        self.switch(word == "on")

    @answers("status laser")
    def get_laser(self) -> str:
        return _on(self._since is not None)

    @answers("initialize laser")
    def initialize(self) -> None:
        """It is ready."""

    @answers(rf"(enable|disable)(?: channel)? {_N}")
    def set_channel(self, word: str, number: str) -> None:
        channels = list(self.levels) if int(number) == 0 else [self._channel(number)]
        self.enabled |= dict.fromkeys(channels, word == "enable")

    @answers(rf"status (?:channel {_N}|{_N} channel)")
    def get_channel(self, after: str | None, before: str | None) -> str:
        return _on(self.enabled[self._channel(after or before)])

    @answers("(enable|disable) external")
    def set_external(self, word: str) -> None:
        self.external = word == "enable"

    @answers("status external")
    def get_external(self) -> str:
        return _on(self.external)

    @answers(rf"(?:channel|set)(?: {_N})? power {_VALUE}{_UNIT}")
    def set_level(self, number: str | None, value: str, unit: str | None) -> None:
        power = float(value) * _UNITS[unit]
        if power > self.settings.power_max_W * (1 + 1e-9):
            raise LaserError(WRONG_PARAMETER)
        self.levels[self._channel(number)] = power

    @answers("show level power")
    def show_levels(self) -> list[str]:
        return [f"CH{number}, PWR:{1e3 * power:7.3f} mW" for number, power in self.levels.items()]

    # -- readings ---------------------------------------------------------------------------------

    @answers("show power")
    def show_power(self) -> list[str]:
        return self.scaled(f"PIC  = {1e6 * self.bench.mean_over_pulses(self.light):06.0f} uW  ")

    @answers(rf"show(?: {_N})? current")
    def show_current(self, number: str | None) -> list[str]:
        self._channel(number)
        return self.scaled(f"LDC  = {1e3 * self.bench.mean_over_pulses(self._current):5.1f} mA")

    @answers("show temperature")
    def show_temperature(self) -> list[str]:
        return self.scaled(f"TEMP = {self.settings.diode_C + 0.02 * self.rng.standard_normal():.1f}  C")

    @answers("show temperature system")
    def show_base_temperature(self) -> str:
        return f"TEMP = {self.settings.base_plate_C + 0.02 * self.rng.standard_normal():.1f} C"

    @answers("show limit")
    def show_limit(self) -> list[str]:
        limit = 1e3 * (_THRESHOLD + self.settings.power_max_W / _SLOPE)
        return [f"LD: {limit:.1f} mA", f"CH1: {limit:.1f} mA", f"CH2: {limit:.1f} mA"]

    @answers("status clip")
    def get_clip(self) -> str:
        return "PASS"

    @answers("status uptime")
    def get_uptime(self) -> list[str]:
        return [f"{word}: {s // _HOUR} h + {s % _HOUR} s" for word, s in self._times("LaserON").items()]

    @answers("show timer")
    def show_timer(self) -> list[str]:
        return [f"{word}: {s} s" for word, s in self._times("LaserUP").items()]

    def _times(self, laser: str) -> dict[str, int]:
        now = self.clock.now()
        lit = self._emitted + (0.0 if self._since is None else now - self._since)
        return {"PowerUP": int(now - self.born), laser: int(lit)}

    # -- what it is -------------------------------------------------------------------------------

    @answers("version")
    def get_version(self) -> str:
        return "iBPs-001A01-05"

    @answers("(?:show )?serial|identification")
    def get_serial(self) -> str | None:
        if self.talk == "quiet":
            return None
        return f"SN: iBEAM-SMART-{self.settings.wavelength_nm:.0f}-S-A3-{self.settings.serial}"

    @answers("show satellite")
    def show_satellite(self) -> list[str]:
        most = self.settings.power_max_W
        return [
            f"Imax: {1e3 * (_THRESHOLD + most / _SLOPE):.0f} mA",
            f"Pmax: {1e3 * most:.0f} mW",
            *(f"CH{number} setp: {1e3 * power:.3f} mW" for number, power in self.levels.items()),
        ]

    @answers("show system")
    def show_system(self) -> list[str]:
        return ["pulse board: yes", "SPP modes: normal", f"channels: {len(self.levels)}"]

    @answers("show data")
    def show_data(self) -> list[str]:
        return [
            *self.show_satellite(),
            f"enable EXT -> {_on(self.external)}",
            f"fine -> {_on(self.fine)}",
            *(f"fine {letter} -> {share:.1f} %" for letter, share in self.fine_share.items()),
        ]

    @answers("help")
    def get_help(self) -> list[str]:
        return ["laser, enable, disable, channel, set, show, status, fine, skill, talk, echo, prompt, reset"]

    # -- the rest ---------------------------------------------------------------------------------

    @answers("(fine|skill) (on|off)")
    def set_feature(self, feature: str, word: str) -> None:
        setattr(self, feature, word == "on")

    @answers("status (fine|skill|oscillation)")
    def get_feature(self, feature: str) -> str:
        return _on(self.fine if feature == "fine" else self.skill)

    @answers(f"fine ([ab]) {_VALUE}")
    def set_fine_share(self, letter: str, value: str) -> None:
        if float(value) > 100:
            raise LaserError(WRONG_PARAMETER)
        self.fine_share[letter] = float(value)

    @answers("flash (on|off)")
    def set_flash(self, word: str) -> None:
        """The lamp at the head."""

    @answers("save data")
    def save(self) -> list[str]:
        return ["SAVE:SYS done", "SAVE:SAT done"]

    @answers("reset system")
    def reset(self) -> str:
        self._power_on()
        self.start_shell()
        self.take_time(_BOOT)
        return "TOPTICA iBEAM smart"


def _on(state: bool) -> str:
    return "ON" if state else "OFF"

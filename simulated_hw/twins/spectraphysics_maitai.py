"""Twin of a Spectra-Physics Mai Tai titanium-sapphire laser (RS-232): its language.

Commands and answers from the user manual, chapter 6, units and status byte from logs of real lasers. Assumed
where these are silent: the layout of ``SYST:ERR?`` (number, comma, text), one entry an error; a wavelength
out of range is an execution error; bit 3 of the status byte is always set, as in a log; in local mode
(another program or a panel has control) settings are ignored without an error.
"""

from __future__ import annotations

import math
from collections import deque

from ..conditions import LaserPulses
from ..scpi import scpi
from ..twin import Answer, Twin
from .spectraphysics_maitai_head import MaiTaiHead, MaiTaiSettings

_COMMAND, _EXECUTION, _SYSTEM, _LASER_ON, _ANY = 1, 2, 32, 64, 128
_WORDS = {_COMMAND: "CMD_ERR", _EXECUTION: "EXE_ERR", _SYSTEM: "SYS_ERR"}
_EMISSION, _MODE_LOCKED, _ALWAYS = 1, 2, 8
_PUMP_W, _PUMP_CURRENT = 14.0, 75.1  # W, % of the current at that
_REPORT_TIME = 1.0  # s after which SHUT? follows
_FLOW_CONTROL = b"\x11\x13"  # XON, XOFF
_KEPT = 16  # entries of the history, and errors


class MaiTaiError(Exception):
    """Sets bits of the error sum."""


class MaiTaiTwin(Twin):
    """A tunable laser behind its own shutter; nothing sets its power."""

    model = "Spectra-Physics Mai Tai"
    Settings = MaiTaiSettings
    settings: MaiTaiSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.head = MaiTaiHead(self.bench, self.settings)
        #: settings are ignored
        self.local = False
        self._moved = -math.inf  # when the shutter was told to move
        self._interlock_open = False
        self.mode = "PPOW"
        self.pump_power = _PUMP_W
        self.pump_current = 0.0  # %
        self.phase = 50.0
        self.errors: deque[int] = deque(maxlen=_KEPT)
        self.history: deque[int] = deque([0] * _KEPT, maxlen=_KEPT)
        self.bench.sources[self.name] = self.head
        self.bench.mode_locked[self.name] = LaserPulses(
            self.settings.pulse_fs * 1e-15, self.settings.repetition_MHz * 1e6
        )

    @property
    def interlock_open(self) -> bool:
        """The interlock circuit is interrupted, or the key is off."""
        return self._interlock_open

    @interlock_open.setter
    def interlock_open(self, is_open: bool) -> None:
        self._interlock_open = is_open
        if is_open:
            self.head.stop()
            self.errors.append(_SYSTEM)
            self.history.appendleft(120)

    def trip_by_itself(self) -> None:
        """The pump goes off, with an error in the queue; ON brings it back."""
        self.head.stop()
        self.errors.append(_SYSTEM)

    # -- the wire -----------------------------------------------------------------------------------

    def feed(self, data: bytes, end: bool = False) -> None:
        super().feed(data.translate(None, _FLOW_CONTROL).replace(b"\r", b"\n"), end)

    def respond(self, message: str) -> Answer:
        message = message.strip()
        if not message:
            return None
        answer: Answer = None
        try:
            if not self.local or "?" in message:
                answer = super().respond(message)
        except MaiTaiError as error:
            self.errors.append(error.args[0])
        else:
            self.head.hear()
        return answer

    def unknown(self, message: str) -> Answer:
        raise MaiTaiError(_COMMAND)

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"Spectra Physics,MaiTai,{self.settings.serial},0245-2.00.34 / CD00000019 / 214-00.004.057"

    @scpi("*STB?")
    def get_status(self, _: str | None) -> str:
        head = self.head
        return str(head.emits() * _EMISSION | head.mode_locked() * _MODE_LOCKED | _ALWAYS)

    @scpi("SYSTem:ERRor?")
    def next_error(self, _: str | None) -> str:
        on = _LASER_ON if self.head.emits() else 0
        if not self.errors:
            return f'{on},"No error"'
        bit = self.errors.popleft()
        return f'{bit | on | _ANY},"{_WORDS[bit]}"'

    @scpi("SYSTem:COMMunications:SERial:BAUD")
    def set_baud(self, text: str | None) -> None:
        _choice(text, "300", "600", "1200", "4800", "9600", "19200", "38400", "57600", "115200")

    @scpi("SAVe")
    def save(self, _: str | None) -> None:
        """Nothing here outlives the power."""

    @scpi("TIMer:WATChdog")
    def set_watchdog(self, text: str | None) -> None:
        self.head.watchdog = _number(text, 0, 1e6)

    @scpi("TIMer:WATChdog?")
    def get_watchdog(self, _: str | None) -> str:
        return f"{self.head.watchdog:.0f}"

    # -- light --------------------------------------------------------------------------------------

    @scpi("ON")
    def switch_on(self, _: str | None) -> None:
        if self._interlock_open:
            raise MaiTaiError(_SYSTEM)
        warm = self.head.warmed_up()
        if 0 < warm < 100:
            raise MaiTaiError(_EXECUTION)
        if warm:
            self.head.pump()
            self.history.appendleft(3)
        else:
            self.head.warm_up()

    @scpi("OFF")
    def switch_off(self, _: str | None) -> None:
        self.head.stop()
        self.history.appendleft(1)

    @scpi("SHUTter")
    def set_shutter(self, text: str | None) -> None:
        is_open = _choice(text, "0", "1") == "1"
        if is_open != self.head.shutter:
            self.head.shutter, self._moved = is_open, self.clock.now()

    @scpi("SHUTter?")
    def get_shutter(self, _: str | None) -> str:
        late = self.clock.now() < self._moved + _REPORT_TIME
        return str(int(self.head.shutter != late))

    @scpi("WAVelength")
    def set_wavelength(self, text: str | None) -> None:
        self.head.tune(round(_number(text, *self.settings.range_nm)))

    @scpi("WAVelength?")
    def get_wavelength(self, _: str | None) -> str:
        return f"{self.head.target:.0f}nm"

    @scpi("WAVelength:MIN?")
    def get_shortest(self, _: str | None) -> str:
        return f"{self.settings.range_nm[0]:.0f}nm"

    @scpi("WAVelength:MAX?")
    def get_longest(self, _: str | None) -> str:
        return f"{self.settings.range_nm[1]:.0f}nm"

    @scpi("READ:WAVelength?")
    def read_wavelength(self, _: str | None) -> str:
        return f"{self.head.wavelength:.0f}nm"

    @scpi("[READ:]POWer?")
    def read_power(self, _: str | None) -> str:
        return f"{self.head.inside():.3f}W"

    @scpi("READ:PCTWarmedup?")
    def read_warm_up(self, _: str | None) -> str:
        return f"{self.head.warmed_up():.2f}%"

    @scpi("READ:HUMidity?")
    def read_humidity(self, _: str | None) -> str:
        return "7.26%"

    @scpi("CONTrol:MLENable")
    def set_mode_locker(self, text: str | None) -> None:
        self.head.mode_locker = _choice(text, "0", "1") == "1"

    @scpi("CONTrol:MLENable?")
    def get_mode_locker(self, _: str | None) -> str:
        return f"{self.head.mode_locker:d}"

    @scpi("CONTrol:PHAse")
    def set_phase(self, text: str | None) -> None:
        self.phase = _number(text, 0, 100)

    @scpi("CONTrol:PHAse?")
    def get_phase(self, _: str | None) -> str:
        return f"{self.phase:.2f}"

    # -- pump ---------------------------------------------------------------------------------------

    @scpi("MODE")
    def set_mode(self, text: str | None) -> None:
        self.mode = _choice(text, "PPOWER", "PCURRENT", "PPOW", "PCUR", "POW")[:4]

    @scpi("MODE?")
    def get_mode(self, _: str | None) -> str:
        return self.mode

    @scpi("PLASer:POWer")
    def set_pump_power(self, text: str | None) -> None:
        self.pump_power = _number(text, 0, 20)

    @scpi("PLASer:POWer?")
    def get_pump_power(self, _: str | None) -> str:
        return f"{self.pump_power:.2f}W"

    @scpi("PLASer:PCURrent")
    def set_pump_current(self, text: str | None) -> None:
        self.pump_current = _number(text, 0, 100)

    @scpi("PLASer:PCURrent?")
    def get_pump_current(self, _: str | None) -> str:
        return f"{self.pump_current:.1f}%"

    @scpi("READ:PLASer:POWer?")
    def read_pump_power(self, _: str | None) -> str:
        return f"{self.head.pump_share() * self.pump_power:.2f}W"

    @scpi("READ:PLASer:PCURrent?")
    def read_pump_current(self, _: str | None) -> str:
        return f"{self.head.pump_share() * _PUMP_CURRENT:.1f}%"

    @scpi("READ:PLASer:SHGS?")
    def read_oven(self, _: str | None) -> str:
        return "0S" if self.head.warmed_up() == 100 else "1S"

    @scpi("READ:PLASer:DIODe1:CURRent?")
    @scpi("READ:PLASer:DIODe2:CURRent?")
    def read_diode_current(self, _: str | None) -> str:
        return f"{self.head.pump_share() * _PUMP_CURRENT:.1f}%"

    @scpi("READ:PLASer:DIODe1:TEMPerature?")
    @scpi("READ:PLASer:DIODe2:TEMPerature?")
    def read_diode_temperature(self, _: str | None) -> str:
        return "20.5"

    @scpi("PLASer:ERRCode?")
    def get_pump_error(self, _: str | None) -> str:
        return "120" if self._interlock_open else "0"

    @scpi("PLASer:HISTory?")
    def get_history(self, _: str | None) -> bytes:
        return bytes(self.history) + b"\n"

    @scpi("PLASer:AHIStory?")
    @scpi("READ:AHIStory?")
    def get_history_text(self, _: str | None) -> str:
        return " ".join(f"{code:03d}" for code in self.history)


def _number(text: str | None, low: float, high: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise MaiTaiError(_COMMAND) from None
    if not low <= value <= high:
        raise MaiTaiError(_EXECUTION)
    return value


def _choice(text: str | None, *words: str) -> str:
    word = (text or "").upper()
    if word not in words:
        raise MaiTaiError(_COMMAND)
    return word

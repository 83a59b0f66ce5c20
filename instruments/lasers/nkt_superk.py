"""NKT SuperK EXTREME with a SELECT (acousto-optic filter) or a VARIA (edge filters).

Sources: SDK register files and manual as quoted by public drivers. Not settled, and read on the safe side:
which position of the RF switch reaches which crystal (the driver says which one is connected, and is
asked); which way the ND register of the VARIA counts (only a person sets it); whether edges of the VARIA
may cross (they never do).
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit
from ..errors import DeviceFault, LimitError, Refused
from .nkt_extreme import EXTREME, EXTREME_TYPE, TENTHS, SuperKExtreme
from .steps import range_in_steps

_RF_DRIVER, _SELECT, _VARIA = 0x66, 0x67, 0x68  # module types
_RF_POWER, _CRYSTAL, _WAVELENGTH, _AMPLITUDE = 0x30, 0x75, 0x90, 0xB0  # of the RF driver
_RF_SWITCH, _CRYSTALS = 0x34, (0x90, 0xA0)  # of the SELECT
_ND, _UPPER, _LOWER, _STATUS, _MOVING = 0x32, 0x33, 0x34, 0x66, 0x7000  # of the VARIA
_LINES = 8
_PM = 1000  # of a nm
_CRYSTAL_MAX, _MOVE_MAX = 5.0, 30.0  # s
_PAUSE = 0.1  # s until a filter that was sent away says that it moves


class SuperKSelect(SuperKExtreme):
    """NKT SuperK EXTREME + SELECT, one line of it.

    Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in % of the power level, and
    :class:`~antistokes.instruments.roles.TunableLaser`. Switching on sets the amplitude of all other
    lines to 0; that of its own to 100 % where it is 0.

    :param channel: the line, 0 to 7
    :param rf_address, select_address: of RF driver and SELECT: 6 for a built-in driver, else 16 and the
        position of the module's rotary switch
    """

    MODEL = "NKT SuperK EXTREME + SELECT"
    LIMITS: ClassVar[dict[str, Limit]] = {
        "drive": Limit(0, 100, "%"),
        "wavelength": Limit(390, 2000, "nm"),
        "amplitude": Limit(0, 100, "%"),
        "watchdog": Limit(0, 255, "s"),
    }
    SNAPSHOT = ("wavelength", "drive", "amplitude", "emission", "watchdog", "interlock", "channel", "crystal")

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        rated_power: float | None = None,
        channel: int = 0,
        rf_address: int = 18,
        select_address: int = 16,
        **connection: Any,
    ) -> None:
        if channel not in range(_LINES):
            raise Refused(f"{name or self.MODEL}: channel = {channel}: must be 0 to {_LINES - 1}")
        self.channel = channel
        self.rf_address, self.select_address = rf_address, select_address
        super().__init__(adapter, name, clock=clock, rated_power=rated_power, **connection)
        #: range of each crystal there is, nm
        self.crystals = self._read_crystals()

    def modules(self) -> dict[int, int]:
        return {EXTREME: EXTREME_TYPE, self.rf_address: _RF_DRIVER, self.select_address: _SELECT}

    def _read_crystals(self) -> dict[int, tuple[float, float]]:
        result = {}
        for number, register in enumerate(_CRYSTALS, 1):
            low, high = (self.read_number(self.select_address, register + i, "<I") / 1000 for i in range(2))
            if 0 < low < high:
                result[number] = (low, high)
        if not result:
            raise DeviceFault(self.name, "the SELECT reports no crystal")
        return result

    # -- wavelength -------------------------------------------------------------------------------

    @property
    def wavelength(self) -> float:
        """Control the wavelength of the line, in nm; switches to the other crystal where it must.

        :raises Refused: no crystal reaches it; nothing is sent then
        """
        return self.read_number(self.rf_address, _WAVELENGTH + self.channel, "<I") / 1000

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        steps = self._steps("wavelength", wavelength, _PM)
        wavelength = steps / _PM
        able = [number for number, (low, high) in self.crystals.items() if low <= wavelength <= high]
        if not able:
            reach = " and ".join(f"{low:g} to {high:g}" for low, high in self.crystals.values())
            raise Refused(f"{self.name}: wavelength = {wavelength:g} nm; the crystals reach {reach} nm")
        with self.lock:  # who puts the light out meanwhile must not find it on afterwards
            power = self._filter_is_open()
            if self.crystal not in able:
                self._connect(able[0])
            self.write_number(self.rf_address, _WAVELENGTH + self.channel, "<I", steps)
            if power:
                self._set_power(True)
        self.check_errors()

    @property
    def wavelength_range(self) -> tuple[float, float]:
        """Get the lowest and highest wavelength of the crystals and this station, in nm."""
        low, high, _ = self.limits["wavelength"]
        ends = [end for reach in self.crystals.values() for end in reach]
        return max(low, min(ends)), min(high, max(ends))

    @property
    def crystal(self) -> int:
        """Get the number of the connected crystal; 0: none."""
        return self.read_number(self.rf_address, _CRYSTAL, "B")

    def _connect(self, crystal: int) -> None:
        """Switch the RF to the other crystal; the power stays off, as the switch must never move under it."""
        self._set_power(False)
        position = self.read_number(self.select_address, _RF_SWITCH, "B")
        self.write_number(self.select_address, _RF_SWITCH, "B", 0 if position else 1)
        if not self.wait_for(lambda: self.crystal == crystal, _CRYSTAL_MAX):
            raise DeviceFault(
                self.name,
                f"crystal {crystal} was not found after the RF was switched (now: {self.crystal}); "
                "is the RF cable at this SELECT?",
            )

    # -- amplitude and RF power -------------------------------------------------------------------

    @property
    def amplitude(self) -> float:
        """Control the amplitude of the line, in %, in steps of 0.1 %."""
        return self._amplitude(self.channel)

    @amplitude.setter
    def amplitude(self, amplitude: float) -> None:
        self._set_amplitude(self.channel, self._steps("amplitude", amplitude))
        self.check_errors()

    def _amplitude(self, line: int) -> float:
        return self.read_number(self.rf_address, _AMPLITUDE + line, "<H") / TENTHS

    def _set_amplitude(self, line: int, steps: int) -> None:
        self.write_number(self.rf_address, _AMPLITUDE + line, "<H", steps)

    def _set_power(self, on: bool) -> None:
        with self.lock:
            self.write_number(self.rf_address, _RF_POWER, "B", int(on))
            obeyed = self._filter_is_open() == on
        if not obeyed:
            raise DeviceFault(self.name, f"the RF power did not go {'on' if on else 'off'}")

    def _filter_is_open(self) -> bool:
        return bool(self.read_number(self.rf_address, _RF_POWER, "B"))

    def _open_filter(self) -> None:
        for line in set(range(_LINES)) - {self.channel}:
            if self._amplitude(line):
                self._set_amplitude(line, 0)
        # its crystal may not be the connected one
        self.wavelength = self.wavelength
        if not self.amplitude:
            low, high, _ = self.limits["amplitude"]
            self.amplitude = range_in_steps(low, high, TENTHS)[1]
        self._set_power(True)

    def _close_filter(self) -> None:
        self._set_power(False)


class SuperKVaria(SuperKExtreme):
    """NKT SuperK EXTREME + VARIA.

    Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in % of the power level, and
    :class:`~antistokes.instruments.roles.TunableLaser`: its wavelength is the centre of the band.

    :param varia_address: of the VARIA: 16 and the position of its rotary switch
    """

    MODEL = "NKT SuperK EXTREME + VARIA"
    LIMITS: ClassVar[dict[str, Limit]] = {
        "drive": Limit(0, 100, "%"),
        "wavelength": Limit(400, 840, "nm"),
        "bandwidth": Limit(10, 100, "nm"),
        "nd": Limit(0, 100, "%"),
        "watchdog": Limit(0, 255, "s"),
    }
    SNAPSHOT = ("wavelength", "bandwidth", "nd", "drive", "emission", "watchdog", "interlock")

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        rated_power: float | None = None,
        varia_address: int = 16,
        **connection: Any,
    ) -> None:
        self.varia_address = varia_address
        super().__init__(adapter, name, clock=clock, rated_power=rated_power, **connection)

    def modules(self) -> dict[int, int]:
        return {EXTREME: EXTREME_TYPE, self.varia_address: _VARIA}

    @property
    def wavelength(self) -> float:
        """Control the centre of the band, in nm; returns when the filters have arrived."""
        return sum(self._edges()) / (2 * TENTHS)

    @wavelength.setter
    def wavelength(self, centre: float) -> None:
        with self.lock:
            edges = self._edges()
            width = edges[1] - edges[0]
            lower = round(centre * TENTHS - width / 2)
            self.check_limit("wavelength", (lower + width / 2) / TENTHS)
            self._set_band(lower, width, edges)
        self._arrive()

    @property
    def wavelength_range(self) -> tuple[float, float]:
        """Get the lowest and highest centre possible with the present bandwidth, in nm."""
        low, high, _ = self.limits["wavelength"]
        first, last, _ = self.LIMITS["wavelength"]
        half = self.bandwidth / 2
        low, high = range_in_steps(max(low - half, first), min(high, last - half) - half, TENTHS)
        return low + half, high + half

    @property
    def bandwidth(self) -> float:
        """Control the width of the band, in nm; returns when the filters have arrived."""
        lower, upper = self._edges()
        return (upper - lower) / TENTHS

    @bandwidth.setter
    def bandwidth(self, width: float) -> None:
        steps = self._steps("bandwidth", width)
        with self.lock:
            edges = self._edges()
            self._set_band(round((sum(edges) - steps) / 2), steps, edges)
        self._arrive()

    @property
    def nd(self) -> float:
        """Control the neutral density filter, in %; the VARIA's manual says what of."""
        return self.read_number(self.varia_address, _ND, "<H") / TENTHS

    @nd.setter
    def nd(self, value: float) -> None:
        self._move(_ND, self._steps("nd", value))
        self._arrive()

    def _edges(self) -> tuple[int, int]:
        """Lower and upper edge, in tenths of a nm."""
        lower, upper = (self.read_number(self.varia_address, edge, "<H") for edge in (_LOWER, _UPPER))
        return lower, upper

    def _set_band(self, lower: int, width: int, edges: tuple[int, int]) -> None:
        """Send the edges from where they are to a band, all in tenths of a nm."""
        first, last, unit = self.LIMITS["wavelength"]
        half = width / 2 / TENTHS
        if lower < first * TENTHS or lower + width > last * TENTHS:
            thing = f"{self.name}: wavelength (centre of a band of {2 * half:g} nm)"
            raise LimitError(thing, lower / TENTHS + half, first + half, last - half, unit)
        moves = [(_LOWER, lower), (_UPPER, lower + width)]
        if lower >= edges[1]:  # they must not cross on the way
            moves.reverse()
        for edge, position in moves:
            self._move(edge, position)

    def _move(self, register: int, steps: int) -> None:
        self.write_number(self.varia_address, register, "<H", steps)

    def _arrive(self) -> None:
        self.clock.sleep(_PAUSE)
        status = self.read_number
        if not self.wait_for(lambda: not status(self.varia_address, _STATUS, "<H") & _MOVING, _MOVE_MAX):
            raise DeviceFault(self.name, f"the filters still move after {_MOVE_MAX:g} s")
        self.check_errors()

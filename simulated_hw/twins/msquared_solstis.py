"""Twin of the M Squared SolsTiS titanium-sapphire laser: JSON objects over TCP, back to back.

Operations, parameters and status numbers as public drivers use them. Assumed where they are silent: a new
or stopped move sends the report of the old one with 1 (failed); the table's tuning ends with the etalon
locked; table tuning fails while a wavemeter is linked; before a link is started commands are answered too;
times, errors and powers.
"""

from __future__ import annotations

import math
from typing import Any

from antistokes.instruments.records import NonNegative, Positive, Range, Record

from ..icebloc import IceBlocTwin, status

_DONE, _TUNING, _FAILED = range(3)
_GAIN_NM, _GAIN_WIDTH_NM = 800.0, 120.0
_LOCKS = ("etalon", "cavity", "ecd")


class SolsTiSSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    #: of the optics set fitted
    range_nm: Range = (700.0, 1000.0)
    start_nm: Positive = 780.0
    #: at 800 nm
    power_W: Positive = 2.0
    tuning_nm_per_s: Positive = 10.0
    #: of every tuning, for the etalon to lock
    lock_time_s: NonNegative = 2.0
    #: largest error of the tuning table
    table_error_nm: NonNegative = 0.05
    #: distance of the etalon's modes, and mean time between hops while it is not locked
    hop_nm: NonNegative = 0.1
    hop_time_s: Positive = 20.0
    #: a wavemeter is linked
    wavemeter: bool = False
    #: the only address a link may come from; None: any
    client_address: str | None = None


class _Light:
    """The beam now; see :class:`~antistokes.simulated_hw.light_path.Source`. Nothing switches it off."""

    def __init__(self, twin: SolsTiSTwin) -> None:
        self._twin = twin

    @property
    def wavelength(self) -> float:
        return self._twin.wavelength()

    def power(self, volts: float = 0.0) -> float:
        return self._twin.power()


class SolsTiSTwin(IceBlocTwin):
    """A laser that emits all the time and is tuned by its table."""

    model = "M Squared SolsTiS"
    Settings = SolsTiSSettings
    settings: SolsTiSSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        #: the pump laser is on; without it no tuning succeeds
        self.pumped = True
        self.percent = dict.fromkeys(("etalon", "cavity", "fine_cavity", "resonator", "fine_resonator"), 50.0)
        self.locks = {"etalon": True, "cavity": False}
        self.wavemeter_lock = False
        self.tuning_failed = False
        self._by_wavemeter = False  # the last tuning
        self._from = self._to = self.settings.start_nm
        self._begin = self._end = self._hopped = self.clock.now()
        self.bench.sources[self.name] = _Light(self)
        self.operations |= {
            "start_link": self._start_link,
            "ping": lambda: {"text_out": str(self.parameter("text_in")).swapcase()},
            "get_status": self._get_status,
            "get_alignment_status": lambda: {
                "condition": "manual",
                "x_alignment": [50.0],
                "y_alignment": [50.0],
            },
            "move_wave_t": self._move_table,
            "poll_move_wave_t": self._poll_table,
            "stop_move_wave_t": self._stop,
            "set_wave_m": self._move_wavemeter,
            "poll_wave_m": self._poll_wavemeter,
            "lock_wave_m": self._lock_wavemeter,
            "stop_wave_m": lambda: self._stop() if self.settings.wavemeter else status(1),
            "monitor_a": lambda: status(0 if 1 <= self.number("signal") <= 15 else 1),
            "monitor_b": lambda: status(0 if 1 <= self.number("signal") <= 15 else 1),
            "select_profile": lambda: (
                status(0 if 1 <= self.number("profile") <= 5 else 1) | {"frequency": [0.0]}
            ),
            "scan_stitch_initialise": lambda: status(4),  # not available
            "scan_stitch_op": lambda: status(2),
            "scan_stitch_status": lambda: status(0),
            "fast_scan_start": lambda: status(1),
            "fast_scan_poll": lambda: status(0) | {"tuner_value": [self.percent["resonator"]]},
            "fast_scan_stop": lambda: status(1),
        }
        for part in self.percent:
            prefix, _, what = part.rpartition("_")
            op = f"fine_tune_{what}" if prefix else f"tune_{what}"
            self.operations[op] = lambda part=part: self._tune(part)  # type: ignore[misc]
        for lock in _LOCKS:
            self.operations[f"{lock}_lock"] = lambda lock=lock: self._lock(lock)  # type: ignore[misc]
            self.operations[f"{lock}_lock_status"] = lambda lock=lock: (  # type: ignore[misc]
                status(0) | {"condition": self._condition(lock)}
            )

    # -- what is so now ---------------------------------------------------------------------------

    def tuning(self) -> bool:
        return self.clock.now() < self._end

    def wavelength(self) -> float:
        """Of the beam, nm; hops from mode to mode while the etalon is not locked."""
        now = self.clock.now()
        if self.tuning():
            gone = (now - self._begin) * self.settings.tuning_nm_per_s
            return self._from + math.copysign(min(gone, abs(self._to - self._from)), self._to - self._from)
        if not self.locks["etalon"]:
            since = now - max(self._hopped, self._end)
            for _ in range(self.rng.poisson(since / self.settings.hop_time_s)):
                self.hop()
        self._hopped = now
        return self._to

    def hop(self, modes: int = 0) -> None:
        """Hop by so many modes, or by one up or down."""
        self._to += self.settings.hop_nm * (modes or int(self.rng.choice((-1, 1))))

    def trip_by_itself(self) -> None:
        """The pump laser goes off, which its own controls bring back."""
        self.pumped = False

    def power(self) -> float:
        """W."""
        off_peak = (self.wavelength() - _GAIN_NM) / _GAIN_WIDTH_NM
        return self.settings.power_W * math.exp(-(off_peak**2)) if self.pumped else 0.0

    def _condition(self, lock: str) -> str:
        if lock == "ecd":
            return "not_fitted"
        if not self.locks[lock]:
            return "off"
        if not self.pumped:
            return "low"
        return "search" if self.tuning() else "on"

    # -- operations -------------------------------------------------------------------------------

    def _start_link(self) -> dict[str, Any]:
        address = self.parameter("ip_address")
        allowed = self.settings.client_address
        return {"status": "ok" if allowed in (None, address) else "failed"}

    def _get_status(self) -> dict[str, Any]:
        wavelength, light = self.wavelength(), self.power()
        return status(0) | {
            "wavelength": [round(wavelength, 6)],
            "temperature": [24.6],
            "temperature_status": "off",
            "etalon_lock": self._condition("etalon"),
            "etalon_voltage": [round(self.percent["etalon"] * 1.97, 6)],
            "cavity_lock": self._condition("cavity"),
            "resonator_voltage": [round(self.percent["resonator"] * 1.97, 6)],
            "ecd_lock": "not_fitted",
            "ecd_voltage": "not_fitted",
            "output_monitor": [round(light / self.settings.power_W, 6)],
            "etalon_pd_dc": [round(0.8 * light / self.settings.power_W, 6)],
            "dither": "on" if self.locks["etalon"] else "off",
        }

    def _move(self, by_wavemeter: bool) -> dict[str, Any]:
        target = self.number("wavelength")
        if self.settings.wavemeter != by_wavemeter:
            return status(1)
        low, high = self.settings.range_nm
        if not low <= target <= high:
            return status(2)
        self._stop()
        s = self.settings
        error = 0.0 if by_wavemeter else self.rng.uniform(-s.table_error_nm, s.table_error_nm)
        self.tuning_failed, self._by_wavemeter = not self.pumped, by_wavemeter
        if self.pumped:
            self._to = min(max(target + error, low), high)
        self._begin = self.clock.now()
        self._end = self._begin + abs(self._to - self._from) / s.tuning_nm_per_s + s.lock_time_s
        self.locks = {"etalon": True, "cavity": self.locks["cavity"] and by_wavemeter}
        self.announce(self._end - self._begin, failed=self.tuning_failed)
        return status(0)

    def _stop(self) -> dict[str, Any]:
        here = self.wavelength()
        if self.tuning():
            self.fail_announced()
        self._from = self._to = here
        self._end = min(self._end, self.clock.now())
        return status(0) | {"current_wavelength": [round(here, 6)]}

    def _move_table(self) -> dict[str, Any]:
        return self._move(by_wavemeter=False)

    def _poll_table(self) -> dict[str, Any]:
        state = _TUNING if self.tuning() else _FAILED if self.tuning_failed else _DONE
        return status(state) | {"current_wavelength": [round(self.wavelength(), 6)]}

    def _move_wavemeter(self) -> dict[str, Any]:
        reply = self._move(by_wavemeter=True)
        self.wavemeter_lock = reply["status"] == [0]
        return reply | {"wavelength": [round(self.wavelength(), 6)]}

    def _poll_wavemeter(self) -> dict[str, Any]:
        state = 3 if self.wavemeter_lock else 0
        if not self.settings.wavemeter:
            state = 1
        elif self.tuning() and self._by_wavemeter:
            state = 2
        return status(state) | {
            "current_wavelength": [round(self.wavelength(), 6) if state != 1 else 0.0],
            "lock_status": [int(self.wavemeter_lock and state != 1)],
            "extended_zone": [0],
        }

    def _lock_wavemeter(self) -> dict[str, Any]:
        on = self.wanted()
        if not self.settings.wavemeter:
            return status(1)
        self.wavemeter_lock = on
        return status(0)

    def _tune(self, part: str) -> dict[str, Any]:
        """The laser moves a little with what it is tuned by, when nothing holds it."""
        setting = self.number("setting")
        if not 0 <= setting <= 100:
            return status(1)
        if part == "etalon" and self.locks["etalon"]:
            return status(2)
        if part == "etalon":
            self.wavelength()
            self.hop(round((setting - self.percent[part]) / 10))
        self.percent[part] = setting
        self.announce(0.1)
        return status(0)

    def _lock(self, lock: str) -> dict[str, Any]:
        """The cavity can be locked only while the etalon is, and holds it."""
        on = self.wanted()
        if lock == "ecd" or (lock == "cavity" and on and not self.locks["etalon"]):
            return status(1)
        if lock == "etalon" and not on and self.locks["cavity"]:
            return status(1)
        self.wavelength()
        self.locks[lock] = on
        self.announce(0.5)
        return status(0)

"""Thorlabs PM100-class optical power meters: PM100D, PM100USB, PM400 (SCPI over USBTMC).

Source: operation manuals of PM100D (17654-D02), PM100USB (19570-D02) and PM400 (2017), which print one table
of commands; the first reading after a range change is stale on some firmware (not stated in the manuals), so
one is thrown away.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument

from ..clock import Clock
from ..device import Limit
from ..errors import DeviceFault, OverRange
from ..instrument import YES_NO, ScpiInstrument
from ..roles import PowerMeter

_OVER_RANGE = 9.0e37  # the meter says 9.9E+37


def _limits(most_averages: int) -> dict[str, Limit]:
    return {
        "wavelength": Limit(185, 25000, "nm"),
        "full_scale": Limit(0, 100, "W"),
        "averaging": Limit(1, most_averages, "readings"),
    }


class ThorlabsPowerMeter(ScpiInstrument):
    """A meter with a photodiode head. Fulfils :class:`~antistokes.instruments.roles.PowerMeter`.

    The limits of the wavelength are read from the head when the connection opens; readings are in W whatever
    unit the meter was left in. ``LIMITS`` allows as many readings to be averaged as fit into the time-out.

    :param averaging: readings averaged; without it, as many as take about 0.03 s
    """

    ROLES = (PowerMeter,)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 3000,
    }
    SNAPSHOT = ("sensor", "wavelength", "full_scale", "averaging")
    #: readings averaged unless the station says otherwise
    AVERAGING: ClassVar[int]

    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        averaging: int | None = None,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.sensor = self.ask("SYST:SENS:IDN?").strip().replace('"', "")
        if self.sensor.lower().startswith("no sensor"):
            raise DeviceFault(self.name, "no sensor head is connected")
        low, high = self.values("SENS:CORR:WAV? MIN")[0], self.values("SENS:CORR:WAV? MAX")[0]
        self.told_limit("wavelength", low, high)
        self.wavelength_range = self.limits["wavelength"][:2]
        self.averaging = self.AVERAGING if averaging is None else averaging
        self.auto_range = True
        self.write("SENS:POW:UNIT W")
        self.check_errors()

    wavelength = Instrument.control(
        "SENS:CORR:WAV?",
        "SENS:CORR:WAV %g",
        "Control the wavelength the reading is corrected for, in nm.",
        check_set_errors=True,
        values_kwargs={"least": 1},
    )

    averaging = Instrument.control(
        "SENS:AVER:COUN?",
        "SENS:AVER:COUN %d",
        "Control the number of readings averaged.",
        cast=int,
        check_set_errors=True,
        values_kwargs={"least": 1},
    )

    auto_range = Instrument.control(
        "SENS:POW:RANG:AUTO?",
        "SENS:POW:RANG:AUTO %d",
        "Control whether the meter chooses its range by itself.",
        cast=int,
        map_values=True,
        values={True: 1, False: 0},
        check_set_errors=True,
        values_kwargs={"known": YES_NO},
    )

    _range = Instrument.control(
        "SENS:POW:RANG?",
        "SENS:POW:RANG %.6g",
        "Control the range, in W.",
        check_set_errors=True,
        values_kwargs={"least": 0},
    )

    @property
    def full_scale(self) -> float:
        """Control the upper end of the range, in W; setting it turns :attr:`auto_range` off.

        The meter takes the next range that holds the value. The next reading is valid.
        """
        upper: float = self._range
        return upper

    @full_scale.setter
    def full_scale(self, power: float) -> None:
        before = self._range
        self._range = power
        if self._range != before:
            self.ask("MEAS:POW?")

    @property
    def power(self) -> float:
        """Measure the optical power, in W.

        :raises OverRange: the meter shows over-range
        """
        reading = self.values("MEAS:POW?")[0]
        if abs(reading) > _OVER_RANGE:
            raise OverRange(self.name, f"power is above the range of {self.full_scale:g} W")
        return float(reading)


class PM100D(ThorlabsPowerMeter):
    """Thorlabs PM100D, handheld; averages about 3 readings per ms."""

    MODEL = "Thorlabs PM100D"
    INTERFACES = ("USB 1313:8078",)
    VERIFIED = (
        "Against labmcp-thorlabs-pm's simulator over TCP and its twin, on which the drivers of pymeasure, "
        "qcodes_contrib_drivers and ThorlabsPM100 ran too; not on a device."
    )
    IDN_WORDS = ("PM100D",)
    LIMITS: ClassVar[dict[str, Limit]] = _limits(3000)
    AVERAGING = 100


class PM100USB(ThorlabsPowerMeter):
    """Thorlabs PM100USB, without a display; about 3 ms per reading averaged."""

    MODEL = "Thorlabs PM100USB"
    INTERFACES = ("USB 1313:8072",)
    VERIFIED = (
        "Against its twin, on which the drivers of pymeasure, InstrumentKit and ThorlabsPM100 ran too; not "
        "on a device."
    )
    IDN_WORDS = ("PM100USB",)
    LIMITS: ClassVar[dict[str, Limit]] = _limits(900)
    AVERAGING = 10


class PM400(ThorlabsPowerMeter):
    """Thorlabs PM400, touch screen; averages a reading per ms."""

    MODEL = "Thorlabs PM400"
    INTERFACES = ("USB 1313:8075",)
    VERIFIED = (
        "Against its twin, on which the drivers of pymeasure and ThorlabsPM100 ran too; not on a device."
    )
    IDN_WORDS = ("PM400",)
    LIMITS: ClassVar[dict[str, Limit]] = _limits(2700)
    AVERAGING = 30

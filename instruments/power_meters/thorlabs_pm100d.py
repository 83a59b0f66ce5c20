"""Thorlabs PM100D optical power meter (SCPI over USBTMC).

Source: PM100D operation manual 17654-D02, SCPI command tables; reading after a range change is stale
on some firmware (not stated in the manual), so one is thrown away.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument

from ..clock import Clock
from ..errors import BadAnswer, DeviceFault, OverRange
from ..instrument import Limit, ScpiInstrument
from ..roles import PowerMeter

_OVER_RANGE = 9.0e37  # the meter says 9.9E+37


class PM100D(ScpiInstrument):
    """Thorlabs PM100D with a photodiode head. Fulfils :class:`~antistokes.instruments.roles.PowerMeter`.

    The limits of the wavelength are read from the head when the connection opens.
    """

    MODEL = "Thorlabs PM100D"
    ROLES = (PowerMeter,)
    IDN_WORDS = ("PM100D",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 3000,
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "wavelength": Limit(185, 25000, "nm"),
        "full_scale": Limit(0, 100, "W"),
        "averaging": Limit(1, 3000, "readings"),
    }
    SNAPSHOT = ("sensor", "wavelength", "full_scale", "averaging")

    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        averaging: int = 100,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.sensor = self.ask("SYST:SENS:IDN?").strip().replace('"', "")
        if self.sensor.lower().startswith("no sensor"):
            raise DeviceFault(self.name, "no sensor head is connected")
        low, high = self.values("SENS:CORR:WAV? MIN")[0], self.values("SENS:CORR:WAV? MAX")[0]
        self.narrow_limit("wavelength", low, high)
        self.wavelength_range = (low, high)
        self.averaging = averaging
        self.auto_range = True

    wavelength = Instrument.control(
        "SENS:CORR:WAV?",
        "SENS:CORR:WAV %g",
        "Control the wavelength the reading is corrected for, in nm.",
        check_set_errors=True,
    )

    averaging = Instrument.control(
        "SENS:AVER:COUN?",
        "SENS:AVER:COUN %d",
        "Control the number of readings averaged, about 3 per ms.",
        cast=int,
        check_set_errors=True,
    )

    auto_range = Instrument.control(
        "SENS:POW:RANG:AUTO?",
        "SENS:POW:RANG:AUTO %d",
        "Control whether the meter chooses its range by itself.",
        cast=int,
        map_values=True,
        values={True: 1, False: 0},
        check_set_errors=True,
    )

    _range = Instrument.control(
        "SENS:POW:RANG?", "SENS:POW:RANG %.6g", "Control the range, in W.", check_set_errors=True
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
        if reading != reading:
            raise BadAnswer(self.name, "'MEAS:POW?' was answered by 'nan'")
        return float(reading)

"""Sensors and curves of the Lake Shore twins: a silicon diode, and curves that are only kept."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..twin import Twin
from .lakeshore_settings import Refused, command, first, integer, number, split

# Silicon diode, K against V: points of the standard DT-670 curve, rounded
DIODE_K = (1.4, 4.2, 10.0, 20.0, 30.0, 50.0, 77.35, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0)
DIODE_V = (1.644, 1.578, 1.384, 1.198, 1.107, 1.073, 1.020, 0.979, 0.870, 0.756, 0.648, 0.560, 0.334, 0.091)
_CURVES = {1: "DT-470", 2: "DT-670", 3: "DT-500-D", 4: "DT-500-E1", 6: "PT-100", 7: "PT-1000"}


class CurveTwin(Twin):
    """The commands for calibration curves."""

    #: number of the last user curve
    last_curve: ClassVar[int] = 59

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.curves: dict[int, list[str]] = {}
        self.points: dict[int, dict[int, tuple[float, float]]] = {}

    def forget_curves(self) -> None:
        """Only the standard curves are left."""
        self.curves.clear()
        self.points.clear()

    @command("CRVHDR?")
    def curve_header(self, text: str) -> str:
        curve = integer(text, 1, self.last_curve)
        name, *rest = self.curves.get(curve, [_CURVES.get(curve, ""), "STANDARD C", "2", "+475.000", "1"])
        return ",".join([f"{name:<15}", f"{rest[0]:<10}", *rest[1:]])

    @command("CRVHDR")
    def set_curve_header(self, text: str) -> None:
        parameters = split(text)
        if len(parameters) != 6:
            raise Refused
        curve = integer(parameters[0], 21, self.last_curve)
        name, serial = (text.strip('"') for text in parameters[1:3])
        shape, slope = integer(parameters[3], 1, 4), integer(parameters[5], 1, 2)
        limit = number(parameters[4], 0, 9999)
        self.curves[curve] = [name[:15], serial[:10], str(shape), f"{limit:+08.3f}", str(slope)]

    @command("CRVPT?")
    def curve_point(self, text: str) -> str:
        curve, index = first(2, text)
        volts, kelvin = self.points.get(integer(curve, 1, self.last_curve), {}).get(
            integer(index, 1, 200), (0.0, 0.0)
        )
        return f"{volts:+08.5f},{kelvin:+08.3f}"

    @command("CRVPT")
    def set_curve_point(self, text: str) -> None:
        curve, index, volts, kelvin = first(4, text)
        table = self.points.setdefault(integer(curve, 21, self.last_curve), {})
        table[integer(index, 1, 200)] = number(volts, -9999, 99999), number(kelvin, 0, 9999)

    @command("SCAL")
    def fit_curve(self, text: str) -> None:
        """The standard curve's header; of the points those given, the curve is not drawn through them."""
        parameters = split(text)
        if len(parameters) != 9 or parameters[0] not in ("1", "6", "7"):
            raise Refused
        curve = integer(parameters[1], 21, self.last_curve)
        values = [number(value, -9999, 99999) for value in parameters[3:]]
        self.curves[curve] = [_CURVES[int(parameters[0])], parameters[2][:10], "2", "+475.000", "1"]
        self.points[curve] = dict(enumerate(zip(values[1::2], values[::2], strict=True), 1))

    @command("CRVDEL")
    def delete_curve(self, text: str) -> None:
        curve = integer(text, 21, self.last_curve)
        self.curves.pop(curve, None)
        self.points.pop(curve, None)


def volts_of(kelvin: float) -> float:
    """What the diode shows at a temperature."""
    return float(np.interp(kelvin, DIODE_K, DIODE_V))


def kelvin_of(volts: float) -> float:
    """The temperature at which the diode shows *volts*."""
    return float(np.interp(-volts, [-v for v in DIODE_V], DIODE_K))

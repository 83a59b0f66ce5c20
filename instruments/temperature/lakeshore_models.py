"""Lake Shore 331, 335 and 336: what sets one apart from the others.

Source for the 331: user's manual of the Model 331 (331S and 331E), chapter 6. Of a message with several
questions the controllers of its generation answer one only, so the 331 is asked one by one.
"""

from __future__ import annotations

from ..device import do_all
from ..errors import BadAnswer, DeviceFault
from .lakeshore import LakeShore, output_property, range_property

_OPEN_LOOP = 3  # CMODE
_OFF, _LOOP_2 = "0", "3"  # ANALOG


class LakeShore331(LakeShore):
    """Loop 1 of a Lake Shore 331. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    The set-point of loop 1 must be in kelvin. See :class:`LakeShore` for the parameters. Made safe it also
    takes the analog output of a 331S off loop 2, which may heat by it.
    """

    MODEL = "Lake Shore 331"
    INTERFACES = ("RS-232 (9600 baud)", "GPIB (331S)")
    VERIFIED = (
        "Its twin, which the driver of qcodes_contrib_drivers and, but for the heater range, that of "
        "pymeasure also drive. Not checked on a device; the 331E and loop 2 only by the manual."
    )
    IDN_WORDS = ("MODEL331",)
    CONNECTION = LakeShore.CONNECTION | {"asrl": LakeShore.CONNECTION["asrl"] | {"baud_rate": 9600}}
    INPUTS = "AB"
    HEATERS_OFF = {"RANGE 0": "RANGE?"}
    NO_RATE = 0.1

    range = range_property("RANGE?", "RANGE %d")
    heater_output = output_property("HTR?")

    def _heaters_off(self) -> None:
        do_all(super()._heaters_off, self._release_loop_2)

    def _release_loop_2(self) -> None:
        if "331S" not in self.identity().upper():
            return  # a 331E has one loop
        settings = self._analog_output()
        if settings[1] == _LOOP_2:
            self.write(",".join(["ANALOG " + settings[0], _OFF, *settings[2:]]))
            if self._analog_output()[1] != _OFF:
                raise DeviceFault(self.name, "the analog output stays on loop 2")

    def _analog_output(self) -> list[str]:
        return self._settings("ANALOG?", 7)

    def _reading_and_status(self, letter: str) -> str:
        """The status last: it tells of a sensor that failed in between."""
        with self.lock:
            reading = self.ask(f"KRDG? {letter}").strip()
            return f"{reading};{self.ask(f'RDGST? {letter}').strip()}"

    def _control_input(self) -> str:
        letter = self._settings("CSET? 1", 2)[0].upper()
        return letter if letter in ("A", "B") else ""

    def _input_units(self) -> int:
        units = self._settings("CSET? 1", 2)[1]
        if not units.isdecimal():
            raise BadAnswer(self.name, f"'CSET? 1' gives the units as {units!r}")
        return int(units)

    def _other_mode(self) -> str:
        mode = self._integers("CMODE? 1", 1)[0]
        return f"CMODE {mode}" if mode == _OPEN_LOOP else ""

    def _heater_status(self) -> int:
        return self._integers("HTRST?", 1)[0]

    def _settings(self, question: str, count: int) -> list[str]:
        """Texts and numbers that answer *question*, *count* of them or more."""
        answer = [part.strip() for part in self.ask(question).split(",")]
        if len(answer) < count:
            raise self.wrong_answer(question, answer)
        return answer


class LakeShore335(LakeShore):
    """Lake Shore 335. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    See :class:`LakeShore` for what must be set up and the parameters.
    """

    MODEL = "Lake Shore 335"
    INTERFACES = ("USB (serial, 57600 baud)", "GPIB")
    VERIFIED = (
        "Its twin, which the makers' Python package (lakeshore), QCoDeS and pymeasure also drive; the "
        "simulator of labmcp-lakeshore; reads and settings on the pyvisa-sim device of QCoDeS, which knows "
        "neither *ESR? nor HTRST?, one question per message only, and does not control. Not checked on a "
        "device."
    )
    IDN_WORDS = ("MODEL335",)
    INPUTS = "AB"
    HEATERS_OFF = {f"RANGE {output},0": f"RANGE? {output}" for output in "12"}


class LakeShore336(LakeShore):
    """Lake Shore 336. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    See :class:`LakeShore` for what must be set up and the parameters.
    """

    MODEL = "Lake Shore 336"
    INTERFACES = ("TCP port 7777", "USB (serial, 57600 baud)", "GPIB")
    VERIFIED = (
        "Its twin, which the makers' Python package (lakeshore), QCoDeS and pymeasure also drive; the "
        "simulator of labmcp-lakeshore; reads and settings on the pyvisa-sim device of QCoDeS, which knows "
        "neither *ESR? nor HTRST?, one question per message only, and does not control. Not checked on a "
        "device."
    )
    IDN_WORDS = ("MODEL336",)
    INPUTS = "ABCD"
    HEATERS_OFF = {f"RANGE {output},0": f"RANGE? {output}" for output in "1234"}

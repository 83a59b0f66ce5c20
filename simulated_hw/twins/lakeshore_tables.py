"""The settings that a Lake Shore 331, 335 or 336 keeps: for which input or output, in which range.

User's manuals of the Models 331, 335 and 336, chapter 6; where they give no power-up value, it is assumed.
"""

from __future__ import annotations

from typing import Any

from .lakeshore_settings import NO_KEY, Number, Setting, Text

_SWITCH = Number(0, 1)
_KELVIN = Number(-9999, 9999, "+08.3f")
_PERCENT = Number(0, 100, "+07.3f")
_BYTE = Number(0, 255, "03d")
_P, _I, _D = Number(0.1, 1000, "+07.1f"), Number(0.1, 1000, "+07.1f"), Number(0, 200, "+05.0f")
_RATE = Number(0, 100, "+08.3f")
_AB, _ABCD = tuple("AB"), tuple("ABCD")
_12, _34, _1234 = tuple("12"), tuple("34"), tuple("1234")
_ZONES = tuple(f"{output}/{zone}" for output in "12" for zone in range(1, 11))

#: settings by command; names with an underscore are no commands of their own
Table = dict[str, Setting]


def _of_all(inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Table:
    """What all models have for their inputs and outputs."""
    return {
        "INCRV": Setting(inputs, (Number(0, 59, "02d"),), (2,)),
        "FILTER": Setting(inputs, (_SWITCH, Number(2, 64, "02d"), Number(1, 10, "02d")), (0, 8, 10)),
        "SETPOINT_K": Setting(outputs, (_KELVIN,), (0.0,)),
        "RAMP": Setting(outputs, (_SWITCH, _RATE), (0, 0.0)),
        "PID": Setting(outputs, (_P, _I, _D), (50.0, 20.0, 0.0)),
        "MOUT": Setting(outputs, (_PERCENT,), (0.0,)),
        "RELAY": Setting(_12, (Number(0, 2), Text(1), Number(0, 2)), (0, "A", 0)),
        "LOCK": Setting(NO_KEY, (_SWITCH, Number(0, 999, "03d")), (0, 123)),
        "MODE": Setting(NO_KEY, (Number(0, 2),), (1,)),
        "*ESE": Setting(NO_KEY, (_BYTE,), (0,)),
        "*SRE": Setting(NO_KEY, (_BYTE,), (0,)),
    }


def _of_33x(inputs: tuple[str, ...], outputs: tuple[str, ...], analog: tuple[str, ...]) -> Table:
    """What the 335 and the 336 have in common."""
    last_input = Number(0, 2 * len(inputs))
    return _of_all(inputs, outputs) | {
        "INTYPE": Setting(
            inputs, (Number(0, 4), _SWITCH, Number(0, 9), _SWITCH, Number(1, 3)), (1, 0, 0, 0, 1)
        ),
        "INNAME": Setting(inputs, (Text(15),), ("",)),
        "DIOCUR": Setting(inputs, (_SWITCH,), (0,)),
        "TLIMIT": Setting(inputs, (Number(0, 9999, "+07.1f"),), (420.0,)),
        "ALARM": Setting(inputs, (_SWITCH, *[_KELVIN] * 3, *[_SWITCH] * 3), (0, 475.0, 0.0, 0.0, 0, 0, 1)),
        "OUTMODE": Setting(outputs, (Number(0, 5), last_input, _SWITCH), (0, 0, 0)),
        "RANGE": Setting(outputs, (Number(0, 3),), (0,)),
        "ZONE_TABLE": Setting(
            _ZONES,
            (_KELVIN, _P, _I, _D, _PERCENT, Number(0, 3), last_input, _RATE),
            (0.0, 50.0, 20.0, 0.0, 0.0, 1, 0, 0.1),
        ),
        "WARMUP": Setting(analog, (_SWITCH, _PERCENT), (0, 0.0)),
        "ANALOG": Setting(analog, (last_input, Number(1, 3), _KELVIN, _KELVIN, _SWITCH), (0, 1, 0.0, 0.0, 0)),
        "LEDS": Setting(NO_KEY, (_SWITCH,), (1,)),
        "IEEE": Setting(NO_KEY, (Number(1, 30),), (12,)),
        "OPSTE": Setting(NO_KEY, (_BYTE,), (0,)),
    }


_CURRENT = Number(0, 2, "+.3f")

TABLE_336: Table = _of_33x(_ABCD, _1234, _34) | {
    "HTRSET": Setting(_12, (Number(1, 2), Number(0, 4), _CURRENT, Number(1, 2)), (1, 4, 2.0, 1)),
    "POLARITY": Setting(_34, (_SWITCH,), (0,)),
    "DISPLAY": Setting(NO_KEY, (Number(0, 7), Number(0, 2), Number(1, 4)), (0, 0, 1)),
    "DISPFLD": Setting(tuple("12345678"), (Number(0, 8), Number(1, 6)), (1, 1)),
    "BRIGT": Setting(NO_KEY, (Number(1, 32),), (16,)),
    "INTSEL": Setting(NO_KEY, (Number(0, 2),), (1,)),
    "NET": Setting(
        NO_KEY,
        (_SWITCH, _SWITCH, *[Text(0)] * 5, Text(15), Text(0), Text(0)),
        (0, 0, "192.168.0.12", "255.255.255.0", *["0.0.0.0"] * 3, "LSCI-336", "", ""),
    ),
    "WEBLOG": Setting(NO_KEY, (Text(15), Text(15)), ("admin", "")),
}

# output 2 may be a current or a voltage source: the first field of HTRSET
TABLE_335: Table = _of_33x(_AB, _12, ("2",)) | {
    "HTRSET": Setting(
        _12, (_SWITCH, Number(1, 2), Number(0, 4), _CURRENT, Number(1, 2)), (0, 1, 4, 1.732, 1)
    ),
    "POLARITY": Setting(("2",), (_SWITCH,), (0,)),
    "DISPLAY": Setting(NO_KEY, (Number(0, 6),), (0,)),
    "DISPFLD": Setting(_1234, (Number(0, 4), Number(1, 6)), (1, 1)),
    "BRIGT": Setting(NO_KEY, (Number(0, 3),), (3,)),
    "EMUL": Setting(NO_KEY, (Number(0, 2), _SWITCH), (0, 0)),
}

# one heater range, that of loop 1; loop 2 works on the analog output
TABLE_331: Table = _of_all(_AB, _12) | {
    "INTYPE": Setting(_AB, (Number(0, 9), _SWITCH), (0, 0)),
    "INCRV": Setting(_AB, (Number(0, 41, "02d"),), (2,)),
    "ALARM": Setting(_AB, (_SWITCH, Number(1, 4), *[_KELVIN] * 3, _SWITCH), (0, 1, 475.0, 0.0, 0.0, 0)),
    "LINEAR": Setting(_AB, (Number(1, 2), _KELVIN, Number(1, 3), Number(1, 5), _KELVIN), (1, 1.0, 1, 1, 0.0)),
    "MNMX": Setting(_AB, (Number(1, 4),), (1,)),
    "CMODE": Setting(_12, (Number(1, 6),), (1,)),
    "CSET": Setting(_12, (Text(1, "AB"), Number(1, 3), _SWITCH, Number(1, 2)), ("A", 1, 0, 2)),
    "RAMP": Setting(_12, (_SWITCH, Number(0.1, 100, "+06.1f")), (0, 5.0)),
    "RANGE": Setting(NO_KEY, (Number(0, 3),), (0,)),
    "ZONE_TABLE": Setting(
        _ZONES, (_KELVIN, _P, _I, _D, _PERCENT, Number(0, 3)), (0.0, 50.0, 20.0, 0.0, 0.0, 1)
    ),
    "ANALOG": Setting(
        NO_KEY,
        (_SWITCH, Number(0, 3), Text(1, "AB"), Number(1, 4), _KELVIN, _KELVIN, Number(-100, 100, "+06.1f")),
        (0, 0, "A", 1, 0.0, 0.0, 0.0),
    ),
    "DISPFLD": Setting(_1234, (Text(1, "AB"), Number(1, 7)), ("A", 1)),
    "BRIGT": Setting(NO_KEY, (Number(0, 3),), (2,)),
    "BEEP": Setting(NO_KEY, (_SWITCH,), (1,)),
    "BAUD": Setting(NO_KEY, (Number(0, 2),), (2,)),
    "IEEE": Setting(NO_KEY, (Number(0, 3), _SWITCH, Number(1, 30, "02d")), (0, 0, 12)),
}


def power_up(table: Table, start: float) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Every setting of *table* at power-up; the set-points are at *start* K."""
    values = {(name, key): setting.start for name, setting in table.items() for key in setting.keys}
    return values | {key: (start,) for key in values if key[0] == "SETPOINT_K"}

"""Commands of a channel of the 33500B twin whose values depend on each other, by their headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..scpi import MISSING_PARAMETER, ScpiError, boolean, number
from .keysight_33500b_channel import (
    BUILT_IN,
    EDGES,
    FUNCTIONS,
    LEAST,
    NARROWEST,
    OPEN_CIRCUIT,
    SLOWEST,
    Channel,
)
from .keysight_33500b_settings import choice

_MEMORY = 1_000_000  # points
_UNITS = ("VPP", "VRMS", "DBM")


class Item(NamedTuple):
    """Question and command, each of channel and parameter; None: there is none."""

    get: Callable[[Channel, str], str] | None = None
    put: Callable[[Channel, str], None] | None = None


def _quantity(
    get: Callable[[Channel], float],
    put: Callable[[Channel, str], None],
    ends: Callable[[Channel], tuple[float, float, float]],
) -> Item:
    """A number; *ends* gives what MIN, MAX and DEF mean now."""
    return Item(lambda c, text: real(number(text, *ends(c)) if text else get(c)), put)


def _word(
    attribute: str, choices: tuple[str, ...], put: Callable[[Channel, str], None] | None = None
) -> Item:
    def set_word(c: Channel, text: str) -> None:
        short = choice(text, choices)
        if put is None:
            setattr(c, attribute, short)
        else:
            put(c, short)

    return Item(lambda c, _: str(getattr(c, attribute)), set_word)


def real(value: float) -> str:
    return f"{value:+.15E}"


def _set_output(c: Channel, text: str) -> None:
    c.output = boolean(text)


def _choose_arb(c: Channel, text: str) -> None:
    if not text:
        raise ScpiError(*MISSING_PARAMETER)
    c.choose_arb(text)


def _applied(c: Channel, _: str) -> str:
    return f'"{c.function} {real(c.frequency)},{real(c.shown(c.amplitude))},{real(c.offset * c.share)}"'


def _nothing(c: Channel, text: str) -> None:
    """Taken, and without effect here."""


def _level(which: str) -> Item:
    return _quantity(
        lambda c: (c.high if which == "HIGH" else c.low) * c.share,
        lambda c, text: c.set_level(text, which),
        lambda c: (
            -OPEN_CIRCUIT * c.share,
            OPEN_CIRCUIT * c.share,
            {"HIGH": 0.1, "LOW": -0.1}[which] * c.share,
        ),
    )


def _edges(which: str) -> Item:
    return _quantity(
        lambda c: c.trailing if which == "TRA" else c.leading,
        lambda c, text: c.set_edges(text, which),
        lambda c: (*EDGES, 10e-9),
    )


def _period(function: str) -> Item:
    return _quantity(
        lambda c: 1 / c.frequency,
        lambda c, text: c.set_period(text, function),
        lambda c: (1 / c.highest(function), 1 / SLOWEST, 1e-3),
    )


def _arb(answer: Callable[[Any], str]) -> Item:
    return Item(lambda c, text: answer(c.points(text)))


ITEMS = {
    "[SOURce#:]FUNCtion[:SHAPe]": _word("function", FUNCTIONS, Channel.set_function),
    "[SOURce#:]FREQuency[:CW]": _quantity(
        lambda c: c.frequency, Channel.set_frequency, lambda c: (SLOWEST, c.highest(), 1000.0)
    ),
    "[SOURce#:]FREQuency:FIXed": _quantity(
        lambda c: c.frequency, Channel.set_frequency, lambda c: (SLOWEST, c.highest(), 1000.0)
    ),
    "[SOURce#:]FUNCtion:SQUare:PERiod": _period("SQU"),
    "[SOURce#:]FUNCtion:SQUare:DCYCle": _quantity(
        lambda c: c.square_duty, Channel.set_square_duty, lambda c: (0.01, 99.99, 50.0)
    ),
    "[SOURce#:]FUNCtion:PULSe:PERiod": _period("PULS"),
    "[SOURce#:]FUNCtion:PULSe:WIDTh": _quantity(
        lambda c: c.pulse_width, Channel.set_pulse_width, lambda c: (NARROWEST, c.widest(), 1e-4)
    ),
    "[SOURce#:]FUNCtion:PULSe:DCYCle": _quantity(
        lambda c: c.pulse_duty, Channel.set_pulse_duty, lambda c: (0.01, 99.99, 10.0)
    ),
    "[SOURce#:]FUNCtion:PULSe:HOLD": _word("hold", ("WIDTh", "DCYCle")),
    "[SOURce#:]FUNCtion:PULSe:TRANsition[:BOTH]": _edges("BOTH"),
    "[SOURce#:]FUNCtion:PULSe:TRANsition:LEADing": _edges("LEAD"),
    "[SOURce#:]FUNCtion:PULSe:TRANsition:TRAiling": _edges("TRA"),
    "[SOURce#:]FUNCtion:ARBitrary": Item(lambda c, _: f'"{c.arb}"', _choose_arb),
    "[SOURce#:]FUNCtion:ARBitrary:POINts": _arb(lambda points: f"+{len(points)}"),
    "[SOURce#:]VOLTage[:LEVel][:IMMediate][:AMPLitude]": _quantity(
        lambda c: c.shown(c.amplitude),
        Channel.set_amplitude,
        lambda c: (c.shown(LEAST), c.shown(2 * OPEN_CIRCUIT), c.shown(0.2)),
    ),
    "[SOURce#:]VOLTage[:LEVel][:IMMediate]:OFFSet": _quantity(
        lambda c: c.offset * c.share,
        Channel.set_offset,
        lambda c: (-OPEN_CIRCUIT * c.share, OPEN_CIRCUIT * c.share, 0.0),
    ),
    "[SOURce#:]VOLTage[:LEVel][:IMMediate]:HIGH": _level("HIGH"),
    "[SOURce#:]VOLTage[:LEVel][:IMMediate]:LOW": _level("LOW"),
    "[SOURce#:]VOLTage:UNIT": _word("unit", _UNITS, Channel.set_unit),
    "OUTPut#[:STATe]": Item(lambda c, _: str(int(c.output)), _set_output),
    "OUTPut#:LOAD": _quantity(lambda c: c.load, Channel.set_load, lambda c: (1.0, 1e4, 50.0)),
    "[SOURce#:]APPLy": Item(_applied),
    "[SOURce#:]PHASe:SYNChronize": Item(put=_nothing),
    "[SOURce#:]PHASe:REFerence": Item(put=_nothing),
    "TRIGger#[:IMMediate]": Item(put=_nothing),
    "INITiate#[:IMMediate]": Item(put=_nothing),
    "[SOURce#:]DATA:VOLatile:CLEar": Item(put=lambda c, _: c.arbs.clear()),
    "[SOURce#:]DATA:VOLatile:CATalog": Item(lambda c, _: ",".join(f'"{n}"' for n in (BUILT_IN, *c.arbs))),
    "[SOURce#:]DATA:VOLatile:FREE": Item(lambda c, _: f"+{_MEMORY - sum(map(len, c.arbs.values()))}"),
    "[SOURce#:]DATA:ATTRibute:POINts": _arb(lambda points: f"+{len(points)}"),
    "[SOURce#:]DATA:ATTRibute:AVERage": _arb(lambda points: real(points.mean())),
    "[SOURce#:]DATA:ATTRibute:PTPeak": _arb(lambda points: real(np.ptp(points))),
}

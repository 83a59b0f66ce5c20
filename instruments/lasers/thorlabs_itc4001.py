"""Thorlabs ITC4001: bench-top current and temperature controller, up to 1 A, that can pulse by itself.

Sources: those of the family, and public drivers of the ITC4001 and ITC4020 for pulses, triggers and the
modulation generator. Their ranges are the data sheet's and were not checked; a value that does not fit
the others (a pulse longer than the period) is refused by the device and raised. Pulses cannot be combined
with modulation, and are switched on or off only while the output is off.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..device import Limit
from ..errors import Refused
from .thorlabs_4000 import LaserDiodeController, setting


def _one_of(header: str, words: dict[Any, str], doc: str) -> property:
    """A setting with a few *words* on the wire."""
    meanings = {word: value for value, word in words.items()}

    def get(device: ITC4001) -> Any:
        answer = device.ask(f"{header}?").strip()
        if answer not in meanings:
            raise device.wrong_answer(f"{header}?", answer)
        return meanings[answer]

    def set_to(device: ITC4001, value: Any) -> None:
        if value not in words:
            raise Refused(f"{device.name}: {value!r} is none of {', '.join(map(str, words))}")
        with device.lock:
            device.write(f"{header} {words[value]}")
            device.check_errors()

    return property(get, set_to, doc=doc)


class ITC4001(LaserDiodeController):
    """Thorlabs ITC4001. Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in A.

    What an earlier user has set of pulses and modulation stays as it is. See
    :class:`LaserDiodeController` for the parameters.
    """

    MODEL = "Thorlabs ITC4001"
    VERIFIED = (
        "Its twin, written from the SCPI reference of the 4000 series, public drivers of the ITC4001 and "
        "ITC4020 and the status bits of the vendor's header TL4000.h; no other program was tried on the "
        "twin, nor the driver on a device."
    )
    IDN_WORDS = ("ITC4001",)
    LIMITS: ClassVar[dict[str, Limit]] = {
        "current": Limit(0, 1.0, "A"),
        "current_limit": Limit(0, 1.0, "A"),
        "tec_setpoint": Limit(5, 60, "°C"),
        "pulse_period": Limit(1e-3, 5, "s"),
        "pulse_width": Limit(1e-4, 1, "s"),
        "modulation_frequency": Limit(20, 1e5, "Hz"),
        "modulation_depth": Limit(0.1, 100, "%"),
    }
    SNAPSHOT = (
        *LaserDiodeController.SNAPSHOT,
        "modulation_shape",
        "modulation_frequency",
        "modulation_depth",
        "pulsed",
        "pulse_period",
        "pulse_width",
        "pulse_trigger",
    )
    CAUSES = LaserDiodeController.CAUSES | {
        16: "the LD ENABLE input inhibits the output",
        32: "the limit of the optical power has been reached",
        4096: "the TEC is not connected",
    }
    BLOCKS = LaserDiodeController.BLOCKS | 16 | 32

    # -- pulses (QCW) -----------------------------------------------------------------------------

    pulsed = _one_of(
        "SOUR:FUNC:SHAP",
        {True: "PULS", False: "DC"},
        "Control whether the current flows in pulses; the device refuses a change while it emits.",
    )

    pulse_trigger = _one_of(
        "TRIG:SOUR",
        {"internal": "INT", "external": "EXT"},
        "Control what starts a pulse: internal, external.",
    )

    pulse_period = setting(
        "SOUR:PULS:PER?",
        "SOUR:PULS:PER %.6f",
        "Control the time from one pulse to the next with the internal trigger, in s.",
    )

    pulse_width = setting("SOUR:PULS:WIDT?", "SOUR:PULS:WIDT %.6f", "Control the width of a pulse, in s.")

    # -- modulation -------------------------------------------------------------------------------

    modulation_source = _one_of(
        "SOUR:AM:SOUR",
        {"internal": "INT", "external": "EXT"},
        "Control what modulates the current: the internal generator or the external input.",
    )

    modulation_shape = _one_of(
        "SOUR:AM:INT:SHAP",
        {"sine": "SIN", "square": "SQU", "triangle": "TRI"},
        "Control the waveform of the internal generator: sine, square, triangle.",
    )

    modulation_frequency = setting(
        "SOUR:AM:INT:FREQ?",
        "SOUR:AM:INT:FREQ %.3f",
        "Control the frequency of the internal generator, in Hz.",
    )

    modulation_depth = setting(
        "SOUR:AM:INT?",
        "SOUR:AM:INT %.3f",
        "Control the depth of the internal modulation, in %.",
    )

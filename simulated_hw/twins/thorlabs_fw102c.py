"""Twin of the Thorlabs FW102C filter wheel with neutral-density filters in the excitation beam.

Commands from the FW102C manual rev. H, framing and errors from a terminal log (firmware 1.07), times of half
a turn as measured in a public driver. Assumed: it goes the shorter way at even speed, filters fill 0.6 of the
way from one to the next and the rest is dark, and the prompt comes after the move (:attr:`prompts_at_once`
for firmware that does otherwise; ``pos?`` then names the filter it passes).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from antistokes.instruments.records import NonNegative

from ..prompted import INVALID, CommandError, PromptedTwin, PromptSettings, whole
from ..twin import Answer, answers

_HALF_TURN = (6.8, 2.9)  # s, slow and fast
_FILTER = 0.3  # a filter reaches this far, in steps from one filter to the next
#: settings of one bit, and their values when it gets power
_FLAGS = {"speed": 1, "trig": 0, "sensors": 1, "baud": 1}


class FW102CSettings(PromptSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    #: of each filter, from slot 1; six or twelve
    optical_density: Annotated[tuple[NonNegative, ...], Meta(min_length=6, max_length=12)] = (
        0,
        0.5,
        1,
        2,
        3,
        4,
    )


class _Filters:
    """What the beam sees."""

    def __init__(self, twin: FW102CTwin) -> None:
        self._twin = twin

    def transmission(self, wavelength: float) -> float:
        density = self._twin.density()
        return 0.0 if density is None else 10.0**-density


class FW102CTwin(PromptedTwin):
    """Turns neutral-density filters into the excitation beam."""

    model = "Thorlabs FW102C"
    Settings = FW102CSettings
    settings: FW102CSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.count = 12 if len(self.settings.optical_density) > 6 else 6
        self.flags = dict(_FLAGS)
        #: the prompt does not wait for the end of a move
        self.prompts_at_once = False
        #: the wheel is held: moves end where they begin
        self.blocked = False
        # from one place (slot, not wrapped) and time to another
        self._from = self._to = 1.0
        self._begin = self._end = self.clock.now()
        self._now = self.clock.now()
        self.bench.elements[self.name] = _Filters(self)

    # -- what is so now -----------------------------------------------------------------------------

    def place(self, time: float) -> float:
        """Where the wheel is at *time*, in slots; not a whole number between two."""
        if time >= self._end:
            return self._to
        gone = max(0.0, time - self._begin) / (self._end - self._begin)
        return self._from + gone * (self._to - self._from)

    def density(self) -> float | None:
        """Optical density in the beam; None between filters."""
        place = self.place(self.clock.now())
        filters = self.settings.optical_density
        return filters[self._slot(place) - 1] if abs(place - round(place)) <= _FILTER else None

    def _slot(self, place: float) -> int:
        return (round(place) - 1) % self.count % len(self.settings.optical_density) + 1

    # -- the wire -----------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        # while it waits for the end of a move it does not listen
        self._now = self.clock.now()
        if not self.prompts_at_once:
            self._now = max(self._now, self._end)
            self.take_time(self._now - self.clock.now())
        return super().respond(message)

    @answers(r"\*idn\?")
    def identify(self) -> str:
        return "THORLABS FW102C/FW212C Filter Wheel version 1.07"

    @answers(r"pos\?")
    def get_position(self) -> str:
        return str(self._slot(self.place(self._now)))

    @answers("pos=(.*)")
    def set_position(self, text: str) -> None:
        target = whole(text, 1, self.count)
        start = self.place(self._now)
        half = self.count / 2
        steps = half - (half - (target - start)) % self.count
        if self.blocked:
            steps = 0.0
        self._from, self._to = start, start + steps
        self._begin = self._now
        self._end = self._now + abs(steps) / half * _HALF_TURN[self.flags["speed"]]
        if not self.prompts_at_once:
            self.take_time(self._end - self._begin)

    @answers(r"pcount\?")
    def get_count(self) -> str:
        return str(self.count)

    @answers("pcount=(.*)")
    def set_count(self, text: str) -> None:
        if text not in ("6", "12"):
            raise CommandError(INVALID)
        self.count = int(text)

    @answers(rf"({'|'.join(_FLAGS)})\?")
    def get_flag(self, name: str) -> str:
        return str(self.flags[name])

    @answers(rf"({'|'.join(_FLAGS)})=(.*)")
    def set_flag(self, name: str, text: str) -> None:
        self.flags[name] = whole(text, 0, 1)

    @answers("save")
    def save(self) -> None:
        """Kept for the next time it gets power."""
